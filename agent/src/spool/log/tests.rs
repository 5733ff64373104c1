//! Segments on a real disk: cut, damaged, acknowledged, found again.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::Path;

use prost::Message;

use super::super::record::{HEADER_BYTES, START_BYTES};
use super::super::void;
use super::*;

fn log(dir: &Path) -> SegmentLog {
    SegmentLog::open(dir.to_owned(), DiskQuota::new(u64::MAX), true).unwrap()
}

/// The cover of a record of two requests, which is the `n`-th.
fn cover_of(n: u64) -> RecordCover {
    RecordCover {
        own_requests: 2,
        rows: RowCounts {
            requests: 2 * n,
            ..RowCounts::default()
        },
        ..RecordCover::default()
    }
}

fn cover() -> RecordCover {
    RecordCover::default()
}

/// How many requests a void says it replaces; `None` for what is none.
fn voided(content: &[u8]) -> Option<u64> {
    let content = heavy_proto::v1::Content::decode(content).ok()?.content?;
    match content {
        heavy_proto::v1::content::Content::Void(void) => Some(void.requests),
        _ => None,
    }
}

fn filled(dir: &Path, records: u64) -> SegmentLog {
    let mut log = log(dir);
    for n in 1..=records {
        let content = Bytes::from(format!("batch {n}"));
        assert_eq!(log.append(content, &cover_of(n)).0, n);
    }
    log.sync().unwrap();
    log
}

#[test]
fn batches_are_read_back_and_found_again() {
    let temp = tempfile::tempdir().unwrap();
    let mut first = filled(temp.path(), 3);
    assert_eq!(first.read(2).0, "batch 2");
    drop(first);
    let mut second = log(temp.path());
    assert_eq!(second.last(), 3);
    assert_eq!(
        (second.read(1).0, second.read(3).0),
        ("batch 1".into(), "batch 3".into())
    );
}

#[test]
fn a_batch_that_is_damaged_under_a_running_agent_becomes_a_void_with_its_rows() {
    let temp = tempfile::tempdir().unwrap();
    let mut log = filled(temp.path(), 3);
    let segment = OpenOptions::new()
        .write(true)
        .open(temp.path().join(format!("{:020}.seg", 1)))
        .unwrap();
    let first = (START_BYTES + HEADER_BYTES) as u64;
    segment.write_all_at(b"B", first).unwrap();
    assert_eq!(voided(&log.read(1).0), Some(2));
    // Nothing of the others is there.
    segment.set_len(first + 9).unwrap();
    assert_eq!(voided(&log.read(2).0), Some(0));
}

#[test]
fn a_segment_cut_at_any_byte_goes_on_with_its_last_record() {
    let temp = tempfile::tempdir().unwrap();
    drop(filled(temp.path(), 3));
    let path = temp.path().join(format!("{:020}.seg", 1));
    let whole = fs::read(&path).unwrap();
    let record = (whole.len() - START_BYTES) / 3;
    for length in 0..=whole.len() {
        fs::write(&path, &whole[..length]).unwrap();
        let mut log = log(temp.path());
        log.settle_tail(Some((0, RowCounts::default())), true).unwrap();
        let intact = (length.saturating_sub(START_BYTES) / record) as u64;
        assert_eq!(log.last(), intact, "{length}");
        assert_eq!(log.append("more".into(), &cover_of(intact + 1)).0, intact + 1);
        drop(log);
        let mut again = self::log(temp.path());
        assert_eq!(again.last(), intact + 1, "{length}");
        for n in 1..=intact {
            assert_eq!(again.read(n).0, format!("batch {n}"), "{length}");
        }
        assert_eq!(again.read(intact + 1).0, "more", "{length}");
        assert_eq!(again.found().unwrap(), [1], "{length}");
    }
}

#[test]
fn what_may_have_been_sent_becomes_a_void_with_its_rows() {
    let temp = tempfile::tempdir().unwrap();
    drop(filled(temp.path(), 3));
    let path = temp.path().join(format!("{:020}.seg", 1));
    let whole = fs::read(&path).unwrap();
    let record = (whole.len() - START_BYTES) / 3;
    for length in 0..whole.len() {
        fs::write(&path, &whole[..length]).unwrap();
        let mut log = log(temp.path());
        let all = RowCounts {
            requests: 6,
            ..RowCounts::default()
        };
        log.settle_tail(Some((3, all)), true).unwrap();
        assert_eq!(log.append("more".into(), &cover_of(4)).0, 4, "{length}");
        let intact = (length.saturating_sub(START_BYTES) / record) as u64;
        let voided: u64 = (1..=3).filter_map(|n| voided(&log.read(n).0)).sum();
        assert_eq!(voided, 2 * (3 - intact), "{length}");
        drop(log);
        assert_eq!(self::log(temp.path()).read(4).0, "more", "{length}");
        fs::remove_file(temp.path().join(format!("{:020}.seg", 4))).unwrap();
    }
}

#[test]
fn a_flipped_bit_costs_a_void_with_its_rows() {
    let temp = tempfile::tempdir().unwrap();
    drop(filled(temp.path(), 4));
    let path = temp.path().join(format!("{:020}.seg", 1));
    let whole = fs::read(&path).unwrap();
    let record = (whole.len() - START_BYTES) / 4;
    for place in START_BYTES..whole.len() {
        let mut damaged = whole.clone();
        damaged[place] ^= 1 << (place % 8);
        fs::write(&path, &damaged).unwrap();
        let mut log = log(temp.path());
        let all = RowCounts {
            requests: 8,
            ..RowCounts::default()
        };
        log.settle_tail(Some((4, all)), true).unwrap();
        let hit = ((place - START_BYTES) / record) as u64 + 1;
        for n in 1..=4 {
            let content = log.read(n).0;
            if n == hit {
                assert_eq!(voided(&content), Some(2), "byte {place}");
            } else {
                assert_eq!(content, format!("batch {n}"), "byte {place}");
            }
        }
    }
}

#[test]
fn acknowledged_segments_are_removed() {
    let temp = tempfile::tempdir().unwrap();
    let quota = DiskQuota::new(u64::MAX);
    let mut log = SegmentLog::open(temp.path().to_owned(), quota.clone(), true).unwrap();
    let content = Bytes::from(vec![7; 6 << 20]);
    for _ in 0..8 {
        log.append(content.clone(), &cover()).1.unwrap();
    }
    assert_eq!(log.found().unwrap(), [1, 4, 7]);
    log.acknowledge(2);
    assert_eq!(log.found().unwrap(), [1, 4, 7]);
    log.acknowledge(4);
    assert_eq!(log.found().unwrap(), [4, 7]);
    log.acknowledge(8);
    assert_eq!(log.found().unwrap(), [7], "the open one stays");
    assert!(quota.used_bytes() < 2 * (6 << 20) + 100);
    assert_eq!(log.append(Bytes::from_static(b"x"), &cover()).0, 9);
    assert_eq!(log.read(9).0, "x");
    drop(log);
    let again = SegmentLog::open(temp.path().to_owned(), DiskQuota::new(u64::MAX), true).unwrap();
    assert_eq!(again.last(), 9);
}

#[test]
fn what_is_acknowledged_at_once_takes_one_segment() {
    let temp = tempfile::tempdir().unwrap();
    let quota = DiskQuota::new(u64::MAX);
    let mut log = SegmentLog::open(temp.path().to_owned(), quota.clone(), true).unwrap();
    let content = Bytes::from(vec![7; 6 << 20]);
    for n in 1..=8 {
        log.append(content.clone(), &cover()).1.unwrap();
        log.acknowledge(n);
        assert_eq!(log.found().unwrap().len(), 1, "{n}");
    }
    assert_eq!(log.found().unwrap(), [7]);
    let records = 2 * (HEADER_BYTES + content.len() + cover().encode_to_vec().len());
    assert_eq!(quota.used_bytes(), (START_BYTES + records) as u64);
    log.clear();
    assert!(log.found().unwrap().is_empty());
    assert_eq!(quota.used_bytes(), 0);
}

#[test]
fn batches_that_were_given_up_do_not_keep_their_segment() {
    let temp = tempfile::tempdir().unwrap();
    let mut log = log(temp.path());
    for n in 1..=4 {
        log.append(Bytes::from(vec![7; 6 << 20]), &cover()).1.unwrap();
        log.replace(n, Bytes::from_static(b"void"));
    }
    log.acknowledge(3);
    assert_eq!(log.found().unwrap(), [4]);
}

#[test]
fn what_the_disk_does_not_take_is_kept_in_memory() {
    let temp = tempfile::tempdir().unwrap();
    let mut log = filled(temp.path(), 1);
    // A file where the next segment would be: it cannot be created.
    log.open = None;
    fs::write(temp.path().join(format!("{:020}.seg", 2)), "").unwrap();
    let (sequence, result) = log.append(Bytes::from_static(b"kept"), &cover());
    assert!(result.is_err());
    assert_eq!((sequence, log.read(2).0), (2, Bytes::from_static(b"kept")));
}

#[test]
fn a_batch_that_was_damaged_later_is_a_void() {
    let temp = tempfile::tempdir().unwrap();
    let mut log = filled(temp.path(), 2);
    let path = temp.path().join(format!("{:020}.seg", 1));
    let mut bytes = fs::read(&path).unwrap();
    bytes[START_BYTES + HEADER_BYTES] ^= 1;
    fs::write(&path, bytes).unwrap();
    assert!(void::is_void(&log.read(1).0));
    assert_eq!(log.read(2).0, "batch 2");
}

#[test]
fn a_segment_of_an_unknown_version_is_named_and_stays() {
    let temp = tempfile::tempdir().unwrap();
    drop(filled(temp.path(), 2));
    let path = temp.path().join(format!("{:020}.seg", 1));
    let mut bytes = fs::read(&path).unwrap();
    bytes[START_BYTES - 1] = 7;
    bytes[START_BYTES / 2 - 1] = 7;
    fs::write(&path, &bytes).unwrap();
    let error = SegmentLog::open(temp.path().to_owned(), DiskQuota::new(u64::MAX), true).unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("spool segment version 7 is not supported by this heavy-agent"),
        "{error}"
    );
    assert_eq!(fs::read(&path).unwrap(), bytes);
}

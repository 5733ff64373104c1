//! Segments on a real disk: cut, damaged, acknowledged, found again.

use super::*;

fn log(dir: &Path) -> SegmentLog {
    SegmentLog::open(dir.to_owned(), DiskQuota::new(u64::MAX)).unwrap()
}

fn filled(dir: &Path, records: u64) -> SegmentLog {
    let mut log = log(dir);
    for n in 1..=records {
        let content = Bytes::from(format!("batch {n}"));
        assert_eq!(log.append(content).0, n);
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
fn a_segment_cut_at_any_byte_starts_again_and_counts_the_damage() {
    let temp = tempfile::tempdir().unwrap();
    drop(filled(temp.path(), 3));
    let path = temp.path().join(format!("{:020}.seg", 1));
    let whole = fs::read(&path).unwrap();
    let record = HEADER_BYTES + "batch 1".len();
    for length in 0..=whole.len() {
        fs::write(&path, &whole[..length]).unwrap();
        let mut log = log(temp.path());
        let intact = (length.saturating_sub(START_BYTES) / record) as u64;
        for n in 1..=intact {
            assert_eq!(log.read(n).0, format!("batch {n}"), "{length}");
        }
        let torn = length > 0 && (length < START_BYTES || !(length - START_BYTES).is_multiple_of(record));
        assert_eq!(log.last(), intact + u64::from(torn), "{length}");
        if torn {
            assert!(void::is_void(&log.read(intact + 1).0), "{length}");
        }
    }
}

#[test]
fn acknowledged_segments_are_removed() {
    let temp = tempfile::tempdir().unwrap();
    let quota = DiskQuota::new(u64::MAX);
    let mut log = SegmentLog::open(temp.path().to_owned(), quota.clone()).unwrap();
    let content = Bytes::from(vec![7; 6 << 20]);
    for _ in 0..8 {
        log.append(content.clone()).1.unwrap();
    }
    assert_eq!(log.found().unwrap(), [1, 4, 7]);
    log.acknowledge(2);
    assert_eq!(log.found().unwrap(), [1, 4, 7]);
    log.acknowledge(4);
    assert_eq!(log.found().unwrap(), [4, 7]);
    log.acknowledge(8);
    assert_eq!(log.found().unwrap(), [7], "the open one stays");
    assert!(quota.used_bytes() < 2 * (6 << 20) + 100);
    assert_eq!(log.append(Bytes::from_static(b"x")).0, 9);
    assert_eq!(log.read(9).0, "x");
    drop(log);
    let again = SegmentLog::open(temp.path().to_owned(), DiskQuota::new(u64::MAX)).unwrap();
    assert_eq!(again.last(), 9);
}

#[test]
fn what_is_acknowledged_at_once_takes_one_segment() {
    let temp = tempfile::tempdir().unwrap();
    let quota = DiskQuota::new(u64::MAX);
    let mut log = SegmentLog::open(temp.path().to_owned(), quota.clone()).unwrap();
    let content = Bytes::from(vec![7; 6 << 20]);
    for n in 1..=8 {
        log.append(content.clone()).1.unwrap();
        log.acknowledge(n);
        assert_eq!(log.found().unwrap().len(), 1, "{n}");
    }
    assert_eq!(log.found().unwrap(), [7]);
    let records = 2 * (HEADER_BYTES + content.len());
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
        log.append(Bytes::from(vec![7; 6 << 20])).1.unwrap();
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
    let (sequence, result) = log.append(Bytes::from_static(b"kept"));
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
    fs::write(&path, &bytes).unwrap();
    let error = SegmentLog::open(temp.path().to_owned(), DiskQuota::new(u64::MAX)).unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("spool segment version 7 is not supported by this heavy-agent"),
        "{error}"
    );
    assert_eq!(fs::read(&path).unwrap(), bytes);
}

//! A journal as it is written, read, drained and damaged.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::drain::Appender;
use super::note::{OrderKind, ReleasedIterations};
use super::output::JournaledOutput;
use super::read::{JournalReader, JournalRecord, ReadOutcome};
use super::*;

const SECOND_NS: u64 = 1_000_000_000;

fn journal() -> (tempfile::TempDir, PathBuf, Journal, DiskQuota) {
    let root = tempfile::tempdir().unwrap();
    let dir = root.path().join("job-1");
    let quota = DiskQuota::new(1 << 30);
    let journal = Journal::create(&dir, &quota).unwrap();
    (root, dir, journal, quota)
}

/// Output with the places where it begins.
type Pieces = Vec<(u64, Vec<u8>)>;

/// What a journal holds: pieces of output with their places, numbers of orders, and whether it has ended.
fn read(dir: &Path) -> (Pieces, Vec<u64>, bool, ReadOutcome) {
    let (mut output, mut orders, mut ended) = (Vec::new(), Vec::new(), false);
    let outcome = JournalReader::open(dir)
        .unwrap()
        .read(&mut |record, _| {
            match record {
                JournalRecord::Output { from, bytes } => output.push((from, bytes.to_vec())),
                JournalRecord::Order { number, .. } => orders.push(number),
                JournalRecord::Published(_) | JournalRecord::From(_) => {}
                JournalRecord::Ended(_) => ended = true,
            }
            Ok(())
        })
        .unwrap();
    (output, orders, ended, outcome)
}

fn release() -> OrderKind {
    OrderKind::Release(ReleasedIterations::new(0, &[(1, 2)]))
}

fn only_segment(dir: &Path) -> PathBuf {
    segments::path(dir, segments::found(dir).unwrap()[0])
}

#[test]
fn what_was_appended_is_read_in_order_and_nowhere_else() {
    let (_root, dir, journal, quota) = journal();
    assert_eq!(journal.append_output(b"secret one\n", 5), 11);
    assert_eq!(journal.append_order(release(), 6), 1);
    journal.append_published(&PublishedNote::default(), 7);
    assert_eq!(journal.append_output(b"two\n", 8), 15);
    let (output, orders, ended, outcome) = read(&dir);
    assert_eq!(output, [(0, b"secret one\n".to_vec()), (11, b"two\n".to_vec())]);
    assert_eq!((orders, ended, outcome.damaged), (vec![0], false, 0));
    assert_eq!(
        outcome.end,
        JournalPosition {
            output: 15,
            orders: 1
        }
    );
    let segment = fs::read(only_segment(&dir)).unwrap();
    assert!(!segment.windows(6).any(|window| window == b"secret"));
    assert_eq!(quota.used_bytes(), segment.len() as u64);
    journal.remove();
    assert!(!dir.exists());
    assert_eq!(quota.used_bytes(), 0);
}

#[test]
fn what_the_spool_covers_is_removed() {
    let (_root, dir, journal, quota) = journal();
    let chunk = vec![b'x'; 1 << 20];
    for second in 0..40 {
        journal.append_output(&chunk, second);
    }
    assert_eq!(segments::found(&dir).unwrap(), [1, 2, 3]);
    journal.covered(JournalPosition {
        output: 20 << 20,
        orders: 0,
    });
    assert_eq!(segments::found(&dir).unwrap(), [2, 3]);
    journal.covered(JournalPosition {
        output: 40 << 20,
        orders: 0,
    });
    assert_eq!(segments::found(&dir).unwrap(), [3]);
    assert_eq!(
        quota.used_bytes(),
        fs::metadata(only_segment(&dir)).unwrap().len()
    );
}

#[test]
fn a_journal_over_its_quota_shows_what_it_lacks() {
    let (_root, dir, journal, quota) = journal();
    journal.append_output(b"one\n", 0);
    quota.take(1 << 30);
    journal.append_output(b"lost\n", SECOND_NS);
    let (.., outcome) = read(&dir);
    assert!(outcome.is_incomplete);
    quota.give_back(1 << 30);
    journal.append_output(b"lost too\n", SECOND_NS + 1);
    journal.append_output(b"two\n", 3 * SECOND_NS);
    let (output, _, _, outcome) = read(&dir);
    assert_eq!(output, [(0, b"one\n".to_vec()), (18, b"two\n".to_vec())]);
    assert_eq!((outcome.damaged, outcome.is_incomplete), (0, false));
}

#[test]
fn output_that_comes_again_after_the_agents_death_is_left_out() {
    for (pipe, all) in [
        // It was not taken out of the pipe.
        (
            &[b"last\nmore\n".as_slice()][..],
            b"first\nlast\nmore\n".as_slice(),
        ),
        (&[b"la", b"st\n", b"more\n"], b"first\nlast\nmore\n"),
        (&[b"last\n"], b"first\nlast\n"),
        // It was.
        (&[b"more\n"], b"first\nlast\nmore\n"),
        (&[b"la"], b"first\nlast\nla"),
        (&[], b"first\nlast\n"),
    ] {
        let (_root, dir, journal, _) = journal();
        journal.append_output(b"first\n", 0);
        journal.append_output(b"last\n", 1);
        let mut appender = Appender::open(&dir).unwrap();
        for piece in pipe {
            appender.append_output(piece);
        }
        appender.ended();
        let (output, _, ended, outcome) = read(&dir);
        let mut joined = Vec::new();
        for (from, bytes) in output {
            assert_eq!(from, joined.len() as u64);
            joined.extend(bytes);
        }
        assert_eq!((joined.as_slice(), ended, outcome.damaged), (all, true, 0));
    }
}

#[test]
fn half_a_record_is_drained_from_the_pipe_again() {
    let (_root, dir, journal, _) = journal();
    journal.append_output(b"first\n", 0);
    journal.append_output(b"half\n", 1);
    let segment = only_segment(&dir);
    let bytes = fs::read(&segment).unwrap();
    fs::write(&segment, &bytes[..bytes.len() - 3]).unwrap();
    let mut appender = Appender::open(&dir).unwrap();
    appender.append_output(b"half\nrest\n");
    appender.ended();
    let (output, _, ended, _) = read(&dir);
    assert_eq!(output, [(0, b"first\n".to_vec()), (6, b"half\nrest\n".to_vec())]);
    assert!(ended);
}

#[test]
fn nobody_guesses_how_much_a_full_disk_cost() {
    let (_root, dir, journal, quota) = journal();
    journal.append_output(b"one\n", 0);
    quota.take(1 << 30);
    journal.append_output(b"lost\n", 1);
    let mut appender = Appender::open(&dir).unwrap();
    appender.append_output(b"two\n");
    appender.ended();
    let (output, _, ended, _) = read(&dir);
    assert_eq!(output[1], (4 + (1 << 40), b"two\n".to_vec()));
    assert!(ended);
}

#[test]
fn a_journal_that_gets_no_next_segment_is_incomplete_too() {
    let (_root, dir, journal, _) = journal();
    let chunk = vec![b'x'; 1 << 20];
    for _ in 0..16 {
        journal.append_output(&chunk, 0);
    }
    // Its name is taken, as on a disk without room for another name.
    fs::create_dir(segments::path(&dir, 2)).unwrap();
    journal.append_output(b"lost\n", 1);
    fs::remove_dir(segments::path(&dir, 2)).unwrap();
    let mut appender = Appender::open(&dir).unwrap();
    appender.append_output(b"two\n");
    appender.ended();
    let (output, ..) = read(&dir);
    assert_eq!(output[16], ((16 << 20) + (1 << 40), b"two\n".to_vec()));
}

#[test]
fn a_segment_that_cannot_be_read_hides_no_other() {
    let (_root, dir, journal, _) = journal();
    journal.append_output(b"one\n", 0);
    Appender::open(&dir).unwrap().ended();
    fs::remove_file(segments::path(&dir, 1)).unwrap();
    fs::create_dir(segments::path(&dir, 1)).unwrap();
    let (output, _, ended, outcome) = read(&dir);
    assert_eq!((output.len(), ended, outcome.damaged), (0, true, 1));
    assert_eq!(outcome.end.output, 4, "what is missing shows");
}

#[test]
fn whoever_holds_a_journal_is_waited_for() {
    let (_root, dir, _journal, _) = journal();
    let held = drain::hold(&dir).unwrap();
    assert!(!drain::wait(&dir, Duration::ZERO).unwrap());
    drop(held);
    assert!(drain::wait(&dir, Duration::ZERO).unwrap());
}

#[test]
fn output_is_in_the_journal_before_it_leaves_the_pipe() {
    let (_root, dir, journal, _) = journal();
    let (pipe, mut load_test) = std::io::pipe().unwrap();
    let mut copy = pipe.try_clone().unwrap();
    let mut output = JournaledOutput::new(pipe, Arc::new(journal));
    load_test.write_all(b"one\ntwo\n").unwrap();
    let mut buffer = [0; 5];
    assert_eq!((output.read(&mut buffer).unwrap(), &buffer), (5, b"one\nt"));
    assert_eq!(output.mark().end, 5);
    assert_eq!(
        (output.read(&mut buffer).unwrap(), &buffer[..3]),
        (3, &b"wo\n"[..])
    );
    drop(load_test);
    assert_eq!(output.read(&mut buffer).unwrap(), 0);
    assert_eq!(copy.read(&mut buffer).unwrap(), 0);
    assert_eq!(read(&dir).0, [(0, b"one\nt".to_vec()), (5, b"wo\n".to_vec())]);
}

#[test]
fn every_byte_of_64_kib_can_be_flipped_or_cut() {
    let (_root, dir, journal, _) = journal();
    for n in 0..20_u8 {
        journal.append_output(&vec![n; 3200], 1);
        journal.append_order(release(), 2);
    }
    let whole = read(&dir);
    let path = only_segment(&dir);
    let bytes = fs::read(&path).unwrap();
    assert!(bytes.len() >= 64 << 10);
    let segment = fs::OpenOptions::new().write(true).open(&path).unwrap();
    for (place, byte) in bytes.iter().enumerate() {
        let at = place as u64;
        segment.write_all_at(&[byte ^ 1 << (place % 8)], at).unwrap();
        let (output, orders, _, outcome) = read(&dir);
        segment.write_all_at(&[*byte], at).unwrap();
        let found = output.len() + orders.len();
        assert_eq!(
            found,
            40 - usize::from(place >= frame::START_BYTES),
            "byte {place} flipped"
        );
        assert_eq!(outcome.damaged, 1, "byte {place} flipped");
        assert!(output.iter().all(|piece| whole.0.contains(piece)));
    }
    for place in (0..bytes.len()).rev() {
        segment.set_len(place as u64).unwrap();
        let (output, orders, ..) = read(&dir);
        assert!(
            whole.0.starts_with(&output) && whole.1.starts_with(&orders),
            "cut at {place}"
        );
    }
}

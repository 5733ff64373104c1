//! A spool while its disk is slow.

use std::fs;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use super::*;

/// No test should come near it.
const PATIENCE: Duration = Duration::from_secs(30);

#[test]
fn who_asks_for_the_backlog_does_not_wait_for_the_disk() {
    let root = tempfile::tempdir().unwrap();
    let dir = root.path().join("job-1");
    fs::create_dir(&dir).unwrap();
    let producer = r#"{"job": "job", "agent": "a", "epoch": 1}"#;
    fs::write(dir.join(PRODUCER_FILE), producer).unwrap();
    let spool = Spool::left_over(root.path(), &DiskQuota::new(u64::MAX)).swap_remove(0);
    let cover = RecordCover::default();
    let [stats, rows] = SpoolStream::ALL.map(|stream| spool.log(stream));
    for mut log in [stats, rows] {
        log.append("batch".into(), &cover).1.unwrap();
        // As the writer holds it during a write.
        let (asked, answer) = mpsc::sync_channel(1);
        let asks = Arc::clone(&spool);
        thread::spawn(move || asked.send(asks.backlog()));
        let (batches, bytes) = answer.recv_timeout(PATIENCE).unwrap();
        assert_eq!(bytes, 5 * batches);
    }
    assert_eq!(spool.backlog(), (2, 10));
    spool.acknowledge(SpoolStream::Rows, 1);
    assert!(spool.give_up(SpoolStream::Stats, 1, "refused"));
    let void = spool.read(SpoolStream::Stats, 1).0;
    assert_eq!(spool.backlog(), (1, void.len() as u64));
}

//! More spools than are delivered at a time, and than one heartbeat lists.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::*;
use crate::disk_quota::DiskQuota;

const MANY: usize = 200;

/// Empty spools that earlier agents left below `root`.
fn left(root: &Path) -> Vec<Arc<Spool>> {
    for n in 0..MANY {
        let dir = root.join(format!("job-{n}-1"));
        fs::create_dir(&dir).unwrap();
        let producer = format!(r#"{{"job": "job-{n}", "agent": "a", "epoch": 1}}"#);
        fs::write(dir.join("producer.json"), producer).unwrap();
    }
    let spools = Spool::left_over(root, &DiskQuota::new(u64::MAX));
    for spool in &spools {
        spool.publish();
        spool.end();
    }
    spools
}

#[tokio::test]
async fn all_spools_are_delivered_however_many_there_are() {
    let root = tempfile::tempdir().unwrap();
    let shutdown = CancellationToken::new();
    let (delivery, thread) = Delivery::start("http://127.0.0.1:1", shutdown.clone()).unwrap();
    let mut outcomes = Vec::new();
    for spool in left(root.path()) {
        outcomes.push(delivery.take_over(spool).await);
    }
    assert_eq!(outcomes.len(), MANY);
    for outcome in outcomes {
        assert_eq!(outcome.await, Ok(Ok(())));
    }
    assert_eq!(fs::read_dir(root.path()).unwrap().count(), 0);
    shutdown.cancel();
    tokio::task::spawn_blocking(|| thread.join())
        .await
        .unwrap()
        .unwrap();
}

#[test]
fn every_spool_is_listed_in_one_of_the_next_heartbeats() {
    let root = tempfile::tempdir().unwrap();
    let spools = left(root.path());
    let backlogs = Backlogs::default();
    spools.iter().for_each(|spool| backlogs.add(spool));
    let mut listed = BTreeSet::new();
    for _ in 0..MANY.div_ceil(64) {
        let list = backlogs.list();
        assert!(list.len() <= 64);
        listed.extend(list.into_iter().map(|of| of.job));
    }
    assert_eq!(listed.len(), MANY);
    drop(spools);
    assert!(backlogs.list().is_empty());
}

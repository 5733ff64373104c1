//! `Worker`: one work at a time, which can be stopped.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use heavy_sdk::local::{Error, Options, Worker};
use tokio::sync::Semaphore;

use crate::{LONG, assert_adds_up, ms};

#[tokio::test]
async fn a_worker_does_one_work_at_a_time() {
    let gate = Arc::new(Semaphore::new(0));
    let of_target = Arc::clone(&gate);
    let target = async move || {
        of_target.acquire().await?.forget();
        Ok(())
    };
    let options = Options::default().name("busy one");
    let worker = Worker::new("1/h", ms(10), target, options).unwrap();
    assert_eq!(worker.name(), "busy one");
    for _ in 0..3 {
        assert!(!worker.is_busy());
        let work = worker.start().unwrap();
        assert!(worker.is_busy());
        for same in [&worker, &worker.clone()] {
            let error = same.start().unwrap_err();
            assert!(
                matches!(&error, Error::Busy { worker } if worker == "busy one"),
                "{error}"
            );
        }
        gate.add_permits(1);
        let report = work.await.unwrap();
        assert_adds_up(&report);
        assert_eq!((report.planned, report.ok), (1, 1));
    }
}

#[tokio::test]
async fn a_stop_withdraws_what_is_not_yet_due() {
    let gate = Arc::new(Semaphore::new(0));
    let of_target = Arc::clone(&gate);
    let target = async move || {
        of_target.add_permits(1);
        Ok(())
    };
    let worker = Worker::new("100/s", LONG, target, Options::default()).unwrap();
    worker.stop(Duration::ZERO);
    let work = worker.start().unwrap();
    gate.acquire_many(5).await.unwrap().forget();
    worker.stop(LONG);
    let report = work.await.unwrap();
    assert_adds_up(&report);
    assert_eq!(report.planned, 60_000);
    assert!(report.ok >= 5 && report.withdrawn > 0, "{report}");
    assert_eq!(report.interrupted, 0);
    assert!(!worker.is_busy());
}

#[tokio::test]
async fn the_shortest_grace_counts() {
    let (started, mut starts) = tokio::sync::mpsc::channel(1);
    let target = async move || {
        let _ = started.try_send(());
        pending().await
    };
    let worker = Worker::new("1/h", LONG, target, Options::default()).unwrap();
    let work = worker.start().unwrap();
    starts.recv().await.unwrap();
    work.stop(LONG);
    worker.stop(Duration::ZERO);
    worker.stop(LONG);
    let report = work.await.unwrap();
    assert_adds_up(&report);
    assert_eq!((report.started, report.interrupted), (1, 1));
}

#[tokio::test]
async fn what_is_stopped_at_once_never_starts() {
    let worker = Worker::new("100/s", LONG, async || Ok(()), Options::default()).unwrap();
    let work = worker.start().unwrap();
    work.stop(Duration::ZERO);
    let report = work.await.unwrap();
    assert_adds_up(&report);
    assert!(report.withdrawn > 59_000, "{report}");
}

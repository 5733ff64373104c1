//! `force`: a given number of calls, all at once.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use heavy_sdk::local::{self, DropReason, Error, Event, Listener, Options, WhenFull};
use tokio::sync::Semaphore;

use crate::assert_adds_up;
use crate::seen::AtOnce;

/// Opens a gate by one with every call that is canceled.
struct Opens(Arc<Semaphore>);

impl Listener for Opens {
    fn canceled(&self, _: &Event, _: DropReason) {
        self.0.add_permits(1);
    }
}

#[tokio::test]
async fn what_exceeds_the_limit_is_canceled() {
    for threads in [1, 2] {
        let gate = Arc::new(Semaphore::new(0));
        let of_target = Arc::clone(&gate);
        let target = async move || {
            drop(of_target.acquire_many(92).await?);
            Ok(())
        };
        let options = Options::default()
            .limit(8)
            .threads(threads)
            .listener(Opens(Arc::clone(&gate)));
        let start = local::force(target, options).unwrap();
        let report = start(100).unwrap().await.unwrap();
        assert_adds_up(&report);
        assert_eq!((report.ok, report.full, report.undelivered), (8, 92, 0));
        assert_eq!((report.paced, report.achieved_rate()), (Duration::ZERO, 0.0));
    }
}

#[tokio::test]
async fn calls_can_wait_for_their_turn() {
    for threads in [1, 3] {
        let at_once = Arc::new(AtOnce::default());
        let of_target = Arc::clone(&at_once);
        let target = async move || {
            let _inside = of_target.enter();
            tokio::task::yield_now().await;
            Ok(())
        };
        let options = Options::default()
            .limit(8)
            .when_full(WhenFull::Queue)
            .threads(threads);
        let start = local::force(target, options).unwrap();
        for amount in [0, 1, 7, 1_000] {
            let report = start(amount).unwrap().await.unwrap();
            assert_adds_up(&report);
            assert_eq!((report.planned, report.ok), (amount, amount));
        }
        assert!(at_once.most() <= 8);
        assert_eq!(at_once.running(), 0);
    }
}

#[tokio::test]
async fn one_amount_at_a_time_and_it_can_be_stopped() {
    let (started, mut starts) = tokio::sync::mpsc::channel(10);
    let target = async move || {
        let _ = started.try_send(());
        pending().await
    };
    let options = Options::default().limit(10).when_full(WhenFull::Queue);
    let start = local::force(target, options).unwrap();
    let work = start(25).unwrap();
    for _ in 0..10 {
        starts.recv().await.unwrap();
    }
    assert!(matches!(start(1), Err(Error::Busy { .. })));
    work.stop(Duration::ZERO);
    let report = work.await.unwrap();
    assert_adds_up(&report);
    assert_eq!((report.interrupted, report.full), (10, 15));
}

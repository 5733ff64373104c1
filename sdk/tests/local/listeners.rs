//! Listeners: told of everything that fits, in order; never waited for; flushed at the end.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use heavy_sdk::local::{self, CallError, DropReason, Error, Event, Listener, Options, Report, WhenFull};
use heavy_sdk::{Result, bail};

use crate::seen::{Kept, Told};
use crate::{LONG, assert_adds_up, ms};

/// How many notices a work has for each listener.
fn notices(report: &Report) -> u64 {
    2 * report.started + report.canceled()
}

#[tokio::test]
async fn everything_is_told_in_order_and_flushed_once() {
    let kept = Kept::new();
    let calls = AtomicU64::new(0);
    let target = async move || match calls.fetch_add(1, Ordering::Relaxed) {
        0 => bail!("no boots"),
        1 => panic!("fire"),
        n if n < 10 => Ok(()),
        _ => std::future::pending().await,
    };
    let options = Options::default()
        .name("shop")
        .limit(4)
        .grace(ms(200))
        .listener(Arc::clone(&kept));
    let report = local::work("200/s", ms(200), target, options).await.unwrap();
    assert_adds_up(&report);
    assert_eq!((report.planned, report.ok, report.failed), (40, 8, 2));
    assert_eq!((report.interrupted, report.full), (4, 26));
    assert_eq!((report.delivered, report.undelivered), (notices(&report), 0));
    let all = kept.all();
    assert_eq!(
        all.iter().position(|told| *told == Told::Flush),
        Some(all.len() - 1)
    );
    let mut begun = Vec::new();
    let mut results = Vec::new();
    for told in all {
        match told {
            Told::Before(event) => {
                assert!(event.started.is_some() && event.ended.is_none() && &*event.worker == "shop");
                begun.push(event.n);
            }
            Told::After(event, result) => {
                assert!(begun.contains(&event.n) && event.duration().is_some());
                results.push(result);
            }
            Told::Canceled(event, reason) => {
                assert_eq!((event.started, reason), (None, DropReason::Full));
                assert!(!begun.contains(&event.n));
            }
            Told::Flush => {}
        }
    }
    assert_eq!(results[0], Err(CallError::Failed("no boots".to_owned())));
    assert!(matches!(&results[1], Err(CallError::Panicked(message)) if message.ends_with("fire")));
    let interrupted = results
        .iter()
        .filter(|result| **result == Err(CallError::Interrupted));
    assert_eq!(interrupted.count(), 4);
}

/// A door that stays open once it is opened.
#[derive(Default)]
struct Door(Mutex<bool>, Condvar);

impl Door {
    fn open(&self) {
        *self.0.lock().unwrap() = true;
        self.1.notify_all();
    }

    fn pass(&self) {
        let closed = self.0.lock().unwrap();
        drop(self.1.wait_while(closed, |open| !*open).unwrap());
    }
}

/// Takes nothing in before its door is open.
struct Slow(Arc<Door>);

impl Listener for Slow {
    fn before(&self, _: &Event) {
        self.0.pass();
    }
}

#[tokio::test]
async fn a_slow_listener_delays_nobody_and_what_it_missed_is_counted() {
    let (door, kept, calls) = (Arc::<Door>::default(), Kept::new(), AtomicU64::new(0));
    let of_target = Arc::clone(&door);
    let target = async move || {
        if calls.fetch_add(1, Ordering::Relaxed) == 39 {
            of_target.open();
        }
        Ok(())
    };
    let options = Options::default()
        .queue(4)
        .listener(Slow(Arc::clone(&door)))
        .listener(Arc::clone(&kept));
    let report = local::work("200/s", ms(200), target, options).await.unwrap();
    assert_adds_up(&report);
    assert_eq!(report.ok, 40, "the pacing did not wait");
    assert_eq!(report.delivered + report.undelivered, 2 * notices(&report));
    // Until the door opens, at the last call, the slow one has taken one notice and four wait.
    assert!(report.undelivered >= notices(&report) - 1 - 4 - 2, "{report:?}");
    let told = kept.count(|told| *told != Told::Flush);
    assert!(told >= report.delivered - 8 && told <= notices(&report));
}

#[test]
fn what_a_listener_does_not_take_in_within_the_grace_is_given_up() {
    let door = Arc::<Door>::default();
    let options = Options::default().grace(ms(20)).listener(Slow(Arc::clone(&door)));
    let work = local::work("100/s", ms(100), async || Ok(()), options);
    let error = local::block_on(work).unwrap_err();
    assert_eq!(
        error.to_string(),
        r#"a listener of "worker" failed: it did not end within 20ms"#
    );
    let [report] = error.reports() else {
        panic!("{error:?}");
    };
    assert_eq!((report.ok, report.delivered, report.undelivered), (10, 1, 19));
    door.open();
}

/// Fails in one way or another.
struct Bad {
    panics: bool,
}

impl Listener for Bad {
    fn after(&self, event: &Event, _: &Result<(), CallError>) {
        assert!(!self.panics || event.n < 2, "that was enough");
    }

    fn flush(&self) -> Result<()> {
        bail!("the disk is full")
    }
}

#[tokio::test]
async fn a_listener_that_panics_ends_the_work_and_the_others_are_told() {
    let kept = Kept::new();
    let options = Options::default()
        .listener(Bad { panics: true })
        .listener(Arc::clone(&kept));
    let work = local::work("100/s", LONG, async || Ok(()), options);
    let error = work.await.unwrap_err();
    assert!(matches!(error, Error::Listener(_)), "{error:?}");
    assert!(error.to_string().ends_with("that was enough"), "{error}");
    let [report] = error.reports() else {
        panic!("{error:?}");
    };
    assert_adds_up(report);
    assert!(report.started >= 3 && report.withdrawn > 0);
    assert_eq!(report.delivered + report.undelivered, 2 * notices(report));
    assert_eq!(kept.count(|told| *told != Told::Flush), notices(report));
    assert_eq!(kept.count(|told| *told == Told::Flush), 1);
}

#[tokio::test]
async fn a_listener_that_cannot_flush_is_an_error() {
    let options = Options::default().listener(Bad { panics: false });
    let work = local::work("100/s", ms(100), async || Ok(()), options);
    let error = work.await.unwrap_err();
    let Error::Listener(failed) = error else {
        panic!("{error}");
    };
    assert_eq!(failed.message, "cannot flush: the disk is full");
    assert_eq!(failed.reports[0].delivered, 20);
}

/// Threads share the listeners: all notices of all threads arrive.
#[tokio::test]
async fn threads_share_listeners() {
    let kept = Kept::new();
    let options = Options::default()
        .threads(3)
        .limit(16)
        .when_full(WhenFull::Queue)
        .listener(Arc::clone(&kept));
    let start = local::force(async || Ok(()), options).unwrap();
    let report = start(500).unwrap().await.unwrap();
    assert_eq!((report.ok, report.delivered, report.undelivered), (500, 1_000, 0));
    let mut ended = Vec::new();
    for told in kept.all() {
        if let Told::After(event, result) = told {
            assert_eq!((result, event.scheduled), (Ok(()), Duration::ZERO));
            ended.push(event.n);
        }
    }
    ended.sort_unstable();
    assert_eq!(ended, (0..500).collect::<Vec<_>>());
}

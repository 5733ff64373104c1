//! `work`: everything planned is accounted for, the limit holds, and every end of a call is counted.

use std::future::pending;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use heavy_sdk::local::{self, Error, Options, Rate, Report, WhenFull, Worker};
use heavy_sdk::{Result, bail};

use crate::seen::AtOnce;
use crate::{LONG, assert_adds_up, ms};

fn options() -> Options {
    Options::default()
}

#[tokio::test]
async fn every_planned_call_starts_or_is_canceled() {
    let calls = Arc::new(AtomicU64::new(0));
    let of_target = Arc::clone(&calls);
    let target = async move || {
        of_target.fetch_add(1, Ordering::Relaxed);
        Ok(())
    };
    let report = local::work("200/s", Duration::from_secs(1), target, options())
        .await
        .unwrap();
    assert_adds_up(&report);
    assert_eq!((report.planned, report.withdrawn), (200, 0));
    assert_eq!(report.started, calls.load(Ordering::Relaxed));
    assert_eq!(report.ok, report.started);
    assert_eq!(report.paced, Duration::from_secs(1));
    assert_eq!(report.achieved_rate(), report.started as f64);
}

#[test]
fn the_limit_is_never_exceeded() {
    for (when_full, threads) in [
        (WhenFull::Drop, 1),
        (WhenFull::Drop, 2),
        (WhenFull::Queue, 1),
        (WhenFull::Queue, 2),
    ] {
        let at_once = Arc::new(AtOnce::default());
        let of_target = Arc::clone(&at_once);
        let target = async move || {
            let inside = of_target.enter();
            // How long a call takes is what makes the limit matter; nothing is waited for.
            tokio::time::sleep(ms(5)).await;
            drop(inside);
            Ok(())
        };
        let options = options().limit(3).when_full(when_full).threads(threads);
        let report = local::block_on(local::work("2000/s", ms(300), target, options)).unwrap();
        assert_adds_up(&report);
        assert_eq!((report.planned, report.withdrawn), (600, 0));
        assert_eq!((at_once.most(), at_once.running()), (3, 0), "{report}");
        assert!(
            report.full > 0,
            "three at a time take much longer than that: {report}"
        );
    }
}

#[tokio::test]
async fn errors_and_panics_are_failures_with_their_messages() {
    let calls = AtomicU64::new(0);
    let target = async move || {
        match calls.fetch_add(1, Ordering::Relaxed) % 4 {
            0 => bail!("out of boots"),
            1 => {
                tokio::task::yield_now().await;
                panic!("the cart is on fire")
            }
            _ => {}
        }
        Ok(())
    };
    let report = local::work("100/s", ms(400), target, options()).await.unwrap();
    assert_adds_up(&report);
    assert_eq!(report.started, 40);
    assert_eq!((report.ok, report.failed, report.panicked), (20, 20, 10));
    assert_eq!(report.errors["out of boots"], 10);
    let panic = report.errors.keys().find(|message| message.contains("fire"));
    let panic = panic.unwrap();
    assert!(
        panic.starts_with("panicked at") && panic.contains("work.rs"),
        "{panic}"
    );
}

#[tokio::test]
async fn a_function_may_panic_before_it_gives_a_future() {
    let calls = AtomicU64::new(0);
    let target = move || {
        let call = calls.fetch_add(1, Ordering::Relaxed);
        assert!(call.is_multiple_of(2), "odd");
        async { Ok(()) }
    };
    let report = local::work("100/s", ms(100), target, options()).await.unwrap();
    assert_adds_up(&report);
    assert_eq!((report.ok, report.panicked), (5, 5));
}

async fn not_send() -> Result<()> {
    let kept = Rc::new(7);
    tokio::task::spawn_local(tokio::task::yield_now()).await?;
    assert_eq!(*kept, 7);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_target_need_not_be_send_where_its_work_is() {
    let rate = Rate::per_second(100).unwrap();
    let work = tokio::spawn(local::work(rate, ms(100), not_send, options()));
    let report = work.await.unwrap().unwrap();
    assert_eq!(report.ok, 10, "{report}");
}

#[test]
fn any_executor_will_do() {
    let work = local::work("100/s", ms(100), not_send, options());
    let report = futures::executor::block_on(work).unwrap();
    assert_eq!(report.ok, 10, "{report}");
}

#[tokio::test]
async fn a_runtime_is_not_blocked() {
    let work = local::work("100/s", ms(100), not_send, options());
    assert!(matches!(local::block_on(work), Err(Error::InsideRuntime)));
}

#[test]
fn impossible_values_are_refused() {
    let of = |rate: &str, duration, options| Worker::new(rate, duration, not_send, options).unwrap_err();
    for rate in ["", "fast", "0", "20000000/s"] {
        assert!(
            matches!(of(rate, LONG, options()), Error::InvalidRate(_)),
            "{rate}"
        );
    }
    for duration in [Duration::ZERO, Duration::MAX] {
        assert!(matches!(of("1", duration, options()), Error::InvalidDuration(_)));
    }
    let error = of("1", LONG, options().limit(0));
    assert_eq!(error.to_string(), "invalid limit 0: expected 1 to 4294967295");
    assert!(error.reports().is_empty());
    let builder = Worker::builder("1", LONG).options(options().name("idler"));
    let error = builder.build().unwrap_err();
    assert!(
        matches!(&error, Error::MissingTarget { worker } if worker == "idler"),
        "{error}"
    );
}

#[tokio::test]
async fn enough_failures_end_the_work() {
    let target = async || bail!("no boots");
    let options = options().name("shop").stop_on_error(3);
    let error = local::work("1000/s", LONG, target, options).await.unwrap_err();
    assert_eq!(error.to_string(), r#"the target of "shop" failed: no boots"#);
    let Error::Target(failed) = error else {
        panic!("{error}");
    };
    assert_eq!((&*failed.worker, &*failed.message), ("shop", "no boots"));
    let [report] = &*failed.reports else {
        panic!("{failed:?}");
    };
    assert_adds_up(report);
    assert!(report.failed >= 3 && report.withdrawn > 0, "{report}");
    assert!(report.paced < LONG);
}

#[tokio::test]
async fn what_does_not_end_within_the_grace_is_interrupted() {
    let at_once = Arc::new(AtOnce::default());
    let of_target = Arc::clone(&at_once);
    let target = async move || {
        let _inside = of_target.enter();
        pending().await
    };
    let options = options().grace(Duration::ZERO).limit(5);
    let report = local::work("100/s", ms(100), target, options).await.unwrap();
    assert_adds_up(&report);
    assert_eq!((report.interrupted, report.full), (5, 5));
    assert_eq!(at_once.running(), 0);
}

/// Tells when it is dropped.
struct Dropped(tokio::sync::mpsc::Sender<()>);

impl Drop for Dropped {
    fn drop(&mut self) {
        let _ = self.0.try_send(());
    }
}

#[tokio::test]
async fn a_dropped_future_cuts_its_work_off() {
    let (started, mut starts) = tokio::sync::mpsc::channel(1);
    let (ended, mut ends) = tokio::sync::mpsc::channel(1);
    let target = async move || {
        let _dropped = Dropped(ended.clone());
        let _ = started.try_send(());
        pending().await
    };
    {
        let mut work = std::pin::pin!(local::work("1/h", LONG, target, options()));
        tokio::select! {
            result = &mut work => panic!("{result:?}"),
            start = starts.recv() => start.unwrap(),
        }
    }
    ends.recv().await.unwrap();
}

/// What blocks its thread makes other calls late; those that are too late never start.
#[tokio::test]
async fn calls_that_are_too_late_are_canceled() {
    let blocked = AtomicBool::new(false);
    let target = async move || {
        if !blocked.swap(true, Ordering::Relaxed) {
            // The thread is to be blocked for longer than a call may be late: that is what is tested.
            std::thread::sleep(ms(1_500));
        }
        Ok(())
    };
    let report: Report = local::work("100/s", ms(1_000), target, options()).await.unwrap();
    assert_adds_up(&report);
    assert_eq!((report.planned, report.withdrawn, report.full), (100, 0, 0));
    assert!(report.late > 0, "{report}");
    assert!(report.lag.max_ns() > 100_000_000, "{report}");
}

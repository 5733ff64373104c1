//! `farm`: workers together, and one that fails stops all.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use heavy_sdk::local::{self, Error, Event, Listener, Options, Worker};
use heavy_sdk::{Result, bail};

use crate::seen::{Kept, Told};
use crate::{LONG, assert_adds_up, ms};

fn worker(
    name: &str,
    duration: Duration,
    target: impl AsyncFn() -> Result<()> + Send + Sync + 'static,
) -> Worker {
    let options = Options::default().name(name);
    Worker::new("100/s", duration, target, options).unwrap()
}

/// Asserts that the worker `shop` has failed, that the other was stopped, and returns what was said.
#[track_caller]
fn assert_both_stopped(error: &Error) -> &str {
    let (Error::Target(failed) | Error::Listener(failed)) = error else {
        panic!("{error:?}");
    };
    assert_eq!(failed.worker, "shop");
    let names: Vec<_> = failed.reports.iter().map(|report| &*report.worker).collect();
    assert_eq!(names, ["patient", "shop"]);
    for report in &failed.reports {
        assert_adds_up(report);
        assert_eq!(report.planned, 60_000);
        assert!(report.withdrawn > 0, "{report}");
    }
    &failed.message
}

#[tokio::test]
async fn workers_work_together() {
    let kept = Kept::new();
    let workers = ["a", "b", "c"].map(|name| {
        let options = Options::default().name(name).listener(Arc::clone(&kept));
        Worker::new("100/s", ms(100), async || Ok(()), options).unwrap()
    });
    let reports = local::farm(workers.to_vec()).await.unwrap();
    let names: Vec<_> = reports.iter().map(|report| &*report.worker).collect();
    assert_eq!(names, ["a", "b", "c"]);
    for report in &reports {
        assert_adds_up(report);
        assert_eq!((report.ok, report.delivered), (10, 20));
    }
    assert_eq!(kept.count(|told| *told == Told::Flush), 3);
    assert!(workers.iter().all(|worker| !worker.is_busy()));
    assert!(local::farm(Vec::new()).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_worker_with_too_many_failures_stops_all() {
    let patient = worker("patient", LONG, async || Ok(()));
    let options = Options::default().name("shop").stop_on_error(5);
    let failing = Worker::new("100/s", LONG, async || bail!("no boots"), options).unwrap();
    let error = local::farm(vec![patient, failing]).await.unwrap_err();
    assert_eq!(assert_both_stopped(&error), "no boots");
    assert!(error.reports()[1].failed >= 5);
}

#[tokio::test]
async fn a_target_that_panics_stops_all() {
    let patient = worker("patient", LONG, async || Ok(()));
    let panicking = worker("shop", LONG, async || panic!("fire"));
    let error = local::farm(vec![patient, panicking]).await.unwrap_err();
    assert!(assert_both_stopped(&error).ends_with("fire"), "{error}");
}

struct Panics;

impl Listener for Panics {
    fn before(&self, _: &Event) {
        panic!("I cannot look at that");
    }
}

#[test]
fn a_listener_that_panics_stops_all() {
    let patient = worker("patient", LONG, async || Ok(()));
    let options = Options::default().name("shop").listener(Panics);
    let watched = Worker::new("100/s", LONG, async || Ok(()), options).unwrap();
    let error = local::block_on(local::farm(vec![patient, watched])).unwrap_err();
    assert!(
        assert_both_stopped(&error).ends_with("I cannot look at that"),
        "{error}"
    );
}

#[tokio::test]
async fn failures_without_a_threshold_are_only_counted() {
    let workers = vec![worker("shop", ms(100), async || bail!("no boots"))];
    let reports = local::farm(workers).await.unwrap();
    assert_eq!(reports[0].failed, 10);
}

#[tokio::test]
async fn the_same_worker_twice_is_busy() {
    let one = worker("one", LONG, async || Ok(()));
    let error = local::farm(vec![one.clone(), one]).await.unwrap_err();
    assert!(
        matches!(&error, Error::Busy { worker } if worker == "one"),
        "{error}"
    );
}

#[tokio::test]
async fn a_worker_of_a_farm_can_be_stopped_alone() {
    let (started, mut starts) = tokio::sync::mpsc::channel(1);
    let stuck = worker("stuck", LONG, async move || {
        let _ = started.try_send(());
        pending().await
    });
    let short = worker("short", ms(100), async || Ok(()));
    let farm = tokio::spawn(local::farm(vec![stuck.clone(), short]));
    starts.recv().await.unwrap();
    stuck.stop(Duration::ZERO);
    let reports = farm.await.unwrap().unwrap();
    assert_eq!(reports[0].started, reports[0].interrupted);
    assert_eq!(reports[1].ok, 10);
}

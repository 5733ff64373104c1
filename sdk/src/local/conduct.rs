//! The thread of a run that starts the others, waits for them and for the listeners, and writes the report.

use std::io;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::Report;
use super::announce::{Announcer, Audience};
use super::core;
use super::run::{RunTrouble, TargetRun};
use crate::http::monotonic_ns;

/// Carries a run out and returns its report. Blocks until all of it is over.
pub(super) fn conduct(run: &Arc<TargetRun>) -> Report {
    let failing = Arc::clone(run);
    let failed: Arc<dyn Fn(&str) + Send + Sync> =
        Arc::new(move |message| failing.fail(RunTrouble::Listener(message.to_owned())));
    let mut report = match Audience::open(&run.options, &failed) {
        Ok((announcer, audience)) => {
            let mut report = make_calls(run, announcer);
            report.elapsed = Duration::from_nanos(monotonic_ns().saturating_sub(run.start_ns));
            let delivery = audience.close();
            if let Some(message) = delivery.failure {
                run.fail(RunTrouble::Listener(message));
            }
            report.delivered = delivery.delivered;
            report.undelivered = delivery.undelivered;
            report
        }
        Err(error) => {
            run.fail(RunTrouble::Runtime(error));
            Report::default()
        }
    };
    report.worker = Arc::clone(&run.options.name);
    report.planned = run.plan.planned();
    report.paced = Duration::from_nanos(run.paced_ns());
    report
}

/// Runs all threads to their end and adds up what they counted.
fn make_calls(run: &Arc<TargetRun>, announcer: Announcer) -> Report {
    let threads: Vec<_> = (0..run.options.threads)
        .map(|index| spawn(index, run, announcer.clone()))
        .collect();
    drop(announcer);
    let mut sum = Report::default();
    for thread in threads {
        match thread.and_then(joined) {
            Ok(tally) => sum.merge(&tally),
            Err(error) => run.fail(RunTrouble::Runtime(error)),
        }
    }
    sum
}

fn spawn(
    index: usize,
    run: &Arc<TargetRun>,
    announcer: Announcer,
) -> io::Result<JoinHandle<io::Result<Report>>> {
    let run = Arc::clone(run);
    thread::Builder::new()
        .name(format!("heavy-local-{index}"))
        .spawn(move || {
            let tally = core::work(index, &run, announcer);
            if tally.is_err() {
                // The others need not work on for nothing.
                run.stop(Duration::ZERO);
            }
            tally
        })
}

fn joined(thread: JoinHandle<io::Result<Report>>) -> io::Result<Report> {
    let ended = thread.join();
    ended.unwrap_or_else(|_| Err(io::Error::other("a worker thread panicked")))
}

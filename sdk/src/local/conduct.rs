//! The thread of a run that starts the others, waits for them and for the listeners, and writes the report.

use std::io;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use super::Report;
use super::announce::{Announcer, Audience};
use super::core;
use super::report::Around;
use super::run::{RunTrouble, TargetRun};
use super::tally::CallTally;
use crate::http::monotonic_ns;

/// Carries a run out and gives its report. Blocks until all of it is over.
pub(super) fn conduct(run: &Arc<TargetRun>) -> Report {
    let mut around = Around {
        planned: run.plan.planned(),
        ..Around::default()
    };
    let failing = Arc::clone(run);
    let failed: Arc<dyn Fn(&str) + Send + Sync> =
        Arc::new(move |message| failing.fail(RunTrouble::Listener(message.to_owned())));
    let tally = match Audience::open(&run.options, &failed) {
        Ok((announcer, audience)) => {
            let tally = make_calls(run, announcer);
            around.elapsed_ns = monotonic_ns().saturating_sub(run.start_ns);
            let delivery = audience.close();
            if let Some(message) = delivery.failure {
                run.fail(RunTrouble::Listener(message));
            }
            around.delivered = delivery.delivered;
            around.undelivered = delivery.undelivered;
            tally
        }
        Err(error) => {
            run.fail(RunTrouble::Runtime(error));
            CallTally::default()
        }
    };
    around.paced_ns = run.paced_ns();
    Report::new(Arc::clone(&run.options.name), tally, around)
}

/// Runs all threads to their end and adds up what they counted.
fn make_calls(run: &Arc<TargetRun>, announcer: Announcer) -> CallTally {
    let threads: Vec<_> = (0..run.options.threads)
        .map(|index| spawn(index, run, announcer.clone()))
        .collect();
    drop(announcer);
    let mut sum = CallTally::default();
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
) -> io::Result<JoinHandle<io::Result<CallTally>>> {
    let run = Arc::clone(run);
    thread::Builder::new()
        .name(format!("heavy-local-{index}"))
        .spawn(move || {
            let tally = core::work(index, &run, announcer);
            if tally.is_err() {
                // The others need not work on for nothing.
                run.stop(std::time::Duration::ZERO);
            }
            tally
        })
}

fn joined(thread: JoinHandle<io::Result<CallTally>>) -> io::Result<CallTally> {
    let ended = thread.join();
    ended.unwrap_or_else(|_| Err(io::Error::other("a thread of the work panicked")))
}

//! Releases iterations to the load test a little before they are due; the load test paces and admits them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use heavy_plugin::rpc::{LoadTestClient, Release, deadline_in};
use tokio::sync::watch;
use tokio::time::MissedTickBehavior;

use super::clock::JobClock;
use super::plan::Plan;
use crate::clock::monotonic_ns;
use crate::results::Results;

/// How often iterations are released, and up to how far ahead of their due instants.
const EVERY: Duration = Duration::from_millis(20);
const AHEAD_NS: i64 = 50_000_000;

/// Calls under way; a load test that answers no more gets no more, and what it misses becomes late.
const MAX_CALLS: usize = 64;

/// How long a load test may take to accept a release.
const ACCEPT_LIMIT: Duration = Duration::from_secs(30);

/// So that an instant is behind, and not just reached, when its end is declared.
const PAST_NS: i64 = 1_000_000;

/// What one assignment releases, and to whom.
#[derive(Debug)]
pub(crate) struct Releaser {
    pub(crate) plan: Plan,
    pub(crate) clock: JobClock,
    pub(crate) client: LoadTestClient,
    pub(crate) workflows: Vec<String>,
    pub(crate) results: Arc<Results>,
    /// Where the load test's own count of running iterations goes.
    pub(crate) in_flight: Arc<AtomicU32>,
}

impl Releaser {
    /// Releases until the end of the plan, or the earlier one that `end_ns` says, is behind.
    pub(crate) async fn run(mut self, mut end_ns: watch::Receiver<u64>) {
        let mut ticks = tokio::time::interval(EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut calls = FuturesUnordered::new();
        loop {
            tokio::select! {
                _ = ticks.tick() => {
                    self.plan.end_at(*end_ns.borrow_and_update());
                    let now_ns = self.clock.at(monotonic_ns());
                    let end_ns = i64::try_from(self.plan.end_ns()).unwrap_or(i64::MAX);
                    if now_ns >= end_ns.saturating_add(PAST_NS) {
                        return;
                    }
                    let until_ns = u64::try_from(now_ns + AHEAD_NS).unwrap_or(0);
                    while calls.len() < MAX_CALLS {
                        let batches = self.plan.take(until_ns);
                        if batches.is_empty() {
                            break;
                        }
                        calls.extend(batches.into_iter().map(|(workflow, due)| self.release(workflow, due)));
                    }
                }
                Some(answer) = calls.next(), if !calls.is_empty() => match answer {
                    Ok(Ok(accepted)) => self.in_flight.store(accepted.in_flight, Ordering::Relaxed),
                    Ok(Err(failure)) => tracing::warn!(%failure, "the load test refused a release"),
                    // The end of the process is noticed where it is watched.
                    Err(error) => tracing::debug!(%error, "a release was not answered"),
                },
            }
        }
    }

    /// Takes note of iterations, then hands them over: a line about one can only come when it is known.
    fn release(
        &self,
        workflow: u16,
        mut due: Vec<(u64, u64)>,
    ) -> impl Future<
        Output = Result<
            Result<heavy_plugin::rpc::Accepted, heavy_plugin::rpc::Failure>,
            tarpc::client::RpcError,
        >,
    > + use<> {
        self.results.release(workflow, &due);
        for (_, due_ns) in &mut due {
            *due_ns = self.clock.since_anchor(*due_ns);
        }
        let name = self.workflows.get(usize::from(workflow)).cloned();
        let release = Release {
            workflow: name.unwrap_or_default(),
            due,
        };
        let client = self.client.clone();
        async move { client.run(deadline_in(ACCEPT_LIMIT), release).await }
    }
}

//! Releases iterations to the load test a little before they are due; the load test paces and admits them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt};
use heavy_plugin::rpc::{Accepted, Failure, LoadTestClient, Release, deadline_in};
use tarpc::client::RpcError;
use tokio::time::MissedTickBehavior;

use super::plan::{ReleaseBatch, SharedPlan};
use crate::job_clock::JobClock;
use crate::link::LoadLease;
use crate::results::AssignmentResults;
use crate::rollup::WorkflowIndex;
use heavy_process::clock::{boottime_ns, monotonic_ns};

/// How often iterations are released, and up to how far ahead of their due instants.
const EVERY: Duration = Duration::from_millis(20);
const AHEAD_NS: i64 = 50_000_000;

/// Calls under way; a load test that answers no more gets no more, and what it misses becomes late.
const MAX_CALLS: usize = 64;

/// How long a load test may take to accept a release.
const ACCEPT_LIMIT: Duration = Duration::from_secs(30);

/// So that an instant is behind, and not just reached, when its end is declared.
const PAST_NS: i64 = 1_000_000;

/// What calls under way at the end may still take.
const LAST_CALLS_LIMIT: Duration = Duration::from_secs(1);

/// What one assignment releases, and to which load test.
#[derive(Debug)]
pub(crate) struct Releaser {
    pub(crate) plan: SharedPlan,
    pub(crate) clock: JobClock,
    pub(crate) lease: LoadLease,
    pub(crate) client: LoadTestClient,
    pub(crate) workflows: Vec<String>,
    pub(crate) results: Arc<AssignmentResults>,
    /// Where the load test's own count of running iterations goes.
    pub(crate) in_flight: Arc<AtomicU32>,
    /// Whether the load test has said that it has no more data.
    pub(crate) out_of_data: AtomicBool,
}

/// A workflow, and from its first to its last iteration how many were released.
type ReleasedSpan = (WorkflowIndex, (u64, u64, u64));

type ReleaseAnswer = Result<Result<Accepted, Failure>, RpcError>;

type ReleaseCall = BoxFuture<'static, (ReleasedSpan, ReleaseAnswer)>;
type ReleaseCalls = FuturesUnordered<ReleaseCall>;

impl Releaser {
    /// Releases until the plan has ended, the users have nothing more to do, or the load test has no more data; returns
    /// whether it was for the data. What is in the plan then could not be released.
    pub(crate) async fn run(self) -> bool {
        let mut ticks = tokio::time::interval(EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut calls = ReleaseCalls::new();
        loop {
            tokio::select! {
                _ = ticks.tick() => {
                    if self.hand_over(&mut calls) {
                        break;
                    }
                }
                Some((released, answer)) = calls.next(), if !calls.is_empty() => self.answered(released, answer),
            }
        }
        // Dropping a call takes it back, so that those of a slow last moment need some more.
        let last = async {
            while let Some((released, answer)) = calls.next().await {
                self.answered(released, answer);
                self.hand_over(&mut calls);
            }
        };
        let _ = tokio::time::timeout(LAST_CALLS_LIMIT, last).await;
        self.out_of_data.load(Ordering::Relaxed)
    }

    /// Releases what is due soon, and before the lease ends, up to [`MAX_CALLS`]; true when the plan has ended. Once the
    /// lease is lost nothing is released, and nothing ends by itself: whoever watches the lease ends it.
    fn hand_over(&self, calls: &mut ReleaseCalls) -> bool {
        let now_ns = self.clock.at(monotonic_ns());
        let Some(leased_ns) = self.lease.end_ns().checked_sub(boottime_ns()) else {
            return false;
        };
        let ahead_ns = AHEAD_NS.min(i64::try_from(leased_ns).unwrap_or(i64::MAX));
        let until_ns = u64::try_from(now_ns.saturating_add(ahead_ns)).unwrap_or(0);
        while calls.len() < MAX_CALLS {
            let batches = self.plan.lock().take(until_ns);
            if batches.is_empty() {
                break;
            }
            calls.extend(batches.into_iter().map(|batch| match batch {
                ReleaseBatch::Due(workflow, due) => self.release(workflow, due),
                ReleaseBatch::Users(workflow, users) => self.release_users(workflow, users),
            }));
        }
        let end_ns = i64::try_from(self.plan.lock().end_ns()).unwrap_or(i64::MAX);
        now_ns >= end_ns.saturating_add(PAST_NS) || self.results.users_are_done()
    }

    /// Records iterations, then hands them over: a line about one can only come when it is known.
    fn release(&self, workflow: WorkflowIndex, mut due: Vec<(u64, u64)>) -> ReleaseCall {
        self.results.release(workflow, &due);
        let number = |place: Option<&(u64, u64)>| place.map_or(0, |(n, _)| *n);
        let span = (number(due.first()), number(due.last()), due.len() as u64);
        for (_, due_ns) in &mut due {
            *due_ns = self.clock.since_anchor(*due_ns);
        }
        self.call((workflow, span), due, Vec::new())
    }

    /// As [`Self::release`], of users.
    fn release_users(&self, workflow: WorkflowIndex, mut users: Vec<(u64, u64, u64)>) -> ReleaseCall {
        self.results.release_users(workflow, &users);
        for (_, came_ns, left_ns) in &mut users {
            *came_ns = self.clock.since_anchor(*came_ns);
            *left_ns = self.clock.since_anchor(*left_ns);
        }
        self.call((workflow, (0, 0, 0)), Vec::new(), users)
    }

    fn call(&self, released: ReleasedSpan, due: Vec<(u64, u64)>, users: Vec<(u64, u64, u64)>) -> ReleaseCall {
        let name = self.workflows.get(usize::from(released.0)).cloned();
        let release = Release {
            workflow: name.unwrap_or_default(),
            due,
            users,
            lease_ns: Some(self.lease.end_ns()),
        };
        let client = self.client.clone();
        async move {
            let answer = client.run(deadline_in(ACCEPT_LIMIT), release).await;
            (released, answer)
        }
        .boxed()
    }

    fn answered(&self, (workflow, span): ReleasedSpan, answer: ReleaseAnswer) {
        match answer {
            Ok(Ok(accepted)) => {
                self.in_flight.store(accepted.in_flight, Ordering::Relaxed);
                if accepted.done && !self.out_of_data.swap(true, Ordering::Relaxed) {
                    let now_ns = self.clock.at(monotonic_ns());
                    self.plan.lock().end_at(u64::try_from(now_ns).unwrap_or(0));
                }
            }
            Ok(Err(failure)) => {
                tracing::warn!(%failure, "the load test refused a release");
                self.results.refused(workflow, span);
            }
            // The end of the process is noticed where it is watched; what it may have got is lost.
            Err(error) => tracing::debug!(%error, "a release was not answered"),
        }
    }
}

#[cfg(test)]
mod tests {
    use heavy_load::revision::Revision;
    use heavy_plugin::rpc::{Anchor, LoadTestRequest, LoadTestResponse, client_config};
    use heavy_results::job::JobSpec;
    use tarpc::{ClientMessage, Response};

    use super::super::plan::ReleasePlan;
    use super::*;
    use crate::batch::Keep;
    use crate::disk_quota::DiskQuota;
    use crate::journal::Journal;
    use crate::link::SchedulerLease;

    type Requests = tarpc::transport::channel::UnboundedChannel<
        ClientMessage<LoadTestRequest>,
        Response<LoadTestResponse>,
    >;

    /// Releases of a job that has started 10 s ago and was over soon.
    fn late(rate: &str, duration: &str) -> (Releaser, Requests) {
        leased(rate, duration, &SchedulerLease::new())
    }

    fn leased(rate: &str, duration: &str, lease: &SchedulerLease) -> (Releaser, Requests) {
        let spec = JobSpec::new("a".repeat(64), rate.parse().unwrap(), duration.parse().unwrap());
        let load = spec.load();
        let revision = Revision::first(&load, [("a".to_owned(), 1)]);
        let (wire, requests) = tarpc::transport::channel::unbounded();
        let anchor = Anchor {
            monotonic_ns: 0,
            wall_ns: 0,
        };
        let workflows = vec!["w".to_owned()];
        // Its directory goes at once: a journal that cannot be written stops nothing.
        let dir = tempfile::tempdir().unwrap();
        let journal = Journal::create(&dir.path().join("journal"), &DiskQuota::new(u64::MAX)).unwrap();
        let releaser = Releaser {
            plan: SharedPlan::new(ReleasePlan::new(load, "a", &revision)),
            clock: JobClock::new(anchor, monotonic_ns().saturating_sub(10_000_000_000)),
            lease: lease.of_assignment(),
            client: LoadTestClient::new(client_config(), wire).spawn(),
            results: Arc::new(AssignmentResults::new(
                &workflows,
                Keep::of(&spec),
                Arc::new(journal),
            )),
            workflows,
            in_flight: Arc::default(),
            out_of_data: AtomicBool::new(false),
        };
        (releaser, requests)
    }

    #[tokio::test]
    async fn a_first_tick_after_the_end_releases_all_the_same() {
        let (releaser, mut requests) = late("100", "200ms");
        let plan = releaser.plan.clone();
        let released = async {
            let Some(Ok(ClientMessage::Request(request))) = requests.next().await else {
                panic!("no release came");
            };
            let LoadTestRequest::Run { release } = request.message else {
                panic!("something else came: {:?}", request.message);
            };
            release.due.len()
        };
        let (_, released) = tokio::join!(releaser.run(), released);
        assert_eq!((released, plan.lock().rest().len()), (20, 0));
    }

    #[tokio::test]
    async fn nothing_is_released_past_the_lease_even_if_it_comes_back() {
        let lease = SchedulerLease::new();
        lease.renew(boottime_ns(), boottime_ns());
        lease.set_limit(10_000_000_000);
        let (releaser, _requests) = leased("100", "3600s", &lease);
        let mut calls = ReleaseCalls::new();
        lease.set_limit(20_000_000);
        assert!(!releaser.hand_over(&mut calls));
        let taken = || {
            let mut plan = releaser.plan.lock().clone();
            plan.end_where_taken();
            i64::try_from(plan.end_ns()).unwrap()
        };
        let (now_ns, before) = (releaser.clock.at(monotonic_ns()), (taken(), calls.len()));
        assert!(before.0 <= now_ns + 20_000_000, "less far ahead than usual");
        while !releaser.lease.is_lost(boottime_ns()) {
            tokio::task::yield_now().await;
        }
        // As after a thaw: the scheduler takes the agent in again, and has given its share to others.
        lease.renew(boottime_ns(), boottime_ns());
        lease.set_limit(10_000_000_000);
        assert!(!releaser.hand_over(&mut calls));
        assert_eq!((taken(), calls.len()), before);
    }

    #[tokio::test]
    async fn what_a_load_test_that_does_not_answer_cannot_take_stays_in_the_plan() {
        // 65 times what one call carries.
        let (releaser, _requests) = late("1000000", "3250ms");
        let plan = releaser.plan.clone();
        releaser.run().await;
        let rest = plan.lock().rest();
        assert_eq!((rest.len(), rest[0].count), (1, 50_000));
    }
}

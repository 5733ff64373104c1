//! The states of one job, the limit of each, and how it ends.

use heavy_results::job::JobState;

use super::event::{DRAIN_LIMIT_NS, PREPARE_LIMIT_NS, START_LEAD_NS};
use super::moment::{Moment, StopTerms};

/// Why a job does not finish as planned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Termination {
    /// With the reason.
    Failed(String),
    /// By whom.
    Stopped(String),
    /// By a threshold, with the reason: judged like a job that finished.
    Aborted(String),
}

/// Where a job is in its life. States only go forward; the first termination decides how it ends.
#[derive(Debug)]
pub(crate) struct Lifecycle {
    state: JobState,
    reason: String,
    degraded: bool,
    /// When the present state times out.
    limit_ns: Option<u64>,
    start_ns: Option<u64>,
    stop: Option<StopTerms>,
    termination: Option<Termination>,
    collecting: bool,
}

impl Lifecycle {
    /// A queued job.
    pub(crate) const fn new() -> Self {
        Self {
            state: JobState::Queued,
            reason: String::new(),
            degraded: false,
            limit_ns: None,
            start_ns: None,
            stop: None,
            termination: None,
            collecting: false,
        }
    }

    pub(crate) const fn state(&self) -> JobState {
        self.state
    }

    pub(crate) fn reason(&self) -> &str {
        &self.reason
    }

    pub(crate) const fn degraded(&self) -> bool {
        self.degraded
    }

    /// When the job starts or started, on the clock of the events.
    pub(crate) const fn start_ns(&self) -> Option<u64> {
        self.start_ns
    }

    /// Set once agents were told to stop before the profile's end.
    pub(crate) const fn stop(&self) -> Option<StopTerms> {
        self.stop
    }

    pub(crate) const fn moment(&self, now_ns: u64) -> Moment {
        Moment {
            now_ns,
            state: self.state,
            start_ns: self.start_ns,
            stop: self.stop,
        }
    }

    pub(crate) const fn is_collecting(&self) -> bool {
        self.collecting
    }

    pub(crate) fn timed_out(&self, now_ns: u64) -> bool {
        self.limit_ns.is_some_and(|limit_ns| now_ns >= limit_ns)
    }

    /// Since the start; 0 before.
    pub(crate) fn elapsed_ns(&self, now_ns: u64) -> u64 {
        self.start_ns
            .map_or(0, |start_ns| now_ns.saturating_sub(start_ns))
    }

    /// Sets what people read of the job; false if they read it already.
    pub(crate) fn explain(&mut self, reason: &str) -> bool {
        let is_new = self.reason != reason;
        reason.clone_into(&mut self.reason);
        is_new
    }

    pub(crate) fn degrade(&mut self) {
        self.degraded = true;
    }

    /// Leaves the queue.
    pub(crate) fn prepare(&mut self, now_ns: u64) {
        self.state = JobState::Preparing;
        "waiting for agents to be ready".clone_into(&mut self.reason);
        self.limit_ns = Some(now_ns + PREPARE_LIMIT_NS);
    }

    pub(crate) fn begin(&mut self, now_ns: u64) {
        self.state = JobState::Running;
        self.reason.clear();
        self.limit_ns = None;
        self.start_ns = Some(now_ns + START_LEAD_NS);
    }

    pub(crate) fn drain(&mut self, now_ns: u64, grace_ns: u64) {
        self.state = JobState::Draining;
        self.limit_ns = Some(now_ns + grace_ns + DRAIN_LIMIT_NS);
    }

    /// Drains before the profile's end.
    pub(crate) fn drain_early(&mut self, now_ns: u64, terms: StopTerms) {
        self.stop = Some(terms);
        self.drain(now_ns, terms.grace_ns);
    }

    /// Notes why the job does not finish as planned; the first reason counts.
    pub(crate) fn terminate(&mut self, termination: Termination) {
        if let Termination::Failed(reason) | Termination::Aborted(reason) = &termination {
            self.reason.clone_from(reason);
        }
        self.termination.get_or_insert(termination);
    }

    pub(crate) fn collect(&mut self) {
        self.collecting = true;
        self.limit_ns = None;
    }

    /// The final state follows from how the job was terminated.
    pub(crate) fn conclude(&mut self) {
        self.collecting = false;
        self.limit_ns = None;
        (self.state, self.reason) = match self.termination.take() {
            None => (JobState::Finished, String::new()),
            Some(Termination::Aborted(reason)) => (JobState::Finished, reason),
            Some(Termination::Failed(reason)) => (JobState::Failed, reason),
            Some(Termination::Stopped(who)) => (JobState::Stopped, format!("stopped by {who}")),
        };
    }
}

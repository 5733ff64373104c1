//! The states of one job, the limit of each, and how it ends.

use heavy_results::job::JobState;

use super::event::{ChangeRefused, DRAIN_LIMIT_NS, PREPARE_LIMIT_NS, START_LEAD_NS, StopTerms};

/// A revision takes effect this long after it was made: agents have released up to 50 ms ahead, and hear of it in time.
const CUT_LEAD_NS: u64 = 150_000_000;

const STOPPED_BY: &str = "stopped by ";

/// An instant of a started job, on the clock of the events.
#[derive(Debug, Clone, Copy)]
pub(crate) struct JobTime {
    pub(crate) now_ns: u64,
    pub(crate) start_ns: u64,
}

impl JobTime {
    /// When a revision that is made now takes effect, from the job's start.
    pub(crate) const fn cut_ns(self) -> u64 {
        (self.now_ns + CUT_LEAD_NS).saturating_sub(self.start_ns)
    }
}

/// When an event comes, and how far the job is by then.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment {
    pub(crate) now_ns: u64,
    pub(crate) state: JobState,
    pub(crate) start_ns: Option<u64>,
    /// Set once agents were told to stop before the profile's end.
    pub(crate) stop: Option<StopTerms>,
}

impl Moment {
    /// `None` before the start.
    pub(crate) fn started(self) -> Option<JobTime> {
        let now_ns = self.now_ns;
        self.start_ns.map(|start_ns| JobTime { now_ns, start_ns })
    }

    /// Refuses what only a running job can do.
    pub(crate) fn running(self) -> Result<JobTime, ChangeRefused> {
        self.started()
            .filter(|_| self.state == JobState::Running)
            .ok_or(ChangeRefused::NotRunning(self.state.as_str()))
    }
}

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
    pub(super) state: JobState,
    pub(super) reason: String,
    pub(super) degraded: bool,
    /// When the present state times out.
    limit_ns: Option<u64>,
    /// When the job starts or started, on the clock of the events.
    pub(super) start_ns: Option<u64>,
    /// Set once agents were told to stop before the profile's end.
    pub(super) stop: Option<StopTerms>,
    termination: Option<Termination>,
    /// The aggregation broke off, so that nothing can be collected.
    pub(super) results_lost: bool,
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
            results_lost: false,
        }
    }

    pub(crate) const fn moment(&self, now_ns: u64) -> Moment {
        Moment {
            now_ns,
            state: self.state,
            start_ns: self.start_ns,
            stop: self.stop,
        }
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

    /// The load is over: only results are awaited, without limit.
    pub(crate) fn deliver(&mut self) {
        self.state = JobState::Delivering;
        self.limit_ns = None;
    }

    /// A job whose load was over under another scheduler, and that ends like this.
    pub(crate) fn resume(start_ns: u64, (ends_as, reason): (JobState, &str), degraded: bool) -> Self {
        let reason = reason.to_owned();
        let termination = match ends_as {
            JobState::Stopped => {
                let who = reason.strip_prefix(STOPPED_BY).unwrap_or(&reason);
                Some(Termination::Stopped(who.to_owned()))
            }
            JobState::Finished if reason.is_empty() => None,
            JobState::Finished => Some(Termination::Aborted(reason)),
            _ => Some(Termination::Failed(reason)),
        };
        let mut life = Self {
            degraded,
            start_ns: Some(start_ns),
            ..Self::new()
        };
        termination.into_iter().for_each(|how| life.terminate(how));
        life.deliver();
        life
    }

    /// The final state and its reason, as far as is known: they follow from how the job was terminated.
    pub(crate) fn ending(&self) -> (JobState, String) {
        match &self.termination {
            None => (JobState::Finished, String::new()),
            Some(Termination::Aborted(reason)) => (JobState::Finished, reason.clone()),
            Some(Termination::Failed(reason)) => (JobState::Failed, reason.clone()),
            Some(Termination::Stopped(who)) => (JobState::Stopped, format!("{STOPPED_BY}{who}")),
        }
    }

    pub(crate) fn conclude(&mut self) {
        self.limit_ns = None;
        (self.state, self.reason) = self.ending();
    }
}

//! The instant of an event in the life of its job.

use heavy_results::job::JobState;

use super::event::ChangeRefused;

/// A revision takes effect this long after it was made: agents have released up to 50 ms ahead, and hear of it in time.
const CUT_LEAD_NS: u64 = 150_000_000;

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

/// What agents are told when the job ends before its profile does; the default is at once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct StopTerms {
    pub(crate) grace_ns: u64,
    /// Up to where due instants count, from the job's start.
    pub(crate) end_ns: u64,
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

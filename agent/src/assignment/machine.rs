//! The life of an assignment as `(state, event) -> actions`: pure; the driver carries the actions out.
//!
//! ```text
//! Preparing -> Prepared -> Running -> Stopping -> CleaningUp -> Exiting -> Delivering -> Over
//!     |            |           |          |            |
//!     +------------+-----------+----------+------------+-------> Exiting (a failure, a stop, the process gone)
//! ```
//! From `Exiting` on nothing but the end remains: results are closed and delivered if there was a start.

use heavy_load::vocabulary::Ended;

use super::failure::AssignmentFailure;

/// What happens to an assignment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Event {
    /// The load test is spawned and initialised.
    Prepared,
    /// It could not be.
    NotPrepared(AssignmentFailure),
    /// The scheduler says when to start.
    Start,
    /// The last iteration that will ever be due is due.
    AllDue,
    /// The load test has no data for further iterations.
    OutOfData,
    /// Somebody wants it to end, now or at an instant.
    Stop(Stop),
    /// The scheduler has not been heard of for too long.
    LeaseLost,
    /// The load test has exited or does not answer, or its results cannot be kept.
    Broken(AssignmentFailure),
    /// The load test has stopped: every outcome is known.
    Stopped,
    /// The load test has cleaned up.
    CleanedUp,
    /// Nothing of the load test is left, and its output is read to the end.
    Exited,
    /// The collector has everything.
    Delivered,
    /// The results cannot be closed or delivered.
    Undeliverable(String),
}

/// How somebody wants it to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stop {
    /// How long running iterations may go on.
    pub(crate) grace_ns: u64,
    /// The first due instant that does not count any more, if it is in the future.
    pub(crate) at_ns: Option<u64>,
}

/// What the driver is to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Action {
    /// Tell the scheduler.
    Report(Report),
    /// Begin to release iterations.
    Release,
    /// Release nothing that is due later, in ns from the start.
    EndAt(u64),
    /// Release nothing more, and let running iterations go on for so long.
    Stop {
        /// The grace.
        grace_ns: u64,
    },
    /// Have the load test clean up.
    CleanUp,
    /// End the load test and all its children.
    EndProcess,
    /// Close the account and hand all results to delivery; the word says why it ended.
    Close(Ended),
    /// Forget the assignment.
    Forget,
}

/// What the scheduler is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Report {
    Preparing,
    Prepared,
    Running,
    Draining,
    Finished,
    Failed(AssignmentFailure),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Preparing,
    Prepared,
    Running,
    Stopping,
    CleaningUp,
    Exiting,
    Delivering,
    Over,
}

/// One assignment.
#[derive(Debug)]
pub(crate) struct AssignmentMachine {
    state: State,
    /// The grace of the job itself.
    grace_ns: u64,
    /// Whether there was a start, so that there are results to close.
    started: bool,
    ended: Ended,
    failure: Option<AssignmentFailure>,
}

impl AssignmentMachine {
    /// A new assignment, which is being prepared.
    pub(crate) fn new(grace_ns: u64) -> Self {
        Self {
            state: State::Preparing,
            grace_ns,
            started: false,
            ended: Ended::Finished,
            failure: None,
        }
    }

    /// Whether iterations may be released or running.
    pub(crate) fn has_load(&self) -> bool {
        matches!(self.state, State::Running | State::Stopping)
    }

    /// Takes an event and says what follows. Events that come too late change nothing.
    pub(crate) fn on(&mut self, event: Event) -> Vec<Action> {
        use State::{CleaningUp, Delivering, Exiting, Prepared, Preparing, Running, Stopping};
        match (self.state, event) {
            (Preparing, Event::Prepared) => {
                self.state = Prepared;
                vec![Action::Report(Report::Prepared)]
            }
            (Preparing, Event::NotPrepared(failure)) => {
                self.failure = Some(failure);
                self.exit()
            }
            (Preparing | Prepared, Event::Stop(_) | Event::LeaseLost) => self.exit(),
            (Prepared, Event::Start) => {
                self.state = Running;
                self.started = true;
                vec![Action::Report(Report::Running), Action::Release]
            }
            (Running, Event::AllDue) => self.stop(self.grace_ns),
            (Running, Event::OutOfData) => {
                self.ended = Ended::Data;
                self.stop(self.grace_ns)
            }
            (Running, Event::Stop(stop)) => {
                self.ended = Ended::Stopped;
                self.grace_ns = stop.grace_ns;
                match stop.at_ns {
                    Some(at_ns) => vec![Action::EndAt(at_ns)],
                    None => self.stop(stop.grace_ns),
                }
            }
            // A shorter grace than the one under way.
            (Stopping, Event::Stop(stop)) => vec![Action::Stop {
                grace_ns: stop.grace_ns,
            }],
            (Running, Event::LeaseLost) => {
                self.ended = Ended::Lease;
                self.stop(0)
            }
            (Stopping, Event::LeaseLost) => {
                self.ended = Ended::Lease;
                vec![Action::Stop { grace_ns: 0 }]
            }
            (Stopping, Event::Stopped) => {
                self.state = CleaningUp;
                vec![Action::CleanUp]
            }
            // Every outcome is known by then.
            (CleaningUp, Event::CleanedUp | Event::Broken(_)) => self.exit(),
            (Prepared | Running | Stopping, Event::Broken(failure)) => {
                self.ended = Ended::Died;
                self.failure = Some(failure);
                let mut actions = self.exit();
                if self.started {
                    actions.insert(0, Action::Report(Report::Draining));
                }
                actions
            }
            (Exiting, Event::Exited) if self.started => {
                self.state = Delivering;
                vec![Action::Close(self.ended)]
            }
            (Exiting, Event::Exited) | (Delivering, Event::Delivered) => self.over(),
            (Delivering, Event::Undeliverable(message)) => {
                let failure = || AssignmentFailure::internal(message);
                self.failure.get_or_insert_with(failure);
                self.over()
            }
            _ => Vec::new(),
        }
    }

    fn stop(&mut self, grace_ns: u64) -> Vec<Action> {
        self.state = State::Stopping;
        vec![Action::Report(Report::Draining), Action::Stop { grace_ns }]
    }

    fn exit(&mut self) -> Vec<Action> {
        self.state = State::Exiting;
        vec![Action::EndProcess]
    }

    fn over(&mut self) -> Vec<Action> {
        self.state = State::Over;
        let report = self.failure.take().map_or(Report::Finished, Report::Failed);
        vec![Action::Report(report), Action::Forget]
    }
}

#[cfg(test)]
mod tests;

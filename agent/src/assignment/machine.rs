//! The life of an assignment as `(state, event) -> actions`: pure; the driver carries the actions out.
//!
//! ```text
//! Preparing -> Prepared -> Running -> Stopping -> CleaningUp -> Exiting -> Delivering -> Over
//!     |            |           |          |            |
//!     +------------+-----------+----------+------------+-------> Exiting (a failure, a stop, the process gone)
//! ```
//! From `Exiting` on nothing but the end remains: results are closed and delivered if there was a start.

use heavy_load::vocabulary::Ended;
use heavy_proto::v1::AssignmentState;

use super::failure::AssignmentFailure;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum AssignmentEvent {
    Prepared,
    NotPrepared(AssignmentFailure),
    Start,
    /// The last iteration that will ever be due is due.
    AllDue,
    /// The load test has no data for further iterations.
    OutOfData,
    /// Somebody wants it to end, now or at an instant.
    Stop(StopRequest),
    /// The scheduler has been silent for too long.
    LeaseLost,
    /// The load test has exited or does not answer, or its results cannot be kept.
    Broken(AssignmentFailure),
    /// The load test has stopped: every outcome is known.
    Stopped,
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
pub(crate) struct StopRequest {
    /// How long running iterations may go on.
    pub(crate) grace_ns: u64,
    /// The first due instant that does not count any more, if it is in the future.
    pub(crate) at_ns: Option<u64>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum AssignmentAction {
    Report(AssignmentState),
    /// Tell the scheduler why the assignment failed.
    Fail(AssignmentFailure),
    Release,
    /// Release nothing that is due later, in ns from the start.
    EndAt(u64),
    /// Release nothing more, and let running iterations go on for this time.
    Stop {
        grace_ns: u64,
    },
    CleanUp,
    /// End the load test and all its children.
    EndProcess,
    /// Close the account and pass all results to delivery, with the reason of the end.
    Close(Ended),
    Forget,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LifeCycle {
    Preparing,
    Prepared,
    Running,
    Stopping,
    CleaningUp,
    Exiting,
    Delivering,
    Over,
}

#[derive(Debug)]
pub(crate) struct AssignmentMachine {
    state: LifeCycle,
    /// The grace of the job itself.
    grace_ns: u64,
    /// Whether there was a start, so that there are results to close.
    started: bool,
    ended: Ended,
    failure: Option<AssignmentFailure>,
    /// Whether the collector refused the results for good, so that nothing more is delivered.
    undeliverable: bool,
}

impl AssignmentMachine {
    pub(crate) fn new(grace_ns: u64) -> Self {
        Self {
            state: LifeCycle::Preparing,
            grace_ns,
            started: false,
            ended: Ended::Finished,
            failure: None,
            undeliverable: false,
        }
    }

    /// Whether iterations may be released or running.
    pub(crate) fn has_load(&self) -> bool {
        matches!(self.state, LifeCycle::Running | LifeCycle::Stopping)
    }

    /// Takes an event and returns the actions that follow. Events that come too late change nothing.
    pub(crate) fn on(&mut self, event: AssignmentEvent) -> Vec<AssignmentAction> {
        use LifeCycle::{CleaningUp, Delivering, Exiting, Prepared, Preparing, Running, Stopping};
        match (self.state, event) {
            (Preparing, AssignmentEvent::Prepared) => {
                self.state = Prepared;
                vec![AssignmentAction::Report(AssignmentState::Prepared)]
            }
            (Preparing, AssignmentEvent::NotPrepared(failure)) => {
                self.failure = Some(failure);
                self.exit()
            }
            (Preparing | Prepared, AssignmentEvent::Stop(_) | AssignmentEvent::LeaseLost) => self.exit(),
            (Prepared, AssignmentEvent::Start) => {
                self.state = Running;
                self.started = true;
                vec![
                    AssignmentAction::Report(AssignmentState::Running),
                    AssignmentAction::Release,
                ]
            }
            (Running, AssignmentEvent::AllDue) => self.stop(self.grace_ns),
            (Running, AssignmentEvent::OutOfData) => {
                self.ended = Ended::Data;
                self.stop(self.grace_ns)
            }
            (Running, AssignmentEvent::Stop(stop)) => {
                self.ended = Ended::Stopped;
                self.grace_ns = stop.grace_ns;
                match stop.at_ns {
                    Some(at_ns) => vec![AssignmentAction::EndAt(at_ns)],
                    None => self.stop(stop.grace_ns),
                }
            }
            // A shorter grace than the one under way.
            (Stopping, AssignmentEvent::Stop(stop)) => vec![AssignmentAction::Stop {
                grace_ns: stop.grace_ns,
            }],
            (Running, AssignmentEvent::LeaseLost) => {
                self.ended = Ended::Lease;
                self.stop(0)
            }
            (Stopping, AssignmentEvent::LeaseLost) => {
                self.ended = Ended::Lease;
                vec![AssignmentAction::Stop { grace_ns: 0 }]
            }
            (Stopping, AssignmentEvent::Stopped) => {
                self.state = CleaningUp;
                vec![AssignmentAction::CleanUp]
            }
            // Every outcome is known by then.
            (CleaningUp, AssignmentEvent::CleanedUp | AssignmentEvent::Broken(_)) => self.exit(),
            (Prepared | Running | Stopping, AssignmentEvent::Broken(failure)) => self.broken(failure),
            (Exiting, AssignmentEvent::Exited) => self.exited(),
            (Delivering, AssignmentEvent::Delivered) => {
                self.over(AssignmentAction::Report(AssignmentState::Finished))
            }
            (_, AssignmentEvent::Undeliverable(message)) if self.started => {
                self.refused(AssignmentFailure::internal(message))
            }
            _ => Vec::new(),
        }
    }

    fn stop(&mut self, grace_ns: u64) -> Vec<AssignmentAction> {
        self.state = LifeCycle::Stopping;
        vec![
            AssignmentAction::Report(AssignmentState::Draining),
            AssignmentAction::Stop { grace_ns },
        ]
    }

    fn exited(&mut self) -> Vec<AssignmentAction> {
        let close = AssignmentAction::Close(self.ended);
        if self.started && !self.undeliverable {
            self.state = LifeCycle::Delivering;
            // From now on the agent is free for another job, however long the delivery takes.
            return vec![close, self.end_of_load()];
        }
        self.state = LifeCycle::Over;
        let failed = self.failure.take().map(AssignmentAction::Fail);
        let report = failed.unwrap_or(AssignmentAction::Report(AssignmentState::Finished));
        let close = self.started.then_some(close);
        close
            .into_iter()
            .chain([report, AssignmentAction::Forget])
            .collect()
    }

    /// Ends what goes on: what is not stored anywhere is not worth its load.
    fn refused(&mut self, failure: AssignmentFailure) -> Vec<AssignmentAction> {
        self.undeliverable = true;
        match self.state {
            LifeCycle::Running | LifeCycle::Stopping => self.broken(failure),
            LifeCycle::Delivering => self.over(AssignmentAction::Fail(failure)),
            _ => {
                self.failure.get_or_insert(failure);
                Vec::new()
            }
        }
    }

    fn broken(&mut self, failure: AssignmentFailure) -> Vec<AssignmentAction> {
        self.ended = Ended::Died;
        self.failure = Some(failure);
        let mut actions = self.exit();
        if self.started {
            actions.insert(0, AssignmentAction::Report(AssignmentState::Draining));
        }
        actions
    }

    fn exit(&mut self) -> Vec<AssignmentAction> {
        self.state = LifeCycle::Exiting;
        vec![AssignmentAction::EndProcess]
    }

    /// What is reported of a load that is over: whether it failed.
    fn end_of_load(&self) -> AssignmentAction {
        self.failure.clone().map_or(
            AssignmentAction::Report(AssignmentState::Delivering),
            AssignmentAction::Fail,
        )
    }

    /// The end of the delivery, with its report, unless the assignment was reported as failed before.
    fn over(&mut self, report: AssignmentAction) -> Vec<AssignmentAction> {
        self.state = LifeCycle::Over;
        let report = self.failure.is_none().then_some(report);
        report.into_iter().chain([AssignmentAction::Forget]).collect()
    }
}

#[cfg(test)]
mod tests;

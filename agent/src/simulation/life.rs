//! The life of an assignment in an agent process: what its machine makes of events, carried out as the agent's driver does.

use std::io;

use heavy_proto::v1::AssignmentState;

use super::share::AgentShare;
use crate::assignment::failure::AssignmentFailure;
use crate::assignment::machine::{AssignmentAction, AssignmentEvent, StopRequest};
use crate::deliver::simulated::SimulatedDelivery;

/// What happens to an assignment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShareEvent {
    /// The job starts.
    Start {
        /// When, on the host's monotonic clock.
        start_ns: u64,
        /// The wall time at the beginning of that clock, as the load test was told.
        wall_ns: u64,
    },
    /// Releases have come to the end of the plan.
    AllDue,
    /// Somebody wants it to end: due instants count up to `end_ns` from the job's start.
    Stop {
        /// How long iterations may go on.
        grace_ns: u64,
        /// Up to where due instants count.
        end_ns: u64,
    },
    /// The scheduler was silent for too long.
    LeaseLost,
    /// The load test has exited by itself.
    Died,
    /// The load test has stopped: every outcome is known.
    Stopped,
    /// The load test has cleaned up.
    CleanedUp,
    /// Nothing of the load test is left, and its output was read.
    Exited,
    /// The collector has everything.
    Delivered,
}

/// What follows for those outside of the agent process.
#[derive(Debug)]
pub enum ShareEffect {
    /// The scheduler is told.
    Report(AssignmentState),
    /// The scheduler is told that the assignment has failed.
    Fail,
    /// What is spooled is delivered.
    Deliver(Box<SimulatedDelivery>),
    /// The load test starts nothing more, and finishes what runs within this time.
    StopLoadTest(u64),
    /// The load test cleans up.
    CleanUp,
    /// The load test is killed.
    EndLoadTest,
    /// Nothing is left of the assignment but its delivery.
    Over,
}

impl AgentShare {
    /// Takes an event.
    ///
    /// # Errors
    /// When the disk fails, or the account does not add up.
    pub fn on(&mut self, event: ShareEvent) -> io::Result<Vec<ShareEffect>> {
        let mut effects = Vec::new();
        let event = match event {
            // Its load test was ended before.
            ShareEvent::Start { .. } if !self.is_live => return Ok(effects),
            ShareEvent::Start { start_ns, wall_ns } => {
                effects.push(ShareEffect::Deliver(Box::new(self.start(start_ns, wall_ns)?)));
                AssignmentEvent::Start
            }
            ShareEvent::AllDue => AssignmentEvent::AllDue,
            ShareEvent::Stop { grace_ns, end_ns } => {
                let now_ns = self.now_ns();
                if end_ns <= now_ns && self.machine.has_load() {
                    self.end_at(now_ns);
                }
                let at_ns = (end_ns > now_ns).then_some(end_ns);
                AssignmentEvent::Stop(StopRequest { grace_ns, at_ns })
            }
            ShareEvent::LeaseLost => AssignmentEvent::LeaseLost,
            ShareEvent::Died => {
                self.freeze();
                AssignmentEvent::Broken(AssignmentFailure::died("the load test died".to_owned()))
            }
            ShareEvent::Stopped => AssignmentEvent::Stopped,
            ShareEvent::CleanedUp => AssignmentEvent::CleanedUp,
            ShareEvent::Exited => {
                self.output_ended();
                AssignmentEvent::Exited
            }
            ShareEvent::Delivered => AssignmentEvent::Delivered,
        };
        for action in self.machine.on(event) {
            match action {
                AssignmentAction::Report(state) => effects.push(ShareEffect::Report(state)),
                AssignmentAction::Fail(_) => effects.push(ShareEffect::Fail),
                AssignmentAction::Release => self.releases = true,
                AssignmentAction::EndAt(end_ns) => self.end_at(end_ns),
                AssignmentAction::Stop { grace_ns } => {
                    self.releases = false;
                    self.freeze();
                    effects.push(ShareEffect::StopLoadTest(grace_ns));
                }
                AssignmentAction::CleanUp => effects.push(ShareEffect::CleanUp),
                AssignmentAction::EndProcess => {
                    (self.releases, self.is_live) = (false, false);
                    effects.push(ShareEffect::EndLoadTest);
                }
                AssignmentAction::Close(ended) => self.close(ended).map_err(io::Error::other)?,
                AssignmentAction::Forget => effects.push(ShareEffect::Over),
            }
        }
        Ok(effects)
    }
}

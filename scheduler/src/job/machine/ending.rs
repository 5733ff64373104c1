//! How a job ends: its load, the wait for its results, and its final state.

use heavy_results::job::JobState;

use super::JobMachine;
use super::event::{EndedShare, FIRST_EPOCH, JobAction, StopTerms};
use super::lifecycle::Termination;
use super::share::ShareState;
use crate::fleet::Backlog;

/// Agents release iterations this much ahead: what their lease's end still let them start.
const RELEASE_LEAD_NS: u64 = 50_000_000;

impl JobMachine {
    /// An agent that lives has something to deliver. One whose load was lost may be another process by now.
    pub(super) fn on_backlog(&mut self, agent: &str, backlog: Backlog) {
        let epoch = backlog.epoch;
        if (FIRST_EPOCH..=self.members.shares.epoch(agent)).contains(&epoch)
            && self.deliveries.hear(self.now_ns, agent, backlog)
            && self.state() == JobState::Delivering
        {
            self.actions.await_results(agent, epoch, true);
        }
    }

    pub(super) fn on_collected(&mut self, complete: bool) {
        if self.state() == JobState::Delivering {
            self.finish(complete);
        } else if self.start_ns().is_some() && !self.life.results_lost {
            self.on_results_lost();
        }
    }

    /// Ends the load, whose results nobody aggregates any more.
    fn on_results_lost(&mut self) {
        self.life.results_lost = true;
        let reason = "the scheduler could not aggregate the results: see its log".to_owned();
        if self.state() == JobState::Running {
            self.end(Termination::Failed(reason), 0);
        } else {
            self.fail(reason);
        }
    }

    /// The load is over: the rest of the results is awaited.
    pub(super) fn deliver(&mut self, start_ns: u64) {
        self.life.deliver();
        let attempts = self.members.shares.attempts().into_iter();
        let shares = attempts.map(|(agent, epoch, share)| {
            let lost_ns = self.deliveries.lost_ns(agent, epoch);
            EndedShare {
                agent: agent.to_owned(),
                epoch,
                leased_until_ns: lost_ns.map_or(u64::MAX, |lost_ns| {
                    lost_ns.saturating_sub(start_ns) + RELEASE_LEAD_NS
                }),
                is_alive: share != ShareState::Lost,
            }
        });
        let shares = shares.collect();
        let end_ns = self.end_ns();
        self.actions.push(JobAction::Collect { shares, end_ns });
        self.actions.save();
    }

    /// Nothing more is awaited; `complete`: nothing is missing.
    pub(super) fn finish(&mut self, complete: bool) {
        self.life.degraded |= !complete;
        self.life.conclude();
        self.actions.push(JobAction::Conclude);
    }

    /// Notes a failure. Before the start it ends the job; later the other agents go on.
    pub(super) fn fail(&mut self, reason: String) {
        if self.state() == JobState::Preparing {
            self.end(Termination::Failed(reason), 0);
        } else {
            self.life.terminate(Termination::Failed(reason));
            self.actions.save();
        }
    }

    /// Ends the job before its profile does.
    pub(super) fn end(&mut self, termination: Termination, grace_ns: u64) {
        self.life.terminate(termination);
        let end_ns = self.end_ns().min(self.life.elapsed_ns(self.now_ns));
        let terms = StopTerms { grace_ns, end_ns };
        self.life.drain_early(self.now_ns, terms);
        for agent in self.members.shares.names(|share| !share.is_over()) {
            self.actions.stop(&agent, terms);
        }
        self.actions.save();
    }

    /// Ends a job that never left the queue.
    pub(super) fn conclude(&mut self, termination: Termination) {
        self.life.terminate(termination);
        self.life.conclude();
        self.actions.push(JobAction::Conclude);
    }
}

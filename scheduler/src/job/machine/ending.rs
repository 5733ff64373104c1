//! How a job ends: its load, the wait for its results, and its final state.

use heavy_results::job::{JobSpec, JobState};
use heavy_store::Delivering;

use super::JobMachine;
use super::event::{EndedShare, FIRST_EPOCH, JobAction, RELEASE_LEAD_NS, StopTerms};
use super::lifecycle::{Lifecycle, Termination};
use super::share::ShareState;
use crate::fleet::Backlog;

impl JobMachine {
    /// A job whose load was over under another scheduler, which has handed over its assignments and how it ends.
    pub(crate) fn resume(
        spec: JobSpec,
        (now_ns, start_ns): (u64, u64),
        delivering: &Delivering,
        degraded: bool,
    ) -> Self {
        let mut machine = Self::new(spec);
        let ends_as = (delivering.ends_as, delivering.reason.as_str());
        machine.life = Lifecycle::resume(start_ns, ends_as, degraded);
        for share in &delivering.settlement.shares {
            machine
                .members
                .shares
                .resume(&share.agent, share.epoch, share.is_alive);
            machine.deliveries.begin(now_ns, &share.agent, share.epoch);
        }
        machine
    }

    /// The final state and its reason, as far as is known.
    pub(crate) fn ending(&self) -> (JobState, String) {
        self.life.ending()
    }

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
        }
    }

    /// Ends the load, whose results nobody aggregates any more.
    pub(super) fn on_aggregation_broke(&mut self) {
        if self.start_ns().is_none() || self.life.results_lost {
            return;
        }
        self.life.results_lost = true;
        let reason = "the scheduler could not aggregate the results: see its log".to_owned();
        match self.state() {
            JobState::Running => self.end(Termination::Failed(reason), 0),
            JobState::Delivering => {
                self.fail(reason);
                self.finish(false);
            }
            _ => self.fail(reason),
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

//! What agents say of their shares, and what becomes of a share whose agent is gone or comes back.

use super::Machine;
use crate::job::event::{Action, Report};
use crate::job::share::{Ending, Share};

impl Machine {
    pub(super) fn on_update(&mut self, now_ns: u64, agent: &str, report: Report, actions: &mut Vec<Action>) {
        let Some(share) = self.shares.get_mut(agent) else {
            return;
        };
        if share.is_done() {
            // Nothing is expected of it any more, so that nothing may run there.
            if !report.is_last() {
                let (agent, grace_ns, end_ns) = (agent.to_owned(), 0, 0);
                actions.push(Action::Stop {
                    agent,
                    grace_ns,
                    end_ns,
                });
            }
            return;
        }
        match report {
            Report::Preparing => {}
            Report::Splitting => *share = Share::Splitting,
            Report::Prepared => {
                *share = Share::Prepared;
                self.on_prepared(agent, actions);
            }
            Report::Running => *share = Share::Running,
            Report::Draining => *share = Share::Draining,
            Report::Finished => *share = Share::Finished,
            // One that could not join changes nothing for those who run.
            Report::Failed { .. } if self.start_ns.is_some() && share.is_preparing() => {
                self.shares.remove(agent);
            }
            Report::Failed { kind, message } => {
                *share = Share::Failed;
                self.left(agent, actions);
                let what = if self.start_ns.is_none() {
                    "could not be prepared"
                } else {
                    "lost its load test"
                };
                let reason = format!("agent {agent} {what} ({kind}): {message}");
                self.fail(now_ns, reason, actions);
            }
        }
    }

    pub(super) fn on_lost(&mut self, now_ns: u64, agent: &str, why: &str, actions: &mut Vec<Action>) {
        let Some(share) = self.shares.get_mut(agent).filter(|share| !share.is_done()) else {
            return;
        };
        let ran = self.start_ns.is_some();
        if ran && share.is_preparing() {
            self.shares.remove(agent);
            return;
        }
        *share = Share::Lost;
        self.left(agent, actions);
        let reason = format!("agent {agent} was lost: {why}");
        self.degraded |= ran;
        if ran && self.shares.values().any(|share| *share != Share::Lost) {
            self.reason = reason;
            actions.push(Action::Save);
        } else {
            self.fail(now_ns, reason, actions);
        }
    }

    /// Says again what an agent may have missed while its stream was down.
    pub(super) fn on_back(&mut self, agent: String, holds: bool, actions: &mut Vec<Action>) {
        let Some(share) = self.shares.get(&agent).copied().filter(|share| !share.is_done()) else {
            return;
        };
        if !holds {
            // An assignment that ended meanwhile is reported again; one that never arrived has to be given again.
            if share == Share::Assigned && self.ending.is_none() {
                actions.push(Action::Assign { agents: vec![agent] });
            }
        } else if let Some(Ending { grace_ns, end_ns }) = self.ending {
            actions.push(Action::Stop {
                agent,
                grace_ns,
                end_ns,
            });
        } else if self.start_ns.is_some() && share == Share::Prepared {
            actions.push(Action::Start { agent });
        }
    }
}

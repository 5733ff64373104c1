//! The life of one job. Pure: `(state, now, event) -> actions`; the driver carries the actions out.
//!
//! ```text
//!            Taken                all Prepared             profile over, Stop, all agents done
//!   queued ---------> preparing ----------------> running ------------------------------------+
//!     |                   |                                                                    v
//!     |                   | an agent failed, was lost or too slow; Stop                    draining
//!     |                   +------------------------------------------------------------------> |
//!     |                                                                                        | all agents done:
//!     | Stop: stopped                                                                          | Collect, Collected
//!     | GaveUp: failed                                                                         v
//!     +--------------------------------------------------------------> finished | failed | stopped
//! ```
//! While a job runs, agents may join (they prepare, get the start instant, and enter) and leave.
//!
//! An agent is *done* when it said FINISHED or FAILED, or was lost. A job that is draining has no agent to wait for
//! but those that are not done; each gets a limit, after which it counts as lost. The first failure decides the
//! outcome; a stop, or a threshold that stops the load, decides it unless something had failed before.

mod join;
mod reports;

use std::collections::BTreeMap;

use heavy_results::job::JobState;

use super::event::{Action, DRAIN_LIMIT_NS, Event, PREPARE_LIMIT_NS, Plan, START_LEAD_NS};
use super::share::{Ending, Outcome, Share};

/// One job.
#[derive(Debug)]
pub(crate) struct Machine {
    plan: Plan,
    state: JobState,
    reason: String,
    degraded: bool,
    shares: BTreeMap<String, Share>,
    /// When the present state is given up.
    limit_ns: Option<u64>,
    start_ns: Option<u64>,
    /// Set once agents were told to stop before the profile's end.
    ending: Option<Ending>,
    outcome: Option<Outcome>,
    collecting: bool,
    /// Whether a splitter was asked, and has answered.
    dividing: Option<bool>,
}

impl Machine {
    /// A queued job.
    pub(crate) fn new(plan: Plan) -> Self {
        Self {
            plan,
            state: JobState::Queued,
            reason: String::new(),
            degraded: false,
            shares: BTreeMap::new(),
            limit_ns: None,
            start_ns: None,
            ending: None,
            outcome: None,
            collecting: false,
            dividing: None,
        }
    }

    pub(crate) fn state(&self) -> JobState {
        self.state
    }

    pub(crate) fn reason(&self) -> &str {
        &self.reason
    }

    pub(crate) fn degraded(&self) -> bool {
        self.degraded
    }

    /// When the job starts or started, on the monotonic clock of the events.
    pub(crate) fn start_ns(&self) -> Option<u64> {
        self.start_ns
    }

    /// Up to where due instants count, from the job's start: the profile's end, or earlier after a stop.
    pub(crate) fn end_ns(&self) -> u64 {
        self.ending.map_or(self.plan.duration_ns, |ending| {
            ending.end_ns.min(self.plan.duration_ns)
        })
    }

    /// Takes an event; gives what is to be done, in order.
    pub(crate) fn on(&mut self, now_ns: u64, event: Event) -> Vec<Action> {
        if self.state.is_final() {
            return Vec::new();
        }
        let mut actions = Vec::new();
        match event {
            Event::Waiting { reason } => self.on_waiting(reason, &mut actions),
            Event::Taken { agents } => self.on_taken(now_ns, agents, &mut actions),
            Event::Joined { agent } => self.on_joined(agent, &mut actions),
            Event::Divided { failure } => self.on_divided(now_ns, failure, &mut actions),
            Event::Replanned { duration_ns } => self.plan.duration_ns = duration_ns,
            Event::GaveUp { reason } => self.on_gave_up(reason, &mut actions),
            Event::Update { agent, report } => self.on_update(now_ns, &agent, report, &mut actions),
            Event::Lost { agent, why } => self.on_lost(now_ns, &agent, &why, &mut actions),
            Event::Back { agent, holds } => self.on_back(agent, holds, &mut actions),
            Event::Stop { now, who } => self.on_stop(now_ns, now, who, &mut actions),
            Event::Broken { reason } => self.on_broken(now_ns, reason, &mut actions),
            Event::Tick => self.on_tick(now_ns, &mut actions),
            Event::Collected { complete } => self.on_collected(complete, &mut actions),
        }
        self.advance(now_ns, &mut actions);
        actions
    }

    fn on_waiting(&mut self, reason: String, actions: &mut Vec<Action>) {
        if self.state == JobState::Queued && self.reason != reason {
            self.reason = reason;
            actions.push(Action::Save);
        }
    }

    fn on_taken(&mut self, now_ns: u64, agents: Vec<String>, actions: &mut Vec<Action>) {
        if self.state != JobState::Queued {
            return;
        }
        self.state = JobState::Preparing;
        "waiting for agents to be ready".clone_into(&mut self.reason);
        self.limit_ns = Some(now_ns + PREPARE_LIMIT_NS);
        self.shares = agents
            .iter()
            .map(|agent| (agent.clone(), Share::Assigned))
            .collect();
        actions.extend([Action::Save, Action::Assign { agents }]);
    }

    fn on_gave_up(&mut self, reason: String, actions: &mut Vec<Action>) {
        if self.state == JobState::Queued {
            self.outcome = Some(Outcome::Failed(reason));
            self.conclude(actions);
        }
    }

    fn on_stop(&mut self, now_ns: u64, now: bool, who: String, actions: &mut Vec<Action>) {
        let grace_ns = if now { 0 } else { self.plan.grace_ns };
        match self.state {
            JobState::Queued => {
                self.outcome = Some(Outcome::Stopped(who));
                self.conclude(actions);
            }
            JobState::Preparing | JobState::Running => {
                self.outcome.get_or_insert(Outcome::Stopped(who));
                self.end(now_ns, grace_ns, actions);
            }
            // The profile is over, or it was stopped: only less grace can still be meant.
            JobState::Draining if now && !self.collecting => {
                self.outcome.get_or_insert(Outcome::Stopped(who));
                self.end(now_ns, 0, actions);
            }
            JobState::Draining | JobState::Finished | JobState::Failed | JobState::Stopped => {}
        }
    }

    /// The load is over at once: what runs would go on loading a target that does not do what it should.
    fn on_broken(&mut self, now_ns: u64, reason: String, actions: &mut Vec<Action>) {
        if self.state == JobState::Running {
            self.reason.clone_from(&reason);
            self.outcome.get_or_insert(Outcome::Cut(reason));
            self.end(now_ns, 0, actions);
        }
    }

    fn on_tick(&mut self, now_ns: u64, actions: &mut Vec<Action>) {
        let over = self.limit_ns.is_some_and(|limit_ns| now_ns >= limit_ns);
        match self.state {
            JobState::Preparing if over => {
                let late = self.names(|share| share == Share::Assigned).join(", ");
                let reason = format!(
                    "not prepared within {} s: {late}; look at the logs of these agents",
                    PREPARE_LIMIT_NS / 1_000_000_000
                );
                self.fail(now_ns, reason, actions);
            }
            JobState::Running if self.elapsed_ns(now_ns) >= self.plan.duration_ns => {
                self.drain(now_ns, self.plan.grace_ns);
                actions.push(Action::Save);
            }
            JobState::Draining if over && !self.collecting => {
                for agent in self.names(|share| !share.is_done()) {
                    let stop = Action::Stop {
                        agent: agent.clone(),
                        grace_ns: 0,
                        end_ns: 0,
                    };
                    actions.push(stop);
                    self.on_lost(now_ns, &agent, "it did not finish in time", actions);
                }
            }
            _ => {}
        }
    }

    fn on_collected(&mut self, complete: bool, actions: &mut Vec<Action>) {
        if self.collecting {
            self.degraded |= !complete;
            self.conclude(actions);
        }
    }

    /// The transitions that follow from what the shares have become.
    fn advance(&mut self, now_ns: u64, actions: &mut Vec<Action>) {
        self.divide(actions);
        self.turn_away(actions);
        if self.state == JobState::Preparing && self.shares.values().all(|share| *share == Share::Prepared) {
            self.state = JobState::Running;
            self.reason.clear();
            self.limit_ns = None;
            self.start_ns = Some(now_ns + START_LEAD_NS);
            actions.extend([Action::StartAll, Action::Save]);
        }
        let all_done = self.shares.values().all(|share| share.is_done());
        if self.state == JobState::Running && all_done {
            self.drain(now_ns, 0);
            actions.push(Action::Save);
        }
        if self.state == JobState::Draining && all_done && !self.collecting {
            self.collecting = true;
            self.limit_ns = None;
            let lost = self.names(|share| share == Share::Lost);
            actions.push(Action::Collect { lost });
        }
    }

    /// Notes a failure. Before the start it ends the job; later the other agents go on.
    fn fail(&mut self, now_ns: u64, reason: String, actions: &mut Vec<Action>) {
        self.reason.clone_from(&reason);
        if self.outcome.is_none() {
            self.outcome = Some(Outcome::Failed(reason));
        }
        if self.state == JobState::Preparing {
            self.end(now_ns, 0, actions);
        } else {
            actions.push(Action::Save);
        }
    }

    /// Ends the job before its profile does.
    fn end(&mut self, now_ns: u64, grace_ns: u64, actions: &mut Vec<Action>) {
        let end_ns = self.end_ns().min(self.elapsed_ns(now_ns));
        self.ending = Some(Ending { grace_ns, end_ns });
        for agent in self.names(|share| !share.is_done()) {
            actions.push(Action::Stop {
                agent,
                grace_ns,
                end_ns,
            });
        }
        self.drain(now_ns, grace_ns);
        actions.push(Action::Save);
    }

    fn drain(&mut self, now_ns: u64, grace_ns: u64) {
        self.state = JobState::Draining;
        self.limit_ns = Some(now_ns + grace_ns + DRAIN_LIMIT_NS);
    }

    fn conclude(&mut self, actions: &mut Vec<Action>) {
        self.collecting = false;
        self.limit_ns = None;
        self.state = match &self.outcome {
            None | Some(Outcome::Cut(_)) => JobState::Finished,
            Some(Outcome::Failed(_)) => JobState::Failed,
            Some(Outcome::Stopped(_)) => JobState::Stopped,
        };
        self.reason = match self.outcome.clone() {
            None => String::new(),
            Some(Outcome::Failed(reason) | Outcome::Cut(reason)) => reason,
            Some(Outcome::Stopped(who)) => format!("stopped by {who}"),
        };
        actions.push(Action::Conclude);
    }

    fn elapsed_ns(&self, now_ns: u64) -> u64 {
        self.start_ns
            .map_or(0, |start_ns| now_ns.saturating_sub(start_ns))
    }

    fn names(&self, wanted: impl Fn(Share) -> bool) -> Vec<String> {
        self.shares
            .iter()
            .filter(|(_, share)| wanted(**share))
            .map(|(agent, _)| agent.clone())
            .collect()
    }
}

#[cfg(test)]
mod tests;

//! The life of one job. Pure: `(state, now, event) -> actions`; the driver carries the actions out.
//!
//! ```text
//!            Taken                all Prepared             profile over, Stop, all loads over
//!   queued ---------> preparing ----------------> running ------------------------------------+
//!     |                   |                                                                    v
//!     |                   | an agent failed, was lost or too slow; Stop                    draining
//!     |                   +------------------------------------------------------------------> |
//!     |                                                          nothing ran: |                | all loads over:
//!     | Stop: stopped                                                         |                v Collect
//!     | GaveUp: failed                                                        |           delivering
//!     v                                                                       v                | Collected
//!   finished | failed | stopped <-------------------------------------------------------------+
//! ```
//! While a job runs, agents may join (they prepare, get the start instant, and enter) and leave, and clients change its
//! load and params.
//!
//! The load of an agent is *over* when it reported DELIVERING, FINISHED or FAILED, or was lost. A draining job waits for the
//! others; each has a limit, after which it counts as lost. A delivering job waits for results ([`deliveries`]). The first
//! failure decides how the job ends; a stop, or a threshold that stops the load, decides it unless something had failed
//! before.

pub(crate) mod acknowledged;
mod acks;
mod actions;
pub(crate) mod crew;
mod deliveries;
mod desertion;
mod ending;
pub(crate) mod event;
mod lifecycle;
mod load_control;
mod membership;
mod params;
mod share;
mod standing;
pub(crate) mod team;

use heavy_results::job::{JobSpec, JobState};

use actions::Actions;
use crew::OpenSeats;
use deliveries::Deliveries;
use desertion::Desertion;
use event::{AgentOrder, JobAction, JobEvent, PREPARE_LIMIT_NS, StopTerms};
use lifecycle::{Lifecycle, Termination};
use membership::{Departure, Membership};
use share::ShareState;
use team::Team;

use crate::fleet::{AgentNews, AssignmentReport, Candidate};

/// One job.
#[derive(Debug)]
pub(crate) struct JobMachine {
    spec: JobSpec,
    life: Lifecycle,
    members: Membership,
    deliveries: Deliveries,
    desertion: Desertion,
    /// Of the event that is being handled.
    now_ns: u64,
    /// What that event has led to so far.
    actions: Actions,
}

impl JobMachine {
    /// A queued job.
    pub(crate) fn new(spec: JobSpec) -> Self {
        Self {
            spec,
            life: Lifecycle::new(),
            members: Membership::default(),
            deliveries: Deliveries::default(),
            desertion: Desertion::default(),
            now_ns: 0,
            actions: Actions::default(),
        }
    }

    pub(crate) const fn state(&self) -> JobState {
        self.life.state
    }

    pub(crate) const fn degraded(&self) -> bool {
        self.life.degraded
    }

    /// When the job starts or started, on the clock of the events.
    pub(crate) const fn start_ns(&self) -> Option<u64> {
        self.life.start_ns
    }

    /// The agents and their plan, once there are any.
    pub(crate) fn team(&self) -> Option<&Team> {
        self.members.crew.as_ref().map(|crew| &crew.team)
    }

    /// Up to where due instants count, from the job's start: the profile's end, or earlier after a stop.
    pub(crate) fn end_ns(&self) -> u64 {
        let stop_ns = self.life.stop.map_or(u64::MAX, |stop| stop.end_ns);
        stop_ns.min(self.duration_ns())
    }

    /// The agents that may join at an instant.
    pub(crate) fn openings(&self, now_ns: u64) -> OpenSeats {
        self.members.openings(self.life.moment(now_ns))
    }

    /// Takes an event; returns what is to be done, in order.
    pub(crate) fn on(&mut self, now_ns: u64, event: JobEvent) -> Vec<JobAction> {
        self.now_ns = now_ns;
        let moment = self.life.moment(now_ns);
        match event {
            JobEvent::Taken { agents } => self.on_taken(&agents),
            JobEvent::Joined { agent } => self.members.join(moment, &agent, &mut self.actions),
            JobEvent::Change { change, who } => {
                let actions = &mut self.actions;
                let changed = self
                    .members
                    .while_running(moment, |crew, time| crew.change(time, change, &who, actions));
                self.actions.push(JobAction::Reply(changed.flatten()));
            }
            JobEvent::Params { params, who } => {
                let actions = &mut self.actions;
                let given = self.members.while_running(moment, |crew, time| {
                    crew.replace_params(time, &params, &who, actions);
                });
                self.actions.push(JobAction::Reply(given));
            }
            _ if self.state().is_final() => {}
            JobEvent::Waiting { reason } => {
                if self.state() == JobState::Queued && self.life.explain(&reason) {
                    self.actions.save();
                }
            }
            JobEvent::GaveUp { reason } => {
                if self.state() == JobState::Queued {
                    self.conclude(Termination::Failed(reason));
                }
            }
            JobEvent::News { agent, news } => self.on_news(&agent, news),
            JobEvent::Stop { now, who } => self.on_stop(now, who),
            JobEvent::Broken { reason } => self.on_broken(reason),
            JobEvent::Tick => self.on_tick(),
            JobEvent::Collected { complete } => self.on_collected(complete),
            JobEvent::AggregationBroke => self.on_aggregation_broke(),
        }
        self.advance();
        self.actions.take()
    }

    fn on_taken(&mut self, agents: &[Candidate]) {
        if self.state() == JobState::Queued {
            self.life.prepare(self.now_ns);
            self.actions.save();
            self.members.begin(&self.spec, agents, &mut self.actions);
        } else {
            agents.iter().for_each(|agent| self.actions.release(&agent.name));
        }
    }

    fn on_news(&mut self, agent: &str, news: AgentNews) {
        let (moment, actions) = (self.life.moment(self.now_ns), &mut self.actions);
        let failed = match news {
            AgentNews::Report { epoch, report } => {
                if self.members.shares.epoch(agent) == epoch {
                    if report.ends_load() {
                        self.deliveries.begin(self.now_ns, agent, epoch);
                    } else if report == AssignmentReport::Running {
                        self.desertion.end();
                    }
                }
                self.members.update(moment, agent, (epoch, report), actions)
            }
            AgentNews::Backlog(backlog) => return self.on_backlog(agent, backlog),
            AgentNews::Answer(answer) => self.members.answer(moment, agent, answer, actions),
            AgentNews::Back { holds } => {
                self.members.welcome_back(moment, agent, holds, actions);
                None
            }
            AgentNews::Lost(why) => return self.on_lost(agent, &why),
        };
        if let Some(reason) = failed {
            self.fail(reason);
        }
    }

    fn on_lost(&mut self, agent: &str, why: &str) {
        let moment = self.life.moment(self.now_ns);
        if self.members.shares.open(agent).is_some() {
            let epoch = self.members.shares.epoch(agent);
            self.deliveries.lose(self.now_ns, agent, epoch);
        }
        let departure = self.members.lose(moment, agent, why, &mut self.actions);
        self.life.degraded |= departure.is_some() && moment.start_ns.is_some();
        match departure {
            Some(Departure::Fails(reason)) if self.openings(self.now_ns).room > 0 => {
                self.life.explain(&reason);
                self.desertion.begin(self.now_ns, reason);
                self.actions.save();
            }
            Some(Departure::Fails(reason)) => self.fail(reason),
            Some(Departure::Degrades(reason)) => {
                self.life.explain(&reason);
                self.actions.save();
            }
            None => {}
        }
    }

    fn on_stop(&mut self, now: bool, who: String) {
        self.record("stop", &who, if now { "now" } else { "graceful" });
        let grace_ns = if now {
            0
        } else {
            self.spec.execution.graceful_stop().ns()
        };
        match self.state() {
            JobState::Queued => self.conclude(Termination::Stopped(who)),
            JobState::Preparing | JobState::Running => self.end(Termination::Stopped(who), grace_ns),
            // The profile is over, or it was stopped: only less grace can still be meant.
            JobState::Draining if now => self.end(Termination::Stopped(who), 0),
            // What the load was is decided: only its results can still be given up.
            JobState::Delivering if now => self.actions.push(JobAction::GiveUp),
            JobState::Draining
            | JobState::Delivering
            | JobState::Finished
            | JobState::Failed
            | JobState::Stopped => {}
        }
    }

    /// Ends the load at once: what runs would go on loading a target that does not do what it should.
    fn on_broken(&mut self, reason: String) {
        if self.state() == JobState::Running {
            self.record("abort", "threshold", &reason);
            self.end(Termination::Aborted(reason), 0);
        }
    }

    fn on_tick(&mut self) {
        let timed_out = self.life.timed_out(self.now_ns);
        match self.state() {
            JobState::Preparing if timed_out => {
                let late = self.members.shares.names(|share| share != ShareState::Prepared);
                self.fail(format!(
                    "not prepared within {} s: {}; check the logs of these agents",
                    PREPARE_LIMIT_NS / 1_000_000_000,
                    late.join(", ")
                ));
            }
            JobState::Running if self.life.elapsed_ns(self.now_ns) >= self.duration_ns() => {
                self.give_up_return();
                self.life
                    .drain(self.now_ns, self.spec.execution.graceful_stop().ns());
                self.actions.save();
            }
            JobState::Running => {
                let (moment, actions) = (self.life.moment(self.now_ns), &mut self.actions);
                let _ = self
                    .members
                    .while_running(moment, |crew, time| crew.remind(time, actions));
            }
            JobState::Delivering => {
                for (agent, epoch) in self.deliveries.take_overdue(self.now_ns) {
                    self.actions.await_results(&agent, epoch, false);
                }
            }
            JobState::Draining if timed_out => {
                for agent in self.members.shares.names(|share| !share.is_over()) {
                    self.actions.stop(&agent, StopTerms::default());
                    self.on_lost(&agent, "it did not finish in time");
                }
            }
            _ => {}
        }
    }

    /// The transitions that follow from what the shares have become.
    fn advance(&mut self) {
        if self.state() == JobState::Preparing {
            self.members.divide(&mut self.actions);
            self.start_if_prepared();
        }
        if self.state() == JobState::Draining && self.start_ns().is_some() {
            self.members.turn_away_joining(&mut self.actions);
        }
        let all_over = self.members.shares.all(ShareState::is_over);
        if self.state() == JobState::Running && all_over && !self.desertion.waits(self.now_ns) {
            self.give_up_return();
            self.life.drain(self.now_ns, 0);
            self.actions.save();
        }
        if self.state() == JobState::Draining && all_over {
            match self.start_ns() {
                // Nothing ran, so nothing is missing.
                None => self.finish(true),
                Some(_) if self.life.results_lost => self.finish(false),
                Some(start_ns) => self.deliver(start_ns),
            }
        }
    }

    /// No agent has come back to a job that all had left.
    fn give_up_return(&mut self) {
        if let Some(reason) = self.desertion.give_up() {
            self.fail(reason);
        }
    }

    fn start_if_prepared(&mut self) {
        if self.members.shares.all(|share| share == ShareState::Prepared) {
            self.life.begin(self.now_ns);
            self.actions.push(JobAction::Begin);
            for agent in self.members.shares.names(|_| true) {
                self.actions.order(&agent, AgentOrder::Start);
            }
            self.actions.save();
        }
    }

    /// How long the load lasts as planned now.
    fn duration_ns(&self) -> u64 {
        match self.team() {
            Some(team) => team.load().duration_ns(),
            None => self.spec.load().duration_ns(),
        }
    }

    /// Adds to the events of a job that has started.
    fn record(&mut self, kind: &str, who: &str, new_value: &str) {
        if let Some(time) = self.life.moment(self.now_ns).started() {
            self.actions.record(time, kind, who, "", new_value);
        }
    }
}

#[cfg(test)]
mod tests;

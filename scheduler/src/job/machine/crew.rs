//! The agents of one job and what the scheduler sends them of its load: joining and leaving, changes of load and params, and the
//! acknowledgements of all that.

use std::sync::Arc;

use heavy_load::load::Load;
use heavy_load::vocabulary::Weights;
use heavy_results::job::JobSpec;

use super::acks::{Acks, Awaited};
use super::actions::Actions;
use super::event::{AgentOrder, ChangeRefused, JobAction, RELEASE_LEAD_NS, SeatAssignment};
use super::lifecycle::JobTime;
use super::load_control::LoadControl;
use super::params::JobParams;
use super::team::Team;
use crate::fleet::Candidate;
use crate::job::load_change::LoadChange;

/// No agent joins for less than this.
const SHORTEST_STAY_NS: u64 = 1_000_000_000;

/// How many more agents may join a job now, and which may not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct OpenSeats {
    pub(crate) room: usize,
    /// Agents that have had an assignment, and were not lost with it.
    pub(crate) known: Vec<String>,
}

/// A job's agents. Every member of the newest revision has heard of it or owes an acknowledgement.
#[derive(Debug)]
pub(crate) struct Crew {
    asked: Option<u32>,
    weights: Weights,
    pub(super) team: Team,
    control: LoadControl,
    params: JobParams,
    pub(super) acks: Acks,
}

impl Crew {
    /// The agents with which a job begins.
    pub(crate) fn new(spec: &JobSpec, agents: &[Candidate]) -> Self {
        let weights = spec.weights;
        let weighed = agents
            .iter()
            .map(|agent| (agent.name.clone(), weight(weights, agent)));
        Self {
            asked: spec.agents,
            weights,
            team: Team::new(spec, weighed),
            control: LoadControl::default(),
            params: JobParams::default(),
            acks: Acks::default(),
        }
    }

    /// The agents that may join at an instant.
    pub(crate) fn openings(&self, time: JobTime) -> OpenSeats {
        let lasts = time.cut_ns() + SHORTEST_STAY_NS < self.team.load().duration_ns();
        OpenSeats {
            room: if lasts { self.team.room(self.asked) } else { 0 },
            known: self.team.known().map(str::to_owned).collect(),
        }
    }

    /// The assignments of agents that have a seat.
    pub(crate) fn assign(&self, agents: &[String]) -> JobAction {
        let assignment = |agent: &String| {
            let seat = self.team.seat_of(agent);
            SeatAssignment {
                agent: agent.clone(),
                epoch: self.team.epoch_of(agent),
                seat,
                params: self.params.part(seat).unwrap_or_default().to_owned(),
            }
        };
        JobAction::Assign {
            revision: Arc::clone(self.team.revision()),
            agents: agents.iter().map(assignment).collect(),
        }
    }

    /// Reserves a seat for an agent; false if none is free.
    pub(crate) fn join(&mut self, agent: &Candidate) -> bool {
        let seat = self.team.seat(&agent.name, weight(self.weights, agent));
        self.acks.expect_again(&agent.name);
        seat.is_some()
    }

    /// An agent takes its share from the next revision on.
    pub(crate) fn enter(&mut self, time: JobTime, agent: &str, actions: &mut Actions) {
        if !self.team.enter(agent) {
            return;
        }
        self.revise(time, None, actions);
        if let Some(params) = self.params.live.clone() {
            self.send_params(time, agent, params, actions);
        }
        actions.record(time, "agent-joined", agent, "", "");
    }

    /// An agent has no share from the next revision on: the others share its part.
    pub(crate) fn leave(&mut self, time: JobTime, agent: &str, actions: &mut Actions) {
        self.excuse(Some(time), agent, actions);
        if self.team.leave(agent) {
            self.revise(time, None, actions);
        }
    }

    /// Changes the load from the next revision on.
    ///
    /// # Errors
    /// When the change makes no sense for this load, or now.
    pub(crate) fn change(
        &mut self,
        time: JobTime,
        change: LoadChange,
        who: &str,
        actions: &mut Actions,
    ) -> Result<(), ChangeRefused> {
        let at_ns = time.cut_ns();
        let load = self.team.load();
        let changed = self.control.change(load, at_ns, change)?;
        let rate = |load: &Load| format!("{}/s", load.rate_per_second_at(at_ns));
        let (kind, old, new) = match change {
            LoadChange::Rate(_) | LoadChange::Scale(_) => ("rate", rate(load), rate(&changed)),
            LoadChange::Pause => ("pause", rate(load), String::new()),
            LoadChange::Resume => ("resume", String::new(), rate(&changed)),
        };
        self.revise(time, Some(&changed), actions);
        actions.record(time, kind, who, &old, &new);
        Ok(())
    }

    /// How much of a paused load is left.
    pub(crate) fn paused_left_ns(&self) -> Option<u64> {
        self.control.paused_left_ns()
    }

    /// Sends all load tests new params, now and when an agent joins.
    pub(crate) fn replace_params(&mut self, time: JobTime, params: &str, who: &str, actions: &mut Actions) {
        self.params.live = Some(params.to_owned());
        for agent in self.team.present() {
            self.send_params(time, &agent, params.to_owned(), actions);
        }
        actions.record(time, "params", who, "", params);
    }

    /// Has an agent's load test divide the params, the first time.
    pub(crate) fn divide(&mut self, agent: &str, actions: &mut Actions) {
        if self.params.ask() {
            self.order_division(agent, actions);
        }
    }

    fn order_division(&self, agent: &str, actions: &mut Actions) {
        let seats = u32::try_from(self.team.revision().seats.len()).unwrap_or(u32::MAX);
        actions.order(agent, AgentOrder::Split { seats });
    }

    /// Sends again what an agent that waits for its part of the params may have missed.
    pub(crate) fn resend_division(&self, agent: &str, actions: &mut Actions) {
        if self.params.is_asked() {
            // Whoever was asked may be this one; the first answer counts.
            self.order_division(agent, actions);
        } else if self.params.part(self.team.seat_of(agent)).is_some() {
            self.give_parts(vec![agent.to_owned()], actions);
        }
    }

    /// Takes the division of params; `None` if none was asked for.
    pub(crate) fn divided(&mut self, parts: Result<Vec<String>, String>) -> Option<Result<(), String>> {
        let divided = self.params.divided(parts);
        if matches!(divided, Some(Ok(()))) {
            // Each seat has its own.
            self.team.bound = true;
        }
        divided
    }

    /// Gives agents their parts of the divided params.
    pub(crate) fn give_parts(&self, agents: Vec<String>, actions: &mut Actions) {
        for agent in agents {
            let part = self.params.part(self.team.seat_of(&agent)).unwrap_or("{}");
            actions.order(&agent, AgentOrder::Params(part.to_owned()));
        }
    }

    /// An agent acknowledges a revision, and says up to where it had released iterations before.
    pub(crate) fn revised(
        &mut self,
        time: JobTime,
        agent: &str,
        (number, released_until_ns): (u32, u64),
        actions: &mut Actions,
    ) {
        let Some((first_ns, cut_ns)) = self.acks.acknowledge_revision(agent, number) else {
            return;
        };
        // Up to the cut it goes by the plan before those that it has missed.
        let late_ns = released_until_ns.max(cut_ns).saturating_sub(first_ns);
        if late_ns > 0 {
            let late = format!("{} ms", late_ns / 1_000_000);
            actions.record(time, "revision-late", agent, "", &late);
        }
    }

    /// An agent's load test has taken or refused new params.
    pub(crate) fn took_params(
        &mut self,
        time: JobTime,
        agent: &str,
        result: Result<(), String>,
        actions: &mut Actions,
    ) {
        self.acks.acknowledge_params(agent);
        if let Err(failure) = result {
            actions.record(time, "params-refused", agent, "", &failure);
        }
    }

    /// Sends again what an agent has not acknowledged: it may have missed it while its stream was down.
    pub(crate) fn resend(&self, agent: &str, actions: &mut Actions) {
        for awaited in self.acks.of(agent) {
            self.resend_one(agent, awaited, actions);
        }
    }

    /// Awaits nothing more of an agent, and says so if it may have gone on by an older plan.
    pub(crate) fn excuse(&mut self, time: Option<JobTime>, agent: &str, actions: &mut Actions) {
        let (Some(cut_ns), Some(time)) = (self.acks.excuse(agent), time) else {
            return;
        };
        if time.now_ns + RELEASE_LEAD_NS > time.start_ns + cut_ns {
            actions.record(time, Awaited::Revision.overdue_event(), agent, "", "");
        }
    }

    /// Reports acknowledgements that are overdue, and sends revisions again; params only when the agent comes back,
    /// since a load test may take its time for them.
    pub(crate) fn remind(&mut self, time: JobTime, actions: &mut Actions) {
        for (agent, awaited, is_new) in self.acks.take_overdue(time.now_ns) {
            if is_new {
                actions.record(time, awaited.overdue_event(), &agent, "", "");
            }
            if awaited == Awaited::Revision {
                self.resend_one(&agent, awaited, actions);
            }
        }
    }

    fn resend_one(&self, agent: &str, awaited: Awaited, actions: &mut Actions) {
        let order = match awaited {
            Awaited::Revision => AgentOrder::Revise(Arc::clone(self.team.revision())),
            Awaited::Params => AgentOrder::Params(self.params.live.clone().unwrap_or_default()),
        };
        actions.order(agent, order);
    }

    fn send_params(&mut self, time: JobTime, agent: &str, params: String, actions: &mut Actions) {
        self.acks.expect_params(time.now_ns, agent);
        actions.order(agent, AgentOrder::Params(params));
    }

    /// Makes a revision and tells all its members.
    fn revise(&mut self, time: JobTime, changed: Option<&Load>, actions: &mut Actions) {
        self.team.revise(time.cut_ns(), changed);
        let made = (self.team.revision().number, self.team.revision().cut_ns);
        for agent in self.team.present() {
            self.acks.expect_revision(time.now_ns, &agent, made);
            self.resend_one(&agent, Awaited::Revision, actions);
        }
        actions.push(JobAction::Replan);
        actions.save();
    }
}

/// How much of the load an agent gets, in relation to others.
fn weight(weights: Weights, agent: &Candidate) -> u32 {
    match weights {
        Weights::Equal => 1,
        Weights::Cores => agent.cores,
    }
}

//! The driver of a job, for simulations: carries out what the job machine decides.

use std::path::Path;
use std::sync::Arc;

use heavy_results::aggregate::Settlement;
use heavy_results::job::{JobInfo, JobState};
use heavy_results::stats::Event;
use uuid::Uuid;

use crate::env_files::Env;
use crate::fleet::{Candidate, Fleet, FleetTime};
use crate::job::aggregation_order::AggregationOrder;
use crate::job::collecting::{Collecting, settlement};
use crate::job::machine::JobMachine;
use crate::job::machine::event::{JobAction, JobEvent, START_LEAD_NS};
use crate::job::machine::team::Team;
use crate::job::orders::Orders;

/// A job that has ended.
#[derive(Debug)]
pub struct EndedJob {
    /// Which one.
    pub job: String,
    /// How.
    pub state: JobState,
    /// Why, if there is something to say.
    pub reason: String,
    /// Whether all results were in.
    pub is_complete: bool,
    /// What was due to each assignment; `None` if nothing ran.
    pub settlement: Option<Settlement>,
    /// What happened.
    pub events: Vec<Event>,
}

#[derive(Debug)]
pub(super) struct SimulatedJob {
    info: JobInfo,
    fleet: Arc<Fleet>,
    machine: JobMachine,
    orders: Orders,
    start_wall_ns: u64,
    collecting: Option<Collecting>,
    is_complete: bool,
    events: Vec<Event>,
}

impl SimulatedJob {
    pub(super) fn new(info: JobInfo, fleet: Arc<Fleet>) -> Self {
        Self {
            machine: JobMachine::new(info.spec.clone()),
            orders: Orders::new(Arc::clone(&fleet), info.id),
            info,
            fleet,
            start_wall_ns: 0,
            collecting: None,
            is_complete: false,
            events: Vec::new(),
        }
    }

    pub(super) const fn id(&self) -> Uuid {
        self.info.id
    }

    pub(super) const fn state(&self) -> JobState {
        self.machine.state()
    }

    /// Takes agents that are free and may join.
    pub(super) fn offer(&self, now_ns: u64, connected: &[Candidate]) -> Vec<JobEvent> {
        let openings = self.machine.openings(now_ns);
        let new = connected
            .iter()
            .filter(|candidate| candidate.free && !openings.known.contains(&candidate.name));
        new.take(openings.room)
            .filter(|candidate| self.fleet.take(&candidate.name, self.info.id))
            .map(|candidate| JobEvent::Joined {
                agent: candidate.clone(),
            })
            .collect()
    }

    /// As [`Collecting::standing`], once the load is over.
    pub(super) fn standing(&self, has_all: impl Fn(&str, u32) -> bool) -> Option<(bool, bool)> {
        let collecting = self.collecting.as_ref()?;
        Some(collecting.standing(has_all))
    }

    pub(super) fn take(&mut self, time: FleetTime, event: JobEvent) {
        self.is_complete |= event == JobEvent::Collected { complete: true };
        for action in self.machine.on(time.now_ns, event) {
            self.carry_out(time, action);
        }
    }

    fn carry_out(&mut self, time: FleetTime, action: JobAction) {
        match action {
            JobAction::Assign { revision, agents } => {
                let with = (&Env::default(), 0, Path::new(""));
                self.orders.assign(&self.info, with, &revision, &agents);
            }
            JobAction::Order { agent, order } => self.orders.send(&agent, &order, self.start_wall_ns),
            JobAction::Release { agent } => self.fleet.release(&agent, self.info.id),
            JobAction::Begin => self.start_wall_ns = time.wall_ns + START_LEAD_NS,
            JobAction::Record(event) => self.events.push(event),
            JobAction::Collect { shares, end_ns } => {
                let team = self.machine.team();
                self.collecting = team.map(|team| Collecting::new(settlement(team, &shares, end_ns)));
            }
            JobAction::Await { share, is_awaited } => {
                self.order_collecting(AggregationOrder::Await { share, is_awaited });
            }
            JobAction::GiveUp => self.order_collecting(AggregationOrder::GiveUp),
            // Nothing is aggregated or stored, and nobody waits for an answer.
            JobAction::Replan
            | JobAction::Leave { .. }
            | JobAction::Save
            | JobAction::Conclude
            | JobAction::Reply(_) => {}
        }
    }

    fn order_collecting(&mut self, order: AggregationOrder) {
        if let Some(collecting) = &mut self.collecting {
            collecting.take(order);
        }
    }

    /// Frees its agents.
    pub(super) fn conclude(self) -> EndedJob {
        for agent in self.machine.team().into_iter().flat_map(Team::known) {
            self.fleet.release(agent, self.info.id);
        }
        EndedJob {
            job: self.info.id.to_string(),
            state: self.machine.state(),
            reason: self.machine.reason(),
            is_complete: self.is_complete,
            settlement: self.collecting.map(|collecting| collecting.settlement),
            events: self.events,
        }
    }
}

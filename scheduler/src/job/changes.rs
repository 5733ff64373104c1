//! What changes in a running job: its load, its agents, its params. Parts of the [`Driver`].

use heavy_load::load::Load;
use heavy_load::revision::Revision;
use heavy_load::vocabulary::Weights;
use heavy_results::job::{JobSpec, JobState};

use super::control;
use super::driver::Driver;
use super::error::Error;
use super::event::Event;
use super::folder::Order;
use super::load_change::LoadChange;
use super::mail::Mail;
use super::team::Team;
use crate::fleet::Answer;

/// A revision holds from so long after it was made: agents have released up to 50 ms ahead, and hear of it in time.
const CUT_LEAD_NS: u64 = 150_000_000;

/// Nobody is let in for less than this.
const SHORTEST_STAY_NS: u64 = 1_000_000_000;

impl Driver {
    /// Opens a letter; what is left of it is an event for the machine.
    pub(super) async fn open(&mut self, mail: Mail) -> Option<Event> {
        match mail {
            Mail::Event(event) => Some(event),
            Mail::Answer { agent, answer } => self.answered(&agent, answer).await,
            Mail::Change { change, who, reply } => {
                let changed = self.change(change, &who).await;
                // Whoever no longer waits does not want to know.
                let _ = reply.send(changed.map(|()| self.job.borrow().clone()));
                None
            }
            Mail::Params { params, who, reply } => {
                let given = self.new_params(&params, &who).await;
                let _ = reply.send(given.map(|()| self.job.borrow().clone()));
                None
            }
        }
    }

    /// Answers a letter that came too late.
    pub(super) fn refuse_mail(&self, mail: Mail) {
        match mail {
            Mail::Event(event) => self.refuse(&event),
            Mail::Answer { .. } => {}
            Mail::Change { reply, .. } | Mail::Params { reply, .. } => {
                let _ = reply.send(Err(Error::NotRunning(self.job.borrow().state.as_str())));
            }
        }
    }

    async fn answered(&mut self, agent: &str, answer: Answer) -> Option<Event> {
        match answer {
            Answer::Revised {
                number,
                released_until_ns,
            } => {
                let cut_ns = self
                    .team
                    .as_ref()
                    .map(|team| team.revision())
                    .filter(|newest| newest.number == number);
                if let Some(cut_ns) = cut_ns.map(|newest| newest.cut_ns)
                    && released_until_ns > cut_ns
                {
                    let late = format!("{} ms", (released_until_ns - cut_ns) / 1_000_000);
                    self.happened("revision-late", agent, "", &late).await;
                }
                None
            }
            Answer::Split(Ok(params)) => {
                self.params = params;
                if let Some(team) = &mut self.team {
                    team.bind();
                }
                Some(Event::Divided { failure: None })
            }
            Answer::Split(Err(failure)) => Some(Event::Divided {
                failure: Some(failure),
            }),
            Answer::Params(Ok(())) => None,
            Answer::Params(Err(failure)) => {
                self.happened("params-refused", agent, "", &failure).await;
                None
            }
        }
    }

    /// Changes the load from a little later on, and says so among the job's events.
    async fn change(&mut self, change: LoadChange, who: &str) -> Result<(), Error> {
        let load = self.running()?.clone();
        let cut_ns = self.cut_ns();
        let changed = self.steering.change(&load, cut_ns, change)?;
        let rate = |load: &Load| format!("{}/s", load.rate_per_second_at(cut_ns));
        let (kind, old, new) = match change {
            LoadChange::Rate(_) | LoadChange::Scale(_) => ("rate", rate(&load), rate(&changed)),
            LoadChange::Pause => ("pause", rate(&load), String::new()),
            LoadChange::Resume => ("resume", String::new(), rate(&changed)),
        };
        self.revise(cut_ns, Some(&changed)).await;
        self.happened(kind, who, &old, &new).await;
        self.publish();
        Ok(())
    }

    async fn new_params(&mut self, params: &str, who: &str) -> Result<(), Error> {
        self.running()?;
        for agent in self.known() {
            control::params(&self.tools.fleet, &agent, self.id(), params);
        }
        self.live_params = Some(params.to_owned());
        self.happened("params", who, "", params).await;
        Ok(())
    }

    /// The load of a job that runs.
    fn running(&self) -> Result<&Load, Error> {
        let state = self.machine.state();
        match &self.team {
            Some(team) if state == JobState::Running => Ok(team.load()),
            _ => Err(Error::NotRunning(state.as_str())),
        }
    }

    /// When a revision that is made now begins, from the job's start.
    fn cut_ns(&self) -> u64 {
        let now_ns = self.tools.clock.now_ns();
        let start_ns = self.machine.start_ns().unwrap_or(now_ns);
        (now_ns + CUT_LEAD_NS).saturating_sub(start_ns)
    }

    /// An agent has its share from a little later on.
    pub(super) async fn enter(&mut self, agent: &str) {
        let entered = self.team.as_mut().is_some_and(|team| team.enter(agent));
        if entered {
            self.revise(self.cut_ns(), None).await;
            if let Some(params) = &self.live_params {
                control::params(&self.tools.fleet, agent, self.id(), params);
            }
            self.happened("agent-joined", agent, "", "").await;
        }
    }

    /// An agent has no share any more, so that the others have more.
    pub(super) async fn leave(&mut self, agent: &str) {
        let left = self.team.as_mut().is_some_and(|team| team.leave(agent));
        if left {
            self.revise(self.cut_ns(), None).await;
        }
    }

    /// Makes a revision and tells all agents, the folder and the machine of it.
    async fn revise(&mut self, cut_ns: u64, changed: Option<&Load>) {
        let Some(team) = &mut self.team else { return };
        let revision: &Revision = team.revise(cut_ns, changed);
        let text = control::text(revision);
        let id = self.job.borrow().id;
        for member in &revision.members {
            control::revise(&self.tools.fleet, &member.agent, id, &text);
        }
        let load = team.load();
        let (planned, asked_rate, duration_ns) =
            (load.planned(), load.mean_rate_per_second(), load.duration_ns());
        let team = Box::new(team.clone());
        self.job.send_modify(|job| {
            job.planned = planned;
            job.asked_rate = asked_rate;
        });
        let now_ns = self.tools.clock.now_ns();
        // Only the limits of the machine change.
        self.machine.on(now_ns, Event::Replanned { duration_ns });
        if let Some(folding) = &self.folding {
            // The folder is gone when the job has all its results.
            let _ = folding.orders.send(Order::Team(team)).await;
        }
        self.save().await;
        self.open_door();
    }

    /// Lets as many in as there is room and time for.
    pub(super) fn open_door(&self) {
        let asked = self.job.borrow().spec.agents;
        let room = match &self.team {
            Some(team) if self.machine.state() == JobState::Running => {
                let lasts = self.cut_ns() + SHORTEST_STAY_NS < team.load().duration_ns();
                if lasts { team.room(asked) } else { 0 }
            }
            _ => 0,
        };
        self.door.open(room, self.known());
    }

    /// Gives agents their assignments: all at first, one that joins later.
    pub(super) async fn assign(&mut self, agents: &[String]) {
        let job = self.job.borrow().clone();
        let weights = self.weights(&job.spec, agents);
        let Some(team) = &mut self.team else {
            let team = Team::new(&job.spec, weights);
            control::assign(&self.tools, &job, &self.env, &team, (agents, &[])).await;
            self.team = Some(team);
            return;
        };
        let mut seated = Vec::new();
        for (agent, weight) in weights {
            // One that is given its assignment again has its seat.
            let has_seat = team.known().any(|known| known == agent);
            if has_seat || team.seat(&agent, weight).is_some() {
                seated.push(agent);
            } else {
                self.tools.fleet.release(&agent, job.id);
            }
        }
        control::assign(&self.tools, &job, &self.env, team, (&seated, &self.params)).await;
    }

    /// How much of the load each agent gets.
    pub(super) fn weights(&self, spec: &JobSpec, agents: &[String]) -> Vec<(String, u32)> {
        let connected = match spec.weights {
            Weights::Equal => Vec::new(),
            Weights::Cores => self.tools.fleet.connected(),
        };
        let weight = |agent: &String| {
            let known = connected.iter().find(|candidate| candidate.name == *agent);
            (agent.clone(), known.map_or(1, |candidate| candidate.cores))
        };
        agents.iter().map(weight).collect()
    }

    /// Has an agent's load test divide the params among all.
    pub(super) fn split(&self, agent: &str) {
        let seats = self.team.as_ref().map_or(0, |team| team.revision().seats.len());
        let seats = u32::try_from(seats).unwrap_or(u32::MAX);
        control::split(&self.tools.fleet, agent, self.id(), seats);
    }

    /// Gives agents their parts of the params.
    pub(super) fn give_params(&self, agents: &[String]) {
        let Some(team) = &self.team else { return };
        for agent in agents {
            let params = self.params.get(team.seat_of(agent) as usize);
            control::params(
                &self.tools.fleet,
                agent,
                self.id(),
                params.map_or("{}", String::as_str),
            );
        }
    }
}

//! The agents of a job from assignment to last report: what each event of an agent means for its share and the others.

use heavy_results::job::{JobSpec, JobState};

use super::actions::Actions;
use super::crew::{Crew, OpenSeats};
use super::event::{AgentOrder, ChangeRefused, FIRST_EPOCH, JobAction, StopTerms};
use super::lifecycle::{JobTime, Moment};
use super::share::{ShareState, Shares};
use crate::fleet::{AgentAnswer, AssignmentReport, Candidate};

/// How an agent that is gone leaves its job.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Departure {
    /// The others go on, with this to know.
    Degrades(String),
    /// The job has failed.
    Fails(String),
}

/// The shares of a job's agents and, once there are any, the crew that they make.
#[derive(Debug, Default)]
pub(crate) struct Membership {
    pub(super) shares: Shares,
    pub(super) crew: Option<Crew>,
}

impl Membership {
    /// The agents that may join at an instant.
    pub(crate) fn openings(&self, moment: Moment) -> OpenSeats {
        match (&self.crew, moment.running()) {
            (Some(crew), Ok(time)) => {
                let mut openings = crew.openings(time);
                let was_lost = |agent: &String| self.shares.get(agent) == Some(ShareState::Lost);
                openings.known.retain(|agent| !was_lost(agent));
                openings
            }
            _ => OpenSeats::default(),
        }
    }

    /// Assigns the job to the agents with which it begins.
    pub(crate) fn begin(&mut self, spec: &JobSpec, agents: &[Candidate], actions: &mut Actions) {
        for agent in agents {
            self.shares.add(&agent.name, FIRST_EPOCH);
        }
        let crew = self.crew.insert(Crew::new(spec, agents));
        actions.push(crew.assign(&self.shares.names(|_| true)));
    }

    /// Assigns a running job to one more agent, if there is room for it.
    pub(crate) fn join(&mut self, moment: Moment, agent: &Candidate, actions: &mut Actions) {
        let name = &agent.name;
        let openings = self.openings(moment);
        let is_open = openings.room > 0 && !openings.known.contains(name);
        let crew = self.crew.as_mut().filter(|_| is_open);
        match crew.and_then(|crew| crew.join(agent).then_some(crew)) {
            Some(crew) => {
                self.shares.add(name, crew.team.epoch_of(name));
                actions.push(crew.assign(std::slice::from_ref(name)));
            }
            None => actions.release(name),
        }
    }

    /// Takes a report; returns why the job has failed, if so.
    pub(crate) fn update(
        &mut self,
        moment: Moment,
        agent: &str,
        (epoch, report): (u32, AssignmentReport),
        actions: &mut Actions,
    ) -> Option<String> {
        if epoch > self.shares.epoch(agent) && !report.ends_load() {
            // It was turned away, and has not heard of it.
            actions.stop(agent, StopTerms::default());
            return None;
        }
        let share = self.shares.get(agent)?;
        if epoch != self.shares.epoch(agent) {
            // An attempt that was given up ends by itself: a stop would be for the newest.
            return None;
        }
        if share.is_over() && !report.ends_load() {
            // Nothing is expected of it any more, so that nothing may run there.
            actions.stop(agent, StopTerms::default());
            return None;
        }
        if share.is_over() && share != ShareState::Delivering {
            return None;
        }
        match report {
            AssignmentReport::Preparing => {}
            AssignmentReport::Splitting => self.shares.set(agent, ShareState::Splitting),
            AssignmentReport::Prepared => {
                self.shares.set(agent, ShareState::Prepared);
                self.enter(moment, agent, actions);
            }
            AssignmentReport::Running => self.shares.set(agent, ShareState::Running),
            AssignmentReport::Draining => {
                self.starts_nothing_more(moment, agent, ShareState::Draining, actions);
            }
            AssignmentReport::Delivering => {
                self.starts_nothing_more(moment, agent, ShareState::Delivering, actions);
            }
            AssignmentReport::Finished => {
                self.starts_nothing_more(moment, agent, ShareState::Finished, actions);
                if moment.state == JobState::Preparing {
                    return Some(format!("agent {agent} gave its share up before the start"));
                }
            }
            AssignmentReport::Failed { kind, message } => {
                if let Some(time) = moment.started() {
                    actions.record(time, "agent-failed", agent, "", &kind);
                }
                if self.abandon_join(moment, agent, share) {
                    return None;
                }
                self.shares.set(agent, ShareState::Failed);
                self.leave(moment, agent, actions);
                let what = match moment.start_ns {
                    None => "could not be prepared",
                    Some(_) => "lost its load test",
                };
                return Some(format!("agent {agent} {what} ({kind}): {message}"));
            }
        }
        None
    }

    /// Takes the loss of an agent; returns what it means for the job, if anything.
    pub(crate) fn lose(
        &mut self,
        moment: Moment,
        agent: &str,
        why: &str,
        actions: &mut Actions,
    ) -> Option<Departure> {
        let share = self.shares.open(agent)?;
        if let Some(time) = moment.started() {
            let (agent, epoch) = (agent.to_owned(), self.shares.epoch(agent));
            actions.record(time, "agent-lost", &agent, "", why);
            actions.push(JobAction::Leave { agent, epoch });
        }
        if self.abandon_join(moment, agent, share) {
            return None;
        }
        self.shares.set(agent, ShareState::Lost);
        self.leave(moment, agent, actions);
        let reason = format!("agent {agent} was lost: {why}");
        let others = !self.shares.all(|share| share == ShareState::Lost);
        if moment.start_ns.is_some() && others {
            Some(Departure::Degrades(reason))
        } else {
            Some(Departure::Fails(reason))
        }
    }

    /// Sends again what an agent may have missed while its stream was down.
    pub(crate) fn welcome_back(&self, moment: Moment, agent: &str, holds: bool, actions: &mut Actions) {
        let (Some(share), Some(crew)) = (self.shares.open(agent), &self.crew) else {
            if holds {
                actions.stop(agent, StopTerms::default());
            }
            return;
        };
        if !holds {
            // An assignment that ended meanwhile is reported again; one that never arrived is assigned again.
            if share == ShareState::Assigned && moment.stop.is_none() {
                actions.push(crew.assign(&[agent.to_owned()]));
            }
        } else if let Some(terms) = moment.stop {
            actions.stop(agent, terms);
        } else if moment.start_ns.is_some() {
            if share == ShareState::Prepared {
                actions.order(agent, AgentOrder::Start);
            }
            crew.resend(agent, actions);
        } else if share == ShareState::Splitting {
            crew.resend_division(agent, actions);
        }
    }

    /// Takes an answer to an order; returns why the job has failed, if so.
    pub(crate) fn answer(
        &mut self,
        moment: Moment,
        agent: &str,
        answer: AgentAnswer,
        actions: &mut Actions,
    ) -> Option<String> {
        let crew = self.crew.as_mut()?;
        match (answer, moment.started()) {
            (AgentAnswer::Split(parts), _) => match crew.divided(parts)? {
                Ok(()) => {
                    let waiting = self.shares.names(|share| share == ShareState::Splitting);
                    crew.give_parts(waiting, actions);
                }
                Err(reason) => return Some(reason),
            },
            (
                AgentAnswer::Revised {
                    number,
                    released_until_ns,
                },
                Some(time),
            ) => crew.revised(time, agent, (number, released_until_ns), actions),
            (AgentAnswer::Params(result), Some(time)) => crew.took_params(time, agent, result, actions),
            (_, None) => {}
        }
        None
    }

    /// Does something with the crew of a running job.
    pub(crate) fn while_running<T>(
        &mut self,
        moment: Moment,
        act: impl FnOnce(&mut Crew, JobTime) -> T,
    ) -> Result<T, ChangeRefused> {
        let time = moment.running()?;
        let refused = ChangeRefused::NotRunning(moment.state.as_str());
        self.crew.as_mut().map(|crew| act(crew, time)).ok_or(refused)
    }

    /// Has one of those that wait for it divide the params, once all agents are prepared as far as that.
    pub(crate) fn divide(&mut self, actions: &mut Actions) {
        let ready = |share| matches!(share, ShareState::Splitting | ShareState::Prepared);
        let waiting = self.shares.names(|share| share == ShareState::Splitting);
        if let (Some(crew), Some(agent), true) = (&mut self.crew, waiting.first(), self.shares.all(ready)) {
            crew.divide(agent, actions);
        }
    }

    /// Turns away the agents that were about to join a job that starts nothing more.
    pub(crate) fn turn_away_joining(&mut self, actions: &mut Actions) {
        for agent in self.shares.names(ShareState::is_preparing) {
            self.shares.remove(&agent);
            actions.stop(&agent, StopTerms::default());
        }
    }

    fn starts_nothing_more(&mut self, moment: Moment, agent: &str, state: ShareState, actions: &mut Actions) {
        self.shares.set(agent, state);
        if let Some(crew) = &mut self.crew {
            crew.excuse(moment.started(), agent, actions);
        }
    }

    /// An agent is ready: in a running job it starts at once, and its share begins a little later.
    fn enter(&mut self, moment: Moment, agent: &str, actions: &mut Actions) {
        if moment.state == JobState::Running {
            actions.order(agent, AgentOrder::Start);
            let _ = self.while_running(moment, |crew, time| crew.enter(time, agent, actions));
        }
    }

    /// An agent takes no share any more; in a running job the others take it, from a little later on.
    fn leave(&mut self, moment: Moment, agent: &str, actions: &mut Actions) {
        let left = self.while_running(moment, |crew, time| crew.leave(time, agent, actions));
        if let (Err(_), Some(crew)) = (left, &mut self.crew) {
            crew.excuse(moment.started(), agent, actions);
        }
    }

    /// An agent that could not join changes nothing for the others; false for any other agent.
    fn abandon_join(&mut self, moment: Moment, agent: &str, share: ShareState) -> bool {
        let joining = moment.start_ns.is_some() && share.is_preparing();
        if joining {
            self.shares.remove(agent);
            if let Some(crew) = &mut self.crew {
                crew.team.turn_away(agent);
            }
        }
        joining
    }
}

//! The agents of one job: their seats, and which share of the load each has had. Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use heavy_load::load::{Load, LoadModel, Quota};
use heavy_load::revision::{LoadTimeline, Member, Revision, UserPresence};
use heavy_results::job::JobSpec;

use super::event::FIRST_EPOCH;

#[derive(Debug, Clone)]
pub(crate) struct Team {
    timeline: LoadTimeline,
    /// All agents that ever had an assignment, with weight and seat.
    known: BTreeMap<String, (u32, u32)>,
    /// The first revision of each attempt of an agent, in order; `None` for one that never entered.
    attempts: BTreeMap<String, Vec<Option<u32>>>,
    present: Vec<Member>,
    /// Agents that have a seat and have not entered yet.
    joining: BTreeSet<String>,
    newest: Arc<Revision>,
    /// Whether users or data belong to seats, so that an agent can join only on a free one.
    pub(super) bound: bool,
    /// Whether users stop after a number of iterations: nobody knows how many a lost one has left.
    has_quota: bool,
}

impl Team {
    /// The team that a job begins with, with the weights of its agents.
    pub(crate) fn new(spec: &JobSpec, agents: impl IntoIterator<Item = (String, u32)>) -> Self {
        let load = spec.load();
        let first = Revision::first(&load, agents);
        let present = first.members.clone();
        let users = load
            .workflows
            .iter()
            .any(|workflow| matches!(workflow.model, LoadModel::Closed(_)));
        Self {
            newest: Arc::new(first.clone()),
            joining: BTreeSet::new(),
            attempts: present
                .iter()
                .map(|member| (member.agent.clone(), vec![Some(0)]))
                .collect(),
            has_quota: has_quota(&load),
            timeline: LoadTimeline::new(load, first),
            known: present
                .iter()
                .map(|member| (member.agent.clone(), (member.weight, member.seat)))
                .collect(),
            present,
            bound: users || spec.execution.unique_users.is_some(),
        }
    }

    /// The team of a job that another scheduler began, with all revisions and attempts; `None` without revisions. Nobody can
    /// join it.
    pub(crate) fn of_history(
        spec: &JobSpec,
        revisions: &[Revision],
        attempts: &BTreeMap<String, Vec<Option<u32>>>,
    ) -> Option<Self> {
        let (first, later) = revisions.split_first()?;
        let mut timeline = LoadTimeline::new(spec.load(), first.clone());
        later.iter().for_each(|revision| timeline.push(revision.clone()));
        let newest = timeline.newest().0.clone();
        let members = revisions.iter().flat_map(|revision| &revision.members);
        Some(Self {
            known: members
                .map(|member| (member.agent.clone(), (member.weight, member.seat)))
                .collect(),
            attempts: attempts.clone(),
            present: newest.members.clone(),
            joining: BTreeSet::new(),
            newest: Arc::new(newest),
            bound: true,
            has_quota: has_quota(timeline.load()),
            timeline,
        })
    }

    /// All revisions, the first one first.
    pub(crate) fn revisions(&self) -> impl ExactSizeIterator<Item = &Revision> {
        self.timeline.revisions()
    }

    /// The first revision of each attempt of an agent, in order; `None` for one that never entered.
    pub(crate) const fn attempts(&self) -> &BTreeMap<String, Vec<Option<u32>>> {
        &self.attempts
    }

    /// All agents that ever took part, by name.
    pub(crate) fn known(&self) -> impl Iterator<Item = &str> {
        self.known.keys().map(String::as_str)
    }

    pub(crate) const fn revision(&self) -> &Arc<Revision> {
        &self.newest
    }

    /// The agents that take part now.
    pub(crate) fn present(&self) -> Vec<String> {
        self.newest
            .members
            .iter()
            .map(|member| member.agent.clone())
            .collect()
    }

    /// The load as it is planned now.
    pub(crate) fn load(&self) -> &Load {
        self.timeline.load()
    }

    /// How many more may join a job that asked for `asked` agents, or for all there are.
    pub(crate) fn room(&self, asked: Option<u32>) -> usize {
        let present = self.present.len() + self.joining.len();
        let wanted = match asked {
            _ if self.has_quota => 0,
            _ if self.bound => self.revision().seats.len(),
            Some(asked) => asked as usize,
            None => usize::MAX,
        };
        wanted.saturating_sub(present)
    }

    /// Reserves a seat for an agent that is to join: the one that it had, else a free one if seats are bound, else a new one.
    pub(crate) fn seat(&mut self, agent: &str, weight: u32) -> Option<u32> {
        let joining = self.joining.iter().map(|agent| self.seat_of(agent));
        let present = self.present.iter().map(|member| member.seat);
        let taken: BTreeSet<u32> = present.chain(joining).collect();
        let seats = u32::try_from(self.revision().seats.len()).unwrap_or(u32::MAX);
        let own = self.known.get(agent).map(|(_, seat)| *seat);
        let seat = if let Some(own) = own.filter(|own| !taken.contains(own)) {
            own
        } else if self.bound {
            (0..seats).find(|seat| !taken.contains(seat))?
        } else {
            let highest = self.known.values().map(|(_, seat)| seat + 1).max();
            highest.unwrap_or(0).max(seats)
        };
        self.known.insert(agent.to_owned(), (weight, seat));
        self.joining.insert(agent.to_owned());
        self.attempts.entry(agent.to_owned()).or_default().push(None);
        Some(seat)
    }

    /// Which attempt of an agent is its newest, from 1.
    pub(crate) fn epoch_of(&self, agent: &str) -> u32 {
        let attempts = self.attempts.get(agent).map_or(0, Vec::len);
        u32::try_from(attempts).unwrap_or(u32::MAX).max(FIRST_EPOCH)
    }

    /// Of which revisions an attempt of an agent takes part.
    fn revisions_of(&self, agent: &str, epoch: u32) -> Range<u32> {
        let attempts = self.attempts.get(agent).map_or(&[][..], Vec::as_slice);
        let place = usize::try_from(epoch.saturating_sub(FIRST_EPOCH)).unwrap_or(usize::MAX);
        let Some(first) = attempts.get(place).copied().flatten() else {
            return 0..0;
        };
        let mut later = attempts.iter().skip(place).skip(1).flatten();
        first..later.next().copied().unwrap_or(u32::MAX)
    }

    /// The seat of an agent that is or was in the team; 0 for another.
    pub(crate) fn seat_of(&self, agent: &str) -> u32 {
        self.known.get(agent).map_or(0, |(_, seat)| *seat)
    }

    /// An agent takes its seat; false if it has it already, or none.
    pub(crate) fn enter(&mut self, agent: &str) -> bool {
        let Some((weight, seat)) = self.known.get(agent).copied() else {
            return false;
        };
        if self.present.iter().any(|member| member.agent == agent) {
            return false;
        }
        self.joining.remove(agent);
        let next = self.revision().number + 1;
        if let Some(attempt) = self
            .attempts
            .get_mut(agent)
            .and_then(|attempts| attempts.last_mut())
        {
            attempt.get_or_insert(next);
        }
        self.present.push(Member {
            agent: agent.to_owned(),
            weight,
            seat,
        });
        true
    }

    /// An agent gives up the seat that was reserved for it.
    pub(crate) fn turn_away(&mut self, agent: &str) {
        self.joining.remove(agent);
    }

    /// An agent leaves; false if it had left.
    pub(crate) fn leave(&mut self, agent: &str) -> bool {
        let before = self.present.len();
        self.present.retain(|member| member.agent != agent);
        self.present.len() < before
    }

    /// Makes a revision with the agents that are present, and with another load if there is one.
    pub(crate) fn revise(&mut self, cut_ns: u64, changed: Option<&Load>) {
        let (newest, load) = self.timeline.newest();
        let next = newest.next(load, cut_ns, self.present.clone(), changed.unwrap_or(load));
        self.newest = Arc::new(next.clone());
        self.timeline.push(next);
    }

    /// How many iterations are planned for each agent.
    pub(crate) fn shares(&self) -> Vec<(String, u64)> {
        let share = |agent: &String| (agent.clone(), self.timeline.planned(agent, 0..u32::MAX));
        self.known.keys().map(share).collect()
    }

    /// As [`Self::due_of`], of every agent.
    #[cfg(test)]
    pub(crate) fn due(&self, until_ns: u64, only: &str) -> Vec<(String, Vec<(String, u64)>)> {
        let of = |agent: &String| (agent.clone(), self.due_of(agent, until_ns, only));
        self.known.keys().map(of).collect()
    }

    /// How many iterations are planned for an attempt of an agent.
    pub(crate) fn planned_of(&self, agent: &str, epoch: u32) -> u64 {
        self.timeline.planned(agent, self.revisions_of(agent, epoch))
    }

    /// As [`LoadTimeline::user_presence`], with the ends of attempts.
    pub(crate) fn user_presence(
        &self,
        end_ns: u64,
        leased_until_ns: impl Fn(&str, u32) -> u64,
    ) -> Option<UserPresence> {
        self.timeline.user_presence(end_ns, |agent, revision| {
            let mut epochs = FIRST_EPOCH..=self.epoch_of(agent);
            let epoch = epochs.find(|epoch| self.revisions_of(agent, *epoch).contains(&revision));
            epoch.map_or(0, |epoch| leased_until_ns(agent, epoch))
        })
    }

    /// The iterations of open workflows that were due for an agent up to an instant, by workflow; `only` is the name of the
    /// load test's only workflow, which documents need not name.
    pub(crate) fn due_of(&self, agent: &str, until_ns: u64, only: &str) -> Vec<(String, u64)> {
        self.due_by(agent, 0..u32::MAX, until_ns, only)
    }

    /// As [`Self::due_of`], of one attempt.
    pub(crate) fn due_of_attempt(&self, agent: &str, epoch: u32, until_ns: u64) -> Vec<(String, u64)> {
        self.due_by(agent, self.revisions_of(agent, epoch), until_ns, "")
    }

    fn due_by(&self, agent: &str, revisions: Range<u32>, until_ns: u64, only: &str) -> Vec<(String, u64)> {
        let workflows = self.load().workflows.iter();
        let names = workflows.map(|workflow| match workflow.workflow.as_str() {
            "" => only.to_owned(),
            name => name.to_owned(),
        });
        names.zip(self.timeline.due(agent, revisions, until_ns)).collect()
    }
}

fn has_quota(load: &Load) -> bool {
    let mut workflows = load.workflows.iter();
    workflows.any(
        |workflow| matches!(&workflow.model, LoadModel::Closed(closed) if closed.quota != Quota::Unlimited),
    )
}

#[cfg(test)]
mod tests;

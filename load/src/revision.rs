//! Revisions: the agents and the plan of a job from a cut on, and the part of each agent.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::arrivals::Arrivals;
use crate::load::{Closed, Load, LoadModel, Quota};
use crate::profile::Profile;
use crate::schedule::{MemberSchedule, WorkflowSchedule};
use crate::split::{Share, Split};

/// One agent of a job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Its name.
    pub agent: String,
    /// Its part of the load, in relation to those of the others.
    pub weight: u32,
    /// Its seat in the job, which users and data belong to; nobody else has it at the same time.
    pub seat: u32,
}

/// The state of a job's load from an instant on. The first one begins at 0.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revision {
    /// Counts up from 0.
    pub number: u32,
    /// Since when it applies, from the job's start.
    pub cut_ns: u64,
    /// Sorted by name.
    pub members: Vec<Member>,
    /// The weights of the seats that the job began with.
    pub seats: Vec<u32>,
    /// For each workflow of the load, the first number that the revision governs.
    pub first: Vec<u64>,
    /// For each open workflow, the plan that replaces that of the job's document; `None` keeps it.
    pub plans: Vec<Option<WorkflowPlan>>,
    /// As in [`Load`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pauses: Vec<(u64, u64)>,
}

/// What is planned of an open workflow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkflowPlan {
    /// The rate over time.
    pub profile: Profile,
    /// Where it begins, from the job's start.
    pub offset_ns: u64,
}

/// Numbers of a revision that cannot go on where the last one ended begin here, times the revision's number.
const FAR: u64 = 1 << 40;

impl Revision {
    /// The first one of a job: everybody takes the seat of their place.
    #[must_use]
    pub fn first(load: &Load, agents: impl IntoIterator<Item = (String, u32)>) -> Self {
        let mut agents: Vec<(String, u32)> = agents.into_iter().collect();
        agents.sort();
        let members = (0..)
            .zip(agents)
            .map(|(seat, (agent, weight))| Member { agent, weight, seat });
        let members: Vec<Member> = members.collect();
        Self {
            number: 0,
            cut_ns: 0,
            seats: members.iter().map(|member| member.weight).collect(),
            members,
            first: vec![0; load.workflows.len()],
            plans: vec![None; load.workflows.len()],
            pauses: Vec::new(),
        }
    }

    /// The next one, given the load of this one: other members, or another load, or both.
    #[must_use]
    pub fn next(&self, load: &Load, cut_ns: u64, mut members: Vec<Member>, changed: &Load) -> Self {
        members.sort_by(|a, b| a.agent.cmp(&b.agent));
        let number = self.number + 1;
        let first = load.workflows.iter().map(|workflow| match &workflow.model {
            LoadModel::Open(schedule) if schedule.arrivals == Arrivals::Uniform => {
                schedule.count_before(cut_ns)
            }
            LoadModel::Open(_) | LoadModel::Closed(_) => u64::from(number) * FAR,
        });
        let plans = changed.workflows.iter().map(|workflow| match &workflow.model {
            LoadModel::Open(schedule) => Some(WorkflowPlan {
                profile: schedule.profile.clone(),
                offset_ns: schedule.offset_ns,
            }),
            LoadModel::Closed(_) => None,
        });
        Self {
            number,
            cut_ns,
            members,
            seats: self.seats.clone(),
            first: first.collect(),
            plans: plans.collect(),
            pauses: changed.pauses.clone(),
        }
    }

    /// The job's load with the profiles of this revision.
    #[must_use]
    pub fn load(&self, of_document: &Load) -> Load {
        let mut load = of_document.clone();
        load.pauses.clone_from(&self.pauses);
        for (workflow, plan) in load.workflows.iter_mut().zip(&self.plans) {
            if let (LoadModel::Open(schedule), Some(plan)) = (&mut workflow.model, plan) {
                schedule.profile = plan.profile.clone();
                schedule.offset_ns = plan.offset_ns;
            }
        }
        load
    }

    /// A member by its agent's name.
    #[must_use]
    pub fn member(&self, agent: &str) -> Option<&Member> {
        self.members.iter().find(|member| member.agent == agent)
    }

    /// An agent's part of a schedule, that of the `workflow`-th of the load; `None` if it is not a member or the weights are
    /// invalid.
    #[must_use]
    pub fn dealt(&self, schedule: &WorkflowSchedule, workflow: usize, agent: &str) -> Option<MemberSchedule> {
        let place = self.members.iter().position(|member| member.agent == agent)?;
        let weights: Vec<u32> = self.members.iter().map(|member| member.weight).collect();
        let first = self.first.get(workflow).copied().unwrap_or(0);
        let share = Split::new(first, &weights)
            .ok()?
            .share(u32::try_from(place).ok()?);
        let seat = [
            workflow as u64,
            u64::from(self.number),
            u64::from(self.members[place].seat),
        ];
        Some(MemberSchedule::new(schedule.clone(), share, self.cut_ns, seat))
    }

    /// Which users of a closed load, and which numbers of its iterations, belong to an agent.
    #[must_use]
    pub fn seated(&self, agent: &str) -> Option<Seated> {
        self.of_seat(self.member(agent)?.seat)
    }

    /// As [`Self::seated`], of a seat. One that the job did not begin with has no users.
    #[must_use]
    pub fn of_seat(&self, seat: u32) -> Option<Seated> {
        let split = Split::new(0, &self.seats).ok()?;
        Some(Seated {
            share: split.share(seat),
        })
    }
}

/// What belongs to a seat, independent of the other members.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seated {
    /// The numbers that its iterations get.
    pub share: Share,
}

impl Seated {
    /// Which of `count` things (users, identities, iterations) belong to it, in order.
    pub fn of(&self, count: u64) -> impl Iterator<Item = u64> + '_ {
        (0..self.count_of(count)).filter_map(|k| self.share.nth(k))
    }

    /// How many of `count` things belong to it.
    #[must_use]
    pub fn count_of(&self, count: u64) -> u64 {
        self.share.count_before(count)
    }

    /// How many of the iterations that `users` users share belong to it: each user brings as many, within one, so that
    /// a seat without users has none to wait for.
    #[must_use]
    pub fn iterations_of(&self, iterations: u64, users: u64) -> u64 {
        let each = iterations.checked_div(users).unwrap_or(0);
        let rest = iterations.checked_rem(users).unwrap_or(0);
        each * self.count_of(users) + self.count_of(rest)
    }

    /// From when to when each of its users of a closed workflow of `load` is there: user, came, leaves, from the job's
    /// start, by the instant at which they come.
    #[must_use]
    pub fn presence(&self, load: &Load, closed: &Closed) -> Vec<(u64, u64, u64)> {
        let mut all = Vec::new();
        for user in self.of(u64::from(closed.users.most())) {
            let number = u32::try_from(user).unwrap_or(u32::MAX);
            let spans = closed.users.presence(number, closed.duration_ns);
            for (came_ns, left_ns) in spans {
                let mut came_ns = load.with_pauses(came_ns + closed.offset_ns, false);
                let left_ns = load.with_pauses(left_ns + closed.offset_ns, true);
                for (from_ns, until_ns) in &load.pauses {
                    if came_ns < *from_ns && *from_ns < left_ns {
                        all.push((user, came_ns, *from_ns));
                        came_ns = *until_ns;
                    }
                }
                all.push((user, came_ns, left_ns));
            }
        }
        all.sort_unstable_by_key(|(user, came, _)| (*came, *user));
        all
    }
}

/// All revisions of a job so far, each with the load that it makes: what was planned when, and for whom.
#[derive(Debug, Clone)]
pub struct LoadTimeline {
    document: Load,
    revisions: Vec<(Revision, Load)>,
    /// The same revisions with the members that account for what is due: the last ones, if there are none.
    accountable: Vec<Revision>,
}

impl LoadTimeline {
    /// A timeline with its first revision.
    #[must_use]
    pub fn new(document: Load, first: Revision) -> Self {
        let load = first.load(&document);
        Self {
            document,
            accountable: vec![first.clone()],
            revisions: vec![(first, load)],
        }
    }

    /// Adds a revision.
    pub fn push(&mut self, revision: Revision) {
        let load = revision.load(&self.document);
        let mut accountable = revision.clone();
        if let (true, Some(last)) = (revision.members.is_empty(), self.accountable.last()) {
            accountable.members.clone_from(&last.members);
        }
        self.accountable.push(accountable);
        self.revisions.push((revision, load));
    }

    /// All revisions, the first one first.
    pub fn revisions(&self) -> impl ExactSizeIterator<Item = &Revision> {
        self.revisions.iter().map(|(revision, _)| revision)
    }

    /// The newest revision, and its load.
    #[must_use]
    pub fn newest(&self) -> &(Revision, Load) {
        // There is at least the first.
        &self.revisions[self.revisions.len() - 1]
    }

    /// The load as it is now.
    #[must_use]
    pub fn load(&self) -> &Load {
        &self.newest().1
    }

    /// Each revision as it is accounted for, with its load, and until when it applies.
    fn periods(&self) -> impl Iterator<Item = (&Revision, &Load, u64)> {
        let next = self.revisions.iter().skip(1).map(|(next, _)| next.cut_ns);
        let loads = self.revisions.iter().map(|(_, load)| load);
        let periods = self.accountable.iter().zip(loads).zip(next.chain([u64::MAX]));
        periods.map(|((revision, load), next_ns)| (revision, load, next_ns))
    }

    /// How many iterations are planned for an agent by revisions of these numbers: of random arrivals the expected number.
    #[must_use]
    pub fn planned(&self, agent: &str, revisions: Range<u32>) -> u64 {
        let mut planned = 0;
        let periods = self.periods();
        for (revision, load, next_ns) in periods.filter(|(of, ..)| revisions.contains(&of.number)) {
            for (place, workflow) in load.workflows.iter().enumerate() {
                planned += match &workflow.model {
                    LoadModel::Open(schedule) => {
                        let mut schedule = schedule.clone();
                        schedule.arrivals = Arrivals::Uniform;
                        let mut revision = revision.clone();
                        revision.first[place] = schedule.count_before(revision.cut_ns);
                        let dealt = revision.dealt(&schedule, place, agent);
                        dealt.map_or(0, |mut dealt| dealt.pass(next_ns))
                    }
                    LoadModel::Closed(closed) if revision.number == 0 => {
                        let seated = revision.seated(agent);
                        seated.map_or(0, |seated| match closed.quota {
                            Quota::Unlimited => 0,
                            Quota::Shared(iterations) => {
                                seated.iterations_of(iterations, closed.users.most().into())
                            }
                            Quota::PerUser(iterations) => {
                                iterations * seated.count_of(u64::from(closed.users.most()))
                            }
                        })
                    }
                    LoadModel::Closed(_) => 0,
                };
            }
        }
        planned
    }

    /// How many iterations of open workflows were an agent's by revisions of these numbers, up to an instant (exclusive), by
    /// workflow. What was nobody's was still that of the agents that were the last.
    #[must_use]
    pub fn due(&self, agent: &str, revisions: Range<u32>, until_ns: u64) -> Vec<u64> {
        let mut due = vec![0; self.document.workflows.len()];
        let periods = self.periods();
        for (revision, load, next_ns) in periods.filter(|(of, ..)| revisions.contains(&of.number)) {
            for (place, (workflow, due)) in load.workflows.iter().zip(&mut due).enumerate() {
                if let LoadModel::Open(schedule) = &workflow.model
                    && let Some(mut dealt) = revision.dealt(schedule, place, agent)
                {
                    *due += dealt.pass(next_ns.min(until_ns));
                }
            }
        }
        due
    }
}

mod presence;

pub use presence::UserPresence;

#[cfg(test)]
mod tests;

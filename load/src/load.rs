//! The load that a job document asks for: workflow by workflow, open or closed.

use crate::arrivals::Arrivals;
use crate::profile::Profile;
use crate::schedule::WorkflowSchedule;
use crate::span::Span;
use crate::split::{Share, Split};
use crate::users::Users;

/// What is to happen in a job, workflow by workflow.
#[derive(Debug, Clone, PartialEq)]
pub struct Load {
    /// In the order of the document. A workflow may occur more than once.
    pub workflows: Vec<WorkflowLoad>,
    /// How much of the beginning is warm-up.
    pub warm_up_ns: u64,
    /// From when to when users rest, from the job's start, ascending; their time stands still meanwhile. Profiles hold
    /// their pauses themselves.
    pub pauses: Vec<(u64, u64)>,
}

/// The load of one workflow.
#[derive(Debug, Clone, PartialEq)]
pub struct WorkflowLoad {
    /// The workflow's name; empty: the load test's only one.
    pub workflow: String,
    /// How it is loaded.
    pub model: LoadModel,
}

/// An open or a closed load.
#[derive(Debug, Clone, PartialEq)]
pub enum LoadModel {
    /// Iterations start when they are due, whatever the target does.
    Open(WorkflowSchedule),
    /// Users start their next iteration when the last has ended.
    Closed(Closed),
}

/// A closed load.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closed {
    /// How many users there are.
    pub users: Users,
    /// From the job's start.
    pub offset_ns: u64,
    /// How long users start iterations at most.
    pub duration_ns: u64,
    /// Time between a user's scheduled starts; `None` starts again at once.
    pub pacing_ns: Option<u64>,
    /// How many iterations there are.
    pub quota: Quota,
}

/// How many iterations a closed load has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Quota {
    /// As many as fit into the duration.
    #[default]
    Unlimited,
    /// All users together.
    Shared(u64),
    /// Each user.
    PerUser(u64),
}

impl Closed {
    /// How many iterations are planned; 0 if that is not known.
    #[must_use]
    pub fn planned(&self) -> u64 {
        match self.quota {
            Quota::Unlimited => 0,
            Quota::Shared(iterations) => iterations,
            Quota::PerUser(iterations) => iterations * u64::from(self.users.most()),
        }
    }

    /// A workflow's part of the users and of their iterations.
    #[must_use]
    pub fn part(&self, share: &Share) -> Self {
        let of = |users: u32| u32::try_from(share.count_before(u64::from(users))).unwrap_or(users);
        Self {
            users: match &self.users {
                Users::Constant(users) => Users::Constant(of(*users)),
                Users::Stages(stages) => {
                    let stages = stages.iter().map(|(duration, users)| (*duration, of(*users)));
                    Users::Stages(stages.collect())
                }
            },
            quota: match self.quota {
                Quota::Shared(iterations) => Quota::Shared(share.count_before(iterations)),
                other => other,
            },
            ..self.clone()
        }
    }
}

impl WorkflowLoad {
    /// How many iterations are planned; 0 if that is not known.
    #[must_use]
    pub fn planned(&self) -> u64 {
        match &self.model {
            LoadModel::Open(schedule) => schedule.planned(),
            LoadModel::Closed(closed) => closed.planned(),
        }
    }

    /// Whether it starts anything at all.
    #[must_use]
    pub fn starts_any(&self) -> bool {
        match &self.model {
            LoadModel::Open(schedule) => schedule.planned() > 0,
            LoadModel::Closed(closed) => closed.users.most() > 0 && closed.quota != Quota::Shared(0),
        }
    }

    /// From the job's start to the last instant at which an iteration may start.
    #[must_use]
    pub fn end_ns(&self) -> u64 {
        match &self.model {
            LoadModel::Open(schedule) => schedule.end_ns(),
            LoadModel::Closed(closed) => closed.offset_ns + closed.duration_ns,
        }
    }
}

impl Load {
    /// From the job's start to the last instant at which an iteration may start.
    #[must_use]
    pub fn duration_ns(&self) -> u64 {
        let ends = self.workflows.iter().map(|workflow| self.end_of_ns(workflow));
        ends.max().unwrap_or(0)
    }

    /// From the job's start to the last instant at which an iteration of a workflow of this load may start.
    pub(crate) fn end_of_ns(&self, workflow: &WorkflowLoad) -> u64 {
        match &workflow.model {
            LoadModel::Open(_) => workflow.end_ns(),
            LoadModel::Closed(_) => self.with_pauses(workflow.end_ns(), true),
        }
    }

    /// When an instant of a closed load's own time comes; `leaving` before a pause that begins then, else after it.
    pub(crate) fn with_pauses(&self, at_ns: u64, leaving: bool) -> u64 {
        self.pauses.iter().fold(at_ns, |at_ns, (from_ns, until_ns)| {
            let before = *from_ns > at_ns || (leaving && *from_ns == at_ns);
            if before {
                at_ns
            } else {
                at_ns + (until_ns - from_ns)
            }
        })
    }

    /// How many iterations are planned, as far as that is known.
    #[must_use]
    pub fn planned(&self) -> u64 {
        self.workflows.iter().map(WorkflowLoad::planned).sum()
    }

    /// Whether all of it is open, so that a number is planned for every instant.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.workflows
            .iter()
            .all(|workflow| matches!(workflow.model, LoadModel::Open(_)))
    }

    fn schedules(&self) -> impl Iterator<Item = &WorkflowSchedule> {
        self.workflows
            .iter()
            .filter_map(|workflow| match &workflow.model {
                LoadModel::Open(schedule) => Some(schedule),
                LoadModel::Closed(_) => None,
            })
    }

    /// How many iterations of open workflows the profiles plan before an instant (exclusive).
    #[must_use]
    pub fn count_before(&self, at_ns: u64) -> u64 {
        self.schedules()
            .map(|schedule| schedule.count_before(at_ns))
            .sum()
    }

    /// The rate asked at an instant, in starts per second; 0 where users decide.
    #[must_use]
    pub fn rate_per_second_at(&self, at_ns: u64) -> f64 {
        self.schedules()
            .map(|schedule| schedule.rate_per_second_at(at_ns))
            .fold(0.0, |sum, rate| sum + rate)
    }

    /// The mean asked rate over the whole job; 0 where users decide.
    #[must_use]
    pub fn mean_rate_per_second(&self) -> f64 {
        let duration_ns = self.duration_ns();
        if duration_ns == 0 {
            return 0.0;
        }
        // The sum of no floats is -0.
        let area = self
            .schedules()
            .map(WorkflowSchedule::area)
            .fold(0.0, |sum, area| sum + area);
        area / duration_ns as f64 * 1e9
    }

    /// Since when all rates only fall, to the end: the ramp-down.
    pub(crate) fn ramp_down_from_ns(&self) -> u64 {
        let workflows = self.workflows.iter().map(|workflow| match &workflow.model {
            LoadModel::Open(schedule) => schedule.ramp_down_from_ns(),
            LoadModel::Closed(closed) => {
                closed.offset_ns + closed.users.ramp_down_from_ns(closed.duration_ns)
            }
        });
        workflows.max().unwrap_or(0)
    }
}

/// One rate over several workflows: a schedule for each; every iteration of the rate belongs to one of them, by weight.
pub(crate) fn shared_rate(
    profile: &Profile,
    offset: Span,
    arrivals: Arrivals,
    seed: u64,
    weights: &[u32],
) -> Option<Vec<WorkflowSchedule>> {
    let dealt = Split::new(0, weights).ok()?;
    let turns = (0..dealt.members()).map(|member| dealt.share(member));
    let turns: Vec<Share> = turns.collect();
    let alone = turns.len() == 1;
    let schedules = (0u64..).zip(turns).map(|(place, turns)| {
        let turns = (!alone).then_some(turns);
        WorkflowSchedule {
            profile: profile.clone(),
            offset_ns: offset.ns(),
            turns,
            arrivals,
            seed: seed.wrapping_add(place),
        }
    });
    Some(schedules.collect())
}

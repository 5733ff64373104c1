//! Which iterations and users are this agent's and when they are due: pure.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use heavy_load::load::{Load, LoadModel};
use heavy_load::revision::Revision;
use heavy_load::schedule::MemberSchedule;

use crate::rollup::{Gap, WorkflowIndex};

const SECOND_NS: u64 = 1_000_000_000;

/// The most iterations or users in one message to a load test.
const MAX_BATCH: usize = 50_000;

/// The plan of an assignment as those see it who release it, change it, end it early and account for what is left.
#[derive(Debug, Clone)]
pub(crate) struct SharedPlan(Arc<Mutex<ReleasePlan>>);

impl SharedPlan {
    pub(crate) fn new(plan: ReleasePlan) -> Self {
        Self(Arc::new(Mutex::new(plan)))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, ReleasePlan> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Debug, Clone)]
pub(crate) struct ReleasePlan {
    agent: String,
    document: Load,
    /// Of each workflow, in the order of the load's workflows.
    open: Vec<OpenReleases>,
    closed: Vec<ClosedReleases>,
    revision: u32,
    planned_end_ns: u64,
    /// Set when it ends before what is planned.
    stopped_ns: u64,
    /// Up to where it was taken.
    taken_ns: u64,
}

/// What is left of an open workflow: a leg for each revision.
#[derive(Debug, Clone)]
struct OpenReleases {
    workflow: WorkflowIndex,
    legs: VecDeque<Leg>,
}

#[derive(Debug, Clone)]
struct Leg {
    dealt: MemberSchedule,
    until_ns: u64,
}

/// What is left of a closed workflow: its users with the instants at which they come and leave.
#[derive(Debug, Clone)]
struct ClosedReleases {
    workflow: WorkflowIndex,
    users: VecDeque<(u64, u64, u64)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ReleaseBatch {
    /// Iterations: numbers and due instants, ascending in both.
    Due(WorkflowIndex, Vec<(u64, u64)>),
    /// Users: from when to when each starts iterations.
    Users(WorkflowIndex, Vec<(u64, u64, u64)>),
}

impl ReleasePlan {
    /// What `agent` has of a load, from the first revision that it knows on.
    pub(crate) fn new(document: Load, agent: &str, revision: &Revision) -> Self {
        let index = |place: usize| WorkflowIndex::try_from(place).unwrap_or(WorkflowIndex::MAX);
        let (mut open, mut closed) = (Vec::new(), Vec::new());
        for (place, own) in document.workflows.iter().enumerate() {
            let workflow = index(place);
            match &own.model {
                LoadModel::Open(_) => open.push(OpenReleases {
                    workflow,
                    legs: VecDeque::new(),
                }),
                LoadModel::Closed(users) => closed.push(ClosedReleases {
                    workflow,
                    users: revision
                        .seated(agent)
                        .map(|seated| seated.presence(&document, users).into())
                        .unwrap_or_default(),
                }),
            }
        }
        let mut plan = Self {
            agent: agent.to_owned(),
            document,
            open,
            closed,
            revision: revision.number,
            planned_end_ns: 0,
            stopped_ns: u64::MAX,
            taken_ns: 0,
        };
        plan.add_legs(revision);
        plan
    }

    /// Continues with a newer revision from its cut on. Returns up to where everything had been taken by then: more
    /// than the cut if the revision came too late.
    pub(crate) fn revise(&mut self, revision: &Revision) -> u64 {
        if revision.number > self.revision {
            self.revision = revision.number;
            for leg in self.open.iter_mut().filter_map(|open| open.legs.back_mut()) {
                leg.until_ns = leg.until_ns.min(revision.cut_ns);
            }
            self.add_legs(revision);
            self.move_users(revision);
        }
        self.taken_ns
    }

    /// Releases again the users whose presence may have changed: a load test goes by the newest release.
    fn move_users(&mut self, revision: &Revision) {
        let load = revision.load(&self.document);
        let Some(seated) = revision.seated(&self.agent) else {
            return;
        };
        for closed in &mut self.closed {
            let own = load.workflows.get(usize::from(closed.workflow));
            if let Some(LoadModel::Closed(users)) = own.map(|own| &own.model) {
                let presence = seated.presence(&load, users).into_iter();
                closed.users = presence
                    .filter(|(_, _, left_ns)| *left_ns >= revision.cut_ns)
                    .collect();
            }
        }
    }

    fn add_legs(&mut self, revision: &Revision) {
        let load = revision.load(&self.document);
        self.planned_end_ns = load.duration_ns();
        for open in &mut self.open {
            let workflow = usize::from(open.workflow);
            if let Some(LoadModel::Open(schedule)) = load.workflows.get(workflow).map(|own| &own.model)
                && let Some(mut dealt) = revision.dealt(schedule, workflow, &self.agent)
            {
                // What was released beyond the cut of a late revision is not released again.
                dealt.pass(self.taken_ns);
                open.legs.push_back(Leg {
                    dealt,
                    until_ns: u64::MAX,
                });
            }
        }
    }

    /// Releases nothing that is due at `end_ns` or later.
    pub(crate) fn end_at(&mut self, end_ns: u64) {
        self.stopped_ns = self.stopped_ns.min(end_ns);
    }

    /// Ends it with what was taken.
    pub(crate) fn end_where_taken(&mut self) {
        self.end_at(self.taken_ns);
    }

    /// The first due instant that does not count.
    pub(crate) fn end_ns(&self) -> u64 {
        self.planned_end_ns.min(self.stopped_ns)
    }

    /// The next iterations and users that are due before `until_ns`; none when there are no more of them.
    pub(crate) fn take(&mut self, until_ns: u64) -> Vec<ReleaseBatch> {
        let until_ns = until_ns.min(self.end_ns());
        let mut room = MAX_BATCH;
        let mut batches = Vec::new();
        for open in &mut self.open {
            let due = open.take(until_ns, &mut room);
            if !due.is_empty() {
                batches.push(ReleaseBatch::Due(open.workflow, due));
            }
        }
        for closed in &mut self.closed {
            let mut users = Vec::new();
            while room > 0
                && let Some(user) = closed.users.pop_front_if(|(_, came_ns, _)| *came_ns < until_ns)
            {
                users.push(user);
                room -= 1;
            }
            if !users.is_empty() {
                batches.push(ReleaseBatch::Users(closed.workflow, users));
            }
        }
        if room > 0 {
            self.taken_ns = self.taken_ns.max(until_ns);
        }
        batches
    }

    /// What was planned before the end and never taken, by due second.
    pub(crate) fn rest(&self) -> Vec<Gap> {
        let end_ns = self.end_ns();
        let mut gaps: Vec<Gap> = Vec::new();
        for open in &self.open {
            let from = gaps.len();
            for leg in &open.legs {
                let (mut dealt, until_ns) = (leg.dealt.clone(), leg.until_ns.min(end_ns));
                while let Some((_, due_ns)) = dealt.peek().filter(|(_, due_ns)| *due_ns < until_ns) {
                    let second = due_ns / SECOND_NS;
                    let second_end_ns = second.saturating_add(1).saturating_mul(SECOND_NS);
                    let count = dealt.pass(second_end_ns.min(until_ns));
                    let second = u32::try_from(second).unwrap_or(u32::MAX);
                    match gaps[from..].last_mut() {
                        Some(last) if last.second == second => last.count += count,
                        _ => gaps.push(Gap {
                            workflow: open.workflow,
                            second,
                            count,
                        }),
                    }
                }
            }
        }
        gaps
    }
}

impl OpenReleases {
    fn take(&mut self, until_ns: u64, room: &mut usize) -> Vec<(u64, u64)> {
        let mut due = Vec::new();
        while let Some(leg) = self.legs.front_mut() {
            let leg_until_ns = until_ns.min(leg.until_ns);
            while *room > 0
                && let Some((n, due_ns)) = leg.dealt.peek().filter(|(_, due_ns)| *due_ns < leg_until_ns)
            {
                due.push((n, due_ns));
                leg.dealt.advance();
                *room -= 1;
            }
            // A later leg begins where this one ends.
            if *room == 0 || leg.until_ns > until_ns || self.legs.len() == 1 {
                break;
            }
            self.legs.pop_front();
        }
        due
    }
}

#[cfg(test)]
mod tests;

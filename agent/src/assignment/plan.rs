//! Which iterations are this agent's and when they are due: pure.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use heavy_model::profile::Profile;
use heavy_model::split::Share;

use crate::rollup::{Gap, Workflow};

const SECOND_NS: u64 = 1_000_000_000;

/// A message to a load test carries at most so many iterations.
const MAX_BATCH: usize = 50_000;

/// The plan of an assignment as those see it who release it, end it early and account for what is left.
#[derive(Debug, Clone)]
pub(crate) struct SharedPlan(Arc<Mutex<Plan>>);

impl SharedPlan {
    pub(crate) fn new(plan: Plan) -> Self {
        Self(Arc::new(Mutex::new(plan)))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Plan> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The releases of one assignment, in order.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    profile: Profile,
    share: Share,
    workflows: u64,
    /// The agent's next iteration, counted in its own share.
    next: u64,
    /// The first due instant that does not count.
    end_ns: u64,
}

/// Iterations of one workflow: numbers and due instants, ascending in both.
pub(crate) type Batch = (Workflow, Vec<(u64, u64)>);

impl Plan {
    /// A plan for `workflows` workflows that take turns.
    pub(crate) fn new(profile: Profile, share: Share, workflows: usize) -> Self {
        Self {
            profile,
            share,
            workflows: (workflows as u64).max(1),
            next: 0,
            end_ns: profile.duration_ns(),
        }
    }

    /// Releases nothing that is due at `end_ns` or later.
    pub(crate) fn end_at(&mut self, end_ns: u64) {
        self.end_ns = self.end_ns.min(end_ns);
    }

    /// The first due instant that does not count.
    pub(crate) const fn end_ns(&self) -> u64 {
        self.end_ns
    }

    /// The next iterations that are due before `until_ns`; none when there are no more of them.
    pub(crate) fn take(&mut self, until_ns: u64) -> Vec<Batch> {
        let until_ns = until_ns.min(self.end_ns);
        let mut batches: Vec<Batch> = Vec::new();
        for _ in 0..MAX_BATCH {
            let Some(n) = self.share.nth(self.next) else { break };
            let due_ns = self.profile.due_ns(n);
            if due_ns >= until_ns {
                break;
            }
            self.next += 1;
            let workflow = Workflow::try_from(n % self.workflows).unwrap_or(Workflow::MAX);
            match batches.iter_mut().find(|(other, _)| *other == workflow) {
                Some((_, due)) => due.push((n, due_ns)),
                None => batches.push((workflow, vec![(n, due_ns)])),
            }
        }
        batches
    }

    /// What was planned before the end and never taken, by due second. Takes time for each iteration if there are
    /// several workflows.
    pub(crate) fn rest(&self) -> Vec<Gap> {
        let mut gaps: Vec<Gap> = Vec::new();
        let mut next = self.next;
        while let Some(n) = self.share.nth(next) {
            let due_ns = self.profile.due_ns(n);
            if due_ns >= self.end_ns {
                break;
            }
            let second = due_ns / SECOND_NS;
            let workflow = Workflow::try_from(n % self.workflows).unwrap_or(Workflow::MAX);
            let second_end_ns = second.saturating_add(1).saturating_mul(SECOND_NS);
            let before = self.profile.count_before(self.end_ns.min(second_end_ns));
            let count = if self.workflows == 1 {
                self.share.count_before(before).saturating_sub(next).max(1)
            } else {
                1
            };
            next += count;
            let second = u32::try_from(second).unwrap_or(u32::MAX);
            let of_second = gaps.iter_mut().rev().take_while(|gap| gap.second == second);
            match of_second.into_iter().find(|gap| gap.workflow == workflow) {
                Some(gap) => gap.count += count,
                None => gaps.push(Gap {
                    workflow,
                    second,
                    count,
                }),
            }
        }
        gaps
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use heavy_model::split::Revision;
    use proptest::prelude::*;

    fn plan(rate: &str, duration: &str, agents: usize, agent: u32, workflows: usize) -> Plan {
        let profile = Profile::constant(rate.parse().unwrap(), duration.parse().unwrap());
        let share = Revision::new(0, &vec![1; agents]).unwrap().share(agent);
        Plan::new(profile, share, workflows)
    }

    #[test]
    fn workflows_take_turns() {
        let batches = plan("10", "1s", 1, 0, 2).take(500_000_000);
        let numbers: Vec<(Workflow, Vec<u64>)> = batches
            .into_iter()
            .map(|(w, due)| (w, due.into_iter().map(|(n, _)| n).collect()))
            .collect();
        assert_eq!(numbers, [(0, vec![0, 2, 4]), (1, vec![1, 3])]);
    }

    #[test]
    fn nothing_is_released_beyond_the_end() {
        let mut plan = plan("10", "1s", 1, 0, 1);
        plan.end_at(250_000_000);
        plan.end_at(u64::MAX);
        let due = plan.take(u64::MAX).remove(0).1;
        assert_eq!(due.iter().map(|(n, _)| *n).collect::<Vec<_>>(), [0, 1, 2]);
        assert!(plan.take(u64::MAX).is_empty());
    }

    proptest! {
        #[test]
        fn what_is_taken_and_the_rest_are_the_plan(
            agents in 1usize..5, workflows in 1usize..4, rate in 1u64..300,
            taken_ns in 0u64..4_000_000_000, end_ns in 0u64..4_000_000_000,
        ) {
            let mut plan = plan(&rate.to_string(), "3s", agents, 0, workflows);
            plan.take(taken_ns);
            plan.end_at(end_ns);
            let rest = plan.rest();
            let mut expected = std::collections::BTreeMap::new();
            for (workflow, due) in plan.take(u64::MAX) {
                for (_, due_ns) in due {
                    *expected.entry(((due_ns / SECOND_NS) as u32, workflow)).or_insert(0) += 1;
                }
            }
            let found: std::collections::BTreeMap<_, _> =
                rest.iter().map(|gap| ((gap.second, gap.workflow), gap.count)).collect();
            prop_assert_eq!(found.len(), rest.len());
            prop_assert_eq!(found, expected);
            prop_assert!(plan.rest().is_empty());
        }

        #[test]
        fn all_agents_together_release_the_plan_once(
            agents in 1usize..5, workflows in 1usize..4, rate in 1u64..3000, steps in prop::collection::vec(1u64..400_000_000, 1..9),
        ) {
            let mut all = Vec::new();
            for agent in 0..agents as u32 {
                let mut plan = plan(&rate.to_string(), "1s", agents, agent, workflows);
                let mut until = 0;
                for step in steps.iter().chain(&[u64::MAX / 2]) {
                    until += step;
                    for (_, due) in plan.take(until) {
                        prop_assert!(due.iter().all(|(_, due_ns)| *due_ns < until));
                        all.extend(due.into_iter().map(|(n, _)| n));
                    }
                }
            }
            all.sort_unstable();
            prop_assert_eq!(all, (0..rate).collect::<Vec<_>>());
        }
    }
}

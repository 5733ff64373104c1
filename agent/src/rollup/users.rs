//! The account of closed workflows: their users start iterations by themselves, so that one is known of when it has
//! ended, or when the process dies under its user.

use std::collections::HashMap;

use foldhash::fast::RandomState;
use heavy_load::load::{Closed, Quota};

use super::WorkflowIndex;
use super::saved::SavedUsers;

#[derive(Debug, Default)]
pub(crate) struct UserAccounts {
    workflows: HashMap<WorkflowIndex, WorkflowUsers>,
}

#[derive(Debug)]
struct WorkflowUsers {
    pacing_ns: Option<u64>,
    quota: Quota,
    started: u64,
    users: HashMap<u64, UserAccount, RandomState>,
    /// Users that have used their quota up.
    done: u64,
    /// How many users the workflow has here.
    all: u64,
}

#[derive(Debug, Clone, Copy, Default)]
struct UserAccount {
    until_ns: u64,
    /// When its next iteration is due, as far as is known.
    next_ns: u64,
    started: u64,
}

impl UserAccounts {
    /// Records a closed workflow, with this agent's part of its quota and users.
    pub(crate) fn add(&mut self, workflow: WorkflowIndex, closed: &Closed, quota: Quota, users: u64) {
        self.workflows.insert(
            workflow,
            WorkflowUsers {
                pacing_ns: closed.pacing_ns,
                quota,
                started: 0,
                users: HashMap::default(),
                done: 0,
                all: users,
            },
        );
    }

    pub(crate) fn is_closed(&self, workflow: WorkflowIndex) -> bool {
        self.workflows.contains_key(&workflow)
    }

    /// Whether iterations of a workflow have a response time: those of users without pacing were never due.
    pub(crate) fn has_response(&self, workflow: WorkflowIndex) -> bool {
        self.workflows
            .get(&workflow)
            .is_none_or(|of| of.pacing_ns.is_some())
    }

    /// Records users that are released, with the instants at which they come and leave.
    pub(crate) fn release(&mut self, workflow: WorkflowIndex, users: &[(u64, u64, u64)]) {
        let Some(of) = self.workflows.get_mut(&workflow) else {
            return;
        };
        for (user, came_ns, until_ns) in users {
            let known = of.users.entry(*user).or_default();
            known.until_ns = *until_ns;
            known.next_ns = known.next_ns.max(*came_ns);
        }
    }

    /// Records an iteration that has ended; false if no such user was released.
    pub(crate) fn heard(
        &mut self,
        workflow: WorkflowIndex,
        user: &str,
        scheduled_ns: i64,
        ended_ns: i64,
    ) -> bool {
        let Some(of) = self.workflows.get_mut(&workflow) else {
            return false;
        };
        let Some(known) = user.parse().ok().and_then(|user: u64| of.users.get_mut(&user)) else {
            return false;
        };
        let instant = |ns: i64| u64::try_from(ns).unwrap_or(0);
        known.next_ns = match of.pacing_ns {
            Some(pacing_ns) => instant(scheduled_ns).saturating_add(pacing_ns),
            None => instant(ended_ns),
        };
        known.started += 1;
        of.started += 1;
        if of.quota == Quota::PerUser(known.started) {
            of.done += 1;
        }
        true
    }

    /// Forgets all users: what they were doing is counted.
    pub(crate) fn clear(&mut self) {
        for of in self.workflows.values_mut() {
            of.users.clear();
        }
    }

    pub(crate) fn save(&self) -> Vec<SavedUsers> {
        let saved = self.workflows.iter().map(|(workflow, of)| SavedUsers {
            workflow: (*workflow).into(),
            started: of.started,
            done: of.done,
            users: of.users.keys().copied().collect(),
            until_ns: of.users.values().map(|user| user.until_ns).collect(),
            next_ns: of.users.values().map(|user| user.next_ns).collect(),
            started_each: of.users.values().map(|user| user.started).collect(),
        });
        saved.collect()
    }

    /// Goes on with what was saved; the workflows were [added](Self::add) before.
    pub(crate) fn restore(&mut self, saved: Vec<SavedUsers>) {
        for saved in saved {
            let workflow = WorkflowIndex::try_from(saved.workflow).unwrap_or(WorkflowIndex::MAX);
            let Some(of) = self.workflows.get_mut(&workflow) else {
                continue;
            };
            (of.started, of.done) = (saved.started, saved.done);
            let times = saved.until_ns.iter().zip(&saved.next_ns).zip(&saved.started_each);
            let accounts = times.map(|((until_ns, next_ns), started)| UserAccount {
                until_ns: *until_ns,
                next_ns: *next_ns,
                started: *started,
            });
            of.users = saved.users.iter().copied().zip(accounts).collect();
        }
    }

    /// Whether all closed workflows have used their quotas up; false if there are none, or none with a quota.
    pub(crate) fn are_done(&self) -> bool {
        !self.workflows.is_empty()
            && self.workflows.values().all(|of| match of.quota {
                Quota::Unlimited => false,
                Quota::Shared(iterations) => of.started >= iterations,
                Quota::PerUser(_) => of.done >= of.all,
            })
    }

    /// How many iterations run at an instant, as far as is known.
    pub(crate) fn in_flight(&self, now_ns: i64) -> u64 {
        let running = self.running(now_ns);
        running.map(|(_, count)| count).sum()
    }

    /// Those that run at an instant, by workflow.
    pub(crate) fn running(&self, now_ns: i64) -> impl Iterator<Item = (WorkflowIndex, u64)> {
        let now_ns = u64::try_from(now_ns).unwrap_or(0);
        self.workflows.iter().map(move |(workflow, of)| {
            let runs = |user: &&UserAccount| {
                let left = match of.quota {
                    Quota::PerUser(iterations) => user.started < iterations,
                    Quota::Unlimited | Quota::Shared(_) => true,
                };
                left && user.next_ns <= now_ns && user.next_ns < user.until_ns
            };
            let count = of.users.values().filter(runs).count() as u64;
            let count = match of.quota {
                Quota::Shared(iterations) => count.min(iterations.saturating_sub(of.started)),
                Quota::Unlimited | Quota::PerUser(_) => count,
            };
            (*workflow, count)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn users(pacing_ns: Option<u64>, quota: Quota) -> UserAccounts {
        let closed = Closed {
            users: heavy_load::users::Users::Constant(2),
            offset_ns: 0,
            duration_ns: 1_000,
            pacing_ns,
            quota,
        };
        let mut users = UserAccounts::default();
        users.add(0, &closed, quota, 2);
        users.release(0, &[(3, 10, 1_000), (7, 10, 1_000)]);
        users
    }

    #[test]
    fn users_run_from_when_they_come_until_they_leave() {
        let mut users = users(None, Quota::Unlimited);
        assert_eq!([9, 10, 999].map(|at| users.in_flight(at)), [0, 2, 2]);
        assert!(
            users.heard(0, "3", 10, 1_200) && !users.heard(0, "4", 10, 20) && !users.heard(0, "x", 10, 20)
        );
        assert_eq!(users.in_flight(1_300), 1, "one of them has left");
        assert!(!users.are_done() && !users.has_response(0) && users.has_response(1));
    }

    #[test]
    fn paced_users_rest() {
        let mut users = users(Some(100), Quota::Unlimited);
        assert!(users.heard(0, "3", 10, 50) && users.has_response(0));
        assert_eq!([60, 110].map(|at| users.in_flight(at)), [1, 2]);
    }

    #[test]
    fn quotas_are_used_up() {
        let mut shared = users(None, Quota::Shared(3));
        let mut each = users(None, Quota::PerUser(1));
        for (user, done) in [("3", false), ("3", false), ("7", true)] {
            assert!(shared.heard(0, user, 10, 20));
            assert_eq!(shared.are_done(), done);
        }
        assert_eq!(shared.in_flight(30), 0);
        assert!(each.heard(0, "7", 10, 20) && !each.are_done());
        assert_eq!(each.in_flight(30), 1);
        assert!(each.heard(0, "3", 10, 20) && each.are_done());
    }
}

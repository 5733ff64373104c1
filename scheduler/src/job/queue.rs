//! Whose turn it is: the queue of jobs over the free agents. Pure: no IO, no clock reads.
//!
//! First come, first served: the job at the head takes all free agents (or as many as it asks for), and nobody
//! overtakes it. While enough agents are connected but busy, the head waits without limit; while too few are
//! connected, it gives up after its `wait_for_agents`.

use std::collections::VecDeque;

use uuid::Uuid;

/// More jobs are refused.
pub(crate) const LONGEST: usize = 1_000;

/// A job that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Waiting {
    pub(crate) job: Uuid,
    /// How many agents it asks for; `None`: all that are free, at least one.
    pub(crate) agents: Option<u32>,
    /// How long it waits while too few agents are connected.
    pub(crate) patience_ns: u64,
}

/// What is to happen to a waiting job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Decision {
    /// It takes these agents and leaves the queue.
    Take { job: Uuid, agents: Vec<String> },
    /// It waited long enough and leaves the queue.
    GiveUp { job: Uuid, reason: String },
    /// It waits on, and says why.
    Wait { job: Uuid, reason: String },
}

/// Jobs in order of submission.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    waiting: VecDeque<Waiting>,
    /// Since when the head has too few connected agents.
    short_since_ns: Option<u64>,
}

impl Queue {
    /// Puts a job at the end; false when the queue is full.
    pub(crate) fn push(&mut self, waiting: Waiting) -> bool {
        if self.waiting.len() >= LONGEST {
            return false;
        }
        self.waiting.push_back(waiting);
        true
    }

    /// Takes a job out, wherever it is.
    pub(crate) fn remove(&mut self, job: Uuid) {
        if self.waiting.front().is_some_and(|head| head.job == job) {
            self.short_since_ns = None;
        }
        self.waiting.retain(|waiting| waiting.job != job);
    }

    /// Decides on the jobs, given the connected agents (name, whether free), sorted by name.
    pub(crate) fn decide(&mut self, now_ns: u64, connected: &[(String, bool)]) -> Vec<Decision> {
        let mut free: Vec<&str> = connected
            .iter()
            .filter(|(_, free)| *free)
            .map(|(name, _)| name.as_str())
            .collect();
        let mut decisions = Vec::new();
        while let Some(head) = self.waiting.front() {
            let decision = self.decide_head(now_ns, head, connected.len(), &mut free);
            let waits = matches!(decision, Decision::Wait { .. });
            decisions.push(decision);
            if waits {
                break;
            }
            self.waiting.pop_front();
            self.short_since_ns = None;
        }
        let since_ns = self.short_since_ns.unwrap_or(now_ns);
        self.short_since_ns = self.is_short(connected.len()).then_some(since_ns);
        decisions.extend((1..).zip(self.waiting.iter().skip(1)).map(|(before, waiting)| {
            let jobs = if before == 1 { "job" } else { "jobs" };
            Decision::Wait {
                job: waiting.job,
                reason: format!("waiting for its turn: {before} {jobs} before it"),
            }
        }));
        decisions
    }

    fn is_short(&self, connected: usize) -> bool {
        self.waiting.front().is_some_and(|head| connected < needed(head))
    }

    fn decide_head(&self, now_ns: u64, head: &Waiting, connected: usize, free: &mut Vec<&str>) -> Decision {
        let (job, needed) = (head.job, needed(head));
        if free.len() >= needed {
            let taken = if head.agents.is_some() { needed } else { free.len() };
            let agents = free.drain(..taken).map(str::to_owned).collect();
            return Decision::Take { job, agents };
        }
        if connected >= needed {
            let reason = format!(
                "waiting for agents: {} of {needed} free, the others work on other jobs",
                free.len()
            );
            return Decision::Wait { job, reason };
        }
        let short_since_ns = self.short_since_ns.unwrap_or(now_ns);
        if now_ns - short_since_ns >= head.patience_ns {
            let reason = if connected == 0 {
                "no agent is connected: start one with `heavy-agent --collector URL`".to_owned()
            } else {
                format!(
                    "{connected} of {needed} agents are connected: start more with `heavy-agent --collector URL`, or ask for fewer with --agents"
                )
            };
            return Decision::GiveUp { job, reason };
        }
        let reason = format!("waiting for agents: {connected} of {needed} connected");
        Decision::Wait { job, reason }
    }
}

fn needed(waiting: &Waiting) -> usize {
    waiting.agents.map_or(1, |agents| agents.max(1) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn job(n: u128) -> Uuid {
        Uuid::from_u128(n)
    }

    fn queue(jobs: &[(u128, Option<u32>)]) -> Queue {
        let mut queue = Queue::default();
        for (n, agents) in jobs {
            assert!(queue.push(Waiting {
                job: job(*n),
                agents: *agents,
                patience_ns: 30,
            }));
        }
        queue
    }

    fn agents(list: &[(&str, bool)]) -> Vec<(String, bool)> {
        list.iter()
            .map(|(name, free)| ((*name).to_owned(), *free))
            .collect()
    }

    fn take(n: u128, agents: &[&str]) -> Decision {
        Decision::Take {
            job: job(n),
            agents: agents.iter().map(|name| (*name).to_owned()).collect(),
        }
    }

    fn reason(decision: &Decision) -> &str {
        match decision {
            Decision::Wait { reason, .. } | Decision::GiveUp { reason, .. } => reason,
            Decision::Take { .. } => "",
        }
    }

    #[test]
    fn the_head_takes_what_it_asks_for_and_the_next_the_rest() {
        let three = agents(&[("a", true), ("b", true), ("c", true)]);
        let decisions = queue(&[(1, Some(1)), (2, None), (3, None)]).decide(0, &three);
        assert_eq!(decisions[..2], [take(1, &["a"]), take(2, &["b", "c"])]);
        assert_eq!(
            reason(&decisions[2]),
            "waiting for agents: 0 of 1 free, the others work on other jobs"
        );
    }

    #[test]
    fn nobody_overtakes_the_head() {
        let decisions = queue(&[(1, Some(2)), (2, Some(1))]).decide(0, &agents(&[("a", true), ("b", false)]));
        assert_eq!(
            decisions.iter().map(reason).collect::<Vec<_>>(),
            [
                "waiting for agents: 1 of 2 free, the others work on other jobs",
                "waiting for its turn: 1 job before it"
            ]
        );
    }

    #[test]
    fn the_head_gives_up_when_its_patience_ends() {
        let mut queue = queue(&[(1, None), (2, None)]);
        assert_eq!(
            reason(&queue.decide(100, &[])[0]),
            "waiting for agents: 0 of 1 connected"
        );
        assert!(matches!(queue.decide(129, &[])[0], Decision::Wait { .. }));
        let decisions = queue.decide(130, &[]);
        assert!(matches!(decisions[0], Decision::GiveUp { job: first, .. } if first == job(1)));
        assert_eq!(
            reason(&decisions[0]),
            "no agent is connected: start one with `heavy-agent --collector URL`"
        );
        assert!(
            matches!(decisions[1], Decision::Wait { .. }),
            "the next one's patience starts when its turn comes"
        );
        assert!(matches!(queue.decide(159, &[])[0], Decision::Wait { .. }));
        assert!(matches!(queue.decide(160, &[])[0], Decision::GiveUp { .. }));
    }

    #[test]
    fn busy_agents_do_not_use_up_patience() {
        let mut queue = queue(&[(1, None)]);
        let busy = agents(&[("a", false)]);
        queue.decide(0, &busy);
        assert!(matches!(queue.decide(1_000, &busy)[0], Decision::Wait { .. }));
        assert_eq!(queue.decide(1_001, &agents(&[("a", true)])), [take(1, &["a"])]);
    }

    #[test]
    fn a_removed_job_is_forgotten() {
        let mut queue = queue(&[(1, None)]);
        queue.remove(job(1));
        assert_eq!(queue.decide(0, &[]), []);
    }
}

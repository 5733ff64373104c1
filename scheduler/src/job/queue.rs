//! Whose turn it is: the queue of jobs over the free agents. Pure: no IO, no clock reads.
//!
//! First come, first served: the job at the head takes all free agents (or as many as it asks for), and nobody
//! overtakes it. While enough agents are connected but busy, the head waits without limit; while too few are
//! connected, it gives up after its `wait_for_agents`.

use std::collections::{BTreeMap, VecDeque};

use uuid::Uuid;

use crate::fleet::Candidate;

/// More jobs are refused.
pub(crate) const LONGEST: usize = 1_000;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WaitingJob {
    pub(crate) job: Uuid,
    /// How many agents it asks for; `None`: all that are free, at least one.
    pub(crate) agents: Option<u32>,
    /// Labels that these agents must have.
    pub(crate) on: BTreeMap<String, String>,
    /// How long it waits while too few agents are connected.
    pub(crate) patience_ns: u64,
    /// Whether its place is at the head.
    pub(crate) first: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum QueueDecision {
    /// It takes these agents and leaves the queue.
    Take { job: Uuid, agents: Vec<String> },
    /// It waited long enough and leaves the queue.
    GiveUp { job: Uuid, reason: String },
    /// It waits on, and says why.
    Wait { job: Uuid, reason: String },
}

/// Jobs in order of submission.
#[derive(Debug, Default)]
pub(crate) struct JobQueue {
    waiting: VecDeque<WaitingJob>,
    /// Since when the head has too few connected agents.
    short_since_ns: Option<u64>,
}

impl JobQueue {
    /// Puts a job at its place; false when the queue is full.
    pub(crate) fn push(&mut self, waiting: WaitingJob) -> bool {
        if self.waiting.len() >= LONGEST {
            return false;
        }
        if waiting.first {
            self.waiting.push_front(waiting);
            self.short_since_ns = None;
        } else {
            self.waiting.push_back(waiting);
        }
        true
    }

    /// Whether nobody waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Takes a job out, wherever it is.
    pub(crate) fn remove(&mut self, job: Uuid) {
        if self.waiting.front().is_some_and(|head| head.job == job) {
            self.short_since_ns = None;
        }
        self.waiting.retain(|waiting| waiting.job != job);
    }

    /// Decides on the jobs, given the connected agents, sorted by name.
    pub(crate) fn decide(&mut self, now_ns: u64, connected: &[Candidate]) -> Vec<QueueDecision> {
        let mut free: Vec<&Candidate> = connected.iter().filter(|candidate| candidate.free).collect();
        let mut decisions = Vec::new();
        while let Some(head) = self.waiting.front() {
            let decision = self.decide_head(now_ns, head, connected, &mut free);
            let waits = matches!(decision, QueueDecision::Wait { .. });
            decisions.push(decision);
            if waits {
                break;
            }
            self.waiting.pop_front();
            self.short_since_ns = None;
        }
        let since_ns = self.short_since_ns.unwrap_or(now_ns);
        self.short_since_ns = self.is_short(connected).then_some(since_ns);
        decisions.extend((1..).zip(self.waiting.iter().skip(1)).map(|(before, waiting)| {
            let jobs = if before == 1 { "job" } else { "jobs" };
            QueueDecision::Wait {
                job: waiting.job,
                reason: format!("waiting for its turn: {before} {jobs} before it"),
            }
        }));
        decisions
    }

    fn is_short(&self, connected: &[Candidate]) -> bool {
        self.waiting
            .front()
            .is_some_and(|head| fitting(connected, head) < needed(head))
    }

    fn decide_head(
        &self,
        now_ns: u64,
        head: &WaitingJob,
        connected: &[Candidate],
        free: &mut Vec<&Candidate>,
    ) -> QueueDecision {
        let (job, needed) = (head.job, needed(head));
        let fits = free.iter().filter(|candidate| candidate.is_on(&head.on)).count();
        if fits >= needed {
            let mut left = if head.agents.is_some() { needed } else { fits };
            let mut agents = Vec::new();
            free.retain(|candidate| {
                let taken = left > 0 && candidate.is_on(&head.on);
                if taken {
                    left -= 1;
                    agents.push(candidate.name.clone());
                }
                !taken
            });
            return QueueDecision::Take { job, agents };
        }
        let (all, connected) = (connected.len(), fitting(connected, head));
        if connected >= needed {
            let reason = format!("waiting for agents: {fits} of {needed} free, the others run other jobs");
            return QueueDecision::Wait { job, reason };
        }
        let short_since_ns = self.short_since_ns.unwrap_or(now_ns);
        if now_ns - short_since_ns >= head.patience_ns {
            let reason = if all > 0 && !head.on.is_empty() {
                format!(
                    "{connected} of {needed} agents with the labels {} are connected, and {} without: start one with `heavy-agent --label {}`, or select others with --on",
                    labels(head, ", "),
                    all - connected,
                    labels(head, " --label ")
                )
            } else if connected == 0 {
                "no agent is connected: start one with `heavy-agent --collector URL`".to_owned()
            } else {
                format!(
                    "{connected} of {needed} agents are connected: start more with `heavy-agent --collector URL`, or reduce --agents"
                )
            };
            return QueueDecision::GiveUp { job, reason };
        }
        let reason = format!("waiting for agents: {connected} of {needed} connected");
        QueueDecision::Wait { job, reason }
    }
}

/// How many of the agents have the labels that a job asks for.
fn fitting(connected: &[Candidate], head: &WaitingJob) -> usize {
    connected
        .iter()
        .filter(|candidate| candidate.is_on(&head.on))
        .count()
}

fn labels(waiting: &WaitingJob, between: &str) -> String {
    let labels: Vec<String> = waiting
        .on
        .iter()
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    labels.join(between)
}

fn needed(waiting: &WaitingJob) -> usize {
    waiting.agents.map_or(1, |agents| agents.max(1) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn job(n: u128) -> Uuid {
        Uuid::from_u128(n)
    }

    fn queue(jobs: &[(u128, Option<u32>)]) -> JobQueue {
        let mut queue = JobQueue::default();
        for (n, agents) in jobs {
            assert!(queue.push(WaitingJob {
                job: job(*n),
                agents: *agents,
                on: BTreeMap::new(),
                patience_ns: 30,
                first: false,
            }));
        }
        queue
    }

    fn agents(list: &[(&str, bool)]) -> Vec<Candidate> {
        let candidate = |(name, free): &(&str, bool)| Candidate {
            name: (*name).to_owned(),
            free: *free,
            ..Candidate::default()
        };
        list.iter().map(candidate).collect()
    }

    #[test]
    fn only_agents_with_the_labels_are_taken() {
        let mut all = agents(&[("a", true), ("b", true), ("c", true)]);
        for place in [0, 2] {
            all[place].labels = BTreeMap::from([("region".to_owned(), "eu".to_owned())]);
        }
        let mut queue = queue(&[(1, None), (2, None)]);
        queue.waiting[0].on = all[0].labels.clone();
        assert_eq!(queue.decide(0, &all), [take(1, &["a", "c"]), take(2, &["b"])]);
        let mut queue = self::queue(&[(1, Some(3))]);
        queue.waiting[0].on = all[0].labels.clone();
        queue.decide(0, &all);
        let decisions = queue.decide(30, &all);
        assert_eq!(
            reason(&decisions[0]),
            "2 of 3 agents with the labels region=eu are connected, and 1 without: start one with `heavy-agent \
             --label region=eu`, or select others with --on"
        );
    }

    #[test]
    fn one_that_replaces_others_is_the_head() {
        let mut queue = queue(&[(1, None)]);
        assert!(queue.push(WaitingJob {
            job: job(9),
            agents: None,
            on: BTreeMap::new(),
            patience_ns: 30,
            first: true,
        }));
        let decisions = queue.decide(0, &agents(&[("a", true)]));
        assert_eq!(decisions[0], take(9, &["a"]));
        assert!(!queue.is_empty());
    }

    fn take(n: u128, agents: &[&str]) -> QueueDecision {
        QueueDecision::Take {
            job: job(n),
            agents: agents.iter().map(|name| (*name).to_owned()).collect(),
        }
    }

    fn reason(decision: &QueueDecision) -> &str {
        match decision {
            QueueDecision::Wait { reason, .. } | QueueDecision::GiveUp { reason, .. } => reason,
            QueueDecision::Take { .. } => "",
        }
    }

    #[test]
    fn the_head_takes_what_it_asks_for_and_the_next_the_rest() {
        let three = agents(&[("a", true), ("b", true), ("c", true)]);
        let decisions = queue(&[(1, Some(1)), (2, None), (3, None)]).decide(0, &three);
        assert_eq!(decisions[..2], [take(1, &["a"]), take(2, &["b", "c"])]);
        assert_eq!(
            reason(&decisions[2]),
            "waiting for agents: 0 of 1 free, the others run other jobs"
        );
    }

    #[test]
    fn nobody_overtakes_the_head() {
        let decisions = queue(&[(1, Some(2)), (2, Some(1))]).decide(0, &agents(&[("a", true), ("b", false)]));
        assert_eq!(
            decisions.iter().map(reason).collect::<Vec<_>>(),
            [
                "waiting for agents: 1 of 2 free, the others run other jobs",
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
        assert!(matches!(queue.decide(129, &[])[0], QueueDecision::Wait { .. }));
        let decisions = queue.decide(130, &[]);
        assert!(matches!(decisions[0], QueueDecision::GiveUp { job: first, .. } if first == job(1)));
        assert_eq!(
            reason(&decisions[0]),
            "no agent is connected: start one with `heavy-agent --collector URL`"
        );
        assert!(
            matches!(decisions[1], QueueDecision::Wait { .. }),
            "the next one's patience starts when its turn comes"
        );
        assert!(matches!(queue.decide(159, &[])[0], QueueDecision::Wait { .. }));
        assert!(matches!(queue.decide(160, &[])[0], QueueDecision::GiveUp { .. }));
    }

    #[test]
    fn busy_agents_do_not_use_up_patience() {
        let mut queue = queue(&[(1, None)]);
        let busy = agents(&[("a", false)]);
        queue.decide(0, &busy);
        assert!(matches!(
            queue.decide(1_000, &busy)[0],
            QueueDecision::Wait { .. }
        ));
        assert_eq!(queue.decide(1_001, &agents(&[("a", true)])), [take(1, &["a"])]);
    }

    #[test]
    fn a_removed_job_is_forgotten() {
        let mut queue = queue(&[(1, None)]);
        queue.remove(job(1));
        assert_eq!(queue.decide(0, &[]), []);
    }
}

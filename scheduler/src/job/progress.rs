//! A job's progress, as watchers see it. Pure.

use heavy_load::arrivals::Arrivals;
use heavy_load::load::{Load, LoadModel, WorkflowLoad};
use heavy_results::job::JobInfo;
use heavy_results::progress::{
    AgentProgress, AgentStanding, LiveFigures, OverdueAgent, Percentiles, Progress,
};
use heavy_results::summary::{Accounting, Summary};

use super::machine::team::Team;
use crate::fleet::Backlog;

const SECOND_NS: u64 = 1_000_000_000;
/// Agents whose states are listed.
const MOST_AGENTS: usize = 100;
/// Random arrivals that are drawn again for every snapshot.
const MOST_DRAWN: u64 = 1_000_000;

/// A job's progress with its place among the job's snapshots.
#[derive(Debug, Clone)]
pub(crate) struct Snapshot {
    /// Rises with every snapshot; [`Self::LAST`] of a job that has ended.
    pub(crate) number: u32,
    pub(crate) progress: Progress,
}

impl Snapshot {
    /// The number of the final snapshot, which comes from the job's driver or the store.
    pub(crate) const LAST: u32 = u32::MAX;

    /// A job's first snapshot, or its final one.
    pub(crate) const fn new(progress: Progress) -> Self {
        Self {
            number: if progress.state.is_final() { Self::LAST } else { 0 },
            progress,
        }
    }

    /// Puts newer progress in its place.
    pub(crate) fn replace(&mut self, progress: Progress) {
        let number = self.number.saturating_add(1).min(Self::LAST - 1);
        *self = Self::new(progress);
        self.number = self.number.max(number);
    }
}

/// A job that has a driver, as its machine knows it.
#[derive(Debug)]
pub(crate) struct LiveJob<'a> {
    pub(crate) job: JobInfo,
    /// `None` before agents are assigned.
    pub(crate) team: Option<&'a Team>,
    pub(crate) agents: Vec<(String, AgentStanding)>,
    /// What they had not yet delivered at their last heartbeats.
    pub(crate) backlogs: Vec<(String, Backlog)>,
    /// Since the start.
    pub(crate) elapsed_ns: u64,
    /// Up to where due instants count, from the start.
    pub(crate) end_ns: u64,
    /// How long the load goes on from now.
    pub(crate) left_ns: u64,
    pub(crate) is_paused: bool,
}

impl LiveJob<'_> {
    /// Its progress, with the figures of its results so far.
    pub(crate) fn progress(&self, figures: LiveFigures) -> Progress {
        let (gone, silent) = self.unreported(&figures);
        let second = figures.known_before.checked_sub(1);
        let all = self.team.into_iter().flat_map(Team::known);
        let now = |of: fn(&Percentiles) -> f64| figures.now.as_ref().map(of);
        let counts = of_counts(&self.job, &figures.accounting);
        let planned_s = counts.duration_s;
        Progress {
            agents: all.map(str::to_owned).collect(),
            agent_states: self.agent_states(&figures.overdue),
            elapsed_s: self.elapsed_ns as f64 / 1e9,
            duration_s: self.duration_s().unwrap_or(planned_s),
            paused: self.is_paused,
            dropped: counts.dropped + gone,
            unreported: silent,
            in_flight: figures.in_flight,
            second,
            asked_rate: second.map_or(self.job.asked_rate, |second| self.asked_rate(second)),
            achieved_rate: figures.rates.last().map_or(0.0, |starts| *starts as f64),
            p50_ms: now(|at| at.p50_ms),
            p95_ms: now(|at| at.p95_ms),
            p99_ms: now(|at| at.p99_ms),
            rates: figures.rates,
            requests: figures.requests,
            requests_failed: figures.requests_failed,
            overall: figures.overall,
            lag_p99_ms: figures.lag_p99_ms,
            lag_limit_ms: Some(figures.lag_limit_ms),
            thresholds: figures.thresholds,
            errors: figures.errors,
            events: figures.events,
            ..counts
        }
    }

    /// The length of the load as planned now.
    fn duration_s(&self) -> Option<f64> {
        let load_ns = self.team?.load().duration_ns();
        let ns = if self.is_paused {
            self.elapsed_ns + self.left_ns
        } else {
            load_ns
        };
        Some(ns as f64 / 1e9)
    }

    /// The rate in the middle of a second.
    fn asked_rate(&self, second: u32) -> f64 {
        let at_ns = u64::from(second) * SECOND_NS + SECOND_NS / 2;
        let load = self.team.map(Team::load);
        load.map_or(0.0, |load| load.rate_per_second_at(at_ns))
    }

    /// What was due on agents and not reported: on those that are gone, which never started it or lost it, and on those
    /// that are silent.
    fn unreported(&self, figures: &LiveFigures) -> (u64, u64) {
        let (mut gone, mut silent) = (0, 0);
        let Some(team) = self.team.filter(|team| is_cheap(team.load())) else {
            return (0, 0);
        };
        let until_ns = (u64::from(figures.known_before) * SECOND_NS).min(self.end_ns);
        for agent in &figures.overdue {
            let due = team.due_of(&agent.name, until_ns, &figures.first_workflow);
            let reported = |workflow: &str| {
                let mut counts = agent.scheduled.iter().filter(|(name, _)| name == workflow);
                counts.next().map_or(0, |(_, count)| *count)
            };
            let missing = due.iter().map(|(name, due)| due.saturating_sub(reported(name)));
            *(if self.is_gone(&agent.name) {
                &mut gone
            } else {
                &mut silent
            }) += missing.sum::<u64>();
        }
        (gone, silent)
    }

    fn is_gone(&self, agent: &str) -> bool {
        let gone = [AgentStanding::Lost, AgentStanding::Failed];
        self.agents
            .iter()
            .any(|(name, state)| name == agent && gone.contains(state))
    }

    /// Those in trouble first.
    fn agent_states(&self, overdue: &[OverdueAgent]) -> Vec<AgentProgress> {
        let states = self.agents.iter().map(|(name, state)| {
            let missing = overdue.iter().find(|agent| agent.name == *name);
            let state = match state {
                AgentStanding::Running if missing.is_some() => AgentStanding::Silent,
                state => *state,
            };
            let backlog = self.backlogs.iter().find(|(agent, _)| agent == name);
            let backlog = backlog.map(|(_, backlog)| *backlog).unwrap_or_default();
            AgentProgress {
                name: name.clone(),
                state,
                backlog_batches: backlog.batches,
                backlog_bytes: backlog.bytes,
                since_s: missing
                    .filter(|_| state.is_trouble())
                    .map(|agent| agent.reported_before),
            }
        });
        let mut states: Vec<AgentProgress> = states.collect();
        states.sort_by_key(|agent| !agent.state.is_trouble());
        states.truncate(MOST_AGENTS);
        states
    }
}

/// Whether it can be computed once a second what was due: of random arrivals, every single one has to be drawn.
fn is_cheap(load: &Load) -> bool {
    let random = |workflow: &WorkflowLoad| match &workflow.model {
        LoadModel::Open(schedule) => schedule.arrivals == Arrivals::Poisson,
        LoadModel::Closed(_) => false,
    };
    load.planned() <= MOST_DRAWN || !load.workflows.iter().any(random)
}

/// Of a job that only the store knows.
pub(crate) fn of_stored(job: &JobInfo, summary: Option<&Summary>) -> Progress {
    let Some(summary) = summary else {
        return of_counts(job, &Accounting::default());
    };
    let duration = &summary.requests.duration;
    let measured = |ms: f64| (duration.count > 0).then_some(ms);
    Progress {
        agents: summary.agents.iter().map(|agent| agent.agent.clone()).collect(),
        elapsed_s: summary.run_time_s,
        requests: duration.count,
        requests_failed: summary.requests.failed,
        overall: (duration.count > 0).then_some(Percentiles {
            p50_ms: duration.p50_ms,
            p95_ms: duration.p95_ms,
            p99_ms: duration.p99_ms,
        }),
        lag_p99_ms: (summary.generator_lag.count > 0).then_some(summary.generator_lag.p99_ms),
        thresholds: summary.thresholds.clone(),
        p50_ms: measured(duration.p50_ms),
        p95_ms: measured(duration.p95_ms),
        p99_ms: measured(duration.p99_ms),
        ..of_counts(job, &summary.iterations)
    }
}

/// As far as the job itself and its counts tell.
fn of_counts(job: &JobInfo, counts: &Accounting) -> Progress {
    Progress {
        job: job.id,
        name: job.spec.shown_name().to_owned(),
        plan: job.spec.describe_load(),
        state: job.state,
        reason: job.reason.clone(),
        verdict: job.verdict,
        duration_s: job.spec.total_duration().as_s(),
        planned: job.planned,
        scheduled: counts.scheduled,
        started: counts.started,
        ok: counts.ok,
        failed: counts.failed,
        dropped: counts.dropped.total(),
        asked_rate: job.asked_rate,
        achieved_rate: job.achieved_rate.unwrap_or(0.0),
        ..Progress::default()
    }
}

#[cfg(test)]
mod tests {
    use heavy_results::job::JobSpec;

    use super::*;

    const LOAD: &str = r#""rate":"100","duration":"60s""#;

    fn spec(load: &str) -> JobSpec {
        let text = format!(
            r#"{{"binary_sha256":"{}","binary_name":"shop",{load}}}"#,
            "a".repeat(64)
        );
        JobSpec::parse(&text).unwrap()
    }

    /// The progress at 13 s of a job with this load whose agent `b` has reported 3 s, and is in this state.
    fn progress(load: &str, b: AgentStanding, end_s: u64) -> Progress {
        let spec = spec(load);
        let team = Team::new(&spec, [("a".to_owned(), 1), ("b".to_owned(), 1)]);
        let job = JobInfo {
            state: heavy_results::job::JobState::Running,
            started_at_wall_ns: Some(0),
            planned: team.load().planned(),
            asked_rate: 100.0,
            ..JobInfo::queued(uuid::Uuid::nil(), spec, 0)
        };
        let live = LiveJob {
            job,
            team: Some(&team),
            agents: vec![("a".to_owned(), AgentStanding::Running), ("b".to_owned(), b)],
            backlogs: Vec::new(),
            elapsed_ns: 13 * SECOND_NS,
            end_ns: end_s * SECOND_NS,
            left_ns: 47 * SECOND_NS,
            is_paused: false,
        };
        live.progress(LiveFigures {
            known_before: 10,
            first_workflow: "main".to_owned(),
            rates: vec![100, 100, 100, 50],
            overdue: vec![OverdueAgent {
                name: "b".to_owned(),
                reported_before: 3,
                scheduled: vec![("main".to_owned(), 150)],
            }],
            ..LiveFigures::default()
        })
    }

    #[test]
    fn what_an_agent_owes_is_unreported_until_it_is_lost() {
        let silent = progress(LOAD, AgentStanding::Running, 60);
        assert_eq!((silent.dropped, silent.unreported), (0, 350), "50/s for 7 s");
        assert_eq!(
            (silent.second, silent.asked_rate, silent.achieved_rate),
            (Some(9), 100.0, 50.0)
        );
        let states = |progress: &Progress| {
            let states = progress.agent_states.iter();
            let states = states.map(|agent| (agent.name.clone(), agent.state, agent.since_s));
            states.collect::<Vec<_>>()
        };
        let a = ("a".to_owned(), AgentStanding::Running, None);
        let b = |state| ("b".to_owned(), state, Some(3));
        assert_eq!(
            states(&silent),
            [b(AgentStanding::Silent), a.clone()],
            "trouble first"
        );
        let lost = progress(LOAD, AgentStanding::Lost, 60);
        assert_eq!((lost.dropped, lost.unreported), (350, 0));
        assert_eq!(states(&lost), [b(AgentStanding::Lost), a]);
        let stopped = progress(LOAD, AgentStanding::Lost, 5);
        assert_eq!(stopped.dropped, 100, "nothing is due after a stop");
    }

    #[test]
    fn users_owe_nothing_and_a_pause_lasts_until_its_end() {
        let users = progress(r#""users":5,"duration":"60s""#, AgentStanding::Lost, 60);
        assert_eq!((users.dropped, users.unreported, users.asked_rate), (0, 0, 0.0));
        assert_eq!(
            (users.name.as_str(), users.plan.as_str()),
            ("shop", "5 users for 1m")
        );
        assert_eq!((users.duration_s, users.elapsed_s), (60.0, 13.0));
    }
}

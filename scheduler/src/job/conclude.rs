//! The end of a job: writes verdict, last summary and final state before it informs watchers.

use std::time::Duration;

use heavy_results::aggregate::{AgentSecondRow, Aggregator, SecondRow, SeriesUpdate};
use heavy_results::job::{JobInfo, JobState};
use heavy_results::summary::Summary;
use heavy_results::verdict::{Verdict, judge};
use heavy_store::{StatisticsReader, Store};

use super::aggregation::Collected;
use super::machine::team::Team;

const NS_PER_SECOND: u64 = 1_000_000_000;
const WRITE_ATTEMPTS: u32 = 20;
const WRITE_PAUSE: Duration = Duration::from_millis(500);

/// Judges what ran and writes everything; `job` has its final state, and its reason unless it is finished.
pub(crate) async fn conclude(store: &dyn Store, job: &mut JobInfo, ran: Option<Collected>) {
    if let Some(ran) = ran {
        let (update, summary) = sum_up(job, ran);
        let what = "totals";
        write(job, what, || store.save_series(job.id, &update, Some(&summary))).await;
    }
    write(job, "the final state", || store.update_job(job)).await;
}

/// Concludes a job that a process left behind when it ended, from the results that are stored.
pub(crate) async fn conclude_orphan(store: &dyn Store, mut job: JobInfo, reason: String) {
    job.state = JobState::Failed;
    job.degraded = true;
    job.reason = reason;
    let mut ran = None;
    if job.started_at_wall_ns.is_some() {
        let load = job.spec.load();
        let duration_ns = load.duration_ns();
        let mut aggregator = Aggregator::new(load, []).watching(&job.spec.thresholds);
        let mut reader = StatisticsReader::new(job.id);
        if let Err(error) = reader.aggregate(store, &mut aggregator).await {
            tracing::warn!(job = %job.id, %error, "cannot read results of a job that was left behind");
        }
        let mut agents: Vec<String> = reader.agents().map(str::to_owned).collect();
        agents.dedup();
        // How far the load got is not known: what the agents have reported as due is what was due.
        let end_ns = duration_ns.min(u64::from(aggregator.complete_before_second()) * NS_PER_SECOND);
        let summary = aggregator.summary(&job, &[], false);
        let due = summary.workflows.into_iter().map(|workflow| (workflow.name, 0));
        let due: Vec<(String, u64)> = due.collect();
        for agent in &agents {
            aggregator.settle_agent(agent, &due, false);
        }
        ran = Some(Collected {
            aggregator,
            unwritten: None,
            complete: false,
            shares: Team::new(&job.spec, agents.into_iter().map(|agent| (agent, 1))).shares(),
            end_ns: Some(end_ns),
        });
    }
    conclude(store, &mut job, ran).await;
}

/// Fills in what results say of a job; returns the last rows and the last summary.
fn sum_up(job: &mut JobInfo, ran: Collected) -> (SeriesUpdate, Summary) {
    let Collected {
        mut aggregator,
        unwritten,
        complete,
        shares,
        end_ns,
    } = ran;
    job.degraded |= !complete;
    if let Some(end_ns) = end_ns {
        aggregator.end_at(end_ns);
    }
    let mut summary = aggregator.summary(job, &shares, true);
    let judgement = judge(&summary);
    job.degraded |= !summary.iterations.balances();
    job.verdict = Some(judgement.verdict);
    match (job.state, judgement.verdict) {
        (JobState::Finished, _) => job.reason = judgement.reason,
        // Why it was stopped does not say what is wrong with its figures.
        (JobState::Stopped, Verdict::Invalid) => {
            job.reason.push_str("; ");
            job.reason.push_str(&judgement.reason);
        }
        _ => {}
    }
    if let Some(start_ns) = job.started_at_wall_ns {
        job.ended_at_wall_ns = Some(start_ns + (summary.run_time_s * 1e9) as u64);
    }
    (job.achieved_rate, job.load_s) = (summary.job.achieved_rate, summary.job.load_s);
    summary.warnings.extend(judgement.warnings);
    if !complete {
        let warning = "some of the agents' results are missing: counts and percentiles are incomplete";
        summary.warnings.push(warning.to_owned());
    }
    summary.job = job.clone();
    let mut update = aggregator.take_changes(u32::MAX);
    if let Some(unwritten) = unwritten {
        merge(&mut update, unwritten);
    }
    (update, summary)
}

/// Adds rows that were not written before to newer ones; where both have a row, the newer one stands.
fn merge(newer: &mut SeriesUpdate, mut older: SeriesUpdate) {
    let is_new = |row: &SecondRow| newer.seconds.iter().all(|new| new.second != row.second);
    older.seconds.retain(is_new);
    let is_new = |row: &AgentSecondRow| {
        let key = (&row.agent, row.second);
        newer
            .agent_seconds
            .iter()
            .all(|new| (&new.agent, new.second) != key)
    };
    older.agent_seconds.retain(is_new);
    newer.seconds.extend(older.seconds);
    newer.agent_seconds.extend(older.agent_seconds);
    newer.events.extend(older.events);
    newer.log.extend(older.log);
}

/// Tries a write until it succeeds, or for ten seconds.
async fn write<'a, F, W>(job: &JobInfo, what: &str, attempt: F)
where
    F: Fn() -> W,
    W: Future<Output = Result<(), heavy_store::Error>> + 'a,
{
    for tried in 1..=WRITE_ATTEMPTS {
        match attempt().await {
            Ok(()) => return,
            Err(error) if error.is_fenced() => {
                tracing::warn!(job = %job.id, %error, "left {what} alone");
                return;
            }
            Err(error) if tried == WRITE_ATTEMPTS => {
                tracing::error!(job = %job.id, %error, "cannot write {what}: given up");
            }
            Err(error) => {
                tracing::warn!(job = %job.id, %error, "cannot write {what}, trying again");
                tokio::time::sleep(WRITE_PAUSE).await;
            }
        }
    }
}

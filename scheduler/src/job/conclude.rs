//! The end of a job: writes verdict, last summary and final state before it informs watchers.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use heavy_process::clock::wall_ns;
use heavy_results::aggregate::{AgentSecondRow, Aggregator, DueShare, SecondRow, SeriesUpdate, Settlement};
use heavy_results::job::{JobInfo, JobState};
use heavy_results::revise::{keep_aborted, number};
use heavy_results::summary::Summary;
use heavy_results::verdict::{Verdict, judge};
use heavy_store::{Conclusion, ReadUpTo, Settled, StatisticsReader, Store, StoredJournal};
use uuid::Uuid;

use super::aggregation::Collected;
use super::forgotten::{aggregate_again, mend_all};
use super::machine::event::FIRST_EPOCH;
use super::machine::team::Team;

const NS_PER_SECOND: u64 = 1_000_000_000;
/// Events that a summary holds.
const MOST_EVENTS: usize = 1000;
const WRITE_PAUSE: Duration = Duration::from_millis(500);
/// While the database is away, this many failures are not worth a line in the log.
const COMPLAIN_EVERY: u32 = 20;

/// Judges what ran and writes everything; `job` has its final state, and its reason unless it is finished. What cannot be
/// written is tried again until it can, or the scheduler ends: the next one concludes the job then.
pub(crate) async fn conclude(store: &dyn Store, job: &mut JobInfo, ran: Option<Collected>) {
    let concluded = match ran {
        Some(mut ran) => {
            settle(store, job, &mut ran).await;
            Some(sum_up(job, ran, None))
        }
        None => None,
    };
    write_end(store, job, concluded).await;
}

async fn write_end(store: &dyn Store, job: &JobInfo, concluded: Option<Concluded>) {
    match concluded {
        None => write(job, || store.update_job(job)).await,
        Some(concluded) => {
            let conclusion = concluded.conclusion(job);
            write(job, || store.conclude(&conclusion)).await;
        }
    }
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
        let unwritten = aggregate_again(store, job.id, &mut reader, &mut aggregator).await;
        let unwritten = unwritten.inspect_err(|error| {
            tracing::warn!(job = %job.id, %error, "cannot read results of a job that was left behind");
        });
        // How far the load got is not known: what the agents have reported as due is what was due.
        let end_ns = duration_ns.min(u64::from(aggregator.complete_before_second()) * NS_PER_SECOND);
        ran = Some(Collected {
            aggregator,
            unwritten: unwritten.ok(),
            complete: reader.all_complete(),
            settlement: Settlement {
                end_ns: Some(end_ns),
                shares: orphaned_shares(&job, &reader),
                ..Settlement::default()
            },
            reader,
        });
    }
    if let Some(ran) = &mut ran {
        settle(store, &job, ran).await;
    }
    let mut concluded = ran.map(|ran| sum_up(&mut job, ran, None));
    if let Some(concluded) = &mut concluded {
        concluded.keep_numbers(stored_journal(store, job.id).await);
    }
    write_end(store, &job, concluded).await;
}

/// Reads the events and log lines that the process before has written, until the database answers: without them, they would be
/// written twice.
async fn stored_journal(store: &dyn Store, job: Uuid) -> StoredJournal {
    loop {
        match StoredJournal::read(store, job).await {
            Ok(stored) => return stored,
            Err(error) => {
                tracing::warn!(%job, %error, "cannot read the events of a job that was left behind, trying again");
                tokio::time::sleep(WRITE_PAUSE).await;
            }
        }
    }
}

/// The assignments of a job of which only the results are known.
fn orphaned_shares(job: &JobInfo, reader: &StatisticsReader) -> Vec<DueShare> {
    let known: Vec<ReadUpTo> = reader.read_up_to();
    let agents: BTreeSet<String> = known.iter().map(|read| read.agent.clone()).collect();
    let team = Team::new(&job.spec, agents.into_iter().map(|agent| (agent, 1)));
    let planned: BTreeMap<String, u64> = team.shares().into_iter().collect();
    let share = |read: ReadUpTo| DueShare {
        planned: if read.epoch == FIRST_EPOCH {
            planned.get(&read.agent).copied().unwrap_or(0)
        } else {
            0
        },
        agent: read.agent,
        epoch: read.epoch,
        ..DueShare::default()
    };
    known.into_iter().map(share).collect()
}

/// Aggregates a concluded job again, because results came later, and writes the next revision of its summary. Nothing
/// changes if it makes none.
///
/// # Errors
/// When the database does not answer.
pub(crate) async fn revise(store: &dyn Store, job: Uuid) -> Result<(), heavy_store::Error> {
    let found = store
        .jobs_with_prefix(&job.to_string(), 1)
        .await?
        .into_iter()
        .next();
    let (Some(mut job), Some(settled), Some(before)) =
        (found, store.settled(job).await?, store.summary(job).await?)
    else {
        return Ok(());
    };
    let settlement = settled.settlement;
    let load = match &settlement.revision {
        Some(revision) => revision.load(&job.spec.load()),
        None => job.spec.load(),
    };
    let mut aggregator = Aggregator::new(load, [])
        .watching(&job.spec.thresholds)
        .after(settled.written, before.events.clone());
    let mut reader = StatisticsReader::again(job.id, settled.read);
    let unwritten = aggregate_again(store, job.id, &mut reader, &mut aggregator).await?;
    let shares = settlement.shares.iter();
    let complete = reader.all_complete()
        && shares
            .clone()
            .all(|share| reader.is_complete(&share.agent, share.epoch));
    aggregator.settle(&settlement);
    mend_all(store, job.id, &mut aggregator).await?;
    let ran = Collected {
        aggregator,
        unwritten: Some(unwritten),
        complete,
        reader,
        settlement,
    };
    let concluded = sum_up(&mut job, ran, Some(&before));
    store.conclude(&concluded.conclusion(&job)).await?;
    if let Some(revision) = concluded.summary.revisions.last() {
        let (number, changes) = (revision.number, &revision.changes);
        tracing::info!(job = %job.id, number, changes, "late results: revised the summary");
    }
    Ok(())
}

/// What is written of a job that has ended, besides the job.
struct Concluded {
    update: SeriesUpdate,
    summary: Summary,
    settled: Settled,
    complete: bool,
    seen: u64,
}

impl Concluded {
    /// Leaves events and log lines that are stored as they are.
    fn keep_numbers(&mut self, stored: StoredJournal) {
        let (mut events, written) = stored.number(&mut self.update);
        events.truncate(MOST_EVENTS);
        self.summary.events = events;
        self.settled.written = written;
    }

    fn conclusion<'a>(&'a self, job: &'a JobInfo) -> Conclusion<'a> {
        Conclusion {
            job,
            update: &self.update,
            summary: &self.summary,
            settled: &self.settled,
            complete: self.complete,
            seen: self.seen,
        }
    }
}

/// Settles what is missing, in seconds that are known as a whole.
async fn settle(store: &dyn Store, job: &JobInfo, ran: &mut Collected) {
    ran.aggregator.settle(&ran.settlement);
    let mut failures = 0;
    while let Err(error) = mend_all(store, job.id, &mut ran.aggregator).await {
        if failures % COMPLAIN_EVERY == 0 {
            tracing::warn!(job = %job.id, %error, "cannot read seconds back, trying again");
        }
        failures += 1;
        tokio::time::sleep(WRITE_PAUSE).await;
    }
}

/// Fills in what results say of a job, once what is missing is settled; `before` is the summary of its last revision.
fn sum_up(job: &mut JobInfo, ran: Collected, before: Option<&Summary>) -> Concluded {
    let Collected {
        mut aggregator,
        unwritten,
        reader,
        complete,
        settlement,
    } = ran;
    let mut summary = aggregator.summary(job, &settlement.planned(), true);
    summary.missing.extend(reader.missing());
    if let Some(before) = before {
        keep_aborted(&mut summary, before);
    }
    let judgement = judge(&summary);
    job.degraded |= !complete || !summary.missing.is_empty() || !summary.iterations.balances();
    job.verdict = Some(judgement.verdict);
    match (job.state, judgement.verdict) {
        (JobState::Finished, _) => job.reason = judgement.reason,
        // Why it was stopped does not say what is wrong with its figures.
        (JobState::Stopped, Verdict::Invalid) => {
            let stopped = job.reason.split("; ").next().unwrap_or_default();
            job.reason = format!("{stopped}; {}", judgement.reason);
        }
        (JobState::Stopped, _) => {
            let stopped = job.reason.split("; ").next().unwrap_or_default();
            job.reason = stopped.to_owned();
        }
        _ => {}
    }
    if let Some(start_ns) = job.started_at_wall_ns {
        job.ended_at_wall_ns = Some(start_ns + (summary.run_time_s * 1e9) as u64);
    }
    (job.achieved_rate, job.load_s) = (summary.job.achieved_rate, summary.job.load_s);
    summary.warnings.extend(judgement.warnings);
    if !summary.missing.is_empty() {
        let warning = "some of the agents' results are missing: counts and percentiles are incomplete";
        summary.warnings.push(warning.to_owned());
    }
    summary.job = job.clone();
    let _ = number(&mut summary, before, wall_ns());
    let mut update = aggregator.take_changes(u32::MAX);
    if let Some(unwritten) = unwritten {
        merge(&mut update, unwritten);
    }
    Concluded {
        update,
        summary,
        settled: Settled {
            settlement,
            written: aggregator.written(),
            read: reader.read_up_to(),
        },
        complete,
        seen: reader.seen(),
    }
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
    newer.events.splice(0..0, older.events);
    newer.log.splice(0..0, older.log);
}

/// Tries a write until it succeeds.
async fn write<'a, F, W>(job: &JobInfo, attempt: F)
where
    F: Fn() -> W,
    W: Future<Output = Result<(), heavy_store::Error>> + 'a,
{
    let mut failures = 0;
    while let Err(error) = attempt().await {
        if error.is_fenced() {
            tracing::warn!(job = %job.id, %error, "left the end of the job alone");
            return;
        }
        if failures % COMPLAIN_EVERY == 0 {
            tracing::warn!(job = %job.id, %error, "cannot write the end of the job, trying again");
        }
        failures += 1;
        tokio::time::sleep(WRITE_PAUSE).await;
    }
}

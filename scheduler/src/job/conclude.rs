//! The end of a job: writes verdict, last summary and final state before it informs watchers.

use std::sync::Arc;
use std::time::Duration;

use heavy_process::clock::wall_ns;
use heavy_results::aggregate::{AgentSecondRow, Aggregator, SecondRow, SeriesUpdate};
use heavy_results::job::{JobInfo, JobState};
use heavy_results::revise::{keep_aborted, number};
use heavy_results::summary::Summary;
use heavy_results::verdict::{Verdict, judge};
use heavy_store::{Conclusion, Settled, StatisticsReader, Store, StoredJournal};
use uuid::Uuid;

use super::collecting::{Collected, are_complete};
use super::forgotten::{Reaggregation, mend_all};
use super::own_thread;

/// Events that a summary holds.
const MOST_EVENTS: usize = 1000;
pub(super) const WRITE_PAUSE: Duration = Duration::from_millis(500);
/// While the database is away, this many failures are not worth a line in the log.
const COMPLAIN_EVERY: u32 = 20;

/// Judges what ran and writes everything; `job` has its final state, and its reason unless it is finished. What cannot be
/// written is tried again until it can, or the scheduler ends: the next one concludes the job then.
pub(crate) async fn conclude(store: &dyn Store, job: &mut JobInfo, ran: Option<Collected>) {
    let Some(mut ran) = ran else {
        return write(job, || store.update_job(job)).await;
    };
    settle(store, job, &mut ran).await;
    let journal = if ran.is_again {
        let stored = until_answered(job.id, || StoredJournal::read(store, job.id)).await;
        Some(stored)
    } else {
        None
    };
    let mut concluded = sum_up(job, ran, None);
    if let Some(journal) = journal {
        concluded.keep_numbers(journal);
    }
    let conclusion = concluded.conclusion(job);
    write(job, || store.conclude(&conclusion)).await;
}

/// As [`conclude`], on a thread of its own: a summary of a long job takes a while, and one that breaks fails its job alone.
/// Returns the job as it was written.
pub(crate) async fn conclude_apart(store: &Arc<dyn Store>, job: JobInfo, ran: Option<Collected>) -> JobInfo {
    let (mut ended, its_store) = (job.clone(), Arc::clone(store));
    let work = async move {
        conclude(&*its_store, &mut ended, ran).await;
        ended
    };
    match own_thread::spawn("conclusion", work).await {
        Ok(ended) => ended,
        Err(_) => fail_broken(&**store, job).await,
    }
}

/// Ends a job whose results break whoever aggregates them.
pub(crate) async fn fail_broken(store: &dyn Store, mut job: JobInfo) -> JobInfo {
    tracing::error!(job = %job.id, "the aggregation of results broke");
    (job.state, job.degraded) = (JobState::Failed, true);
    "the scheduler could not aggregate the results: see its log".clone_into(&mut job.reason);
    conclude(store, &mut job, None).await;
    job
}

/// Reads what is needed to end a job, until the database answers.
pub(super) async fn until_answered<T, R>(job: Uuid, read: impl Fn() -> R) -> T
where
    R: Future<Output = Result<T, heavy_store::Error>>,
{
    let mut failures: u32 = 0;
    loop {
        match read().await {
            Ok(found) => return found,
            Err(error) => {
                if failures.is_multiple_of(COMPLAIN_EVERY) {
                    tracing::warn!(%job, %error, "cannot read what is stored of a job, trying again");
                }
                failures += 1;
                tokio::time::sleep(WRITE_PAUSE).await;
            }
        }
    }
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
    let aggregator = Aggregator::new(settlement.load(&job.spec.load()), [])
        .watching(&job.spec.thresholds)
        .after(settled.written, before.events.clone());
    let reader = StatisticsReader::again(job.id, settled.read);
    let mut again = Reaggregation::new(job.id, reader, aggregator);
    again.finish(store).await?;
    let (reader, mut aggregator, unwritten) = again.into_parts();
    let complete =
        reader.all_complete() && are_complete(&settlement, |agent, epoch| reader.is_complete(agent, epoch));
    aggregator.settle(&settlement);
    mend_all(store, job.id, &mut aggregator).await?;
    let ran = Collected {
        aggregator,
        unwritten: Some(unwritten),
        complete,
        reader,
        settlement,
        is_again: true,
        aborted: before.thresholds.clone(),
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
        aborted,
        ..
    } = ran;
    let mut summary = aggregator.summary(job, &settlement.planned(), true);
    summary.missing.extend(reader.missing());
    keep_aborted(&mut summary, &aborted);
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

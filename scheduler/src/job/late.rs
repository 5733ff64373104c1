//! Results that come after their job has ended: the job is aggregated again, and its summary gets its next revision.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use heavy_store::Store;
use tokio::time::{Instant, MissedTickBehavior, interval};
use uuid::Uuid;

use super::conclude::revise;
use super::own_thread;

const PERIOD: Duration = Duration::from_secs(2);
/// While results keep coming, a revision is made this often.
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// While the database is away, this many failures are not worth a line in the log.
const COMPLAIN_EVERY: u32 = 60;

/// Looks for late results, forever. A job is revised once nothing more of it has come for a period.
pub(crate) async fn watch_for_late_results(store: Arc<dyn Store>) {
    let mut ticks = interval(PERIOD);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut waiting: HashMap<Uuid, (u64, Instant)> = HashMap::new();
    let mut broken = HashSet::new();
    let mut failures = 0;
    loop {
        ticks.tick().await;
        match look(&store, &mut waiting, &mut broken).await {
            Ok(()) => failures = 0,
            Err(error) => {
                if failures % COMPLAIN_EVERY == 0 {
                    tracing::warn!(%error, "cannot look for late results, trying again");
                }
                failures += 1;
            }
        }
    }
}

/// Jobs in `broken` break whoever aggregates them: they are left alone.
async fn look(
    store: &Arc<dyn Store>,
    waiting: &mut HashMap<Uuid, (u64, Instant)>,
    broken: &mut HashSet<Uuid>,
) -> Result<(), heavy_store::Error> {
    let mut late = store.late_jobs().await?;
    late.retain(|(job, _)| !broken.contains(job));
    waiting.retain(|job, _| late.iter().any(|(id, _)| id == job));
    for (job, stored) in late {
        let (known, since) = waiting.entry(job).or_insert((0, Instant::now()));
        let is_quiet = *known == stored;
        *known = stored;
        if is_quiet || since.elapsed() >= LONGEST_WAIT {
            waiting.remove(&job);
            let its_store = Arc::clone(store);
            let work = async move { revise_own(&*its_store, job).await };
            match own_thread::spawn("revision", work).await {
                Ok(revised) => revised?,
                Err(_) => {
                    tracing::error!(%job, "the aggregation of late results broke: the job keeps its summary");
                    broken.insert(job);
                }
            }
        }
    }
    Ok(())
}

/// Revises all jobs with late results now.
///
/// # Errors
/// When the database does not answer.
pub async fn revise_late_jobs(store: &dyn Store) -> Result<(), heavy_store::Error> {
    for (job, _) in store.late_jobs().await? {
        revise_own(store, job).await?;
    }
    Ok(())
}

/// A job of another process that lives is its own to revise.
async fn revise_own(store: &dyn Store, job: Uuid) -> Result<(), heavy_store::Error> {
    match revise(store, job).await {
        Err(error) if error.is_fenced() => Ok(()),
        revised => revised,
    }
}

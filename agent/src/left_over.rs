//! Results that an agent which is gone has left on disk, delivered without an agent.

use std::path::Path;
use std::time::Duration;

use tokio::task::spawn_blocking;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::Error;
use crate::data_dir::AgentDirs;
use crate::deliver::Delivery;
use crate::disk_quota::DiskQuota;
use crate::recovery;

/// Delivers all results in the data directory of an agent that is gone, and removes those that the collector has committed.
/// Those of jobs that `is_known` does not know, which no collector takes, are removed too. Returns whether nothing is left;
/// after `limit` the rest stays on disk.
///
/// # Errors
/// When the directory cannot be used (an agent may still use it), or the URL is wrong.
pub async fn deliver_left_over<F>(
    data_dir: &Path,
    collector: &str,
    limit: Duration,
    is_known: impl Fn(String) -> F,
) -> Result<bool, Error>
where
    F: Future<Output = bool>,
{
    let dirs = AgentDirs::open(data_dir)?;
    let ends = CancellationToken::new();
    let (delivery, thread) = Delivery::start(collector, ends.clone()).map_err(Error::Thread)?;
    // Nothing is written but what is on this disk already, in a journal that is removed then.
    let quota = DiskQuota::new(u64::MAX);
    let mut outcomes = Vec::new();
    let (paths, taken) = (dirs.paths().clone(), quota.clone());
    let spools = spawn_blocking(move || recovery::left_over(&paths, &taken)).await;
    for spool in spools.unwrap_or_default() {
        if is_known(spool.producer.job.clone()).await {
            outcomes.push(delivery.take_over(spool).await);
        } else {
            tracing::warn!(
                job = spool.producer.job,
                "discarded results of a job that was deleted"
            );
            spool.remove();
        }
    }
    let all = async {
        for outcome in outcomes {
            // Refused ones stay on disk for people.
            let _ = outcome.await;
        }
    };
    let _ = timeout(limit, all).await;
    drop(delivery);
    ends.cancel();
    let spool = dirs.paths().spool();
    // The directory stays locked until nothing uses it any more.
    let _ = spawn_blocking(move || {
        let _ = thread.join();
        drop(dirs);
    })
    .await;
    Ok(std::fs::read_dir(spool).is_ok_and(|mut entries| entries.next().is_none()))
}

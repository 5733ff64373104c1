//! Commands with jobs of their own that are gone: the database's scheduler takes their jobs over.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use heavy_process::clock::monotonic_ns;
use heavy_store::Store;
use tokio::time::{MissedTickBehavior, interval};

use super::decision::{Beats, COMMAND_DEAD_AFTER_NS, DATABASE_SCHEDULER, RowWatch};
use crate::job::service::JobService;

const PERIOD: Duration = Duration::from_secs(1);

/// Looks at the rows of commands forever, and takes over the jobs of those that are silent for too long.
pub(crate) async fn take_over_dead_commands(store: Arc<dyn Store>, epoch: u64, jobs: Arc<JobService>) {
    let mut ticks = interval(PERIOD);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut watches = HashMap::new();
    let mut inherits = false;
    loop {
        ticks.tick().await;
        let done = async {
            inherits |= take_over_dead(&*store, epoch, &mut watches).await?;
            if inherits {
                jobs.inherit().await?;
                inherits = false;
            }
            Ok::<_, heavy_store::Error>(())
        };
        if let Err(error) = done.await
            && !error.is_fenced()
        {
            tracing::debug!(%error, "cannot look for commands that are gone");
        }
    }
}

/// Whether it has taken over jobs.
async fn take_over_dead(
    store: &dyn Store,
    epoch: u64,
    watches: &mut HashMap<u64, RowWatch>,
) -> Result<bool, heavy_store::Error> {
    let table = store.schedulers();
    let rows = table.scheduler_rows().await?;
    let mut found = false;
    watches.retain(|epoch, _| rows.iter().any(|row| row.epoch == *epoch));
    for row in rows {
        if row.epoch == epoch || row.claim.name == DATABASE_SCHEDULER {
            continue;
        }
        let beats = watches.entry(row.epoch).or_default().look(monotonic_ns(), &row);
        let is_dead = matches!(beats, Beats::Silent(ns) if ns >= COMMAND_DEAD_AFTER_NS);
        if is_dead && table.take_over(epoch, &row).await? {
            found = true;
            let claim = &row.claim;
            tracing::warn!(
                "`{}` on host {} (process {}) has not been heard of for {} s: taking over its jobs",
                claim.command,
                claim.host,
                claim.pid,
                COMMAND_DEAD_AFTER_NS / 1_000_000_000
            );
        }
    }
    Ok(found)
}

//! What commands that were killed have left in the data directory: their results are delivered, their jobs closed.

use std::sync::Arc;
use std::time::Duration;

use heavy_process::owners::{self, OwnerDir, OwnerRecord};
use heavy_store::Store;

use crate::output;

/// Results of one command may take this long; the rest is for the next command.
const DELIVERY_LIMIT: Duration = Duration::from_secs(15);

/// Recovers what others have left in the data directory of `own` that write to its database. What cannot be recovered now stays
/// for the next command.
pub(crate) async fn recover(own: &OwnerDir, store: &Arc<dyn Store>, collector: &str) {
    for gone in owners::abandoned(own.data_dir()) {
        let record = gone.record().clone();
        if record.database != own.record().database {
            drop_files(&gone);
            continue;
        }
        match close(gone, store, collector).await {
            Ok(()) => {}
            Err(problem) => output::note(&format!("note: {}: {problem}", what(&record))),
        }
    }
}

/// Removes the directory of a command that has ended, unless results or jobs in it need it.
pub(crate) async fn leave(own: OwnerDir, store: &dyn Store) {
    if !own.has_undelivered() && heavy_sched::may_be_removed(store, &own).await.unwrap_or(false) {
        remove(own);
    } else {
        drop_files(&own);
    }
}

async fn close(gone: OwnerDir, store: &Arc<dyn Store>, collector: &str) -> Result<(), String> {
    let is_gone = heavy_sched::is_gone(&**store, &gone).await;
    if !is_gone.map_err(|error| error.to_string())? {
        // A copy of a data directory whose process may live.
        return Ok(());
    }
    let agent = gone.agent_dir();
    let mut delivered = true;
    if agent.exists() {
        let is_known = |job: String| {
            let store = Arc::clone(store);
            // While the database does not answer, no results are given up.
            async move {
                let found = store.jobs_with_prefix(&job, 1).await;
                found.map_or(true, |found| !found.is_empty())
            }
        };
        let done = heavy_agent::deliver_left_over(&agent, collector, DELIVERY_LIMIT, is_known).await;
        delivered = done.map_err(|error| error.to_string())?;
    }
    let closed = heavy_sched::close_jobs(&**store, &gone).await;
    for job in closed.map_err(|error| error.to_string())? {
        output::note(&format!(
            "note: closed job {job}, which `{}` left unfinished",
            gone.record().command
        ));
    }
    if let Err(error) = heavy_sched::revise_late_jobs(&**store).await {
        output::note(&format!("note: cannot add late results to their jobs: {error}"));
    }
    if delivered {
        remove(gone);
    } else {
        let kept = agent.join("spool").display().to_string();
        drop_files(&gone);
        output::note(&format!(
            "note: results remain undelivered in {kept}: the next `heavy run` tries again"
        ));
    }
    Ok(())
}

fn remove(dir: OwnerDir) {
    let path = dir.path();
    if let Err(error) = dir.remove() {
        tracing::warn!(%error, path = %path.display(), "cannot remove a directory that is not needed any more");
    }
}

/// Removes what load tests and the cache of binaries take up.
fn drop_files(dir: &OwnerDir) {
    for part in ["work", "cache"] {
        let _ = std::fs::remove_dir_all(dir.agent_dir().join(part));
    }
}

fn what(record: &OwnerRecord) -> String {
    format!(
        "cannot recover what `{}` (process {}) has left",
        record.command, record.pid
    )
}

//! Deleting jobs, and what is said of it.

use heavy_api::document::{Prune, Pruned};
use heavy_load::span::Span;
use uuid::Uuid;

use super::output::{in_days, say};
use super::{Error, JobHome};

/// Deletes jobs in turn. All names are resolved before the first is deleted: `last` is another job after that.
pub(super) async fn delete(home: &dyn JobHome, names: &[String]) -> Result<(), Error> {
    let mut ids: Vec<Uuid> = Vec::new();
    for name in names {
        let id = home.get(name).await?.job.id;
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    for id in ids {
        let job = home.delete(&id.to_string()).await?;
        say(&format!("deleted job {}\n", job.id));
    }
    Ok(())
}

/// Deletes all jobs that ended that long ago, or only their rows.
pub(super) async fn prune(home: &dyn JobHome, older_than: Span, rows_only: bool) -> Result<(), Error> {
    let Pruned { jobs } = home
        .prune(&Prune {
            older_than,
            rows_only,
        })
        .await?;
    let what = if rows_only { "the rows of job" } else { "job" };
    for job in &jobs {
        say(&format!("deleted {what} {job}\n"));
    }
    if jobs.is_empty() {
        say(&format!(
            "no job to delete ended more than {} ago\n",
            in_days(older_than)
        ));
    }
    Ok(())
}

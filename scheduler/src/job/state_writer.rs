//! Writes a job's state to the results database, beside everything else: nobody who acts on the job waits for it.
//!
//! Only the newest state is kept, and it is tried again until the database takes it.

use std::sync::Arc;
use std::time::Duration;

use heavy_results::job::JobInfo;
use heavy_store::Store;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::sleep;

const PAUSE: Duration = Duration::from_millis(500);
/// While the database is away, this many failures are not worth a line in the log.
const COMPLAIN_EVERY: u32 = 20;

/// What the database has of a job.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct StoredState {
    /// The number of the newest state that it has.
    pub(crate) number: u64,
    /// Why the last attempt failed; empty if it did not.
    pub(crate) problem: String,
}

/// The writer of one job. It ends when this is dropped, after the attempt that is under way.
#[derive(Debug)]
pub(crate) struct StateWriter {
    newest: watch::Sender<(u64, JobInfo)>,
    stored: watch::Receiver<StoredState>,
    task: JoinHandle<()>,
}

impl StateWriter {
    /// A writer of a job that the database has as it is now.
    pub(crate) fn start(store: Arc<dyn Store>, job: JobInfo) -> Self {
        let (newest, changes) = watch::channel((0, job));
        let (stored_sender, stored) = watch::channel(StoredState::default());
        Self {
            newest,
            stored,
            task: tokio::spawn(write_changes(store, changes, stored_sender)),
        }
    }

    /// Has a state written, unless a newer one comes before.
    pub(crate) fn write(&self, job: JobInfo) {
        self.newest.send_modify(|newest| *newest = (newest.0 + 1, job));
    }

    /// The number of the newest state.
    pub(crate) fn number(&self) -> u64 {
        self.newest.borrow().0
    }

    /// What the database has now.
    pub(crate) fn stored(&self) -> StoredState {
        self.stored.borrow().clone()
    }

    /// Waits until the database has more, or an attempt has failed.
    pub(crate) async fn changed(&mut self) {
        if self.stored.changed().await.is_err() {
            std::future::pending().await
        }
    }

    /// Ends it: nothing is written later that it was given before.
    pub(crate) async fn close(self) {
        drop(self.newest);
        let _ = self.task.await;
    }
}

async fn write_changes(
    store: Arc<dyn Store>,
    mut changes: watch::Receiver<(u64, JobInfo)>,
    stored: watch::Sender<StoredState>,
) {
    let mut failures: u32 = 0;
    while changes.changed().await.is_ok() {
        loop {
            let (number, job) = changes.borrow_and_update().clone();
            let problem = match store.update_job(&job).await {
                Ok(()) => String::new(),
                Err(error) if error.is_fenced() => {
                    tracing::warn!(job = %job.id, %error, "left the job's state alone");
                    stored.send_modify(|stored| stored.problem = error.to_string());
                    return closed(&mut changes).await;
                }
                Err(error) => {
                    if failures.is_multiple_of(COMPLAIN_EVERY) {
                        tracing::warn!(job = %job.id, %error, "cannot write the job's state, trying again");
                    }
                    error.to_string()
                }
            };
            let is_stored = problem.is_empty();
            stored.send_modify(|stored| {
                if is_stored {
                    stored.number = number;
                }
                stored.problem = problem;
            });
            if is_stored {
                failures = 0;
                break;
            }
            failures += 1;
            tokio::select! {
                () = sleep(PAUSE) => {}
                () = closed(&mut changes) => return,
            }
        }
    }
}

async fn closed(changes: &mut watch::Receiver<(u64, JobInfo)>) {
    while changes.changed().await.is_ok() {}
}

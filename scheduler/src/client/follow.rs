//! Following a job to its end, and stopping it when somebody presses Ctrl-C.

use std::time::Duration;

use heavy_model::job::JobView;
use heavy_model::progress::Progress;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{Instant, sleep};

use super::{Error, Remote};

/// A scheduler that is gone may come back for so long.
const AWAY_LIMIT: Duration = Duration::from_secs(15);
const AWAY_PAUSE: Duration = Duration::from_millis(500);

/// Ctrl-C and SIGTERM, as they come; from the making of this value on they no longer end the process.
#[derive(Debug)]
pub struct Interrupts {
    interrupt: Signal,
    terminate: Signal,
}

impl Interrupts {
    /// Takes the signals over.
    ///
    /// # Errors
    /// When the system does not let it.
    pub fn take() -> std::io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    /// Waits for the next one.
    pub async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

/// What a follower is told.
#[derive(Debug)]
pub enum News<'a> {
    /// The job has come further.
    Progress(&'a Progress),
    /// The job is being stopped, with its grace, or now.
    Stopping {
        /// Without grace.
        now: bool,
    },
    /// The scheduler does not answer at the moment.
    Away,
}

/// Follows a job to its end and gives it with its summary. The first interrupt stops the job with its grace, the second
/// now, the third leaves it and gives what there is.
///
/// # Errors
/// When the scheduler goes away and does not come back.
pub async fn follow(
    remote: &Remote,
    job: &str,
    mut interrupts: Option<&mut Interrupts>,
    mut tell: impl FnMut(News<'_>),
) -> Result<JobView, Error> {
    let mut interrupted = 0;
    let mut away_since: Option<Instant> = None;
    loop {
        let broke = match remote.watch(job).await {
            Ok(mut watch) => loop {
                let next = tokio::select! {
                    next = watch.next() => next,
                    () = next_of(&mut interrupts) => {
                        interrupted += 1;
                        if interrupted > 2 {
                            return remote.get(job).await;
                        }
                        let now = interrupted == 2;
                        tell(News::Stopping { now });
                        remote.stop(job, now).await?;
                        continue;
                    }
                };
                match next {
                    Ok(Some(progress)) => {
                        away_since = None;
                        tell(News::Progress(&progress));
                        if progress.state.is_final() {
                            return remote.get(job).await;
                        }
                    }
                    Ok(None) => {
                        break Error::Usage("the scheduler ended before the job did".to_owned());
                    }
                    Err(error) => break error,
                }
            },
            Err(error @ (Error::Refused(_) | Error::Usage(_))) => return Err(error),
            Err(error) => error,
        };
        let since = *away_since.get_or_insert_with(|| {
            tell(News::Away);
            Instant::now()
        });
        if since.elapsed() >= AWAY_LIMIT {
            return Err(broke);
        }
        tokio::select! {
            () = sleep(AWAY_PAUSE) => {}
            () = next_of(&mut interrupts) => return Err(broke),
        }
    }
}

async fn next_of(interrupts: &mut Option<&mut Interrupts>) {
    match interrupts {
        Some(interrupts) => interrupts.next().await,
        None => std::future::pending().await,
    }
}

//! Following a job to its end, and stopping it when somebody presses Ctrl-C.

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::time::Duration;

use heavy_process::signals::Interrupts;
use heavy_results::job::JobView;
use heavy_results::progress::Progress;
use tokio::time::{Instant, sleep, timeout};

use super::home::JobHome as _;
use super::{Error, Remote};

/// Time within which a scheduler that is gone may come back.
const AWAY_LIMIT: Duration = Duration::from_secs(15);
const AWAY_PAUSE: Duration = Duration::from_millis(500);
/// Somebody who has interrupted three times waits no longer.
const LEAVE_LIMIT: Duration = Duration::from_secs(5);

/// What a follower learns.
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

/// Follows a job to its end and returns it with its summary. The first interrupt stops the job with its grace, the second
/// now, the third leaves it and returns what there is.
///
/// # Errors
/// When the scheduler goes away and does not come back; [`Error::Interrupted`] if the job was to be stopped.
pub async fn follow(
    remote: &Remote,
    job: &str,
    mut interrupts: Option<&mut Interrupts>,
    mut tell: impl FnMut(News<'_>),
) -> Result<JobView, Error> {
    let mut interrupted = 0;
    // Stops that the scheduler has not yet acknowledged.
    let mut stops = VecDeque::new();
    let mut away_since: Option<Instant> = None;
    // The id of the last snapshot.
    let mut last = None;
    loop {
        let pause = away_since.map(|_| AWAY_PAUSE);
        let step = tokio::select! {
            step = watch_on(remote, job, pause, &mut stops, (&mut away_since, &mut last), &mut tell) => step,
            () = next_of(&mut interrupts) => {
                interrupted += 1;
                if interrupted > 2 {
                    return leave(remote, job).await;
                }
                let now = interrupted == 2;
                tell(News::Stopping { now });
                stops.push_back(now);
                continue;
            }
        };
        let broke = match step {
            ControlFlow::Break(ended) => return ended,
            ControlFlow::Continue(broke) => broke,
        };
        let since = *away_since.get_or_insert_with(|| {
            tell(News::Away);
            Instant::now()
        });
        if since.elapsed() >= AWAY_LIMIT {
            return Err(if interrupted > 0 { runs_on(job) } else { broke });
        }
    }
}

/// Tells the scheduler of the stops, oldest first, and watches the job. Goes on with what broke if that may pass. It can
/// be dropped at any time: a stop that may not have arrived is sent again, which changes nothing.
async fn watch_on(
    remote: &Remote,
    job: &str,
    pause: Option<Duration>,
    stops: &mut VecDeque<bool>,
    (away_since, last): (&mut Option<Instant>, &mut Option<String>),
    tell: &mut impl FnMut(News<'_>),
) -> ControlFlow<Result<JobView, Error>, Error> {
    if let Some(pause) = pause {
        sleep(pause).await;
    }
    while let Some(now) = stops.front() {
        if let Err(error) = remote.stop(job, *now).await {
            return ControlFlow::Continue(error);
        }
        stops.pop_front();
    }
    let mut watch = match remote.watch(job, last.as_deref()).await {
        Ok(watch) => watch,
        Err(error @ (Error::Refused { .. } | Error::Usage(_))) => return ControlFlow::Break(Err(error)),
        Err(error) => return ControlFlow::Continue(error),
    };
    loop {
        match watch.next().await {
            Ok(Some(progress)) => {
                *away_since = None;
                *last = watch.last().map(str::to_owned);
                tell(News::Progress(&progress));
                if progress.state.is_final() {
                    return ControlFlow::Break(remote.get(job).await);
                }
            }
            Ok(None) => {
                let ended = "the stream ended before the job did".to_owned();
                return ControlFlow::Continue(remote.away(ended));
            }
            Err(error) => return ControlFlow::Continue(error),
        }
    }
}

/// The results so far of a job that the client stopped following.
async fn leave(remote: &Remote, job: &str) -> Result<JobView, Error> {
    match timeout(LEAVE_LIMIT, remote.get(job)).await {
        Ok(Ok(view)) => Ok(view),
        Ok(Err(_)) | Err(_) => Err(runs_on(job)),
    }
}

fn runs_on(job: &str) -> Error {
    Error::RunsOn { job: job.to_owned() }
}

async fn next_of(interrupts: &mut Option<&mut Interrupts>) {
    match interrupts {
        Some(interrupts) => interrupts.next().await,
        None => std::future::pending().await,
    }
}

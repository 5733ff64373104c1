//! Following a job to its end, and stopping it when somebody presses Ctrl-C.

use std::pin::Pin;
use std::time::Duration;

use heavy_api::document::ControlledJob;
use heavy_process::signals::Interrupts;
use heavy_results::job::JobView;
use heavy_results::progress::Progress;
use tokio::time::{Instant, sleep, timeout};

use super::home::JobHome as _;
use super::watch::Watch;
use super::{Error, Remote};

/// Time within which a scheduler that is gone may come back.
const AWAY_LIMIT: Duration = Duration::from_secs(15);
const AWAY_PAUSE: Duration = Duration::from_millis(500);
/// Somebody who has interrupted three times waits no longer.
const LEAVE_LIMIT: Duration = Duration::from_secs(2);

/// What a follower learns.
#[derive(Debug)]
pub enum News<'a> {
    /// The job has come further.
    Progress(&'a Progress),
    /// The scheduler is asked to stop the job, with its grace, or now.
    Stopping {
        /// Without grace.
        now: bool,
    },
    /// The scheduler has stopped the job, as far as this.
    Stopped(&'a ControlledJob),
    /// The scheduler has not stopped the job.
    NotStopped {
        /// Why.
        error: &'a Error,
        /// Whether it is asked again.
        again: bool,
    },
    /// The job is not followed any more.
    Leaving {
        /// The scheduler has acknowledged a stop.
        is_stopped: bool,
    },
    /// The scheduler does not answer at the moment.
    Away,
}

/// Follows a job to its end and returns it with its summary. The first interrupt stops the job with its grace, the second
/// now, the third leaves it and returns what there is.
///
/// # Errors
/// When the scheduler goes away and does not come back; [`Error::RunsOn`] if the job was to be stopped.
pub async fn follow(
    remote: &Remote,
    job: &str,
    mut interrupts: Option<&mut Interrupts>,
    mut tell: impl FnMut(News<'_>),
) -> Result<JobView, Error> {
    let mut stopping = Stopping::new(remote, job);
    let mut following = Following::new(remote, job);
    let mut away_since: Option<Instant> = None;
    loop {
        let step = tokio::select! {
            step = following.next() => step,
            answer = stopping.answer() => {
                match &answer {
                    Ok(stopped) => tell(News::Stopped(stopped)),
                    Err(error) => stopping.complain(|again| tell(News::NotStopped { error, again })),
                }
                continue;
            }
            () = next_of(&mut interrupts) => {
                if !stopping.press() {
                    let is_stopped = stopping.is_acknowledged;
                    tell(News::Leaving { is_stopped });
                    return leave(remote, job, is_stopped).await;
                }
                tell(News::Stopping { now: stopping.is_now() });
                continue;
            }
        };
        match step {
            Ok(Step::Progress(progress)) => {
                away_since = None;
                tell(News::Progress(&progress));
            }
            Ok(Step::Ended(view)) => return Ok(*view),
            Err(error) if !error.may_pass() => return Err(error),
            Err(error) => {
                let since = *away_since.get_or_insert_with(|| {
                    tell(News::Away);
                    Instant::now()
                });
                if since.elapsed() >= AWAY_LIMIT {
                    let is_interrupted = stopping.presses > 0;
                    return Err(if is_interrupted { runs_on(job) } else { error });
                }
            }
        }
    }
}

#[derive(Debug)]
enum Step {
    Progress(Box<Progress>),
    Ended(Box<JobView>),
}

/// The progress of a job, across streams.
#[derive(Debug)]
struct Following<'a> {
    remote: &'a Remote,
    job: &'a str,
    stream: Option<Watch>,
    /// The id of the last snapshot.
    last: Option<String>,
    is_away: bool,
    has_ended: bool,
}

impl<'a> Following<'a> {
    const fn new(remote: &'a Remote, job: &'a str) -> Self {
        Self {
            remote,
            job,
            stream: None,
            last: None,
            is_away: false,
            has_ended: false,
        }
    }

    /// What comes next; after an error that may pass, it can be asked again. It can be dropped at any time.
    async fn next(&mut self) -> Result<Step, Error> {
        let next = self.try_next().await;
        if next.is_err() {
            self.stream = None;
        }
        self.is_away = next.is_err();
        next
    }

    async fn try_next(&mut self) -> Result<Step, Error> {
        if self.is_away {
            sleep(AWAY_PAUSE).await;
        }
        if self.has_ended {
            let view = self.remote.get(self.job).await?;
            return Ok(Step::Ended(Box::new(view)));
        }
        let stream = match &mut self.stream {
            Some(stream) => stream,
            stream => stream.insert(self.remote.watch(self.job, self.last.as_deref()).await?),
        };
        let Some(progress) = stream.next().await? else {
            let ended = "the stream ended before the job did".to_owned();
            return Err(self.remote.away(ended));
        };
        self.last = stream.last().map(str::to_owned);
        self.has_ended = progress.state.is_final();
        Ok(Step::Progress(Box::new(progress)))
    }
}

type Answer = Result<ControlledJob, Error>;

/// The stops that somebody asks for, apart from the progress: each is sent at once, and until it is answered.
struct Stopping<'a> {
    remote: &'a Remote,
    job: &'a str,
    presses: u32,
    /// The newest stop, until the scheduler has answered it.
    asked: Option<Pin<Box<dyn Future<Output = Answer> + Send + 'a>>>,
    is_acknowledged: bool,
    has_complained: bool,
}

impl<'a> Stopping<'a> {
    const fn new(remote: &'a Remote, job: &'a str) -> Self {
        Self {
            remote,
            job,
            presses: 0,
            asked: None,
            is_acknowledged: false,
            has_complained: false,
        }
    }

    const fn is_now(&self) -> bool {
        self.presses > 1
    }

    /// Asks for a stop, the second time now; false for more.
    fn press(&mut self) -> bool {
        self.presses += 1;
        self.has_complained = false;
        let (remote, job, now) = (self.remote, self.job, self.is_now());
        // A stop that was not answered is replaced by a stricter one.
        self.asked = Some(Box::pin(remote.stop(job, now)));
        self.presses <= 2
    }

    /// The scheduler's answer; after an error the stop is sent again.
    async fn answer(&mut self) -> Answer {
        let Some(asked) = &mut self.asked else {
            return std::future::pending().await;
        };
        let answer = asked.await;
        self.is_acknowledged |= answer.is_ok();
        let (remote, job, now) = (self.remote, self.job, self.is_now());
        self.asked = match &answer {
            Err(error) if error.may_pass() => Some(Box::pin(async move {
                sleep(AWAY_PAUSE).await;
                remote.stop(job, now).await
            })),
            _ => None,
        };
        answer
    }

    /// Complains of a stop once, and says whether the scheduler is asked again.
    fn complain(&mut self, complain: impl FnOnce(bool)) {
        if !self.has_complained {
            self.has_complained = true;
            complain(self.asked.is_some());
        }
    }
}

/// The results so far of a job that the client stopped following.
async fn leave(remote: &Remote, job: &str, is_stopped: bool) -> Result<JobView, Error> {
    match timeout(LEAVE_LIMIT, remote.get(job)).await {
        Ok(Ok(view)) if is_stopped || view.job.state.is_final() => Ok(view),
        _ if is_stopped => Err(Error::Left { job: job.to_owned() }),
        _ => Err(runs_on(job)),
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

#[cfg(test)]
mod tests;

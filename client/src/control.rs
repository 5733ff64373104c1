//! The verbs that stop or change running jobs, and what each of them says was reached.

use std::path::Path;

use futures::future::join_all;
use heavy_api::document::{ControlledJob, NewRate, NoQuery};
use heavy_api::operation as op;
use heavy_load::exit_code;
use heavy_report::escape;
use heavy_results::job::JobState;
use reqwest::Body;
use serde_json::value::RawValue;

use super::error::LEASE;
use super::output::say;
use super::plan::read;
use super::remote::json;
use super::{CalledAs, Error, Remote};

/// Agents that are named one by one.
const MOST_NAMED: usize = 5;

/// A scheduler that may run jobs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ControlPlace {
    /// For messages: `the scheduler at URL`, or the command that runs a job.
    pub name: String,
    /// Its URL.
    pub url: String,
    /// Whether it is known to be there, so that no answer is a failure.
    pub is_there: bool,
}

/// What was not done when no scheduler answers.
pub(super) const STOPPED: &str = "stopped";
const CHANGED: &str = "changed";

pub(super) async fn stop(remote: &Remote, job: &str, now: bool) -> Result<(), Error> {
    let stopped = remote
        .stop(job, now)
        .await
        .map_err(|error| error.undone(STOPPED))?;
    say(&stopping(&stopped, now));
    Ok(())
}

pub(super) async fn stop_all_at(remote: &Remote, now: bool) -> Result<(), Error> {
    let stopped = remote
        .stop_all(now)
        .await
        .map_err(|error| error.undone(STOPPED))?;
    say(&all_stopping(&stopped, now, remote.url()));
    Ok(())
}

pub(super) async fn change_rate(remote: &Remote, job: &str, rate: &str) -> Result<(), Error> {
    let rate = json(&NewRate {
        rate: rate.to_owned(),
    })?;
    let changed = remote.control(op::ChangeRate, job, &NoQuery {}, rate).await;
    let changed = changed.map_err(|error| error.undone(CHANGED))?;
    let (id, planned) = (changed.job.id, changed.job.planned);
    say(&format!(
        "job {id} now plans {planned} iterations{}\n",
        reached(&changed)
    ));
    Ok(())
}

pub(super) async fn pause(remote: &Remote, job: &str, called: CalledAs) -> Result<(), Error> {
    let none = Body::default();
    let paused = remote.control(op::PauseJob, job, &NoQuery {}, none).await;
    let paused = paused.map_err(|error| error.undone(CHANGED))?;
    let (id, reached) = (paused.job.id, reached(&paused));
    say(&format!(
        "paused job {id}; resume it with `{called} resume {id}`{reached}\n"
    ));
    Ok(())
}

pub(super) async fn resume(remote: &Remote, job: &str) -> Result<(), Error> {
    let none = Body::default();
    let resumed = remote.control(op::ResumeJob, job, &NoQuery {}, none).await;
    let resumed = resumed.map_err(|error| error.undone(CHANGED))?;
    say(&format!("resumed job {}{}\n", resumed.job.id, reached(&resumed)));
    Ok(())
}

pub(super) async fn change_params(remote: &Remote, job: &str, file: &Path) -> Result<(), Error> {
    let params = json(&params(file)?)?;
    let changed = remote.control(op::ChangeParams, job, &NoQuery {}, params).await;
    let changed = changed.map_err(|error| error.undone(CHANGED))?;
    let (id, reached) = (changed.job.id, reached(&changed));
    say(&format!("the load tests of job {id} get new params{reached}\n"));
    Ok(())
}

/// Stops all jobs of several schedulers at once, with a line for each job and each scheduler that cannot be told; returns the
/// exit code: 0 only if one that is there was told, and none that is there was not.
pub async fn stop_all(places: &[ControlPlace], now: bool) -> u8 {
    let told = join_all(places.iter().map(async |place| {
        let stopped = async { Remote::connect(&place.url).await?.stop_all(now).await };
        match stopped.await {
            Ok(stopped) => {
                say(&all_stopping(&stopped, now, &place.name));
                true
            }
            Err(Error::Unreachable { problem, .. }) if !place.is_there => {
                say(&format!("{} does not answer: {problem}\n", place.name));
                true
            }
            Err(error) => {
                say(&format!(
                    "error: cannot stop the jobs of {}: {error}; {LEASE}\n",
                    place.name
                ));
                false
            }
        }
    }))
    .await;
    if told.into_iter().all(|told| told) {
        exit_code::PASS
    } else {
        exit_code::COULD_NOT_RUN
    }
}

fn all_stopping(stopped: &[ControlledJob], now: bool, place: &str) -> String {
    if stopped.is_empty() {
        return format!("no job is queued or running at {place}\n");
    }
    stopped.iter().map(|stopped| stopping(stopped, now)).collect()
}

/// What has become of a stop.
fn stopping(stopped: &ControlledJob, now: bool) -> String {
    let (id, state) = (stopped.job.id, stopped.job.state);
    let what = match state {
        JobState::Finished | JobState::Failed | JobState::Stopped => {
            return format!("job {id} has already ended: it is {}\n", state.as_str());
        }
        JobState::Queued => format!("stopped job {id}, which was queued"),
        JobState::Delivering if now => {
            return format!("job {id} waits for no more results; its load was already over\n");
        }
        JobState::Delivering => {
            return format!(
                "the load of job {id} is already over; `stop --now` ends the wait for its results\n"
            );
        }
        _ => format!("stopping job {id}"),
    };
    let how = if now { " now" } else { "" };
    format!("{what}{how}{}\n", reached(stopped))
}

/// What was reached, and what was not yet.
pub(super) fn reached(job: &ControlledJob) -> String {
    let silent = job.unacknowledged.len();
    let all = (job.agents as usize).max(silent);
    let mut text = match (all, silent) {
        (0, _) => String::new(),
        (1, 0) => ": its agent has acknowledged".to_owned(),
        (_, 0) => format!(": all {all} agents have acknowledged"),
        _ => format!(
            ": {} of {all} agents have acknowledged, not yet {}; without contact, their load ends within 10 s",
            all - silent,
            named(&job.unacknowledged)
        ),
    };
    if !job.is_stored {
        let why = match job.problem.as_str() {
            "" => "it has not answered yet".to_owned(),
            problem => escape(problem),
        };
        text.push_str(&format!(
            "\nnote: the results database does not have this yet ({why}); the scheduler stores it when the database is back"
        ));
    }
    text
}

fn named(agents: &[String]) -> String {
    let mut names: Vec<String> = agents.iter().take(MOST_NAMED).map(|name| escape(name)).collect();
    if agents.len() > MOST_NAMED {
        names.push(format!("{} more", agents.len() - MOST_NAMED));
    }
    names.join(", ")
}

fn params(file: &Path) -> Result<Box<RawValue>, Error> {
    serde_json::from_str(&read(file)?)
        .map_err(|error| Error::Usage(format!("params are not valid JSON: {error}")))
}

#[cfg(test)]
pub(super) mod tests {
    use heavy_results::job::{JobInfo, JobSpec};
    use uuid::Uuid;

    use super::*;

    pub(crate) fn controlled(state: JobState, agents: u32, unacknowledged: &[&str]) -> ControlledJob {
        let (rate, duration) = ("5".parse().unwrap(), "1s".parse().unwrap());
        let job = JobInfo {
            state,
            planned: 5,
            asked_rate: 5.0,
            ..JobInfo::queued(Uuid::nil(), JobSpec::new("a".repeat(64), rate, duration), 0)
        };
        ControlledJob {
            job,
            agents,
            unacknowledged: unacknowledged.iter().map(|name| (*name).to_owned()).collect(),
            is_stored: true,
            problem: String::new(),
        }
    }

    #[test]
    fn a_stop_says_what_it_has_reached() {
        let id = Uuid::nil();
        for (stopped, now, said) in [
            (
                controlled(JobState::Finished, 0, &[]),
                false,
                format!("job {id} has already ended: it is finished\n"),
            ),
            (
                controlled(JobState::Queued, 0, &[]),
                false,
                format!("stopped job {id}, which was queued\n"),
            ),
            (
                controlled(JobState::Running, 1, &[]),
                true,
                format!("stopping job {id} now: its agent has acknowledged\n"),
            ),
            (
                controlled(JobState::Running, 3, &["b"]),
                false,
                format!(
                    "stopping job {id}: 2 of 3 agents have acknowledged, not yet b; without contact, their load ends within 10 s\n"
                ),
            ),
        ] {
            assert_eq!(stopping(&stopped, now), said);
        }
    }

    #[test]
    fn what_is_not_stored_is_said_and_hostile_text_steers_nothing() {
        let mut stopped = controlled(
            JobState::Running,
            9,
            &["a\u{1b}[2J", "b", "c", "d", "e", "f", "g"],
        );
        stopped.is_stored = false;
        "timed\u{1b}out".clone_into(&mut stopped.problem);
        let said = stopping(&stopped, false);
        assert!(!said.contains('\u{1b}'), "{said}");
        assert!(
            said.contains("2 of 9 agents") && said.contains("e, 2 more;"),
            "{said}"
        );
        assert!(said.contains("does not have this yet (timed"), "{said}");
        assert_eq!(
            all_stopping(&[], false, "there"),
            "no job is queued or running at there\n"
        );
    }
}

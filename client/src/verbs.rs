//! The verbs of clients, what each needs and what it prints.

use heavy_load::exit_code;
use std::path::PathBuf;

use clap::Subcommand;
use clap::builder::FalseyValueParser;
use heavy_api::operation as op;
use heavy_load::span::Span;
use heavy_report::Style;
use heavy_results::job::CheckSpec;
use heavy_results::threshold::Threshold;

use super::configs::{self, ConfigVerb};
use super::control::{self, STOPPED};
use super::deletion;
use super::follow::{News, follow};
use super::listing::{self, JobsArgs};
use super::logs::{self, LogsArgs};
use super::output::{print, say, stdout_style};
use super::rerun::{self, RerunArgs};
use super::submit::{self, SubmitArgs, report};
use super::{CalledAs, Error, JobHome, ProgressDisplay, Remote, ReportFile, status, storage, tables};
use heavy_process::clock;
use heavy_process::signals::Interrupts;

/// Commands of a client.
#[derive(Debug, Clone, Subcommand)]
pub enum Verb {
    /// Run a load test on the agents and print its results
    Submit(Box<SubmitArgs>),
    /// Run a job again, with the same binary and configuration
    Rerun(Box<RerunArgs>),
    /// Save, list, show and delete named configurations
    #[command(subcommand)]
    Config(ConfigVerb),
    /// List the newest jobs
    Jobs(JobsArgs),
    /// Show a job and its results so far in five lines; without a job, where data is and how much space it takes
    Status {
        /// Job: an id, a unique prefix of an id, or `last`
        job: Option<String>,
        /// Show every figure instead of five lines
        #[arg(long, env = "HEAVY_FULL", value_parser = FalseyValueParser::new())]
        full: bool,
        /// Print JSON
        #[arg(long, env = "HEAVY_JSON", value_parser = FalseyValueParser::new())]
        json: bool,
    },
    /// Follow a job to its end and print its results; Ctrl-C leaves it running
    ///
    /// Exit codes: 0 PASS, 99 FAIL, 98 INVALID, 1 the job could not run, 2 wrong usage, 130 the job was stopped, or
    /// Ctrl-C ended watching.
    Watch {
        /// Job: an id, a unique prefix of an id, or `last`
        job: String,
        /// Print the summary as JSON
        #[arg(long, env = "HEAVY_JSON", value_parser = FalseyValueParser::new())]
        json: bool,
        /// Show every figure instead of a summary of one screen
        #[arg(long, env = "HEAVY_FULL", value_parser = FalseyValueParser::new())]
        full: bool,
        /// Also write a report when the job has ended, such as html=report.html (can be repeated)
        #[arg(long, value_name = "FORMAT=FILE", env = "HEAVY_REPORT")]
        report: Vec<ReportFile>,
    },
    /// Print what a job's load tests wrote: when, on which agent, to stdout or stderr
    Logs(LogsArgs),
    /// Stop a job; running iterations get their grace period
    ///
    /// The scheduler stops the load before it asks the results database. Where no scheduler answers, nothing is stopped and the
    /// exit code is 1; the agents of a scheduler that is gone end their load by themselves within 10 s.
    Stop {
        /// Job: an id, a unique prefix of an id, or `last`
        #[arg(required_unless_present = "all", conflicts_with = "all")]
        job: Option<String>,
        /// Stop all queued and running jobs
        #[arg(long, env = "HEAVY_ALL", value_parser = FalseyValueParser::new())]
        all: bool,
        /// Cut off running iterations at once and wait for their results; of a job that waits for results only, end the wait
        #[arg(long, env = "HEAVY_NOW", value_parser = FalseyValueParser::new())]
        now: bool,
    },
    /// Delete jobs that have ended, with their rows, statistics and reports
    Delete {
        /// Job: an id, a unique prefix of an id, or `last` (can be repeated)
        #[arg(required = true, value_name = "JOB")]
        jobs: Vec<String>,
    },
    /// Delete all jobs that ended some time ago, or only their rows
    Prune {
        /// Minimum time since the end of a job, such as 30d or 12h
        #[arg(long, value_name = "D", env = "HEAVY_OLDER_THAN")]
        older_than: Span,
        /// Delete the rows of requests and iterations; keep jobs, statistics and reports
        #[arg(long, env = "HEAVY_ROWS_ONLY", value_parser = FalseyValueParser::new())]
        rows_only: bool,
    },
    /// Change the rate of a running job from now to its end
    Rate {
        /// Job: an id, a unique prefix of an id, or `last`
        job: String,
        /// New rate (500, 6000/m) or a change of the rate (+10%, -25%)
        #[arg(allow_hyphen_values = true)]
        rate: String,
    },
    /// Pause a running job: no iteration starts, and its clock stops
    Pause {
        /// Job: an id, a unique prefix of an id, or `last`
        job: String,
    },
    /// Resume a paused job
    Resume {
        /// Job: an id, a unique prefix of an id, or `last`
        job: String,
    },
    /// Send new params to the load tests of a running job
    Params {
        /// Job: an id, a unique prefix of an id, or `last`
        job: String,
        /// File with the params as JSON; - for stdin
        file: PathBuf,
    },
    /// Evaluate a job's thresholds, or others; exit code 0 if all pass, else 99
    Check {
        /// Job: an id, a unique prefix of an id, or `last`
        job: String,
        /// Threshold to use instead of the job's own, such as 'http_req_duration: p(95)<500' (can be repeated)
        #[arg(long = "threshold", value_name = "EXPR", env = "HEAVY_THRESHOLD")]
        thresholds: Vec<Threshold>,
        /// Print JSON
        #[arg(long, env = "HEAVY_JSON", value_parser = FalseyValueParser::new())]
        json: bool,
    },
    /// List the connected agents
    Agents {
        /// Print JSON
        #[arg(long, env = "HEAVY_JSON", value_parser = FalseyValueParser::new())]
        json: bool,
    },
}

/// The service that a verb requires.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// Any [`JobHome`]: a results database will do.
    JobHome,
    /// Any scheduler: one that is started for this verb will do.
    AnyScheduler,
    /// The scheduler that has the job or the agents.
    Scheduler,
}

impl Verb {
    /// The job that the verb follows or changes, at the scheduler that runs it.
    pub const fn running_job(&mut self) -> Option<&mut String> {
        match self {
            Self::Stop { job, .. } => job.as_mut(),
            Self::Watch { job, .. }
            | Self::Rate { job, .. }
            | Self::Pause { job }
            | Self::Resume { job }
            | Self::Params { job, .. } => Some(job),
            _ => None,
        }
    }

    /// The service that the verb requires.
    #[must_use]
    pub const fn needs(&self) -> Needs {
        match self {
            Self::Jobs(_)
            | Self::Status { .. }
            | Self::Check { .. }
            | Self::Logs(_)
            | Self::Delete { .. }
            | Self::Prune { .. } => Needs::JobHome,
            Self::Rerun(_) | Self::Config(_) => Needs::AnyScheduler,
            _ => Needs::Scheduler,
        }
    }
}

/// Runs a verb that requires only a [`JobHome`]; returns the exit code.
///
/// # Errors
/// As [`run`], and when the verb needs a scheduler.
pub async fn look(verb: &Verb, home: &dyn JobHome) -> Result<u8, Error> {
    match verb {
        Verb::Jobs(args) => listing::show(args, &home.list(args.limit).await?)?,
        Verb::Status { job: None, json, .. } => {
            let storage = home.storage().await?;
            print(*json, &storage, || storage::text(&storage))?;
        }
        Verb::Status {
            job: Some(job),
            json,
            full,
        } => {
            let view = home.get(job).await?;
            print(*json, &view, || status::text(&view, *full))?;
        }
        Verb::Check {
            job,
            thresholds,
            json,
        } => return check(home, job, thresholds, *json).await,
        Verb::Logs(args) => logs::run(home, args).await?,
        Verb::Delete { jobs } => deletion::delete(home, jobs).await?,
        &Verb::Prune {
            older_than,
            rows_only,
        } => deletion::prune(home, older_than, rows_only).await?,
        _ => {
            return Err(Error::Usage(
                "this command requires a scheduler: use --scheduler URL".to_owned(),
            ));
        }
    }
    Ok(exit_code::PASS)
}

/// Runs a verb at a scheduler; returns the exit code. `full_report` is the command that prints a job's full report, up to the
/// job's id.
///
/// # Errors
/// When it could not be done; [`Error::exit_code`] says with which code to end, [`Error::message_for`] what to print.
pub async fn run(verb: &Verb, called: CalledAs, scheduler: &str, full_report: &str) -> Result<u8, Error> {
    match verb {
        Verb::Submit(args) => return submit::run(args, scheduler, full_report).await,
        Verb::Rerun(args) => return rerun::run(args, scheduler, full_report).await,
        Verb::Config(verb) => return configs::run(verb, scheduler).await,
        _ => {}
    }
    let remote = match Remote::connect(scheduler).await {
        Err(error) if matches!(verb, Verb::Stop { .. }) => return Err(error.undone(STOPPED)),
        connected => connected?,
    };
    match verb {
        Verb::Stop { all: true, now, .. } => control::stop_all_at(&remote, *now).await?,
        Verb::Stop {
            job: Some(job), now, ..
        } => control::stop(&remote, job, *now).await?,
        Verb::Rate { job, rate } => control::change_rate(&remote, job, rate).await?,
        Verb::Pause { job } => control::pause(&remote, job, called).await?,
        Verb::Resume { job } => control::resume(&remote, job).await?,
        Verb::Params { job, file } => control::change_params(&remote, job, file).await?,
        Verb::Watch {
            job,
            json,
            full,
            report,
        } => {
            let style = stdout_style(*full, full_report);
            return watch(&remote, job, &ReportFile::checked(report, *json)?, called, &style).await;
        }
        Verb::Jobs(args) => listing::show_at(&remote, args).await?,
        Verb::Agents { json } => {
            let agents = remote.ask(op::ListAgents, "").await?;
            print(*json, &agents, || tables::agents(&agents, clock::wall_ns()))?;
        }
        _ => return look(verb, &remote).await,
    }
    Ok(exit_code::PASS)
}

async fn check(home: &dyn JobHome, job: &str, thresholds: &[Threshold], json: bool) -> Result<u8, Error> {
    let thresholds = thresholds.to_vec();
    let checked = home.check(job, &CheckSpec { thresholds }).await?;
    print(json, &checked, || {
        heavy_report::thresholds(&checked.thresholds, &stdout_style(false, ""))
    })?;
    Ok(if checked.passed {
        exit_code::PASS
    } else {
        exit_code::FAIL
    })
}

async fn watch(
    remote: &Remote,
    job: &str,
    reports: &[ReportFile],
    called: CalledAs,
    style: &Style,
) -> Result<u8, Error> {
    // `last` may be another job when the stream has to be opened again.
    let id = remote.get(job).await?.job.id.to_string();
    let mut interrupts = Interrupts::take()?;
    let mut display = ProgressDisplay::default();
    let view = tokio::select! {
        view = follow(remote, &id, None, |news: News<'_>| display.show(&news)) => view,
        () = interrupts.next() => {
            display.clear();
            say(&format!("the job runs on; stop it with `{called} stop {id}`\n"));
            return Ok(exit_code::INTERRUPTED);
        }
    };
    display.clear();
    Ok(report(&view?, reports, style))
}

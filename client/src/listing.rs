//! The list of jobs; while their results database does not answer, those that schedulers have in memory.

use std::time::Duration;

use clap::Args;
use clap::builder::FalseyValueParser;
use heavy_api::error::ApiErrorKind;
use heavy_process::clock;
use heavy_report::escape;
use heavy_results::job::JobInfo;
use tokio::time::timeout;

use super::home::JobHome as _;
use super::output::{print, say};
use super::{Error, Remote, tables};

/// A list that takes longer is one of memory.
pub const LIST_LIMIT: Duration = Duration::from_secs(5);

/// Which jobs to list.
#[derive(Debug, Clone, Args)]
pub struct JobsArgs {
    /// Maximum number of jobs
    #[arg(long, value_name = "N", env = "HEAVY_LIMIT", default_value_t = Self::LIMIT)]
    pub limit: u32,
    /// Print JSON
    #[arg(long, env = "HEAVY_JSON", value_parser = FalseyValueParser::new())]
    pub json: bool,
}

impl JobsArgs {
    /// How many jobs are listed by default.
    pub const LIMIT: u32 = 20;
}

pub(super) fn show(args: &JobsArgs, jobs: &[JobInfo]) -> Result<(), Error> {
    print(args.json, &jobs, || tables::jobs(jobs, clock::wall_ns()))
}

pub(super) async fn show_at(remote: &Remote, args: &JobsArgs) -> Result<(), Error> {
    let problem = match timeout(LIST_LIMIT, remote.list(args.limit)).await {
        Ok(Err(Error::Refused {
            kind: Some(ApiErrorKind::Database),
            message,
        })) => message,
        Ok(listed) => return show(args, &listed?),
        Err(_) => format!("no answer for {} s", LIST_LIMIT.as_secs()),
    };
    show_running(args, remote.running().await?, &problem)
}

/// Prints the jobs that schedulers have in memory, newest first, and on stderr why there are no others.
///
/// # Errors
/// When they cannot be printed.
pub fn show_running(args: &JobsArgs, mut jobs: Vec<JobInfo>, problem: &str) -> Result<(), Error> {
    say(&format!(
        "note: the results database does not answer ({}): only queued and running jobs are listed\n",
        escape(problem)
    ));
    jobs.truncate(args.limit as usize);
    if jobs.is_empty() && !args.json {
        say("no job is queued or running\n");
        return Ok(());
    }
    show(args, &jobs)
}

//! The verbs of `heavy-sched`, and reading the local data dir where no scheduler answers.

use std::process::ExitCode;

use heavy_client::{self, Error, JobsArgs, Remote, Verb};
use heavy_results::job::CheckSpec;

use crate::data_location::DataLocation;
use crate::exit::{CommandResult, Failure};
use crate::local::{EPHEMERAL, Local};
use crate::table::{AnswerFormat, jobs_table};
use crate::{job_name, output};

/// Where a scheduler is looked for unless it was said.
pub(crate) const DEFAULT_SCHEDULER: &str = "http://127.0.0.1:7700";

/// Does what the verb says, at the scheduler that was named, or at the default one, or (if reading is enough and
/// nobody answers there) in the local database.
pub(crate) async fn run(verb: Verb, scheduler: Option<String>, data: &DataLocation) -> CommandResult {
    if scheduler.is_none() && reads(&verb) && (data.is_given() || !answers().await) {
        return read(&verb, data).await;
    }
    if scheduler.is_none() && serves_itself(&verb) && (data.is_given() || !answers().await) {
        if matches!(&verb, Verb::Rerun(args) if args.detach) {
            return Err(Failure::usage(
                "--detach leaves the job to a scheduler, and none answers: start one with `heavy up`, or leave --detach out",
            ));
        }
        let local = Local::start(data, EPHEMERAL).await?;
        let code = heavy_client::run(&verb, &local.scheduler_url()).await;
        local.stop().await;
        return Ok(ExitCode::from(code?));
    }
    let scheduler = scheduler.as_deref().unwrap_or(DEFAULT_SCHEDULER);
    Ok(ExitCode::from(heavy_client::run(&verb, scheduler).await?))
}

/// Whether a scheduler answers at the default address.
pub(crate) async fn answers() -> bool {
    !matches!(
        Remote::connect(DEFAULT_SCHEDULER).await,
        Err(Error::Unreachable { .. })
    )
}

/// Whether a scheduler in this process will do, with what the data dir holds.
const fn serves_itself(verb: &Verb) -> bool {
    matches!(verb, Verb::Rerun(_) | Verb::Config(_))
}

const fn reads(verb: &Verb) -> bool {
    matches!(verb, Verb::Jobs(_) | Verb::Status { .. } | Verb::Check { .. })
}

async fn read(verb: &Verb, data: &DataLocation) -> CommandResult {
    let store = data.open().await?;
    match verb {
        Verb::Jobs(JobsArgs { limit, json }) => {
            let jobs = store.jobs(*limit).await?;
            output::print(&if *json {
                as_json(&jobs)?
            } else {
                AnswerFormat::Table.render(&jobs_table(&jobs))
            })?;
        }
        Verb::Status { job, json } => {
            let job = job_name::find(&*store, job).await?;
            let summary = store.summary(job.id).await?;
            let text = match &summary {
                Some(summary) if !json => heavy_report::text(summary, &output::style(false)),
                None if !json => AnswerFormat::Table.render(&jobs_table(&[job])),
                _ => as_json(&heavy_results::job::JobView { job, summary })?,
            };
            output::print(&text)?;
        }
        Verb::Check {
            job,
            thresholds,
            json,
        } => {
            let job = job_name::find(&*store, job).await?;
            let spec = CheckSpec {
                thresholds: thresholds.clone(),
            };
            let checked =
                heavy_sched::check(store, &job, spec.of(&job.spec).map_err(Failure::usage)?).await?;
            output::print(&if *json {
                as_json(&checked)?
            } else {
                heavy_report::thresholds(&checked.thresholds, &output::style(false))
            })?;
            return Ok(ExitCode::from(heavy_client::exit::of_check(&checked)));
        }
        Verb::Submit(_)
        | Verb::Rerun(_)
        | Verb::Config(_)
        | Verb::Watch { .. }
        | Verb::Stop { .. }
        | Verb::Rate { .. }
        | Verb::Pause { .. }
        | Verb::Resume { .. }
        | Verb::Params { .. }
        | Verb::Agents { .. } => {}
    }
    Ok(ExitCode::SUCCESS)
}

fn as_json(value: &impl serde::Serialize) -> anyhow::Result<String> {
    Ok(serde_json::to_string_pretty(value)? + "\n")
}

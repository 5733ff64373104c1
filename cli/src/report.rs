//! `heavy report`: renders the summary of a job.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::builder::{FalseyValueParser, PossibleValuesParser};
use heavy_client::{JobHome as _, Remote, ReportFile, stdout_style};
use heavy_load::exit_code::COULD_NOT_RUN;
use heavy_report::ReportFormat;
use heavy_results::job::{JobInfo, JobView};

use crate::data_location::DataLocation;
use crate::exit::{CommandFailure, CommandResult};
use crate::output;
use crate::places::{JobOwner, Places};

#[derive(Debug, clap::Args)]
pub(crate) struct ReportArgs {
    /// Job: an id, a unique prefix of an id, or `last`
    job: String,
    /// Format of the report
    #[arg(long, value_parser = PossibleValuesParser::new(ReportFormat::ALL.map(ReportFormat::as_str)), default_value = "text")]
    format: String,
    /// File to write to instead of stdout
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Also write a report to a file, in any format: html=report.html (can be repeated)
    #[arg(long, value_name = "FORMAT=FILE", env = "HEAVY_REPORT")]
    report: Vec<ReportFile>,
    /// Show every figure instead of a summary of one screen
    #[arg(long, env = "HEAVY_FULL", value_parser = FalseyValueParser::new())]
    full: bool,
}

pub(crate) async fn run(args: ReportArgs, scheduler: Option<String>, data: &DataLocation) -> CommandResult {
    let format: ReportFormat = args.format.parse().map_err(CommandFailure::usage)?;
    for report in &args.report {
        report.check()?;
    }
    let full_report = data.full_report(scheduler.as_deref());
    let view = find(&args.job, scheduler, data).await?;
    let summary = view.summary.ok_or_else(|| without_results(&view.job))?;
    if !args.report.iter().any(ReportFile::is_stdout) {
        let mut style = stdout_style(args.full, full_report);
        style.colour &= args.output.is_none();
        let text = format.render(&summary, &style);
        output::deliver(&text, args.output.as_deref())?;
    }
    if ReportFile::write_all(&args.report, &summary) {
        Ok(ExitCode::SUCCESS)
    } else {
        Ok(ExitCode::from(COULD_NOT_RUN))
    }
}

/// Finds a job at the given scheduler; else in the results database; else wherever jobs are.
async fn find(job: &str, scheduler: Option<String>, data: &DataLocation) -> Result<JobView, CommandFailure> {
    if let Some(url) = scheduler {
        let view = Remote::connect(&url).await?.get(job).await?;
        output::note(&format!("{} from the scheduler at {url}", named(&view.job)));
        return Ok(view);
    }
    // As every command that reads rows does.
    if let Ok(home) = data.job_home().await
        && let Ok(view) = home.get(job).await
    {
        output::reading(&named(&view.job), data)?;
        return Ok(view);
    }
    let places = Places::find(data).await?;
    let (view, owner) = places.owner(job).await?;
    if let JobOwner::Scheduler(url) = owner {
        output::note(&format!("{} from the scheduler at {url}", named(&view.job)));
    }
    Ok(view)
}

/// A job for messages about what is read.
fn named(job: &JobInfo) -> String {
    format!("job {} ({})", job.id, job.spec.shown_name())
}

fn without_results(job: &JobInfo) -> CommandFailure {
    let reason = if job.reason.is_empty() {
        "none have arrived yet"
    } else {
        &job.reason
    };
    CommandFailure::new(format!(
        "job {} is {} and has no results: {}",
        job.id,
        job.state.as_str(),
        heavy_report::escape(reason)
    ))
}

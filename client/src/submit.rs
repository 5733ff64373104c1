//! `submit`: check, plan, upload, run, report.

use heavy_load::exit_code;
use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use clap::builder::FalseyValueParser;
use heavy_api::operation as op;
use heavy_report::Style;
use heavy_results::job::{JobInfo, JobState, JobView};
use heavy_results::summary::Summary;

use super::follow::follow;
use super::output::{print_text, say, stdout_style};
use super::{
    Error, FileFlags, LoadFlags, Plan, Program, ProgressDisplay, Remote, ReportFile, TeamFlags, announce,
    exit, plan,
};
use heavy_process::signals::Interrupts;

/// What to submit.
#[derive(Debug, Clone, Args)]
pub struct SubmitArgs {
    /// Path of the compiled load test
    pub binary: PathBuf,
    /// Return as soon as the job is queued, and print its id
    #[arg(long, env = "HEAVY_DETACH", value_parser = FalseyValueParser::new())]
    pub detach: bool,
    /// Print the summary as JSON
    #[arg(long, env = "HEAVY_JSON", value_parser = FalseyValueParser::new())]
    pub json: bool,
    /// Show every figure instead of a summary of one screen
    #[arg(long, env = "HEAVY_FULL", value_parser = FalseyValueParser::new())]
    pub full: bool,
    /// Start from a configuration on the scheduler; flags override it
    #[arg(long, value_name = "NAME", env = "HEAVY_CONFIG", conflicts_with = "file")]
    pub config: Option<String>,
    /// Workflows and agents.
    #[command(flatten)]
    pub team: TeamFlags,
    /// Files of the load test.
    #[command(flatten)]
    pub files: FileFlags,
    /// Load and results.
    #[command(flatten)]
    pub load: LoadFlags,
}

pub(crate) async fn run(args: &SubmitArgs, scheduler: &str, full_report: &str) -> Result<u8, Error> {
    let program = Program::open(&args.binary)?;
    let files = args.files.gather()?;
    let mut early = None;
    let mut plan = match &args.config {
        None => args.load.to_plan(&program, None)?,
        Some(name) => {
            let remote = Remote::connect(scheduler).await?;
            let plan = plan_of_config(&remote, name, &args.load, &program).await?;
            early = Some(remote);
            plan
        }
    };
    args.team.apply(&mut plan.spec);
    plan::check(&plan.spec)?;
    plan.take_along(files)?;
    let reports = ReportFile::checked(&args.load.report, args.json)?;
    // Taken before there is a job, so that there is no moment in which Ctrl-C would leave one behind.
    let mut interrupts = Interrupts::take()?;
    let remote = match early {
        Some(remote) => remote,
        None => interrupts.race(Remote::connect(scheduler)).await??,
    };
    if args.detach {
        interrupts
            .race(remote.upload_all(&program, &plan.files))
            .await??;
        return detach(&remote, &plan).await;
    }
    let view = run_plan(&remote, &program, &plan, &mut interrupts).await?;
    Ok(report(&view, &reports, &stdout_style(args.full, full_report)))
}

/// Submits a job whose program the scheduler has, and prints its id; returns the exit code.
pub(super) async fn detach(remote: &Remote, plan: &Plan) -> Result<u8, Error> {
    let job = remote.submit(&plan.spec).await?;
    say(&announce(plan, Some(job)));
    writeln!(std::io::stdout().lock(), "{job}")?;
    Ok(exit_code::PASS)
}

/// The plan from a configuration on the scheduler and flags; flags override it.
///
/// # Errors
/// When the configuration does not exist, or cannot be used with these flags.
pub async fn plan_of_config(
    remote: &Remote,
    name: &str,
    load: &LoadFlags,
    program: &Program,
) -> Result<Plan, Error> {
    let kept = remote.ask(op::GetConfig, name).await?;
    let run = kept.run().map_err(|error| {
        Error::Usage(format!(
            "the configuration {name} cannot be used: {error}; save it again"
        ))
    })?;
    let mut plan = Plan::for_program(load.merge(&run)?, program, &program.file)?;
    plan.notes.push(format!("configuration {name}"));
    Ok(plan)
}

/// Uploads and submits, shows the plan and the progress on stderr, and returns the outcome. Interrupts stop the job.
///
/// # Errors
/// When the scheduler refuses the job, or goes away and does not come back.
pub async fn run_plan(
    remote: &Remote,
    program: &Program,
    plan: &Plan,
    interrupts: &mut Interrupts,
) -> Result<JobView, Error> {
    interrupts.race(remote.upload_all(program, &plan.files)).await??;
    run_uploaded(remote, plan, interrupts).await
}

/// As [`run_plan`], of a program and files that the scheduler has already.
pub(super) async fn run_uploaded(
    remote: &Remote,
    plan: &Plan,
    interrupts: &mut Interrupts,
) -> Result<JobView, Error> {
    // Not broken off, since there may be a job already: an interrupt now is seen as soon as the job can be stopped.
    let job = remote.submit(&plan.spec).await?;
    say(&announce(plan, Some(job)));
    let mut display = ProgressDisplay::default();
    let ended = follow(remote, &job.to_string(), Some(interrupts), |news| {
        display.show(&news)
    })
    .await;
    display.clear();
    ended
}

/// Prints the text in this style, unless a report goes to stdout, then writes the reports that were asked for, and returns the
/// exit code: that of the job's verdict, or 1 if it would be 0 and something could not be written. A job that never ran has
/// its reason on stderr, and reports of nothing.
#[must_use]
pub fn report(view: &JobView, reports: &[ReportFile], style: &Style) -> u8 {
    let is_printed = match &view.summary {
        Some(summary) => reports.iter().any(ReportFile::is_stdout) || show(summary, style),
        None => {
            show_reason(&view.job);
            true
        }
    };
    // A reader that waits for a file (a CI server, say) finds the reason of a job that never ran there too.
    let nothing = || Summary::without_results(view.job.clone());
    let summary = view.summary.clone().unwrap_or_else(nothing);
    let are_written = ReportFile::write_all(reports, &summary);
    match exit::of_job(&view.job) {
        exit_code::PASS if !(is_printed && are_written) => exit_code::COULD_NOT_RUN,
        code => code,
    }
}

/// Says why a job has no results.
fn show_reason(job: &JobInfo) {
    // Output of a load test may be in it: its lines stay, all else that could steer the terminal is escaped.
    let reason: Vec<String> = job.reason.lines().map(heavy_report::escape).collect();
    let outcome = match job.state {
        JobState::Failed => "the job failed".to_owned(),
        state => format!("the job is {}", state.as_str()),
    };
    say(&format!("error: {outcome}: {}\n", reason.join("\n")));
}

/// Prints the results; returns whether that was possible.
fn show(summary: &Summary, style: &Style) -> bool {
    let printed = print_text(&heavy_report::text(summary, style));
    if let Err(error) = &printed {
        say(&format!("error: cannot print the report: {error}\n"));
    }
    printed.is_ok()
}

//! `submit`: check, plan, upload, run, report.

use std::io::{ErrorKind, IsTerminal, Write};
use std::path::PathBuf;

use clap::builder::FalseyValueParser;
use clap::{Args, ValueEnum};
use heavy_model::job::{JobView, Weights, WorkflowSpec};
use heavy_model::span::Span;
use heavy_model::summary::Summary;
use heavy_report::Style;

use super::follow::{Interrupts, follow};
use super::{Bar, Error, LoadFlags, Plan, Program, Remote, ReportFile, announce, exit, plan};

/// What to submit.
#[derive(Debug, Clone, Args)]
pub struct SubmitArgs {
    /// The compiled load test
    pub binary: PathBuf,
    /// A workflow to run; may be given more than once [default: the load test's only one]
    #[arg(long = "workflow", value_name = "NAME[=WEIGHT]", env = "HEAVY_WORKFLOW", value_parser = workflow)]
    pub workflows: Vec<WorkflowSpec>,
    /// Return as soon as the job is queued, and print its id
    #[arg(long, env = "HEAVY_DETACH", value_parser = FalseyValueParser::new())]
    pub detach: bool,
    /// How many agents take part [default: all that are free]
    #[arg(long, value_name = "N", env = "HEAVY_AGENTS")]
    pub agents: Option<u32>,
    /// Only agents with this label take part; may be given more than once
    #[arg(long, value_name = "K=V", env = "HEAVY_ON", value_parser = super::flags::pair)]
    pub on: Vec<(String, String)>,
    /// How much of the load each agent gets [default: equal]
    #[arg(long, value_enum, env = "HEAVY_WEIGHTS")]
    pub weights: Option<WeightsFlag>,
    /// Stop what runs and take its place
    #[arg(long, env = "HEAVY_REPLACE", value_parser = FalseyValueParser::new())]
    pub replace: bool,
    /// How long to wait for agents before giving up [default: 30s]
    #[arg(long, value_name = "D", env = "HEAVY_WAIT_FOR_AGENTS")]
    pub wait_for_agents: Option<Span>,
    /// Print the summary as JSON
    #[arg(long, env = "HEAVY_JSON", value_parser = FalseyValueParser::new())]
    pub json: bool,
    /// How to run it
    #[command(flatten)]
    pub load: LoadFlags,
}

/// How much of the load each agent gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum WeightsFlag {
    /// All the same
    Equal,
    /// By the cores of its host
    Cores,
}

impl From<WeightsFlag> for Weights {
    fn from(flag: WeightsFlag) -> Self {
        match flag {
            WeightsFlag::Equal => Self::Equal,
            WeightsFlag::Cores => Self::Cores,
        }
    }
}

/// A workflow and its weight, as in `buy` or `buy=3`.
///
/// # Errors
/// When the weight is no number above 0.
pub fn workflow(text: &str) -> Result<WorkflowSpec, String> {
    let Some((name, weight)) = text.rsplit_once('=') else {
        return Ok(WorkflowSpec::new(text));
    };
    let weight = weight.parse().ok().filter(|weight| *weight > 0);
    let weight = weight.ok_or_else(|| "write it as NAME or NAME=WEIGHT, as in buy=3".to_owned())?;
    Ok(WorkflowSpec {
        weight,
        ..WorkflowSpec::new(name)
    })
}

/// Runs the verb; gives the exit code.
pub(crate) async fn run(args: &SubmitArgs, scheduler: &str) -> Result<u8, Error> {
    let program = Program::open(&args.binary)?;
    let mut plan = args.load.to_plan(&program, None)?;
    if !args.workflows.is_empty() {
        plan.spec.workflows.clone_from(&args.workflows);
    }
    plan.spec.agents = args.agents.or(plan.spec.agents);
    plan.spec.on.extend(args.on.iter().cloned());
    plan.spec.weights = args.weights.map_or(plan.spec.weights, Weights::from);
    plan.spec.replace |= args.replace;
    plan.spec.wait_for_agents = args.wait_for_agents.unwrap_or(plan.spec.wait_for_agents);
    plan::check(&plan.spec)?;
    let mut reports = args.load.report.clone();
    if args.json {
        reports.push(ReportFile::json_on_stdout());
    }
    for report in &reports {
        report.check()?;
    }
    // Taken before there is a job, so that there is no moment in which Ctrl-C would leave one behind.
    let mut interrupts = Interrupts::take()?;
    let remote = interrupts.race(Remote::connect(scheduler)).await??;
    if args.detach {
        interrupts.race(remote.upload(&program)).await??;
        let job = remote.submit(&plan.spec).await?;
        say(&announce(&plan, Some(job)));
        writeln!(std::io::stdout().lock(), "{job}")?;
        return Ok(exit::PASS);
    }
    let view = run_plan(&remote, &program, &plan, &mut interrupts).await?;
    report(&view, &reports, &plain_style())?;
    Ok(exit::of_job(&view.job))
}

/// Uploads and submits, shows the plan and how it goes on stderr, and gives what came of it. Interrupts stop the job.
///
/// # Errors
/// When the scheduler refuses the job, or goes away and does not come back.
pub async fn run_plan(
    remote: &Remote,
    program: &Program,
    plan: &Plan,
    interrupts: &mut Interrupts,
) -> Result<JobView, Error> {
    interrupts.race(remote.upload(program)).await??;
    // Not broken off, since there may be a job already: an interrupt now is seen as soon as the job can be stopped.
    let job = remote.submit(&plan.spec).await?;
    say(&announce(plan, Some(job)));
    let mut bar = Bar::new();
    let ended = follow(remote, &job.to_string(), Some(interrupts), |news| bar.show(&news)).await;
    bar.clear();
    ended
}

/// Writes the reports that were asked for, and the text on stdout, in this style, unless one of them goes there. A job
/// that never ran has its reason on stderr, and reports of nothing. A reader of stdout that has seen enough (`| head`) is no error.
///
/// # Errors
/// When a report cannot be written.
pub fn report(view: &JobView, reports: &[ReportFile], style: &Style) -> Result<(), Error> {
    let Some(summary) = &view.summary else {
        // Who waits for a file (a CI server, say) is told there too.
        let nothing = Summary::without_results(view.job.clone());
        for report in reports {
            report.write(&nothing)?;
        }
        // Output of a load test may be in it: its lines stay, all else that could steer the terminal is escaped.
        let reason: Vec<String> = view.job.reason.lines().map(heavy_report::escape).collect();
        say(&format!(
            "error: the job is {}: {}\n",
            view.job.state.as_str(),
            reason.join("\n")
        ));
        return Ok(());
    };
    for report in reports {
        report.write(summary)?;
    }
    if !reports.iter().any(ReportFile::is_stdout) {
        let mut stdout = std::io::stdout().lock();
        let text = heavy_report::text(summary, style);
        match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {}
            written => written?,
        }
    }
    Ok(())
}

/// Colours on a terminal that wants them.
pub(crate) fn plain_style() -> Style {
    let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    Style {
        colour: std::io::stdout().is_terminal() && !unwanted,
        ..Style::default()
    }
}

/// Writes to stderr; if that does not work, nobody is there to be told.
pub(crate) fn say(text: &str) {
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}

//! `heavy history`: the jobs of a service over time, and where the trend broke.

use std::process::ExitCode;

use heavy_client::stdout_style;
use heavy_compare::trend::{History, HistorySubject};
use heavy_results::job::JobInfo;
use heavy_results::summary::Summary;
use heavy_store::Store;

use crate::data_location::DataLocation;
use crate::exit::{CommandFailure, CommandResult};
use crate::output;

/// Jobs searched for those of the service.
const MOST_LOOKED_THROUGH: u32 = 10_000;

/// Services that the message for an unknown one names at most.
const MOST_NAMED: usize = 10;

const EXAMPLES: &str = "\
A job belongs to a service if its service, its label `service` or its name equals SERVICE.

  heavy history shop
  heavy history shop/checkout --limit 50 --format csv";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct HistoryArgs {
    /// Service, or one of its workflows
    #[arg(value_name = "SERVICE[/WORKFLOW]")]
    subject: String,
    /// Number of newest jobs to show
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1000))]
    limit: u32,
    /// Output format
    #[arg(long, value_enum, default_value_t = HistoryFormat::Text)]
    format: HistoryFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum HistoryFormat {
    /// For a terminal
    Text,
    /// For programs; docs/comparing.md describes it
    Json,
    /// For spreadsheets
    Csv,
}

pub(crate) async fn run(args: HistoryArgs, data: &DataLocation) -> CommandResult {
    if args.subject.trim_matches('/').is_empty() {
        return Err(CommandFailure::usage(
            "expected a service or a workflow, such as shop or shop/checkout",
        ));
    }
    let store = data.open().await?;
    let (subject, jobs) = find(&*store, &args).await?;
    output::reading(&format!("{} jobs of {}", jobs.len(), args.subject), data)?;
    let history = History::new(subject, &jobs);
    output::print(&match args.format {
        HistoryFormat::Text => heavy_report::history::text(&history, &stdout_style(false, "")),
        HistoryFormat::Json => heavy_report::json(&history),
        HistoryFormat::Csv => heavy_report::history::csv(&history),
    })?;
    Ok(ExitCode::SUCCESS)
}

async fn find(
    store: &dyn Store,
    args: &HistoryArgs,
) -> Result<(HistorySubject, Vec<(JobInfo, Option<Summary>)>), CommandFailure> {
    let all = store.jobs(MOST_LOOKED_THROUGH).await?;
    let most = args.limit as usize;
    // A name may contain a slash: the whole text takes precedence.
    let whole = HistorySubject {
        service: args.subject.clone(),
        workflow: None,
    };
    let parts = args
        .subject
        .split_once('/')
        .map(|(service, workflow)| HistorySubject {
            service: service.to_owned(),
            workflow: Some(workflow.to_owned()),
        });
    for subject in [Some(whole), parts].into_iter().flatten() {
        let mut found = Vec::new();
        for job in all.iter().filter(|job| is_of(job, &subject.service)) {
            if found.len() == most {
                break;
            }
            // A job that names its workflows need not be read when the wanted one is not among them.
            let said = job.spec.workflow_names();
            if let Some(workflow) = &subject.workflow
                && !said.is_empty()
                && !said.contains(workflow)
            {
                continue;
            }
            let summary = store.summary(job.id).await?;
            let has = |summary: &Summary, name: &str| summary.workflows.iter().any(|own| own.name == name);
            if let Some(workflow) = &subject.workflow
                && !summary.as_ref().is_some_and(|summary| has(summary, workflow))
            {
                continue;
            }
            found.push((job.clone(), summary));
        }
        if !found.is_empty() {
            return Ok((subject, found));
        }
    }
    Err(CommandFailure::new(nothing(&args.subject, &all)))
}

fn is_of(job: &JobInfo, service: &str) -> bool {
    let spec = &job.spec;
    spec.service == service
        || spec.labels.get("service").is_some_and(|label| label == service)
        || spec.shown_name() == service
}

fn nothing(subject: &str, all: &[JobInfo]) -> String {
    let mut known: Vec<&str> = all
        .iter()
        .map(|job| {
            let spec = &job.spec;
            [&spec.service, &spec.name, &spec.binary_name]
                .into_iter()
                .find(|name| !name.is_empty())
                .map_or("", String::as_str)
        })
        .filter(|name| !name.is_empty())
        .collect();
    known.sort_unstable();
    known.dedup();
    known.truncate(MOST_NAMED);
    let subject = heavy_report::escape(subject);
    if known.is_empty() {
        return format!("no jobs yet, neither of {subject} nor of another service: run one first");
    }
    let known: Vec<String> = known.into_iter().map(heavy_report::escape).collect();
    format!("no jobs of {subject}; there are jobs of {}", known.join(", "))
}

//! `heavy diff`: what has changed between jobs, told from noise.

use heavy_load::exit_code;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use heavy_compare::{self, Comparison, ComparisonOptions, Conclusion, Measured};
use heavy_results::job::JobInfo;
use heavy_store::Store;

use crate::data_location::DataLocation;
use crate::exit::{CommandResult, Failure};
use crate::{job_name, output, stored_job};

/// Jobs that are looked through for earlier ones of the same kind.
const MOST_LOOKED_THROUGH: u32 = 10_000;

/// Earlier jobs beyond these would only take time.
const MOST_EARLIER: u32 = 50;

const EXAMPLES: &str = "\
A JOB is an id, the beginning of one, or last. The first is the measure, the second is judged.

  heavy diff 0193a last
  heavy diff last --against-last 5 --tolerance 10
  heavy diff 0193a last --format markdown --output comment.md

The exit code is 99 if anything is worse by more than is tolerated, and 98 if one of the jobs is INVALID.
docs/comparing.md says how it is judged.";

/// Which jobs, and how they are judged.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct DiffArgs {
    /// The earlier job; with --against-last the one that is judged
    #[arg(value_name = "A")]
    first: String,
    /// The job that is judged
    #[arg(value_name = "B", required_unless_present = "against_last")]
    second: Option<String>,
    /// Judge A by the last N jobs before it of the same service, name, workflows and load
    #[arg(long, value_name = "N", conflicts_with = "second", value_parser = clap::value_parser!(u32).range(1..=i64::from(MOST_EARLIER)))]
    against_last: Option<u32>,
    /// A time or rate that is worse by more than so many per cent is a regression
    #[arg(long, value_name = "PERCENT", default_value_t = ComparisonOptions::DEFAULT_TOLERANCE_PERCENT, value_parser = share)]
    tolerance: f64,
    /// A share of failed or dropped that is higher by more than so many percentage points is a regression
    #[arg(long, value_name = "POINTS", default_value_t = ComparisonOptions::DEFAULT_ERROR_TOLERANCE_POINTS, value_parser = share)]
    error_tolerance: f64,
    /// Smaller changes, in per cent, are taken as noise [default: 3, or the tolerance if that is less]
    #[arg(long, value_name = "PERCENT", value_parser = share)]
    noise_floor: Option<f64>,
    /// From which the resamples follow: the same seed gives the same answer
    #[arg(long, value_name = "N", default_value_t = ComparisonOptions::DEFAULT_SEED)]
    seed: u64,
    /// In which form
    #[arg(long, value_enum, default_value_t = ComparisonFormat::Text)]
    format: ComparisonFormat,
    /// Write to this file instead of stdout
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Every statistic of every workflow, step and request, not only of those that have changed
    #[arg(long)]
    full: bool,
}

/// The form of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum ComparisonFormat {
    /// For people
    Text,
    /// For programs: docs/comparing.md
    Json,
    /// For a comment on a change
    Markdown,
    /// One page that needs nothing else
    Html,
}

fn share(text: &str) -> Result<f64, String> {
    match text.trim_end_matches('%').parse::<f64>() {
        Ok(share) if (0.0..=1000.0).contains(&share) => Ok(share),
        _ => Err(format!(
            "{text:?} is not between 0 and 1000: write a number, as in 7.5"
        )),
    }
}

pub(crate) async fn run(args: DiffArgs, data: &DataLocation) -> CommandResult {
    let store = data.open().await?;
    let (before, now) = jobs(&args, &*store).await?;
    let options = ComparisonOptions {
        tolerance_percent: args.tolerance,
        error_tolerance_points: args.error_tolerance,
        noise_floor_percent: args
            .noise_floor
            .unwrap_or_else(|| ComparisonOptions::DEFAULT_NOISE_FLOOR_PERCENT.min(args.tolerance)),
        seed: args.seed,
    };
    let comparison = compared(store, before, now, options).await?;
    let text = match args.format {
        ComparisonFormat::Text => {
            let mut style = output::style(args.full);
            style.colour &= args.output.is_none();
            heavy_report::compare::text(&comparison, &style)
        }
        ComparisonFormat::Json => heavy_report::compare::json(&comparison),
        ComparisonFormat::Markdown => heavy_report::compare::markdown(&comparison),
        ComparisonFormat::Html => heavy_report::compare::html(&comparison),
    };
    output::deliver(&text, args.output.as_deref())?;
    Ok(ExitCode::from(code(&comparison)))
}

/// What a script is told: nothing that is INVALID can pass or fail.
fn code(comparison: &Comparison) -> u8 {
    let mut jobs = comparison.before.iter().chain([&comparison.now]);
    if jobs.any(|job| job.verdict == Some(heavy_results::verdict::Verdict::Invalid)) {
        exit_code::INVALID
    } else if comparison.verdict == Conclusion::Regression {
        exit_code::FAIL
    } else {
        exit_code::PASS
    }
}

/// The earlier jobs, newest first, and the one that is judged.
async fn jobs(args: &DiffArgs, store: &dyn Store) -> Result<(Vec<JobInfo>, JobInfo), Failure> {
    let first = job_name::find(store, &args.first).await?;
    if let Some(second) = &args.second {
        return Ok((vec![first], job_name::find(store, second).await?));
    }
    let most = args.against_last.unwrap_or(1) as usize;
    let mut earlier = store.jobs(MOST_LOOKED_THROUGH).await?;
    earlier.retain(|job| {
        (job.submitted_at_wall_ns, job.id) < (first.submitted_at_wall_ns, first.id)
            && heavy_compare::alike(job, &first)
    });
    earlier.truncate(most);
    if earlier.is_empty() {
        return Err(Failure::new(format!(
            "there is no earlier job to measure {} by: none before it has its service, name, workflows and load, ran to its \
             end and is not INVALID; name one, as in heavy diff EARLIER {}",
            first.id, first.id
        )));
    }
    if earlier.len() < most {
        output::note(&format!(
            "note: there are only {} earlier jobs like this one",
            earlier.len()
        ));
    }
    Ok((earlier, first))
}

/// Measures jobs two at a time, so that no more than two are in memory before they are measured.
async fn compared(
    store: Arc<dyn Store>,
    before: Vec<JobInfo>,
    now: JobInfo,
    options: ComparisonOptions,
) -> Result<Comparison, Failure> {
    let jobs: Vec<JobInfo> = before.into_iter().chain([now]).collect();
    let mut measured: Vec<(JobInfo, Measured)> = Vec::with_capacity(jobs.len());
    for (number, pair) in jobs.chunks(2).enumerate() {
        let tasks: Vec<_> = pair
            .iter()
            .zip(2 * number as u64..)
            .map(|(job, data)| {
                let (store, job) = (Arc::clone(&store), job.clone());
                let seed = options.seed.wrapping_mul(1_000_003).wrapping_add(data);
                tokio::spawn(async move {
                    let measured = stored_job::measure(&*store, &job, seed).await;
                    measured.map(|measured| (job, measured))
                })
            })
            .collect();
        for task in tasks {
            let done = task.await;
            measured
                .push(done.map_err(|error| Failure::new(format!("a job could not be measured: {error}")))??);
        }
    }
    let now = measured.pop().expect("the job that is judged is the last one");
    Ok(heavy_compare::compare(&measured, &now, &options))
}

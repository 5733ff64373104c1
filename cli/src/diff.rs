//! `heavy diff`: compares jobs and tells changes from noise.

use heavy_load::exit_code;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use heavy_client::stdout_style;
use heavy_compare::{self, Comparison, ComparisonOptions, Conclusion, Measured};
use heavy_results::job::JobInfo;
use heavy_store::{Store, find_job};

use crate::data_location::DataLocation;
use crate::exit::{CommandFailure, CommandResult};
use crate::{output, stored_job};

/// Jobs searched for earlier ones of the same kind.
const MOST_LOOKED_THROUGH: u32 = 10_000;

/// More earlier jobs would not improve the comparison.
const MOST_EARLIER: u32 = 50;

const EXAMPLES: &str = "\
A job is an id, a unique prefix of an id, or `last`. The first one is the baseline; the second one is compared to it.

  heavy diff 0193a last
  heavy diff last --against-last 5 --tolerance 10
  heavy diff 0193a last --format markdown --output comment.md

The exit code is 99 if anything is worse by more than the tolerance, and 98 if one of the jobs is INVALID.
docs/comparing.md explains the method.";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct DiffArgs {
    /// Baseline job; with --against-last, the job to judge
    #[arg(value_name = "A")]
    first: String,
    /// Job to judge
    #[arg(value_name = "B", required_unless_present = "against_last")]
    second: Option<String>,
    /// Compare A to the last N jobs before it with the same service, name, workflows and load
    #[arg(long, value_name = "N", conflicts_with = "second", value_parser = clap::value_parser!(u32).range(1..=i64::from(MOST_EARLIER)))]
    against_last: Option<u32>,
    /// Percentage by which a time or rate may be worse before it is a regression
    #[arg(long, value_name = "PERCENT", default_value_t = ComparisonOptions::DEFAULT_TOLERANCE_PERCENT, value_parser = share)]
    tolerance: f64,
    /// Percentage points by which a share of failed or dropped may rise before it is a regression
    #[arg(long, value_name = "POINTS", default_value_t = ComparisonOptions::DEFAULT_ERROR_TOLERANCE_POINTS, value_parser = share)]
    error_tolerance: f64,
    /// Percentage below which changes count as noise [default: 3, or the tolerance if that is less]
    #[arg(long, value_name = "PERCENT", value_parser = share)]
    noise_floor: Option<f64>,
    /// Seed for the resampling; the same seed produces the same result
    #[arg(long, value_name = "N", default_value_t = ComparisonOptions::DEFAULT_SEED)]
    seed: u64,
    /// Output format
    #[arg(long, value_enum, default_value_t = ComparisonFormat::Text)]
    format: ComparisonFormat,
    /// File to write to instead of stdout
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Show every statistic of every workflow, step and request, not only changes
    #[arg(long)]
    full: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum ComparisonFormat {
    /// For a terminal
    Text,
    /// For programs; docs/comparing.md describes it
    Json,
    /// For a comment on a pull request
    Markdown,
    /// One self-contained page
    Html,
}

fn share(text: &str) -> Result<f64, String> {
    match text.trim_end_matches('%').parse::<f64>() {
        Ok(share) if (0.0..=1000.0).contains(&share) => Ok(share),
        _ => Err(format!(
            "invalid percentage `{text}`: expected a number from 0 to 1000, such as 7.5"
        )),
    }
}

pub(crate) async fn run(args: DiffArgs, data: &DataLocation) -> CommandResult {
    let store = data.open().await?;
    let (before, now) = jobs(&args, &*store).await?;
    let earlier: Vec<String> = before.iter().map(|job| job.id.to_string()).collect();
    output::reading(&format!("job {} against {}", now.id, earlier.join(", ")), data)?;
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
            let mut style = stdout_style(args.full, "");
            style.colour &= args.output.is_none();
            heavy_report::compare::text(&comparison, &style)
        }
        ComparisonFormat::Json => heavy_report::json(&comparison),
        ComparisonFormat::Markdown => heavy_report::compare::markdown(&comparison),
        ComparisonFormat::Html => heavy_report::compare::html(&comparison),
    };
    output::deliver(&text, args.output.as_deref())?;
    Ok(ExitCode::from(code(&comparison)))
}

/// The exit code. A comparison with an INVALID job neither passes nor fails.
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

/// The earlier jobs, newest first, and the job to judge.
async fn jobs(args: &DiffArgs, store: &dyn Store) -> Result<(Vec<JobInfo>, JobInfo), CommandFailure> {
    let first = find_job(store, &args.first).await?;
    if let Some(second) = &args.second {
        return Ok((vec![first], find_job(store, second).await?));
    }
    let most = args.against_last.unwrap_or(1) as usize;
    let mut earlier = store.jobs(MOST_LOOKED_THROUGH).await?;
    earlier.retain(|job| {
        (job.submitted_at_wall_ns, job.id) < (first.submitted_at_wall_ns, first.id)
            && heavy_compare::alike(job, &first)
    });
    earlier.truncate(most);
    if earlier.is_empty() {
        return Err(CommandFailure::new(format!(
            "no comparable earlier job for {}: none with its service, name, workflows and load ran to its end and is not INVALID; name one, such as heavy diff EARLIER {}",
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
) -> Result<Comparison, CommandFailure> {
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
            measured.push(
                done.map_err(|error| CommandFailure::new(format!("a job could not be measured: {error}")))??,
            );
        }
    }
    let now = measured.pop().expect("the job that is judged is the last one");
    Ok(heavy_compare::compare(&measured, &now, &options))
}

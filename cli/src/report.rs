//! `heavy report`: a job's summary, rendered.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::anyhow;
use heavy_model::summary::Summary;

use crate::exit::{Ended, Failure};
use crate::place::Place;
use crate::{job_name, output};

/// Which report.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The job: its id, the beginning of its id, or last
    job: String,
    /// In which form
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Write to this file instead of stdout
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Bars, phases and unfailed durations of every step and request
    #[arg(long)]
    full: bool,
    #[command(flatten)]
    place: Place,
}

/// The form of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// For people
    Text,
    /// For programs: docs/summary.schema.json
    Json,
}

pub(crate) fn run(args: Args) -> Ended {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let summary = runtime.block_on(find(&args))?;
    let text = match args.format {
        Format::Text => {
            let mut style = output::style(args.full);
            style.colour &= args.output.is_none();
            heavy_report::text(&summary, &style)
        }
        Format::Json => heavy_report::json(&summary),
    };
    output::deliver(&text, args.output.as_deref())?;
    Ok(ExitCode::SUCCESS)
}

async fn find(args: &Args) -> Result<Summary, Failure> {
    let store = args.place.open().await?;
    let job = job_name::find(&*store, &args.job).await?;
    store.summary(job.id).await?.ok_or_else(|| {
        Failure::Other(anyhow!(
            "job {} is {} and has no results: {}",
            job.id,
            job.state.as_str(),
            if job.reason.is_empty() {
                "none have arrived yet"
            } else {
                &job.reason
            }
        ))
    })
}

//! The statistics of a stored job by seconds: the roll-ups of its agents, as collectors have kept them.

use heavy_compare::{Extent, JobRecorder, Measured};
use heavy_results::job::JobInfo;
use heavy_store::{StatisticsReader, Store};

use crate::exit::CommandFailure;
use crate::output;

/// Reads all of a job's roll-ups, a few batches at a time, and measures what they say.
///
/// # Errors
/// When the job has no results, and when the store cannot be read.
pub(crate) async fn measure(store: &dyn Store, job: &JobInfo, seed: u64) -> Result<Measured, CommandFailure> {
    let summary = store.summary(job.id).await?.ok_or_else(|| without_results(job))?;
    let mut recorder = JobRecorder::new(Extent::from_job(job, summary.run_time_s));
    let mut reader = StatisticsReader::new(job.id);
    reader.deltas(store, |delta| recorder.apply(delta)).await?;
    if reader.damaged() > 0 {
        output::note(&format!(
            "note: {} batches of job {} are damaged or lost: its figures do not include them",
            reader.damaged(),
            job.id
        ));
    }
    if recorder.left_out() > 0 {
        output::note(&format!(
            "note: job {} has too many names to compare; {} roll-ups are left out",
            job.id,
            recorder.left_out()
        ));
    }
    let measured = Measured::from_recorder(&recorder, seed);
    if measured.is_empty() {
        return Err(without_results(job));
    }
    Ok(measured)
}

fn without_results(job: &JobInfo) -> CommandFailure {
    if !job.state.is_final() {
        return CommandFailure::new(format!(
            "job {} is {} and has no results to compare yet: wait for its end",
            job.id,
            job.state.as_str()
        ));
    }
    let reason = if job.reason.is_empty() {
        String::new()
    } else {
        format!(": {}", heavy_report::escape(&job.reason))
    };
    CommandFailure::new(format!(
        "job {} is {} and has no results to compare{reason}",
        job.id,
        job.state.as_str()
    ))
}

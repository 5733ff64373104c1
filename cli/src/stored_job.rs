//! The statistics of a stored job by seconds: the roll-ups of its agents, as collectors have kept them.

use heavy_compare::{Extent, Measured, Recorder};
use heavy_proto::{stats, v1};
use heavy_results::job::JobInfo;
use heavy_store::{Store, Stream};
use prost::Message as _;

use crate::exit::Failure;
use crate::output;

/// Batches that are held at once.
const BATCHES_A_READ: u32 = 64;

/// Reads all of a job's roll-ups, a few batches at a time, and measures what they say.
///
/// # Errors
/// When the job has no results, and when the store cannot be read.
pub(crate) async fn measure(store: &dyn Store, job: &JobInfo, seed: u64) -> Result<Measured, Failure> {
    let summary = store.summary(job.id).await?.ok_or_else(|| without_results(job))?;
    let mut recorder = Recorder::new(Extent::of(job, summary.run_time_s));
    let mut damaged = 0;
    let marks = store.marks(job.id).await?;
    for mark in marks.iter().filter(|mark| mark.producer.stream == Stream::Stats) {
        let mut after = 0;
        loop {
            let batches = store.stats_after(&mark.producer, after, BATCHES_A_READ).await?;
            for batch in &batches {
                after = batch.sequence;
                damaged += u64::from(!apply(&batch.bytes, &mut recorder));
            }
            if batches.len() < BATCHES_A_READ as usize {
                break;
            }
        }
    }
    if damaged > 0 {
        output::note(&format!(
            "note: {damaged} batches of job {} are damaged or were given up: its figures miss them",
            job.id
        ));
    }
    if recorder.left_out() > 0 {
        output::note(&format!(
            "note: job {} has more names than are compared; {} roll-ups are left out",
            job.id,
            recorder.left_out()
        ));
    }
    let measured = Measured::of(&recorder, seed);
    if measured.is_empty() {
        return Err(without_results(job));
    }
    Ok(measured)
}

/// Whether the batch could be read.
fn apply(bytes: &[u8], recorder: &mut Recorder) -> bool {
    match v1::Content::decode(bytes).map(|content| content.content) {
        Ok(Some(v1::content::Content::Stats(wire))) => stats::delta_from_wire(&wire)
            .map(|delta| recorder.apply(&delta))
            .is_ok(),
        Ok(Some(v1::content::Content::Closing(_))) => true,
        _ => false,
    }
}

fn without_results(job: &JobInfo) -> Failure {
    if !job.state.is_final() {
        return Failure::new(format!(
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
    Failure::new(format!(
        "job {} is {} and has no results to compare{reason}",
        job.id,
        job.state.as_str()
    ))
}

//! Records two jobs of an hour with 200 request names each, to see how long `heavy diff` takes for them.
//!
//! `cargo run --release -p heavy --example record_hour -- sqlite:///tmp/hour/heavy.db`, then
//! `time heavy diff --database sqlite:///tmp/hour/heavy.db 0193 0194`.

use heavy_load::histogram::Histogram;
use heavy_proto::stats::encode_delta;
use heavy_results::aggregate::{Aggregator, SeriesUpdate};
use heavy_results::job::{JobInfo, JobSpec, JobState};
use heavy_results::stats::{Delta, Iterations, Requests};
use heavy_results::verdict::Verdict;
use heavy_store::{Batch, Content, Producer, Store, Stream};
use uuid::Uuid;

const SECONDS: u32 = 3600;
const NAMES: u64 = 200;
/// Requests of each name in a second.
const PER_SECOND: u64 = 10;

fn main() -> anyhow::Result<()> {
    let url = std::env::args().nth(1);
    let url =
        url.ok_or_else(|| anyhow::anyhow!("missing database URL, such as sqlite:///tmp/hour/heavy.db"))?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let store = heavy_store::open(&url).await?;
        for number in [0x0193_u128, 0x0194] {
            record(&*store, job(number)?).await?;
        }
        Ok(())
    })
}

fn job(number: u128) -> anyhow::Result<JobInfo> {
    let mut spec = JobSpec::new("a".repeat(64), "2000".parse()?, "1h".parse()?);
    spec.name = "hour".to_owned();
    Ok(JobInfo {
        state: JobState::Finished,
        verdict: Some(Verdict::Pass),
        started_at_wall_ns: Some(0),
        ended_at_wall_ns: Some(3_600_000_000_000),
        planned: 7_200_000,
        asked_rate: 2000.0,
        achieved_rate: Some(2000.0),
        load_s: Some(3600.0),
        ..JobInfo::queued(Uuid::from_u128(number << 112), spec, number as u64)
    })
}

async fn record(store: &dyn Store, job: JobInfo) -> anyhow::Result<()> {
    store.create_job(&job).await?;
    let mut fold = Aggregator::new(job.spec.load(), [("one".to_owned(), 1)]);
    let mut state = job.submitted_at_wall_ns;
    for second in 0..SECONDS {
        let delta = delta(second, &mut state);
        fold.apply("one", 1, &delta);
        let bytes = encode_delta(&delta);
        let batch = Batch {
            producer: Producer {
                job: job.id,
                agent: "one".to_owned(),
                epoch: 1,
                stream: Stream::Stats,
            },
            sequence: u64::from(second) + 1,
            crc32c: 0,
            content: Content::Encoded {
                bytes,
                closing: false,
            },
        };
        store.commit(&batch).await?;
    }
    let summary = fold.summary(&job, &[], true);
    store
        .save_series(job.id, &SeriesUpdate::default(), Some(&summary))
        .await?;
    Ok(())
}

fn delta(second: u32, state: &mut u64) -> Delta {
    let requests = (0..NAMES).map(|name| {
        let mut duration = Histogram::default();
        for _ in 0..PER_SECOND {
            duration.record((10e6 * (0.3 * normal(state)).exp()) as u64);
        }
        Requests {
            second,
            workflow: "hour".into(),
            step: format!("step {}", name / 20).into(),
            method: "GET".into(),
            name: format!("GET /things/{name}/{{id}}").into(),
            status: 200,
            duration,
            ..Requests::default()
        }
    });
    Delta {
        complete_before_second: second + 1,
        requests: requests.collect(),
        iterations: vec![Iterations {
            second,
            workflow: "hour".into(),
            scheduled: NAMES * PER_SECOND,
            started: NAMES * PER_SECOND,
            ok: NAMES * PER_SECOND,
            ..Iterations::default()
        }],
        last_ended_ns: u64::from(second + 1) * 1_000_000_000,
        ..Delta::default()
    }
}

/// A normal draw (G. E. P. Box, M. E. Muller, 1958).
fn normal(state: &mut u64) -> f64 {
    let mut even = || {
        *state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        ((*state >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
    };
    (-2.0 * even().ln()).sqrt() * (std::f64::consts::TAU * even()).cos()
}

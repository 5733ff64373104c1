//! A results database to ask, made through the store as the services make it.

use heavy_load::histogram::Histogram;
use heavy_load::span::Span;
use heavy_results::job::{JobInfo, JobSpec, JobState};
use heavy_results::summary::{
    Accounting, Distribution, RequestSummary, RequestTotals, Summary, WorkflowSummary,
};
use heavy_results::verdict::Verdict;
use heavy_testkit::{Run, TempDir};
use uuid::Uuid;

/// A data directory with two finished jobs.
#[derive(Debug)]
pub(crate) struct Stored {
    folder: TempDir,
    /// The older job's id.
    pub(crate) first: Uuid,
    /// The newer job's id.
    pub(crate) last: Uuid,
}

impl Stored {
    pub(crate) fn new() -> Self {
        let folder = TempDir::new("stored");
        let (first, last) = (
            Uuid::from_u128(0x0193_0000 << 96),
            Uuid::from_u128(0x0194_0000 << 96),
        );
        let url = format!("sqlite://{}", folder.path().join("heavy.db").display());
        fill(&url, &[(first, 10), (last, 20)]);
        Self { folder, first, last }
    }

    /// The data directory.
    pub(crate) fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// A command on this data directory.
    pub(crate) fn heavy(&self, args: &[&str]) -> Run {
        Run::binary("heavy")
            .args(args)
            .env("HEAVY_DATA_DIR", self.folder.path())
    }
}

/// Makes an empty results database.
pub(crate) fn make(url: &str) {
    fill(url, &[]);
}

/// Stores finished jobs with the given numbers of requests in a database.
fn fill(url: &str, jobs: &[(Uuid, u64)]) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let store = heavy_store::open(url).await.unwrap();
        for (id, requests) in jobs {
            let summary = summary(*id, *requests);
            store.create_job(&summary.job).await.unwrap();
            store
                .save_series(
                    *id,
                    &heavy_results::aggregate::SeriesUpdate::default(),
                    Some(&summary),
                )
                .await
                .unwrap();
        }
    });
}

fn summary(id: Uuid, requests: u64) -> Summary {
    let mut histogram = Histogram::default();
    (1..=requests).for_each(|ms| histogram.record(ms * 1_000_000));
    let duration = Distribution::from(&histogram);
    let iterations = Accounting {
        planned: requests,
        scheduled: requests,
        started: requests,
        ok: requests,
        ..Accounting::default()
    };
    let request = RequestSummary {
        name: "GET /products".to_owned(),
        method: "GET".to_owned(),
        rate: 10.0,
        duration: duration.clone(),
        ok_duration: duration.clone(),
        ..RequestSummary::default()
    };
    Summary {
        complete: true,
        run_time_s: 1.0,
        thresholds: Vec::new(),
        iterations,
        generator_lag: duration.clone(),
        response_time: Some(duration.clone()),
        requests: RequestTotals {
            duration: duration.clone(),
            ..RequestTotals::default()
        },
        workflows: vec![WorkflowSummary {
            name: "shop".to_owned(),
            iterations,
            achieved_rate: Some(10.0),
            rate: 10.0,
            duration: duration.clone(),
            response_time: Some(duration),
            status_counts: <_>::default(),
            protocol_status_counts: <_>::default(),
            checks: Vec::new(),
            steps: Vec::new(),
            requests: vec![request],
        }],
        ..Summary::without_results(job(id, requests))
    }
}

fn job(id: Uuid, planned: u64) -> JobInfo {
    let mut spec = JobSpec::new("a".repeat(64), "10".parse().unwrap(), Span::from_s(1));
    spec.name = "stored".to_owned();
    JobInfo {
        state: JobState::Finished,
        verdict: Some(Verdict::Pass),
        reason: "all well".to_owned(),
        started_at_wall_ns: Some(1_795_297_801_000_000_000),
        ended_at_wall_ns: Some(1_795_297_802_000_000_000),
        planned,
        asked_rate: 10.0,
        achieved_rate: Some(10.0),
        load_s: Some(10.0),
        ..JobInfo::queued(id, spec, 1_795_297_800_000_000_000 + planned)
    }
}

//! Summaries to render: a shop that passes, a job in trouble, one that never ran, one that runs.

use heavy_load::vocabulary::{Ended, SandboxLevel};
use std::collections::BTreeMap;

use heavy_load::histogram::Histogram;
use heavy_load::span::Span;
use heavy_results::job::{JobInfo, JobSpec, JobState};
use heavy_results::stats::{Dropped, Errors};
use heavy_results::summary::{
    Accounting, AgentSummary, CheckSummary, Distribution, MetricSummary, PhaseMeans, RequestSummary,
    RequestTotals, StepSummary, Summary, Timeline, VERSION, WorkflowSummary,
};
use heavy_results::verdict::Verdict;
use uuid::Uuid;

use crate::course;

/// `n` values from `fastest_us` on, skewed as latencies are.
pub(crate) fn latencies(n: u64, fastest_us: u64) -> Distribution {
    let mut histogram = Histogram::default();
    for i in 0..n {
        let place = (i as f64 + 0.5) / n as f64;
        histogram.record((fastest_us as f64 * 1e3 * (1.0 - 0.45 * (1.0 - place).ln())) as u64);
    }
    Distribution::from(&histogram)
}

pub(crate) fn job(name: &str, state: JobState, verdict: Option<Verdict>, reason: &str) -> JobInfo {
    let mut spec = JobSpec::new(
        "3f2a91c0d4e1".repeat(6)[..64].to_owned(),
        "100".parse().unwrap(),
        Span::from_s(10),
    );
    spec.binary_name = "heavy".to_owned();
    spec.name = name.to_owned();
    JobInfo {
        state,
        verdict,
        reason: reason.to_owned(),
        started_at_wall_ns: Some(1_795_297_809_000_000_000),
        ended_at_wall_ns: Some(1_795_297_819_004_000_000),
        planned: 1_000,
        asked_rate: 100.0,
        achieved_rate: Some(100.0),
        load_s: Some(10.0),
        ..JobInfo::queued(
            Uuid::from_u128(0x0193_5a2b_7c1d_7e00_8000_0000_0000_0001),
            spec,
            1_795_297_800_000_000_000,
        )
    }
}

pub(crate) fn all_ok(n: u64) -> Accounting {
    Accounting {
        planned: n,
        scheduled: n,
        started: n,
        ok: n,
        ..Accounting::default()
    }
}

fn request(name: &str, n: u64, fastest_us: u64, status: u16) -> RequestSummary {
    let duration = latencies(n, fastest_us);
    RequestSummary {
        name: name.to_owned(),
        protocol: "http".to_owned(),
        method: name.split(' ').next().unwrap().to_owned(),
        failed: 0,
        rate: n as f64 / 10.0,
        bytes: n * 512,
        ok_duration: duration.clone(),
        failed_duration: Distribution::default(),
        phases: PhaseMeans {
            blocked_ms: 0.002,
            connect_ms: 0.001_2,
            send_ms: 0.008,
            wait_ms: duration.mean_ms - 0.02,
            receive_ms: 0.008_8,
            ..PhaseMeans::default()
        },
        duration,
        status_counts: BTreeMap::from([(status, n)]),
    }
}

/// The statuses of all these requests.
fn statuses<'a>(requests: impl IntoIterator<Item = &'a RequestSummary>) -> BTreeMap<u16, u64> {
    let mut all = BTreeMap::new();
    for (status, n) in requests.into_iter().flat_map(|request| &request.status_counts) {
        *all.entry(*status).or_default() += n;
    }
    all
}

fn step(name: &str, n: u64, fastest_us: u64, requests: Vec<RequestSummary>) -> StepSummary {
    StepSummary {
        protocol_status_counts: <_>::default(),
        name: name.to_owned(),
        failed: 0,
        rate: n as f64 / 10.0,
        duration: latencies(n, fastest_us),
        status_counts: statuses(&requests),
        requests,
    }
}

fn workflow(name: &str, n: u64, fastest_us: u64, steps: Vec<StepSummary>) -> WorkflowSummary {
    WorkflowSummary {
        protocol_status_counts: <_>::default(),
        name: name.to_owned(),
        iterations: all_ok(n),
        achieved_rate: Some(n as f64 / 10.0),
        rate: n as f64 / 10.0,
        duration: latencies(n, fastest_us),
        response_time: Some(latencies(n, fastest_us + 40)),
        status_counts: statuses(steps.iter().flat_map(|step| &step.requests)),
        checks: vec![CheckSummary {
            name: "the list is not empty".to_owned(),
            passes: n,
            fails: 0,
        }],
        steps,
        requests: Vec::new(),
    }
}

pub(crate) fn shop() -> Summary {
    let browse = vec![
        step("list", 500, 260, vec![request("GET /products", 500, 210, 200)]),
        step(
            "look",
            500,
            240,
            vec![request("GET /products/{id}", 500, 190, 200)],
        ),
    ];
    let buy = vec![step(
        "pay",
        500,
        900,
        vec![
            request("POST /cart", 500, 310, 201),
            request("POST /checkout", 500, 420, 200),
        ],
    )];
    Summary {
        version: VERSION,
        job: job("shop", JobState::Finished, Some(Verdict::Pass), ""),
        heavy_version: "0.1.0".to_owned(),
        complete: true,
        revisions: Vec::new(),
        run_time_s: 10.004,
        thresholds: Vec::new(),
        iterations: all_ok(1_000),
        iteration_rate: Some(100.0),
        generator_lag: latencies(1_000, 20),
        iteration_duration: latencies(1_000, 600),
        response_time: Some(latencies(1_000, 640)),
        requests: RequestTotals {
            protocol_status_counts: <_>::default(),
            failed: 0,
            rate: 199.92,
            bytes: 1_024_000,
            duration: latencies(2_000, 220),
            status_counts: BTreeMap::from([(200, 1_500), (201, 500)]),
        },
        windows: course::windows(),
        timeline: course::timeline(),
        events: course::events("scheduler"),
        workflows: vec![
            workflow("browse", 500, 600, browse),
            workflow("buy", 500, 950, buy),
        ],
        errors: Vec::new(),
        not_results: BTreeMap::new(),
        metrics: Vec::new(),
        agents: vec![AgentSummary {
            agent: "local".to_owned(),
            iterations: all_ok(1_000),
            lag_p99_ms: 0.12,
            cpu_max: 0.34,
            clock_offset_ms: 0.011,
            clock_error_ms: 0.05,
            ended: Some(Ended::Finished),
            sandbox: Some(SandboxLevel::Files),
            ..AgentSummary::default()
        }],
        users: None,
        missing: Vec::new(),
        warnings: Vec::new(),
    }
}

pub(crate) fn trouble() -> Summary {
    let dropped = Dropped {
        full: 40,
        late: 7,
        gap: 3,
    };
    let iterations = Accounting {
        planned: 1_000,
        scheduled: 1_000,
        started: 950,
        ok: 41,
        failed: 899,
        interrupted: 6,
        lost: 4,
        dropped,
        unknown: 0,
    };
    let hostile = "refused\nby \u{1b}[31mthe target\u{202e} \u{9b}2J";
    let mut failing = request(
        "POST /a-path/that-is-quite-long/and-goes-on/and-on/until-it-is-too-long",
        41,
        1_200,
        500,
    );
    failing.failed = 41;
    failing.status_counts = BTreeMap::from([(0, 30), (404, 1), (500, 10)]);
    failing.ok_duration = Distribution::default();
    failing.failed_duration = failing.duration.clone();
    let mut flow = workflow(hostile, 940, 900, Vec::new());
    flow.iterations = iterations;
    flow.checks[0].passes = 1;
    flow.checks[0].fails = 939;
    flow.status_counts = failing.status_counts.clone();
    flow.requests = vec![failing];
    let reason = "40 iterations were dropped because all 4,096 slots were taken: the target did not take what was asked";
    let mut summary = shop();
    summary.job = job(hostile, JobState::Finished, Some(Verdict::Fail), reason);
    summary.job.degraded = true;
    summary.job.spec.description = "A night run\nwith everything wrong".to_owned();
    summary.job.spec.service = "shop".to_owned();
    summary.job.spec.labels = BTreeMap::from([("branch".to_owned(), "main".to_owned())]);
    summary.job.achieved_rate = Some(94.98);
    summary.iterations = iterations;
    summary.requests.failed = 1_999;
    summary.requests.status_counts = BTreeMap::from([(0, 1_500), (200, 1), (404, 400), (500, 99)]);
    summary.workflows = vec![flow];
    summary.errors = troubles(hostile);
    summary.events = course::events(hostile);
    summary.timeline = course::timeline_with_errors();
    summary.job.spec.provenance.arguments = vec!["heavy".to_owned(), "run".to_owned(), hostile.to_owned()];
    summary.job.spec.provenance.git_commit = "f954c42".repeat(6)[..40].to_owned();
    summary.not_results = BTreeMap::from([("text".to_owned(), 1_234), ("too-long".to_owned(), 1)]);
    summary.metrics = custom_metrics();
    summary.agents.push(AgentSummary {
        agent: "an-agent-with-a-long-name".to_owned(),
        iterations,
        malformed: 1_235,
        lag_p99_ms: 6.1,
        cpu_max: 1.93,
        clock_offset_ms: -1.204,
        ended: Some(Ended::Died),
        voided_requests: 12,
        voided_iterations: 1,
        ..AgentSummary::default()
    });
    summary.warnings =
        vec!["generator lag P99 6.10ms is above a fifth of what makes a job INVALID".to_owned()];
    summary
}

fn troubles(hostile: &str) -> Vec<Errors> {
    let error = |kind: &str, count, step: &str, example: &str| Errors {
        workflow: "buy".into(),
        step: step.into(),
        name: "POST /checkout".into(),
        kind: kind.into(),
        count,
        repeats: 0,
        first_ns: 104_000_000,
        last_ns: 9_950_000_000,
        example: example.into(),
    };
    vec![
        error("refused", 1_500, "pay", hostile),
        error("status", 499, "", &"a very long message ".repeat(40)),
        error("", 1, "", ""),
    ]
}

fn custom_metrics() -> Vec<MetricSummary> {
    let metric = |name: &str, kind: &str, value, distribution| MetricSummary {
        name: name.to_owned(),
        kind: kind.to_owned(),
        step: if kind == "trend" {
            "pay".to_owned()
        } else {
            String::new()
        },
        count: 940,
        value,
        distribution,
    };
    vec![
        metric("items sold", "counter", 2_820.0, None),
        metric("queue depth", "gauge", -3.0, None),
        metric("cache answered", "rate", 0.256, None),
        metric("basket value", "trend", 47.11, Some(latencies(940, 33_000))),
    ]
}

/// Five requests so far: too few for most percentiles.
pub(crate) fn running() -> Summary {
    let mut summary = shop();
    summary.job = job("", JobState::Running, None, "");
    summary.job.ended_at_wall_ns = None;
    summary.complete = false;
    summary.run_time_s = 0.05;
    summary.iterations = Accounting {
        planned: 1_000,
        ..all_ok(5)
    };
    summary.generator_lag = latencies(5, 20);
    summary.response_time = None;
    summary.requests.duration = latencies(5, 220);
    summary.requests.status_counts = BTreeMap::from([(200, 5)]);
    summary.workflows.clear();
    summary.windows.clear();
    summary.timeline = Timeline::default();
    summary.events.clear();
    summary.agents[0].ended = None;
    summary
}

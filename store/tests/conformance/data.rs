//! Jobs, batches and summaries to store.

use heavy_load::histogram::Histogram;
use heavy_load::vocabulary::Ended;
use heavy_results::job::{JobInfo, JobSpec, JobState};
use heavy_results::stats::{Dropped, Errors};
use heavy_results::summary::{
    Accounting, AgentSummary, CheckSummary, Distribution, MetricSummary, RequestSummary, RequestTotals,
    StepSummary, Summary, WorkflowSummary,
};
use heavy_results::threshold::{ThresholdOutcome, ThresholdSummary};
use heavy_results::verdict::Verdict;
use heavy_store::{Batch, Content, Producer, Rows, Stream};
use uuid::Uuid;

/// 2027-01-15T08:00:00.123456789Z
pub(crate) const START_WALL_NS: u64 = 1_800_000_000_123_456_789;

pub(crate) fn job() -> JobInfo {
    let mut spec = JobSpec::new("a".repeat(64), "100/s".parse().unwrap(), "10s".parse().unwrap());
    spec.name = "checkout".to_owned();
    spec.service = "shop".to_owned();
    spec.labels.insert("branch".to_owned(), "main".to_owned());
    JobInfo {
        state: JobState::Running,
        started_at_wall_ns: Some(START_WALL_NS),
        planned: 1000,
        asked_rate: 100.0,
        ..JobInfo::queued(Uuid::now_v7(), spec, START_WALL_NS - 1_000_000_000)
    }
}

pub(crate) fn finished(mut job: JobInfo) -> JobInfo {
    job.state = JobState::Finished;
    job.verdict = Some(Verdict::Pass);
    job.ended_at_wall_ns = Some(START_WALL_NS + 10_000_000_000);
    job.achieved_rate = Some(99.9);
    job
}

pub(crate) fn producer(job: Uuid, agent: &str, stream: Stream) -> Producer {
    Producer {
        job,
        agent: agent.to_owned(),
        epoch: 1,
        stream,
    }
}

pub(crate) fn batch(producer: &Producer, sequence: u64, content: Content) -> Batch {
    Batch {
        producer: producer.clone(),
        sequence,
        crc32c: sequence as u32 * 7,
        content,
    }
}

pub(crate) fn stats(bytes: &[u8]) -> Content {
    Content::Encoded {
        bytes: bytes.to_vec(),
        closing: false,
    }
}

/// `count` requests of one step and as many iterations; the nth starts at n ms and takes n + 1 ms.
pub(crate) fn rows(first: u64, count: u64) -> Rows {
    let dictionary = [
        "",
        "buy",
        "pay",
        "GET /pay",
        "GET",
        "http://shop/pay",
        "HTTP/1.1",
        "{\"region\":\"eu\"}",
    ];
    let mut rows = Rows {
        dictionary: dictionary.map(str::to_owned).to_vec(),
        ..Rows::default()
    };
    for n in first..first + count {
        request(&mut rows, n);
        iteration(&mut rows, n);
    }
    rows
}

fn request(rows: &mut Rows, n: u64) {
    let of = &mut rows.requests;
    of.workflow.push(1);
    of.step.push(2);
    of.name.push(3);
    of.method.push(4);
    of.url.push(5);
    of.status.push(200);
    of.failed.push(false);
    of.error.push(0);
    of.error_kind.push(0);
    of.size.push(12);
    of.started_ns.push(n as i64 * 1_000_000);
    of.duration_ns.push((n + 1) * 1_000_000);
    of.blocked_ns.push(0);
    of.dns_ns.push(0);
    of.connect_ns.push(500_000);
    of.tls_ns.push(0);
    of.send_ns.push(10_000);
    of.wait_ns.push((n + 1) * 1_000_000 - 520_000);
    of.receive_ns.push(10_000);
    of.reused.push(0);
    of.window.push(0);
    of.sequence_id.push(sequence_id(n));
    of.request_id.push(String::new());
    of.iteration.push(n + 1);
    of.user_id.push(0);
    of.proto.push(6);
    of.tags.push(7);
    of.remote_addr.push(0);
}

fn iteration(rows: &mut Rows, n: u64) {
    let of = &mut rows.iterations;
    of.workflow.push(1);
    of.iteration.push(n);
    of.user_id.push(0);
    of.sequence_id.push(sequence_id(n));
    of.scheduled_ns.push(n as i64 * 1_000_000);
    of.lag_ns.push(20_000);
    of.slot_wait_ns.push(5_000);
    of.think_ns.push(0);
    of.duration_ns.push((n + 2) * 1_000_000);
    of.ok.push(true);
    of.interrupted.push(false);
    of.error.push(0);
    of.window.push(0);
    of.has_response.push(true);
}

/// The sequence ID of the nth iteration.
pub(crate) fn sequence_id(n: u64) -> String {
    format!("00000000-0000-4000-8000-{n:012x}")
}

pub(crate) fn distribution(count: u64) -> Distribution {
    let mut histogram = Histogram::default();
    for n in 1..=count {
        histogram.record(n * 1_000_000);
    }
    Distribution::from(&histogram)
}

pub(crate) fn summary(job: &JobInfo) -> Summary {
    let iterations = Accounting {
        planned: 1000,
        scheduled: 1000,
        started: 990,
        ok: 985,
        failed: 5,
        dropped: Dropped {
            full: 10,
            ..Dropped::default()
        },
        ..Accounting::default()
    };
    Summary {
        complete: true,
        run_time_s: 10.0,
        thresholds: vec![
            threshold("http_reqs: rate>10", Some(99.0)),
            threshold("checks: rate>0.5", None),
        ],
        iterations,
        generator_lag: distribution(10),
        response_time: Some(distribution(100)),
        requests: RequestTotals {
            protocol_status_counts: <_>::default(),
            failed: 5,
            rate: 99.0,
            bytes: 11_880,
            duration: distribution(100),
            status_counts: [(200, 985), (500, 5)].into(),
        },
        workflows: vec![workflow(iterations)],
        errors: vec![Errors {
            workflow: "buy".into(),
            step: "pay".into(),
            name: "GET /pay".into(),
            kind: "status".into(),
            count: 5,
            repeats: 2,
            first_ns: 1_000_000_000,
            last_ns: 2_000_000_000,
            example: "500 Internal Server Error".into(),
        }],
        not_results: [("text".to_owned(), 3)].into(),
        metrics: vec![
            metric("basket", "trend", Some(distribution(50))),
            metric("carts", "counter", None),
        ],
        agents: vec![AgentSummary {
            agent: "one".to_owned(),
            iterations,
            malformed: 3,
            lag_p99_ms: 0.2,
            cpu_max: 0.7,
            ended: Some(Ended::Finished),
            ..AgentSummary::default()
        }],
        warnings: vec!["rows were not kept".to_owned()],
        ..Summary::without_results(job.clone())
    }
}

fn threshold(expression: &str, value: Option<f64>) -> ThresholdSummary {
    ThresholdSummary {
        expression: expression.to_owned(),
        metric: "checks".to_owned(),
        value,
        unit: String::new(),
        outcome: match value {
            Some(_) => ThresholdOutcome::Met,
            None => ThresholdOutcome::NoSamples,
        },
        samples: 0,
        window: None,
        aborted_at_second: None,
        note: String::new(),
    }
}

fn metric(name: &str, kind: &str, distribution: Option<Distribution>) -> MetricSummary {
    MetricSummary {
        name: name.to_owned(),
        kind: kind.to_owned(),
        step: String::new(),
        count: 50,
        value: 25.5,
        distribution,
    }
}

fn workflow(iterations: Accounting) -> WorkflowSummary {
    let request = RequestSummary {
        name: "GET /pay".to_owned(),
        method: "GET".to_owned(),
        protocol: "http".to_owned(),
        failed: 5,
        rate: 99.0,
        bytes: 11_880,
        duration: distribution(100),
        ok_duration: distribution(90),
        status_counts: [(200, 985), (500, 5)].into(),
        ..RequestSummary::default()
    };
    WorkflowSummary {
        status_counts: <_>::default(),
        protocol_status_counts: <_>::default(),
        name: "buy".to_owned(),
        iterations,
        achieved_rate: Some(100.0),
        rate: 99.0,
        duration: distribution(100),
        response_time: Some(distribution(100)),
        checks: vec![CheckSummary {
            name: "paid".to_owned(),
            passes: 985,
            fails: 5,
        }],
        steps: vec![StepSummary {
            status_counts: <_>::default(),
            protocol_status_counts: <_>::default(),
            name: "pay".to_owned(),
            failed: 5,
            rate: 99.0,
            duration: distribution(100),
            requests: vec![request.clone()],
        }],
        requests: vec![request],
    }
}

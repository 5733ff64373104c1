//! Replays ten hours of a job into the aggregation at full speed, and prints what that costs: two agents, 200 request names,
//! 20,000 requests a second. `cargo run --release -p heavy-results --example ten_hours [HOURS]`
#![expect(clippy::print_stdout, reason = "a program for a terminal")]

use std::error::Error;
use std::sync::Arc;
use std::time::Instant;

use heavy_load::histogram::Histogram;
use heavy_load::span::Span;
use heavy_results::aggregate::Aggregator;
use heavy_results::job::{JobInfo, JobSpec, JobState};
use heavy_results::stats::{Delta, GeneratorHealth, Iterations, Requests};

const AGENTS: [&str; 2] = ["a", "b"];
const NAMES: u64 = 200;
/// Requests of a name on an agent in a second.
const REQUESTS: u64 = 50;
/// Seconds that the scheduler keeps after they are written.
const KEPT_S: u32 = 75;

fn main() -> Result<(), Box<dyn Error>> {
    let hours: u32 = std::env::args().nth(1).map_or(Ok(10), |hours| hours.parse())?;
    let seconds = hours * 3600;
    let job = job(seconds)?;
    let names: Vec<Arc<str>> = (0..NAMES)
        .map(|at| Arc::from(format!("GET /name/{at}")))
        .collect();
    let mut aggregator = Aggregator::new(job.spec.load(), AGENTS.map(|agent| (agent.to_owned(), 1)))
        .watching(&["http_req_duration: p(99)<1s over 60s".parse()?]);
    let started = Instant::now();
    println!(
        "{:>10}  {:>8}  {:>12}  {:>9}",
        "second", "memory", "live summary", "replayed"
    );
    for second in 0..seconds {
        for agent in AGENTS {
            aggregator.apply(agent, 1, &delta(second, &names));
        }
        let complete = aggregator.complete_before_second();
        aggregator.judge_before(complete);
        drop(aggregator.take_changes(complete));
        aggregator.forget_before(complete.saturating_sub(KEPT_S));
        if [10, 600, 3600].contains(&(second + 1)) || (second + 1) % 7200 == 0 || second + 1 == seconds {
            let timed = Instant::now();
            let summary = aggregator.summary(&job, &[], false);
            let took_ms = timed.elapsed().as_secs_f64() * 1e3;
            assert_eq!(
                summary.requests.duration.count,
                u64::from(second + 1) * NAMES * REQUESTS * 2
            );
            let elapsed_s = started.elapsed().as_secs_f64();
            println!(
                "{:>10}  {:>5} MiB  {took_ms:>9.1} ms  {elapsed_s:>7.0} s",
                second + 1,
                memory_mib()?
            );
        }
    }
    Ok(())
}

fn job(seconds: u32) -> Result<JobInfo, Box<dyn Error>> {
    let spec = JobSpec::new("a".repeat(64), "20000".parse()?, Span::from_s(seconds.into()));
    Ok(JobInfo {
        state: JobState::Running,
        started_at_wall_ns: Some(0),
        planned: spec.load().planned(),
        asked_rate: 20_000.0,
        ..JobInfo::queued(uuid::Uuid::nil(), spec, 0)
    })
}

/// What an agent reports of a second: times around 10 ms, other ones each second. They are spread as widely as those of a
/// service are at worst, one in a thousand over 200 ms, since each different time takes memory.
fn delta(second: u32, names: &[Arc<str>]) -> Delta {
    let mut random = u64::from(second).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut uniform = || {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        ((random >> 11) + 1) as f64 / (1u64 << 53) as f64
    };
    let mut times = |count: u64| {
        let mut times = Histogram::default();
        for _ in 0..count {
            let (radius, angle) = ((-2.0 * uniform().ln()).sqrt(), std::f64::consts::TAU * uniform());
            times.record((1e7 * (radius * angle.cos()).exp()) as u64);
        }
        times
    };
    let workflow: Arc<str> = Arc::from("main");
    let requests = names.iter().map(|name| Requests {
        second,
        workflow: Arc::clone(&workflow),
        method: Arc::from("GET"),
        name: Arc::clone(name),
        protocol: Arc::from("http"),
        status: 200,
        duration: times(REQUESTS),
        ..Requests::default()
    });
    let requests: Vec<Requests> = requests.collect();
    let count = NAMES * REQUESTS;
    let iterations = Iterations {
        second,
        workflow,
        scheduled: count,
        started: count,
        ok: count,
        duration: times(2000),
        response: times(2000),
        generator_lag: times(2000),
        ..Iterations::default()
    };
    Delta {
        complete_before_second: second + 1,
        requests,
        iterations: vec![iterations],
        health: vec![GeneratorHealth {
            second,
            in_flight: 10,
            ..GeneratorHealth::default()
        }],
        last_ended_ns: u64::from(second + 1) * 1_000_000_000,
        ..Delta::default()
    }
}

/// What this process has in memory.
fn memory_mib() -> Result<u64, Box<dyn Error>> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib: u64 = line
        .and_then(|line| line.split_whitespace().next())
        .ok_or("no VmRSS")?
        .parse()?;
    Ok(kib / 1024)
}

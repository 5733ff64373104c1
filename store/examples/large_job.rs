//! Records the results of a large job without loading anything: `large_job [--requests N] [--seconds N] [--names N] URL`.
//!
//! What two agents would have reported is folded as a scheduler folds it, and seconds, totals and summary are written to the
//! database; raw rows are not, no report reads them. It is for measuring `heavy report`. Build it with `--release`.

use std::io::Write;
use std::sync::Arc;

use anyhow::{Context, bail};
use heavy_load::histogram::Histogram;
use heavy_load::span::Span;
use heavy_results::aggregate::Aggregator;
use heavy_results::job::{JobInfo, JobSpec, JobState};
use heavy_results::stats::{Closing, Delta, Iterations, Requests};
use heavy_results::verdict::judge;
use uuid::Uuid;

const AGENTS: [&str; 2] = ["one", "two"];
const STEPS: [&str; 4] = ["", "look", "choose", "pay"];

struct Args {
    requests: u64,
    seconds: u64,
    names: u64,
    url: String,
}

impl Args {
    fn parse() -> anyhow::Result<Self> {
        let mut args = Self {
            requests: 10_000_000,
            seconds: 3_600,
            names: 200,
            url: String::new(),
        };
        let mut words = std::env::args().skip(1);
        while let Some(word) = words.next() {
            let number = match word.as_str() {
                "--requests" => &mut args.requests,
                "--seconds" => &mut args.seconds,
                "--names" => &mut args.names,
                url if !url.starts_with('-') => {
                    args.url = word;
                    continue;
                }
                _ => bail!("unknown flag `{word}`: expected one of --requests, --seconds, --names"),
            };
            *number = words
                .next()
                .with_context(|| format!("{word} requires a number"))?
                .parse()
                .with_context(|| format!("{word} requires a number"))?;
        }
        if args.url.is_empty() || args.seconds == 0 || args.names == 0 {
            bail!(
                "expected a database, such as sqlite:///tmp/heavy.db, and at least one second and one name"
            );
        }
        Ok(args)
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let args = Args::parse()?;
    let each = args
        .requests
        .div_ceil(args.seconds * args.names * AGENTS.len() as u64)
        .max(1);
    let per_second = each * args.names * AGENTS.len() as u64;
    let mut job = job(per_second, args.seconds);
    let mut fold = Aggregator::new(job.spec.load(), AGENTS.map(|agent| (agent.to_owned(), 1)));
    let mut noise = Noise(1);
    for second in 0..u32::try_from(args.seconds)? {
        for agent in AGENTS {
            fold.apply(agent, 1, &delta(second, args.names, each, &mut noise));
        }
    }
    for agent in AGENTS {
        fold.close(agent, 1, Closing::default());
    }
    job.state = JobState::Finished;
    let shares = AGENTS.map(|agent| (agent.to_owned(), job.planned / AGENTS.len() as u64));
    let judged = judge(&fold.summary(&job, &shares, true));
    (job.verdict, job.reason) = (Some(judged.verdict), judged.reason);
    let summary = fold.summary(&job, &shares, true);
    let store = heavy_store::open(&args.url).await?;
    store.create_job(&job).await?;
    let seconds = fold.take_changes(u32::MAX);
    store.save_series(job.id, &seconds, Some(&summary)).await?;
    writeln!(
        std::io::stdout(),
        "{}: {} requests, {} names, {} s",
        job.id,
        summary.requests.duration.count,
        args.names,
        args.seconds
    )?;
    Ok(())
}

fn job(per_second: u64, seconds: u64) -> JobInfo {
    let rate = format!("{per_second}/s").parse().expect("it is a rate");
    let spec = JobSpec::new("0".repeat(64), rate, Span::from_s(seconds));
    JobInfo {
        state: JobState::Running,
        started_at_wall_ns: Some(1_800_000_000_000_000_000),
        ended_at_wall_ns: Some(1_800_000_000_000_000_000 + seconds * 1_000_000_000),
        planned: per_second * seconds,
        asked_rate: per_second as f64,
        achieved_rate: Some(per_second as f64),
        load_s: Some(seconds as f64),
        ..JobInfo::queued(Uuid::now_v7(), spec, 1_800_000_000_000_000_000)
    }
}

/// What an agent reports of a second: one request for each iteration, each hundredth failed.
fn delta(second: u32, names: u64, each: u64, noise: &mut Noise) -> Delta {
    let workflow: Arc<str> = Arc::from("visit");
    let mut all = Histogram::default();
    let mut requests = Vec::new();
    for n in 0..names {
        let mut duration = Histogram::default();
        for _ in 0..each {
            duration.record(noise.duration_ns());
        }
        all.merge(&duration);
        let failed = (u64::from(second) + n).is_multiple_of(100);
        requests.push(Requests {
            second,
            workflow: Arc::clone(&workflow),
            step: Arc::from(STEPS[n as usize % STEPS.len()]),
            method: Arc::from("GET"),
            name: Arc::from(format!("GET /items/{n}/of/{{shop}}")),
            status: if failed { 503 } else { 200 },
            failed,
            error_kind: Arc::from(if failed { "status" } else { "" }),
            bytes: 1_000 * each,
            duration,
            ..Requests::default()
        });
    }
    let iterations = Iterations {
        second,
        workflow,
        scheduled: names * each,
        started: names * each,
        ok: names * each,
        duration: all.clone(),
        response: all.clone(),
        ..Iterations::default()
    };
    Delta {
        complete_before_second: second + 1,
        requests,
        iterations: vec![iterations],
        last_ended_ns: (u64::from(second) + 1) * 1_000_000_000,
        ..Delta::default()
    }
}

/// Durations as they are in life: most near 20 ms, few much longer. The same in every call.
struct Noise(u64);

impl Noise {
    fn duration_ns(&mut self) -> u64 {
        // Xorshift.
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        let share = (self.0 >> 11) as f64 / (1_u64 << 53) as f64;
        (2e7 / (1.0 - share).max(1e-6).sqrt()) as u64
    }
}

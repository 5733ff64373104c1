//! How many rows per second each database takes: `ingest_bench [--rows N] [--batch N] [--producers N] [URL ...]`.
//!
//! Without a URL it measures a SQLite file in the temporary folder. Half of the rows are requests, half iterations; each
//! batch is one transaction. Build it with `--release`.

use std::io::Write;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, bail};
use heavy_load::spec::DEFAULT_DURATION;
use heavy_results::job::{JobInfo, JobSpec, JobState};
use heavy_store::{Batch, Committed, Content, Producer, Rows, Store, Stream};
use uuid::Uuid;

/// Distinct request names.
const NAMES: u32 = 20;

struct Args {
    rows: u64,
    batch: u64,
    producers: u64,
    urls: Vec<String>,
}

impl Args {
    fn parse() -> anyhow::Result<Self> {
        let mut args = Self {
            rows: 2_000_000,
            batch: 10_000,
            producers: 2,
            urls: Vec::new(),
        };
        let mut words = std::env::args().skip(1);
        while let Some(word) = words.next() {
            let number = match word.as_str() {
                "--rows" => &mut args.rows,
                "--batch" => &mut args.batch,
                "--producers" => &mut args.producers,
                url if !url.starts_with('-') => {
                    args.urls.push(word);
                    continue;
                }
                _ => bail!("unknown flag `{word}`: expected one of --rows, --batch, --producers"),
            };
            *number = words
                .next()
                .with_context(|| format!("{word} requires a number"))?
                .parse()
                .with_context(|| format!("{word} requires a number"))?;
        }
        Ok(args)
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut args = Args::parse()?;
    let folder = tempfile::tempdir()?;
    if args.urls.is_empty() {
        args.urls
            .push(format!("sqlite://{}", folder.path().join("bench.db").display()));
    }
    for url in &args.urls {
        let store = heavy_store::open(url).await?;
        let job = job();
        store.create_job(&job).await?;
        let start = Instant::now();
        let tasks: Vec<_> = (0..args.producers)
            .map(|producer| {
                let batches = args.rows / args.producers / args.batch;
                tokio::spawn(produce(Arc::clone(&store), job.id, producer, batches, args.batch))
            })
            .collect();
        let mut rows = 0;
        for task in tasks {
            rows += task.await??;
        }
        let elapsed = start.elapsed();
        let scheme = url.split(':').next().unwrap_or_default();
        writeln!(
            std::io::stdout(),
            "{scheme}: {rows} rows in {:.2} s, {:.0} rows/s",
            elapsed.as_secs_f64(),
            rows as f64 / elapsed.as_secs_f64()
        )?;
    }
    Ok(())
}

async fn produce(
    store: Arc<dyn Store>,
    job: Uuid,
    number: u64,
    batches: u64,
    size: u64,
) -> anyhow::Result<u64> {
    // Made once: what it costs to make rows is not measured.
    let mut batch = Batch {
        producer: Producer {
            job,
            agent: format!("agent {number}"),
            epoch: 1,
            stream: Stream::Rows,
        },
        sequence: 0,
        crc32c: 0,
        content: Content::Rows(Box::new(rows(size / 2))),
    };
    for sequence in 1..=batches {
        batch.sequence = sequence;
        let committed = store.commit(&batch).await?;
        if committed != Committed::Stored {
            bail!("batch {sequence} is {committed:?}");
        }
    }
    Ok(batches * (size / 2) * 2)
}

fn job() -> JobInfo {
    let rate = "1000/s".parse().expect("it is a rate");
    JobInfo {
        state: JobState::Running,
        started_at_wall_ns: Some(1_800_000_000_000_000_000),
        planned: 0,
        asked_rate: 1000.0,
        ..JobInfo::queued(
            Uuid::now_v7(),
            JobSpec::new("0".repeat(64), rate, DEFAULT_DURATION),
            1_800_000_000_000_000_000,
        )
    }
}

/// As an agent sends them: 20 names, a sequence ID of its own for each iteration, connections kept.
fn rows(count: u64) -> Rows {
    let mut dictionary = ["", "shop", "GET", "HTTP/1.1"].map(str::to_owned).to_vec();
    for name in 0..NAMES {
        dictionary.push(format!("GET /items/{name}"));
        dictionary.push(format!("http://127.0.0.1:8080/items/{name}"));
    }
    let mut rows = Rows {
        dictionary,
        ..Rows::default()
    };
    for n in 0..count {
        let sequence_id = Uuid::from_u128(u128::from(n) << 64 | 0x4000_8000).to_string();
        let name = 4 + 2 * (n as u32 % NAMES);
        let of = &mut rows.requests;
        for (column, index) in [
            (&mut of.workflow, 1),
            (&mut of.step, 0),
            (&mut of.name, name),
            (&mut of.method, 2),
            (&mut of.url, name + 1),
            (&mut of.status, 200),
            (&mut of.error, 0),
            (&mut of.error_kind, 0),
            (&mut of.reused, 1),
            (&mut of.window, 0),
            (&mut of.user_id, 0),
            (&mut of.proto, 3),
            (&mut of.tags, 0),
            (&mut of.remote_addr, 0),
        ] {
            column.push(index);
        }
        for (column, ns) in [
            (&mut of.duration_ns, 900_000 + n),
            (&mut of.blocked_ns, 0),
            (&mut of.dns_ns, 0),
            (&mut of.connect_ns, 0),
            (&mut of.tls_ns, 0),
            (&mut of.send_ns, 20_000),
            (&mut of.wait_ns, 860_000 + n),
            (&mut of.receive_ns, 20_000),
        ] {
            column.push(ns);
        }
        of.failed.push(false);
        of.size.push(612);
        of.started_ns.push(n as i64 * 1_000_000);
        of.sequence_id.push(sequence_id.clone());
        of.request_id.push(String::new());
        of.iteration.push(n + 1);
        iteration(&mut rows, n, sequence_id);
    }
    rows
}

fn iteration(rows: &mut Rows, n: u64, sequence_id: String) {
    let of = &mut rows.iterations;
    of.workflow.push(1);
    of.iteration.push(n);
    of.user_id.push(0);
    of.sequence_id.push(sequence_id);
    of.scheduled_ns.push(n as i64 * 1_000_000);
    of.lag_ns.push(30_000);
    of.slot_wait_ns.push(0);
    of.think_ns.push(0);
    of.duration_ns.push(950_000 + n);
    of.ok.push(true);
    of.interrupted.push(false);
    of.error.push(0);
    of.window.push(0);
    of.has_response.push(true);
}

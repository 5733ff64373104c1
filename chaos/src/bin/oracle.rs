//! A load test whose results follow from their ids, and which keeps a ledger of what it finished writing.
//!
//! Params: `ledgers` (the job's directory of ledgers; required), `results` (synthetic results of an iteration), `targets`
//! (object with the URL that each agent's iterations send one real request to), `wait_ms` (how long an iteration lasts),
//! `children` (1: processes that try to outlive the load test), `close_after` (bytes after which it
//! closes stdout), `noise` (1: binary noise before each write).

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use heavy_chaos::ledger::LedgerWriter;
use heavy_chaos::pump::{Pump, PumpControl};
use heavy_chaos::random::seed_of;
use heavy_chaos::{REAL_REQUEST, agent_of, result};
use heavy_sdk::prelude::*;

struct Oracle {
    pump: Option<PumpControl>,
    job: OnceLock<OracleJob>,
    next: AtomicU64,
}

/// What the oracle knows once it is prepared.
struct OracleJob {
    stream: String,
    results: u64,
    target: Option<String>,
    wait: Duration,
}

impl Runner for Oracle {
    async fn init(&self, ctx: &Context) -> Result<()> {
        let dir = PathBuf::from(ctx.param("ledgers").context("the param `ledgers` is missing")?);
        let agent = agent_of(&std::env::current_dir()?);
        let (ledger, head) = LedgerWriter::create(&dir, &agent)?;
        let number = |key: &str, default: u64| -> Result<u64> {
            ctx.param(key).map_or(Ok(default), |text| Ok(text.parse()?))
        };
        if number("children", 0)? > 0 {
            spawn_children(&head.stream)?;
        }
        if let Some(pump) = &self.pump {
            pump.note_in(ledger);
            if number("noise", 0)? > 0 {
                pump.add_noise(seed_of(&head.stream));
            }
            let close_after = number("close_after", 0)?;
            if close_after > 0 {
                pump.close_after(close_after);
            }
        }
        let job = OracleJob {
            results: number("results", 4)?,
            target: match ctx.param("targets") {
                Some(targets) => serde_json::from_str::<BTreeMap<String, String>>(&targets)?.remove(&agent),
                None => None,
            },
            wait: Duration::from_millis(number("wait_ms", 0)?),
            stream: head.stream,
        };
        ensure!(self.job.set(job).is_ok(), "init was called twice");
        Ok(())
    }

    async fn run(&self, ctx: &Context) -> Result<()> {
        let job = self.job.get().context("init has not been called")?;
        if let Some(url) = &job.target {
            ctx.get(url).name(REAL_REQUEST).send().await?;
        }
        if !job.wait.is_zero() {
            ctx.think(job.wait).await;
        }
        for _ in 0..job.results {
            let k = self.next.fetch_add(1, Ordering::Relaxed);
            let mut line = result::result(&job.stream, k);
            line.started_ns = now_ns().saturating_sub(line.duration_ns);
            ctx.report(line.into());
        }
        Ok(())
    }
}

/// Processes that do what processes do that outlive a load test: one in a session of its own, one in its group, one
/// that ignores SIGTERM. Their command lines contain the stream's name.
fn spawn_children(stream: &str) -> Result<()> {
    for (program, args) in [
        ("setsid", vec!["sh", "-c", "while :; do sleep 1; done"]),
        ("sh", vec!["-c", "while :; do sleep 1; done"]),
        ("sh", vec!["-c", "trap '' TERM HUP; while :; do sleep 1; done"]),
    ] {
        Command::new(program)
            .args(args)
            .arg(format!("oracle-child:{stream}"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
    }
    Ok(())
}

fn now_ns() -> u64 {
    let now = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
    u64::try_from(now.as_nanos()).unwrap_or(u64::MAX)
}

fn main() -> ExitCode {
    let pump = if std::env::var_os("HEAVY_RPC_FD").is_some() {
        Pump::start().ok()
    } else {
        None
    };
    let oracle = Oracle {
        pump: pump.as_ref().map(|pump| pump.control.clone()),
        job: OnceLock::new(),
        next: AtomicU64::new(0),
    };
    let code = heavy_sdk::serve(Server::new(oracle));
    match pump.map(Pump::finish) {
        Some(Err(_)) => ExitCode::FAILURE,
        _ => code,
    }
}

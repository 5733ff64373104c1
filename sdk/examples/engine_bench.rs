//! Measures the HTTP engine alone: a closed loop of N requests in flight on one thread, and what one request costs.
//!
//! `cargo run --release -p heavy-sdk --example engine_bench -- http://127.0.0.1:8080/ [IN_FLIGHT] [SECONDS]`

use std::cell::Cell;
use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::ExitCode;
use std::rc::Rc;
use std::time::Duration;

use heavy_sdk::http::{Engine, EngineConfig, HttpClient, HttpVersion, Request, monotonic_ns};
use rustix::time::{ClockId, clock_gettime};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |n: usize, default: u64| {
        arguments
            .get(n)
            .and_then(|text| text.parse().ok())
            .unwrap_or(default)
    };
    let Some(url) = arguments.first().cloned() else {
        let _ = writeln!(
            std::io::stderr(),
            "usage: engine_bench URL [IN_FLIGHT] [SECONDS] [h2]"
        );
        return ExitCode::from(2);
    };
    let in_flight = number(1, 64);
    let seconds = number(2, 5);
    let http_version = if arguments.iter().any(|text| text == "h2") {
        HttpVersion::Http2
    } else {
        HttpVersion::Auto
    };
    let config = EngineConfig {
        http_version,
        ..EngineConfig::default()
    };
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else {
        let _ = writeln!(std::io::stderr(), "cannot start a runtime");
        return ExitCode::FAILURE;
    };
    let report = tokio::task::LocalSet::new().block_on(&runtime, run(config, url, in_flight, seconds));
    let _ = std::io::stdout().write_all(report.as_bytes());
    ExitCode::SUCCESS
}

async fn run(config: EngineConfig, url: String, in_flight: u64, seconds: u64) -> String {
    let client: Rc<dyn HttpClient> = Rc::new(Engine::new(config));
    let done = Rc::new(Cell::new(0_u64));
    let cpu_before = cpu_ns();
    let started_ns = monotonic_ns();
    let until_ns = started_ns + Duration::from_secs(seconds).as_secs() * 1_000_000_000;
    let tasks: Vec<_> = (0..in_flight)
        .map(|_| {
            let (client, done, url) = (client.clone(), done.clone(), url.clone());
            tokio::task::spawn_local(async move {
                let mut outcomes: BTreeMap<String, u64> = BTreeMap::new();
                while monotonic_ns() < until_ns {
                    let exchange = client.execute(Request::get(client.target(&url))).await;
                    done.set(done.get() + 1);
                    let outcome = exchange
                        .error
                        .map_or(exchange.status.to_string(), |error| error.to_string());
                    *outcomes.entry(outcome).or_default() += 1;
                }
                outcomes
            })
        })
        .collect();
    let mut outcomes: BTreeMap<String, u64> = BTreeMap::new();
    for task in tasks {
        for (outcome, count) in task.await.unwrap_or_default() {
            *outcomes.entry(outcome).or_default() += count;
        }
    }
    let requests = done.get().max(1);
    let elapsed_ns = monotonic_ns() - started_ns;
    let cpu = cpu_ns() - cpu_before;
    let rate = u128::from(requests) * 1_000_000_000 / u128::from(elapsed_ns);
    format!(
        "{requests} requests, {rate}/s, {}.{:02} us CPU a request\n{outcomes:#?}\n",
        cpu / requests / 1_000,
        cpu / requests % 1_000 / 10,
    )
}

/// CPU time of this process, user and system, in ns.
fn cpu_ns() -> u64 {
    let used = clock_gettime(ClockId::ProcessCPUTime);
    used.tv_sec.cast_unsigned() * 1_000_000_000 + used.tv_nsec.cast_unsigned()
}

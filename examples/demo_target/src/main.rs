//! The demo target as a standalone program.

use std::io::Write;
use std::net::{SocketAddr, TcpListener};

use anyhow::Context;
use clap::Parser;
use clap::builder::FalseyValueParser;
use heavy_demo_target::{Latency, Options, Target};

/// Server to run load tests against: responds fast, records arrivals, and slows down, fails or stalls on request
#[derive(Debug, Parser)]
#[command(
    version,
    after_help = "GET /_stats shows what arrived; POST /_control changes how it behaves."
)]
struct Args {
    /// Loopback address to listen on; port 0 selects a free port
    #[arg(long, default_value = "127.0.0.1:8080", env = "HEAVY_DEMO_TARGET_LISTEN")]
    listen: SocketAddr,
    /// Number of server threads
    #[arg(long, default_value_t = 1, env = "HEAVY_DEMO_TARGET_THREADS", value_parser = clap::value_parser!(u16).range(1..=64))]
    threads: u16,
    /// Respond like a small shop: skewed latencies of 2 to 8 ms, rare slow responses, a few errors
    #[arg(long, env = "HEAVY_DEMO_TARGET_LIFELIKE", value_parser = FalseyValueParser::new())]
    lifelike: bool,
}

fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let listener =
        TcpListener::bind(args.listen).with_context(|| format!("cannot listen on {}", args.listen))?;
    let options = Options {
        threads: usize::from(args.threads),
        latency: if args.lifelike {
            Latency::Lifelike
        } else {
            Latency::None
        },
        ..Options::default()
    };
    let target = Target::start(listener, options)?;
    writeln!(std::io::stderr(), "listening on http://{}", target.addr())?;
    loop {
        std::thread::park();
    }
}

//! The demo target as a program of its own.

use std::io::Write;
use std::net::{SocketAddr, TcpListener};

use anyhow::Context;
use clap::Parser;
use heavy_demo_target::{Latency, Options, Target};

/// A server to aim load tests at: answers fast, stamps arrivals, and misbehaves when asked
#[derive(Debug, Parser)]
#[command(
    version,
    after_help = "GET /_stats shows what arrived; POST /_control changes how it behaves."
)]
struct Args {
    /// Loopback address to listen on; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:8080", env = "HEAVY_DEMO_TARGET_LISTEN")]
    listen: SocketAddr,
    /// Threads that serve
    #[arg(long, default_value_t = 1, env = "HEAVY_DEMO_TARGET_THREADS", value_parser = clap::value_parser!(u16).range(1..=64))]
    threads: u16,
    /// Answer as a small shop would: skewed latencies of 2 to 8 ms, rare slow ones, a few errors
    #[arg(long, env = "HEAVY_DEMO_TARGET_LIFELIKE")]
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

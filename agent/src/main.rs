//! The command `heavy-agent`.

use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::Context;
use clap::Parser;
use heavy_agent::command_line::Args;
use heavy_agent::{Config, Error};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

const COULD_NOT_RUN: u8 = 1;
const WRONG_USAGE: u8 = 2;

fn main() -> ExitCode {
    let mut args = std::env::args_os();
    // Hidden from the help: the agent calls itself by it to become a load test.
    if args.nth(1).is_some_and(|command| command == "launch") {
        return heavy_agent::launch::main(args);
    }
    let filter = EnvFilter::try_from_env("HEAVY_LOG")
        .unwrap_or_else(|_| EnvFilter::new("info,tarpc=off,h2=warn,hyper=warn,tonic=warn,tower=warn"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(io::IsTerminal::is_terminal(&io::stderr()))
        .init();
    match serve(Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "error: {error:#}");
            let usage = error.downcast_ref::<Error>().is_some_and(Error::is_usage);
            ExitCode::from(if usage { WRONG_USAGE } else { COULD_NOT_RUN })
        }
    }
}

fn serve(args: Args) -> anyhow::Result<()> {
    let config = config(args)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("cannot start")?;
    let result = runtime.block_on(async {
        let shutdown = CancellationToken::new();
        let mut terminate = signal(SignalKind::terminate()).context("cannot take signals")?;
        let mut interrupt = signal(SignalKind::interrupt()).context("cannot take signals")?;
        let ended = shutdown.clone();
        tokio::spawn(async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            tracing::info!("ending; a second signal does not wait for results");
            ended.cancel();
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            impatient();
        });
        heavy_agent::run(config, shutdown).await?;
        Ok(())
    });
    runtime.shutdown_background();
    result
}

fn config(args: Args) -> Result<Config, Error> {
    let name = args.name.unwrap_or_else(heavy_agent::default_name);
    let data_dir = match args.data_dir {
        Some(dir) => dir,
        None => {
            let var = std::env::var_os;
            heavy_agent::default_data_dir(&name, var("XDG_DATA_HOME"), var("HOME"))?
        }
    };
    // Load tests are started in folders of their own, from where a relative path leads elsewhere.
    let data_dir = std::path::absolute(&data_dir).unwrap_or(data_dir);
    let mut config = Config::new(name, args.scheduler, args.collector, data_dir);
    config.labels = args.label.into_iter().collect();
    config.spool_limit_bytes = args.spool_limit;
    config.on_connected = connected;
    Ok(config)
}

fn connected(name: &str, url: &str) {
    let _ = writeln!(io::stderr(), "agent {name} connected to {url}");
}

#[expect(
    clippy::exit,
    reason = "the second signal means at once, whatever is under way"
)]
fn impatient() {
    std::process::exit(i32::from(COULD_NOT_RUN));
}

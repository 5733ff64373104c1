//! The command `heavy-agent`.

use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use heavy_agent::command_line::Args;
use heavy_agent::{AgentConfig, Error};
use heavy_load::exit_code::{COULD_NOT_RUN, WRONG_USAGE};
use heavy_process::data_dir::default_dir;
use heavy_process::retention::Retention;
use heavy_process::signals::Interrupts;
use tokio_util::sync::CancellationToken;

fn main() -> ExitCode {
    let mut args = std::env::args_os();
    // Hidden from the help: the agent calls itself by it to become a load test.
    if args.nth(1).is_some_and(|command| command == "launch") {
        return heavy_agent::launch::main(args);
    }
    heavy_process::log::start("info");
    match serve(heavy_process::variables::parse()) {
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
        let mut interrupts = Interrupts::take().context("cannot take over signals")?;
        let ended = shutdown.clone();
        tokio::spawn(async move {
            interrupts.next().await;
            tracing::info!("shutting down; a second signal exits at once, without waiting for results");
            ended.cancel();
            interrupts.next().await;
            impatient();
        });
        heavy_agent::run(config, shutdown).await?;
        Ok(())
    });
    runtime.shutdown_background();
    result
}

fn config(args: Args) -> Result<AgentConfig, Error> {
    let name = args.name.unwrap_or_else(heavy_agent::default_name);
    let data_dir = match args.data_dir {
        Some(dir) => dir,
        None => heavy_agent::data_dir_of(&name, &default_dir()?),
    };
    // Load tests run in directories of their own, where a relative path leads elsewhere.
    let data_dir = std::path::absolute(&data_dir).unwrap_or(data_dir);
    let mut config = AgentConfig::new(name, args.scheduler, args.collector, data_dir);
    config.labels = args.label.into_iter().collect();
    config.spool_limit_bytes = args.spool_limit;
    config.cache_retention = Retention {
        age: Duration::from_nanos(args.keep_cache.ns()),
        bytes: args.cache_limit,
    };
    config.sandbox = args.sandbox.options();
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

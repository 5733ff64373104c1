//! The command `heavy-collector`.

use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::Parser;
use heavy_collector::command_line::Args;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

const COULD_NOT_RUN: u8 = 1;
const WRONG_USAGE: u8 = 2;
const DATABASE_FILE: &str = "heavy.db";

fn main() -> ExitCode {
    let args = Args::parse();
    let filter =
        EnvFilter::try_from_env("HEAVY_LOG").unwrap_or_else(|_| EnvFilter::new("info,h2=warn,sqlx=warn"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .with_target(false)
        .init();
    heavy_collector::make_way();
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&anyhow::Error::new(error).context("cannot start")),
    };
    let served = runtime.block_on(serve(&args));
    runtime.shutdown_background();
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

fn fail(error: &anyhow::Error) -> ExitCode {
    let _ = writeln!(io::stderr().lock(), "error: {error:#}");
    let wrong_usage = error
        .downcast_ref::<heavy_collector::ListenError>()
        .is_some_and(heavy_collector::ListenError::is_wrong_usage)
        || matches!(error.downcast_ref(), Some(heavy_store::Error::Url { .. }));
    ExitCode::from(if wrong_usage { WRONG_USAGE } else { COULD_NOT_RUN })
}

async fn serve(args: &Args) -> anyhow::Result<()> {
    let shutdown = CancellationToken::new();
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let stop = shutdown.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        tracing::info!("shutting down");
        stop.cancel();
    });
    let listener = heavy_collector::bind(&args.listen).await?;
    let Some(store) = shutdown
        .run_until_cancelled(heavy_store::open(&database(args)?))
        .await
    else {
        return Ok(());
    };
    let store = store?;
    writeln!(
        io::stderr().lock(),
        "listening on http://{}",
        listener.local_addr().context("cannot tell the address")?
    )
    .context("cannot write to stderr")?;
    heavy_collector::serve(listener, store, shutdown)
        .await
        .context("the listener broke")
}

/// The database's URL or path.
fn database(args: &Args) -> anyhow::Result<String> {
    if let Some(url) = &args.database {
        return Ok(url.clone());
    }
    let dir = match &args.data_dir {
        Some(dir) => dir.clone(),
        None => default_dir().context(
            "neither XDG_DATA_HOME nor HOME is set: say where to keep data with --data-dir or --database",
        )?,
    };
    let path = dir.join(DATABASE_FILE);
    let path = path.to_str().with_context(|| {
        format!(
            "the data dir {} is not UTF-8: choose another with --data-dir",
            dir.display()
        )
    })?;
    Ok(format!("sqlite://{path}"))
}

fn default_dir() -> Option<PathBuf> {
    let absolute = |name| {
        let path = PathBuf::from(std::env::var_os(name)?);
        path.is_absolute().then_some(path)
    };
    absolute("XDG_DATA_HOME")
        .or_else(|| Some(absolute("HOME")?.join(".local/share")))
        .map(|base| base.join("heavy"))
}

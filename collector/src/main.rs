//! The command `heavy-collector`.

use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::Context;
use heavy_collector::command_line::Args;
use heavy_load::exit_code::{COULD_NOT_RUN, WRONG_USAGE};
use heavy_process::listen::{self, bind};
use heavy_process::signals::Interrupts;
use heavy_process::{data_dir, nice, variables};
use tokio_util::sync::CancellationToken;

fn main() -> ExitCode {
    let args: Args = variables::parse();
    heavy_process::log::start("info");
    nice::yield_to_load();
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
        .downcast_ref::<listen::Error>()
        .is_some_and(listen::Error::is_wrong_usage)
        || matches!(error.downcast_ref(), Some(heavy_store::Error::Url { .. }));
    ExitCode::from(if wrong_usage { WRONG_USAGE } else { COULD_NOT_RUN })
}

async fn serve(args: &Args) -> anyhow::Result<()> {
    let shutdown = CancellationToken::new();
    let mut interrupts = Interrupts::take().context("cannot take over signals")?;
    let stop = shutdown.clone();
    tokio::spawn(async move {
        interrupts.next().await;
        tracing::info!("shutting down");
        stop.cancel();
    });
    let listener = bind(&args.listen, heavy_collector::LISTENS).await?;
    let database = database(args)?;
    let name = heavy_store::database_name(&database)?;
    let Some(store) = shutdown.run_until_cancelled(heavy_store::open(&database)).await else {
        return Ok(());
    };
    let store = store?;
    writeln!(
        io::stderr().lock(),
        "results database: {name}\nlistening on http://{}",
        listener
            .local_addr()
            .context("cannot read the address of the listener")?
    )
    .context("cannot write to stderr")?;
    heavy_collector::serve(listener, store, shutdown)
        .await
        .context("the listener broke")
}

fn database(args: &Args) -> anyhow::Result<String> {
    if let Some(url) = &args.database {
        return Ok(url.clone());
    }
    let dir = match &args.data_dir {
        Some(dir) => dir.clone(),
        None => data_dir::default_dir()?,
    };
    data_dir::create_private(&dir)?;
    let path = data_dir::database_file(&dir);
    let path = path.to_str().with_context(|| {
        format!(
            "the data directory {} is not UTF-8: choose another with --data-dir",
            dir.display()
        )
    })?;
    Ok(format!("sqlite://{path}"))
}

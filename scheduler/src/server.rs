//! `heavy-sched serve`.

use std::io::Write;

use anyhow::Context;
use heavy_sched::client::exit;
use heavy_sched::client::follow::Interrupts;
use heavy_sched::command_line::ServeArgs;
use heavy_sched::{Config, DataDir, ListenError, Scheduler, bind, default_dir};
use tokio_util::sync::CancellationToken;

/// Why the server did not start, and the exit code that says so.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) error: anyhow::Error,
    pub(crate) code: u8,
}

impl<E: Into<anyhow::Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        let error = error.into();
        let code = code_of(&error);
        Self { error, code }
    }
}

/// Serves until SIGINT or SIGTERM; a second one ends the process at once.
pub(crate) async fn run(args: &ServeArgs) -> Result<u8, Failure> {
    let dir = match &args.data_dir {
        Some(dir) => dir.clone(),
        None => default_dir()?,
    };
    let listener = bind(&args.listen).await?;
    let data_dir = DataDir::open(&dir)?;
    let database = match &args.database {
        Some(url) => url.clone(),
        None => format!("sqlite://{}", dir.join("heavy.db").display()),
    };
    let store = heavy_store::open(&database).await?;
    let mut interrupts = Interrupts::take().context("cannot take over signals")?;
    let shutdown = CancellationToken::new();
    let scheduler = Scheduler::open(store, Config { data_dir }, shutdown.clone()).await?;
    let address = listener.local_addr().context("cannot tell the address")?;
    let _ = writeln!(std::io::stderr().lock(), "listening on http://{address}");
    let serving = scheduler.serve(listener);
    let mut serving = std::pin::pin!(serving);
    tokio::select! {
        () = serving.as_mut() => return Ok(exit::PASS),
        () = interrupts.next() => shutdown.cancel(),
    }
    tokio::select! {
        () = serving => Ok(exit::PASS),
        () = interrupts.next() => Ok(exit::INTERRUPTED),
    }
}

/// What was typed wrongly ends with 2, what the system refused with 1.
fn code_of(error: &anyhow::Error) -> u8 {
    let listen = matches!(
        error.downcast_ref(),
        Some(ListenError::Address { .. } | ListenError::NotLoopback(_))
    );
    let url = matches!(error.downcast_ref(), Some(heavy_store::Error::Url { .. }));
    if listen || url {
        exit::WRONG_USAGE
    } else {
        exit::COULD_NOT_RUN
    }
}

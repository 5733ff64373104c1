//! `heavy-sched serve`.

use std::io::Write;

use anyhow::Context;
use heavy_load::exit_code;
use heavy_process::data_dir::{database_file, default_dir};
use heavy_process::listen::{self, bind};
use heavy_process::owners::{OwnerDir, OwnerKind};
use heavy_process::signals::Interrupts;
use heavy_sched::command_line::ServeArgs;
use heavy_sched::{Registration, RetentionPolicy, Scheduler};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// Why the server did not start, and the exit code that says so.
#[derive(Debug)]
pub(crate) struct ServeFailure {
    pub(crate) error: anyhow::Error,
    pub(crate) code: u8,
}

impl<E: Into<anyhow::Error>> From<E> for ServeFailure {
    fn from(error: E) -> Self {
        let error = error.into();
        let code = code_of(&error);
        Self { error, code }
    }
}

/// Serves until SIGINT or SIGTERM; a second one ends the process at once.
pub(crate) async fn run(args: &ServeArgs) -> Result<u8, ServeFailure> {
    let dir = match &args.data_dir {
        Some(dir) => dir.clone(),
        None => default_dir()?,
    };
    let listener = bind(&args.listen, heavy_sched::LISTENS).await?;
    let database = match &args.database {
        Some(url) => url.clone(),
        None => format!("sqlite://{}", database_file(&dir).display()),
    };
    let name = heavy_store::database_name(&database)?;
    let mut owner = OwnerDir::register(&dir, OwnerKind::Scheduler, "heavy-sched serve", name)?;
    let code = Box::pin(serve(listener, &database, &mut owner, args.retention.policy())).await;
    let _ = owner.remove();
    code
}

async fn serve(
    listener: TcpListener,
    database: &str,
    owner: &mut OwnerDir,
    retention: RetentionPolicy,
) -> Result<u8, ServeFailure> {
    let store = heavy_store::open(database).await?;
    let mut interrupts = Interrupts::take().context("cannot take over signals")?;
    let shutdown = CancellationToken::new();
    let address = listener.local_addr().context("cannot tell the address")?;
    let url = format!("http://{address}");
    let registering = Registration::of_database(&store, owner, &url);
    let Ok(registered) = interrupts.race(registering).await else {
        return Ok(exit_code::INTERRUPTED);
    };
    let registration = registered?;
    let store = registration.store();
    let opening = async {
        let scheduler = Scheduler::open_with(retention, registration, owner, shutdown.clone()).await?;
        heavy_sched::recover(&*store, owner).await?;
        Ok::<_, heavy_sched::Error>(scheduler)
    };
    // Jobs that others have left are closed first, which waits for the database.
    let Ok(opened) = interrupts.race(Box::pin(opening)).await else {
        return Ok(exit_code::INTERRUPTED);
    };
    let scheduler = opened?;
    owner
        .announce(&url)
        .context("cannot write to the data directory")?;
    let name = &owner.record().database;
    let _ = writeln!(
        std::io::stderr().lock(),
        "results database: {name}\nlistening on {url}"
    );
    let serving = scheduler.serve(listener);
    let mut serving = std::pin::pin!(serving);
    tokio::select! {
        served = serving.as_mut() => return ended(served),
        () = interrupts.next() => shutdown.cancel(),
    }
    tokio::select! {
        served = serving => ended(served),
        () = interrupts.next() => Ok(exit_code::INTERRUPTED),
    }
}

/// The exit code of a server that has ended.
fn ended(served: Result<(), heavy_sched::Error>) -> Result<u8, ServeFailure> {
    served?;
    Ok(exit_code::PASS)
}

/// What was typed wrongly ends with 2, what the system refused with 1.
fn code_of(error: &anyhow::Error) -> u8 {
    let listen = error
        .downcast_ref::<listen::Error>()
        .is_some_and(listen::Error::is_wrong_usage);
    let url = matches!(error.downcast_ref(), Some(heavy_store::Error::Url { .. }));
    if listen || url {
        exit_code::WRONG_USAGE
    } else {
        exit_code::COULD_NOT_RUN
    }
}

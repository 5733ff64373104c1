//! `heavy up`: scheduler, collector and an agent in one process, until Ctrl-C.

use heavy_load::exit_code;
use std::process::ExitCode;

use heavy_process::signals::Interrupts;

use crate::data_location::DataLocation;
use crate::exit::CommandResult;
use crate::local::Local;
use crate::output;

/// Where.
#[derive(Debug, clap::Args)]
pub(crate) struct UpArgs {
    /// Address of the scheduler; loopback only
    #[arg(
        long,
        value_name = "ADDR",
        env = "HEAVY_LISTEN",
        default_value = "127.0.0.1:7700"
    )]
    listen: String,
}

pub(crate) async fn run(args: UpArgs, data: &DataLocation) -> CommandResult {
    let mut interrupts = Interrupts::take()?;
    let local = interrupts.race(Local::start(data, &args.listen)).await??;
    let url = local.scheduler_url();
    output::note(&format!(
        "listening on {url} with one agent here; more can join:
  heavy-agent --scheduler {url} --collector {collector} --name another
Submit a load test, look at jobs, ask:
  heavy-sched submit target/release/http_get --scheduler {url} --rate 50 --param url=http://127.0.0.1:8080/
  heavy jobs --scheduler {url}
  heavy sql{data} 'SELECT id, name, state, verdict FROM jobs ORDER BY submitted_at DESC LIMIT 10'
Ctrl-C ends it.",
        collector = local.collector_url(),
        data = data.flags(),
    ));
    interrupts.next().await;
    output::note("stopping; Ctrl-C again ends at once");
    tokio::select! {
        () = local.stop() => Ok(ExitCode::SUCCESS),
        () = interrupts.next() => Ok(ExitCode::from(exit_code::INTERRUPTED)),
    }
}

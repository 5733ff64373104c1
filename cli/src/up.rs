//! `heavy up`: runs a scheduler, a collector and an agent in one process until Ctrl-C.

use heavy_load::exit_code;
use std::process::ExitCode;

use heavy_process::signals::Interrupts;
use heavy_sched::command_line::RetentionFlags;

use crate::data_location::DataLocation;
use crate::exit::CommandResult;
use crate::local::Local;
use crate::output;

#[derive(Debug, clap::Args)]
pub(crate) struct UpArgs {
    /// Address for the scheduler to listen on (loopback only)
    #[arg(
        long,
        value_name = "ADDR",
        env = "HEAVY_LISTEN",
        default_value = "127.0.0.1:7700"
    )]
    listen: String,
    #[command(flatten)]
    retention: RetentionFlags,
}

pub(crate) async fn run(args: UpArgs, data: &DataLocation) -> CommandResult {
    let mut interrupts = Interrupts::take()?;
    let data = &DataLocation {
        retention: Some(args.retention.policy()),
        ..data.clone()
    };
    let local = interrupts
        .race(Local::start_scheduler(data, "heavy up", &args.listen))
        .await??;
    let url = local.scheduler_url();
    output::note(&format!(
        "listening on {url} with one agent; to add another:
  heavy-agent --scheduler {url} --collector {collector} --name another
Submit a load test, list jobs, query results:
  heavy submit target/release/http_get --scheduler {url} --rate 50 --param url=http://127.0.0.1:8080/
  heavy jobs --scheduler {url}
  heavy sql{data} 'SELECT id, name, state, verdict FROM jobs ORDER BY submitted_at DESC LIMIT 10'
Press Ctrl-C to stop.",
        collector = local.collector_url(),
        data = data.flags(),
    ));
    tokio::select! {
        () = interrupts.next() => {}
        () = local.lost() => {
            // It logs why.
            local.stop().await;
            return Ok(ExitCode::from(exit_code::COULD_NOT_RUN));
        }
    }
    output::note("stopping; press Ctrl-C again to stop at once");
    tokio::select! {
        () = local.stop() => Ok(ExitCode::SUCCESS),
        () = interrupts.next() => Ok(ExitCode::from(exit_code::INTERRUPTED)),
    }
}

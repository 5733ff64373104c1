//! What is asked of a scheduler: the commands that `heavy-sched` has too, and one job from its plan to its end, with the local data directory where no scheduler answers.

use std::process::ExitCode;

use heavy_client::{CalledAs, Error, Needs, Plan, Program, Remote, Verb, run_plan};
use heavy_process::signals::Interrupts;
use heavy_results::job::JobView;

use crate::data_location::DataLocation;
use crate::exit::{CommandFailure, CommandResult};
use crate::local::{EPHEMERAL, Local};

/// The scheduler to look for unless a flag names one.
pub(crate) const DEFAULT_SCHEDULER: &str = "http://127.0.0.1:7700";

/// Carries out a command at the scheduler that was named, else at the default one. If that does not answer, or a data
/// location was named, the local database does, or a scheduler in this process, as far as the command allows.
pub(crate) async fn run(verb: Verb, scheduler: Option<String>, data: &DataLocation) -> CommandResult {
    let needs = verb.needs();
    let locally = scheduler.is_none() && needs != Needs::Scheduler && (data.is_given() || !answers().await);
    let code = match needs {
        Needs::JobHome if locally => heavy_client::look(&verb, &data.job_home().await?).await?,
        Needs::AnyScheduler if locally => {
            if matches!(&verb, Verb::Rerun(args) if args.detach) {
                return Err(CommandFailure::usage(
                    "--detach requires a running scheduler: start one with `heavy up`, or leave --detach out",
                ));
            }
            let local = Local::start(data, EPHEMERAL).await?;
            let code = heavy_client::run(&verb, CalledAs::Heavy, &local.scheduler_url()).await;
            local.stop().await;
            code?
        }
        _ => {
            let scheduler = scheduler.as_deref().unwrap_or(DEFAULT_SCHEDULER);
            heavy_client::run(&verb, CalledAs::Heavy, scheduler).await?
        }
    };
    Ok(ExitCode::from(code))
}

/// Whether a scheduler answers at the default address.
pub(crate) async fn answers() -> bool {
    !matches!(
        Remote::connect(DEFAULT_SCHEDULER).await,
        Err(Error::Unreachable { .. })
    )
}

/// Submits a plan, shows the progress on stderr, and returns the outcome. Interrupts stop the job.
pub(crate) async fn carry_out(
    scheduler: &str,
    program: &Program,
    plan: &Plan,
    interrupts: &mut Interrupts,
) -> Result<JobView, CommandFailure> {
    let remote = interrupts.race(Remote::connect(scheduler)).await??;
    Ok(run_plan(&remote, program, plan, interrupts).await?)
}

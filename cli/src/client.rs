//! What is asked of a scheduler: the commands that `heavy-sched` has too, and one job from its plan to its end.

use std::process::ExitCode;

use heavy_client::{
    CalledAs, DEFAULT_SCHEDULER, Error, JobsArgs, LIST_LIMIT, Needs, Plan, Program, Remote, Verb, run_plan,
};
use heavy_process::signals::Interrupts;
use heavy_results::job::JobView;
use tokio::time::timeout;

use crate::data_location::DataLocation;
use crate::exit::{CommandFailure, CommandResult};
use crate::local::Local;
use crate::places::{self, JobOwner, Places};

/// Carries out a command at the scheduler that was named, else wherever on this machine the job is (see [`Places`]).
pub(crate) async fn run(mut verb: Verb, scheduler: Option<String>, data: &DataLocation) -> CommandResult {
    let full_report = &*data.full_report(scheduler.as_deref());
    if let Some(scheduler) = scheduler {
        return at(&verb, &scheduler, full_report).await;
    }
    if let Verb::Jobs(args) = &verb {
        return list(&verb, args, data).await;
    }
    match verb.needs() {
        // What deletes many jobs deletes them in one place, and one place is shown.
        Needs::JobHome if matches!(verb, Verb::Prune { .. } | Verb::Status { job: None, .. }) => {
            match places::scheduler(data).await? {
                Some(scheduler) => at(&verb, &scheduler, full_report).await,
                None => Ok(heavy_client::look(&verb, &data.job_home().await?).await?.into()),
            }
        }
        Needs::JobHome => {
            let places = Places::find(data).await?;
            Ok(heavy_client::look(&verb, &places.homes).await?.into())
        }
        Needs::AnyScheduler => match places::scheduler(data).await? {
            Some(scheduler) => at(&verb, &scheduler, full_report).await,
            None => here(&verb, data, full_report).await,
        },
        Needs::Scheduler if matches!(verb, Verb::Stop { all: true, .. }) => {
            stop_all(&verb, data, full_report).await
        }
        Needs::Scheduler if verb.running_job().is_some() => at_owner(verb, data, full_report).await,
        Needs::Scheduler => {
            let scheduler = places::scheduler(data).await?;
            let scheduler = scheduler.as_deref().unwrap_or(DEFAULT_SCHEDULER);
            at(&verb, scheduler, full_report).await
        }
    }
}

async fn at(verb: &Verb, scheduler: &str, full_report: &str) -> CommandResult {
    let code = heavy_client::run(verb, CalledAs::Heavy, scheduler, full_report).await?;
    Ok(code.into())
}

/// Lists the jobs on this machine; while their database does not answer, those that schedulers have in memory.
async fn list(verb: &Verb, args: &JobsArgs, data: &DataLocation) -> CommandResult {
    let listed = timeout(LIST_LIMIT, async {
        let places = Places::find(data).await?;
        Ok::<_, CommandFailure>(heavy_client::look(verb, &places.homes).await?)
    });
    let failure = match listed.await {
        Ok(Ok(code)) => return Ok(code.into()),
        Ok(Err(failure)) => failure,
        Err(_) => CommandFailure::new(format!("no answer for {} s", LIST_LIMIT.as_secs())),
    };
    match places::in_memory(data).await? {
        Some(jobs) => {
            heavy_client::show_running(args, jobs, &failure.to_string())?;
            Ok(ExitCode::SUCCESS)
        }
        None => Err(failure),
    }
}

/// With a scheduler in this process.
async fn here(verb: &Verb, data: &DataLocation, full_report: &str) -> CommandResult {
    if matches!(verb, Verb::Rerun(args) if args.detach) {
        return Err(CommandFailure::usage(
            "--detach requires a running scheduler: start one with `heavy up`, or leave --detach out",
        ));
    }
    let command = if matches!(verb, Verb::Rerun(_)) {
        "heavy rerun"
    } else {
        "heavy config"
    };
    let local = Local::start(data, command).await?;
    let done = at(verb, &local.scheduler_url(), full_report).await;
    local.stop().await;
    done
}

/// With the scheduler that runs the job.
async fn at_owner(mut verb: Verb, data: &DataLocation, full_report: &str) -> CommandResult {
    let Some(job) = verb.running_job() else {
        return at(&verb, DEFAULT_SCHEDULER, full_report).await;
    };
    if let Some((id, scheduler)) = places::running(data, job).await? {
        *job = id.to_string();
        match heavy_client::run(&verb, CalledAs::Heavy, &scheduler, full_report).await {
            // It has ended just now, as a rule with its job.
            Err(Error::Unreachable { .. } | Error::NotReached { .. }) => {}
            done => return Ok(done?.into()),
        }
    }
    at_owner_in_database(verb, data, full_report).await
}

/// As [`at_owner`], of a job that no scheduler on this machine knows to run.
async fn at_owner_in_database(mut verb: Verb, data: &DataLocation, full_report: &str) -> CommandResult {
    let Some(job) = verb.running_job() else {
        return at(&verb, DEFAULT_SCHEDULER, full_report).await;
    };
    let places = Places::find(data).await?;
    let (view, owner) = places.owner(job).await?;
    let id = view.job.id.to_string();
    // The last job may be another one by now.
    job.clone_from(&id);
    let JobOwner::Scheduler(scheduler) = owner else {
        return Ok(heavy_client::of_ended(&verb, &view, full_report)?.into());
    };
    match heavy_client::run(&verb, CalledAs::Heavy, &scheduler, full_report).await {
        Err(error @ (Error::Unreachable { .. } | Error::NotReached { .. })) => {
            // A command ends with its job: the results are in the database. Or it was killed.
            let (view, owner) = Places::find(data).await?.owner(&id).await?;
            if !view.job.state.is_final() && !matches!(owner, JobOwner::Gone) {
                return Err(error.into());
            }
            Ok(heavy_client::of_ended(&verb, &view, full_report)?.into())
        }
        done => Ok(done?.into()),
    }
}

/// Stops all jobs of the schedulers and commands on this machine.
async fn stop_all(verb: &Verb, data: &DataLocation, full_report: &str) -> CommandResult {
    let places = places::schedulers(data)?;
    match places.as_slice() {
        [] => Err(CommandFailure::new(format!(
            "nothing was stopped: no command or scheduler uses the data directory {}; use --scheduler URL if one runs elsewhere",
            data.data_dir()?.display()
        ))),
        // The default scheduler, which is all there may be.
        [only] if !only.is_there => at(verb, &only.url, full_report).await,
        places => {
            let now = matches!(verb, Verb::Stop { now: true, .. });
            Ok(heavy_client::stop_all(places, now).await.into())
        }
    }
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

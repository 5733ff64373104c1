//! A job from its plan to its end: uploaded, announced, followed, and stopped by Ctrl-C.

use std::process::ExitCode;

use heavy_client::{Plan, Program, Remote, exit, run_plan};
use heavy_process::signals::Interrupts;
use heavy_results::job::JobView;

use crate::exit::CommandFailure;

#[derive(Debug)]
pub(crate) struct Outcome {
    /// The job and its summary.
    pub(crate) view: JobView,
    /// By its verdict.
    pub(crate) code: ExitCode,
}

/// Submits a plan, shows how it goes on stderr, and gives what came of it. Interrupts stop the job.
pub(crate) async fn carry_out(
    scheduler: &str,
    program: &Program,
    plan: &Plan,
    interrupts: &mut Interrupts,
) -> Result<Outcome, CommandFailure> {
    let remote = interrupts.race(Remote::connect(scheduler)).await??;
    let view = run_plan(&remote, program, plan, interrupts).await?;
    let code = ExitCode::from(exit::of_job(&view.job));
    Ok(Outcome { view, code })
}

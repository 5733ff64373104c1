//! A job from its plan to its report: uploaded, announced, followed, and stopped by Ctrl-C.

use std::process::ExitCode;

use heavy_model::job::JobView;
use heavy_sched::client::follow::{Interrupts, follow};
use heavy_sched::client::{Bar, Plan, Program, Remote, ReportFile, announce, exit};

use crate::exit::Failure;
use crate::output;

/// What came of a job.
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
) -> Result<Outcome, Failure> {
    let remote = Remote::connect(scheduler).await?;
    remote.upload(program).await?;
    let job = remote.submit(&plan.spec).await?;
    output::note(&announce(plan, Some(job)));
    let mut bar = Bar::new();
    let ended = follow(&remote, &job.to_string(), Some(interrupts), |news| {
        bar.show(&news)
    })
    .await;
    bar.clear();
    let view = ended?;
    let code = ExitCode::from(exit::of_job(&view.job));
    Ok(Outcome { view, code })
}

/// Writes the reports that were asked for, and the text on stdout unless one of them goes there. A job that never ran
/// has only its reason.
pub(crate) fn report(view: &JobView, reports: &[ReportFile], full: bool) -> Result<(), Failure> {
    let Some(summary) = &view.summary else {
        let reason = heavy_report::escape(&view.job.reason);
        output::note(&format!(
            "error: the job is {}: {reason}",
            view.job.state.as_str()
        ));
        return Ok(());
    };
    for report in reports {
        report.write(summary)?;
    }
    if !reports.iter().any(ReportFile::is_stdout) {
        output::print(&heavy_report::text(summary, &output::style(full)))?;
    }
    Ok(())
}

//! Verbs for running jobs, of a job whose scheduler is gone.

use heavy_load::exit_code;
use heavy_results::job::JobView;

use super::output::{say, stdout_style};
use super::submit::report;
use super::{Error, ReportFile, Verb};

/// Does what a verb still can of a job that nobody runs any more; returns the exit code. `full_report` is as in [`super::run`].
///
/// # Errors
/// When it can do nothing.
pub fn of_ended(verb: &Verb, view: &JobView, full_report: &str) -> Result<u8, Error> {
    let (id, state) = (view.job.id, view.job.state);
    if !state.is_final() {
        return Err(Error::Gone { job: id.to_string() });
    }
    match verb {
        Verb::Watch {
            json,
            full,
            report: files,
            ..
        } => {
            let style = stdout_style(*full, full_report);
            Ok(report(view, &ReportFile::checked(files, *json)?, &style))
        }
        Verb::Stop { .. } => {
            say(&format!("job {id} has already ended: it is {}\n", state.as_str()));
            Ok(exit_code::PASS)
        }
        _ => Err(Error::Ended {
            job: id.to_string(),
            state: state.as_str(),
        }),
    }
}

//! Verbs for running jobs, of a job whose scheduler is gone.

use heavy_load::exit_code;
use heavy_results::job::JobView;

use super::output::{plain_style, say};
use super::submit::report;
use super::{CalledAs, Error, ReportFile, Verb, exit};

/// Does what a verb still can of a job that nobody runs any more; returns the exit code.
///
/// # Errors
/// When it can do nothing, and when the results cannot be written.
pub fn of_ended(verb: &Verb, view: &JobView, called: CalledAs) -> Result<u8, Error> {
    let (id, state) = (view.job.id, view.job.state);
    if !state.is_final() {
        return Err(Error::Usage(format!(
            "the command that ran job {id} is gone: the next `{called} run` on its data directory closes the job"
        )));
    }
    match verb {
        Verb::Watch {
            json, report: files, ..
        } => {
            report(view, &ReportFile::checked(files, *json)?, &plain_style())?;
            Ok(exit::of_job(&view.job))
        }
        Verb::Stop { .. } => {
            say(&format!("job {id} had ended already: it is {}\n", state.as_str()));
            Ok(exit_code::PASS)
        }
        _ => Err(Error::Ended {
            job: id.to_string(),
            state: state.as_str(),
        }),
    }
}

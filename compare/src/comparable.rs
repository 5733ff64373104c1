//! Whether jobs can be compared at all, and how else they differ.

use heavy_results::job::{JobInfo, JobState};
use heavy_results::verdict::Verdict;

/// Whether an earlier job is one to measure a later one by: the same service, name, workflows and load, run to its
/// end, and not INVALID.
#[must_use]
pub fn alike(earlier: &JobInfo, now: &JobInfo) -> bool {
    earlier.state == JobState::Finished
        && earlier.verdict != Some(Verdict::Invalid)
        && earlier.spec.service == now.spec.service
        && earlier.spec.shown_name() == now.spec.shown_name()
        && workflows(earlier) == workflows(now)
        && earlier.spec.describe_load() == now.spec.describe_load()
}

/// Whether two jobs were asked for the same rates.
pub(super) fn same_rate(earlier: &JobInfo, now: &JobInfo) -> bool {
    earlier.spec.describe_load() == now.spec.describe_load()
        || (earlier.asked_rate > 0.0 && (now.asked_rate / earlier.asked_rate - 1.0).abs() < 0.001)
}

fn workflows(job: &JobInfo) -> Vec<String> {
    let mut names = job.spec.workflow_names();
    names.sort_unstable();
    names
}

/// What speaks against comparing these jobs, each as a sentence. May hold hostile text.
#[must_use]
pub fn caveats(before: &[&JobInfo], now: &JobInfo) -> Vec<String> {
    let mut caveats: Vec<String> = before.iter().copied().chain([now]).filter_map(standing).collect();
    caveats.dedup();
    for earlier in before {
        let (load_before, load_now) = (earlier.spec.describe_load(), now.spec.describe_load());
        if load_before != load_now {
            caveats.push(format!(
                "the loads differ: {load_before} in job {}, {load_now} in job {}",
                earlier.id, now.id
            ));
        }
        let (ran_before, run_now) = (workflows(earlier), workflows(now));
        if ran_before != run_now {
            caveats.push(format!(
                "the workflows differ: {} in job {}, {} in job {}",
                list(&ran_before),
                earlier.id,
                list(&run_now),
                now.id
            ));
        }
        if earlier.spec.params != now.spec.params {
            caveats.push(format!(
                "the params differ between job {} and job {}",
                earlier.id, now.id
            ));
        }
        if earlier.spec.execution.connections() != now.spec.execution.connections() {
            caveats.push(format!(
                "connections are shared differently in job {} and job {}",
                earlier.id, now.id
            ));
        }
        if earlier.id == now.id {
            caveats.push(format!("job {} is compared with itself", now.id));
        }
    }
    caveats
}

fn list(names: &[String]) -> String {
    if names.is_empty() {
        "the only one".to_owned()
    } else {
        names.join(", ")
    }
}

fn standing(job: &JobInfo) -> Option<String> {
    let id = job.id;
    match (job.state, job.verdict) {
        (state, _) if !state.is_final() => {
            Some(format!("job {id} is {}: its figures will change", state.as_str()))
        }
        (JobState::Stopped, _) => Some(format!("job {id} was stopped early")),
        (JobState::Failed, _) => Some(format!("job {id} could not run to its end: {}", job.reason)),
        (_, Some(Verdict::Invalid)) => Some(format!(
            "job {id} is INVALID, so its figures are not reliable: {}",
            job.reason
        )),
        _ if job.degraded => Some(format!(
            "job {id} is degraded: an agent was lost, or counts are incomplete"
        )),
        _ => None,
    }
}

/// What a reader should know of jobs that can be compared. May hold hostile text.
#[must_use]
pub fn notes(before: &[&JobInfo], now: &JobInfo) -> Vec<String> {
    let mut notes = Vec::new();
    if before
        .iter()
        .any(|earlier| earlier.spec.binary_sha256 != now.spec.binary_sha256)
    {
        notes.push("the load tests are different binaries".to_owned());
    }
    if before
        .iter()
        .any(|earlier| earlier.spec.shown_name() != now.spec.shown_name())
    {
        notes.push("the jobs have different names".to_owned());
    }
    if before
        .iter()
        .any(|earlier| earlier.submitted_at_wall_ns > now.submitted_at_wall_ns)
    {
        notes.push("the judged job is older than its baseline".to_owned());
    }
    if before
        .iter()
        .copied()
        .chain([now])
        .any(|job| !job.spec.load_spec.warm_up().is_zero())
    {
        notes.push("warm-up is excluded".to_owned());
    }
    notes
}

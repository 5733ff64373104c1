//! The first lines: the verdict with its reason, and what it is about.

use heavy_model::job::{JobInfo, JobState};
use heavy_model::summary::Summary;
use heavy_model::verdict::Verdict;

use super::page::{Page, Tone};
use crate::units::{instant, percent, rate, time};

pub(super) fn verdict(page: &mut Page, summary: &Summary) {
    let (words, tone) = standing(&summary.job, summary.complete);
    let reason = if summary.job.reason.is_empty() {
        default_reason(&summary.job, summary.complete)
    } else {
        &summary.job.reason
    };
    page.wrapped(&format!("{words}  "), reason, Some(tone));
}

/// A job that was stopped says so before its verdict; one without a verdict says where it is in its life.
fn standing(job: &JobInfo, complete: bool) -> (String, Tone) {
    let toned = |verdict: Verdict| match verdict {
        Verdict::Pass => Tone::Good,
        Verdict::Fail => Tone::Bad,
        Verdict::Invalid => Tone::Doubtful,
    };
    match (job.verdict, job.state) {
        (Some(verdict), JobState::Stopped) => (format!("STOPPED ({})", verdict.as_str()), Tone::Doubtful),
        (Some(verdict), _) => (verdict.as_str().to_owned(), toned(verdict)),
        (None, JobState::Failed) => ("COULD NOT RUN".to_owned(), Tone::Bad),
        (None, state) => {
            let tone = if complete { Tone::Strong } else { Tone::Doubtful };
            (state.as_str().to_uppercase(), tone)
        }
    }
}

const fn default_reason(job: &JobInfo, complete: bool) -> &'static str {
    match (job.verdict, complete) {
        (_, false) => "results so far; more are to come",
        (Some(Verdict::Pass), true) => "everything that was asked for came out",
        (_, true) => "no reason was recorded",
    }
}

pub(super) fn identity(page: &mut Page, summary: &Summary) {
    let job = &summary.job;
    let spec = &job.spec;
    page.blank();
    fact(page, "Test ID", &job.id.to_string());
    let name = if spec.name.is_empty() {
        &spec.binary_name
    } else {
        &spec.name
    };
    fact(page, "Name", name);
    fact(page, "Description", &spec.description);
    fact(page, "Service", &spec.service);
    let hash = spec.binary_sha256.get(..12).unwrap_or(&spec.binary_sha256);
    fact(page, "Binary", &format!("{} (sha256 {hash})", spec.binary_name));
    fact(page, "Workflows", &spec.workflow_names().join(", "));
    let labels: Vec<String> = spec
        .labels
        .iter()
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    fact(page, "Labels", &labels.join(", "));
    if let Some(started) = job.started_at_wall_ns {
        fact(page, "Started", &instant(started));
    }
    fact(page, "Run time", &time(summary.run_time_s * 1e3));
    fact(page, "Rate", &asked_and_achieved(job));
    if job.degraded {
        fact(
            page,
            "Degraded",
            "an agent was lost, or the accounting is still open",
        );
    }
}

fn asked_and_achieved(job: &JobInfo) -> String {
    let asked = format!("asked {}", job.spec.describe_load());
    job.achieved_rate.map_or(asked.clone(), |achieved| {
        if job.asked_rate <= 0.0 {
            return format!("{asked}, started {}", rate(achieved));
        }
        format!(
            "{asked}, achieved {} ({})",
            rate(achieved),
            percent(achieved, job.asked_rate)
        )
    })
}

fn fact(page: &mut Page, name: &str, value: &str) {
    if !value.is_empty() {
        page.wrapped(&format!("  {name:<13}"), value, Some(Tone::Quiet));
    }
}

//! The first lines: the verdict with its reason, the thresholds, and what it is about.

use heavy_results::summary::Summary;
use heavy_results::threshold::ThresholdSummary;

use crate::page::{Page, Tone};
use crate::standing::{asked_and_achieved, observed, outcome_mood, reason, revision, standing};
use crate::units::{count, instant, time};

pub(super) fn verdict(page: &mut Page, summary: &Summary) {
    let (words, mood) = standing(&summary.job, summary.complete);
    page.wrapped(&format!("{words}  "), reason(summary), Some(Tone::of(mood)));
}

pub(super) fn thresholds(page: &mut Page, thresholds: &[ThresholdSummary]) {
    if thresholds.is_empty() {
        return;
    }
    page.heading("Thresholds");
    threshold_lines(page, thresholds, 2);
}

/// The outcome, the expression, and below it what was observed.
pub(super) fn threshold_lines(page: &mut Page, thresholds: &[ThresholdSummary], indent: usize) {
    for threshold in thresholds {
        let tone = Tone::of(outcome_mood(threshold.outcome));
        let outcome = format!("{:indent$}{:<12}", "", threshold.outcome.as_str());
        page.wrapped(&outcome, &threshold.expression, Some(tone));
        page.wrapped(
            &format!("{:width$}", "", width = indent + 12),
            &observed(threshold),
            None,
        );
    }
}

pub(super) fn identity(page: &mut Page, summary: &Summary) {
    let job = &summary.job;
    let spec = &job.spec;
    page.blank();
    fact(page, "Test ID", &job.id.to_string());
    fact(page, "Name", job.spec.shown_name());
    fact(page, "Description", &spec.description);
    fact(page, "Service", &spec.service);
    let hash = spec.binary_sha256.get(..12).unwrap_or(&spec.binary_sha256);
    fact(page, "Binary", &format!("{} (sha256 {hash})", spec.binary_name));
    let from = &spec.provenance;
    fact(page, "Commit", &from.git_commit);
    fact(page, "Build id", &from.build_id);
    fact(page, "Arguments", &from.arguments.join(" "));
    fact(page, "Versions", &versions(summary));
    for revision in summary.revisions.iter().rev().skip(1).rev() {
        let text = format!(
            "revision {}: {} {}",
            revision.number, revision.verdict, revision.reason
        );
        fact(page, "Before", &text);
    }
    fact(page, "Summary", &revision(summary));
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
    fact(page, "Total run time", &time(summary.run_time_s * 1e3));
    let all = &summary.iterations;
    if all.started > 0 {
        let runs = format!("{} successful, {} failed", count(all.ok), count(all.failed));
        fact(page, "Workflow runs", &runs);
    }
    fact(page, "Rate", &asked_and_achieved(summary));
    if job.degraded {
        fact(
            page,
            "Degraded",
            "an agent was lost, or the accounting is still open",
        );
    }
}

fn fact(page: &mut Page, name: &str, value: &str) {
    if !value.is_empty() {
        page.wrapped(&format!("  {name:<15}"), value, Some(Tone::Quiet));
    }
}

fn versions(summary: &Summary) -> String {
    let client = &summary.job.spec.provenance.client_version;
    let parts = [("scheduler", &summary.heavy_version), ("client", client)];
    let known = parts.iter().filter(|(_, version)| !version.is_empty());
    let known: Vec<String> = known
        .map(|(whose, version)| format!("{whose} {version}"))
        .collect();
    known.join(", ")
}

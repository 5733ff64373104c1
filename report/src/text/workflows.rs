//! One workflow: its iterations, checks, steps and requests.

use heavy_results::summary::{
    CheckSummary, Distribution, PhaseMeans, RequestSummary, StepSummary, WorkflowSummary,
};

use super::times::{averages, bars, extremes, percentile_heads, percentile_row};
use super::totals::{bad, dropped_by_reason, protocol_statuses, statuses};
use crate::layout::right;
use crate::names;
use crate::page::Page;
use crate::statuses::{in_words, of_request};
use crate::units::{bytes, count, counted, percent, rate, time};

pub(super) fn workflow(page: &mut Page, workflow: &WorkflowSummary) {
    let all = &workflow.iterations;
    page.blank();
    let facts = facts(all.ok + all.failed, "iteration", workflow.rate, all.failed);
    page.title(0, &format!("Workflow {}", workflow.name), &facts, bad(all.failed));
    let accounting = format!(
        "iterations: {} planned, {} due, {} started, {} ok, {} failed",
        count(all.planned),
        count(all.scheduled),
        count(all.started),
        count(all.ok),
        count(all.failed)
    );
    page.wrapped("  ", &accounting, None);
    for (n, what) in [
        (all.interrupted, "interrupted"),
        (all.lost, "lost"),
        (all.unknown, "unknown"),
    ] {
        if n > 0 {
            page.wrapped("  ", &format!("{} {what}", count(n)), None);
        }
    }
    if all.dropped.total() > 0 {
        page.wrapped("  ", &format!("dropped: {}", dropped_by_reason(all)), None);
    }
    if workflow.duration.count > 0 {
        figures(page, workflow);
        percentile_heads(page);
        percentile_row(page, "duration", &workflow.duration);
    }
    if let Some(response) = &workflow.response_time {
        percentile_row(page, "response", response);
        averages(page, [("response", response)]);
    }
    if workflow.duration.count > 0 {
        page.blank();
        page.line("  Latency distribution");
        bars(page, &workflow.duration);
    }
    if !workflow.status_counts.is_empty() || !workflow.protocol_status_counts.is_empty() {
        page.blank();
        page.line("  Status codes of its requests");
        statuses(page, &workflow.status_counts);
        protocol_statuses(page, &workflow.protocol_status_counts);
    }
    checks(page, &workflow.checks);
    for step in &workflow.steps {
        self::step(page, step);
    }
    for request in &workflow.requests {
        self::request(page, 2, request);
    }
}

/// Slowest, fastest, average, how many and how fast.
fn figures(page: &mut Page, workflow: &WorkflowSummary) {
    let duration = &workflow.duration;
    for (name, value) in [
        ("slowest", time(duration.max_ms)),
        ("fastest", time(duration.min_ms)),
        ("average", time(duration.mean_ms)),
        ("total runs", count(duration.count)),
        ("runs per second", rate(workflow.rate)),
    ] {
        page.line(&format!("  {name:<17}{}", right(&value, 13)));
    }
    page.blank();
}

fn checks(page: &mut Page, checks: &[CheckSummary]) {
    if !checks.is_empty() {
        page.blank();
    }
    for check in checks {
        let all = check.passes + check.fails;
        let share = percent(check.passes as f64, all as f64);
        let facts = format!("{} of {} passed, {share}", count(check.passes), count(all));
        let mark = if check.fails == 0 { '✓' } else { '✗' };
        page.title(
            2,
            &format!("{mark} check: {}", check.name),
            &facts,
            bad(check.fails),
        );
    }
}

fn step(page: &mut Page, step: &StepSummary) {
    page.blank();
    let facts = facts(step.duration.count, "step", step.rate, step.failed);
    page.title(2, &format!("Step {}", step.name), &facts, bad(step.failed));
    shown(page, "  ", "duration", &step.duration);
    if !step.status_counts.is_empty() {
        page.wrapped("  ", &format!("status {}", in_words(&step.status_counts)), None);
    }
    protocol_statuses(page, &step.protocol_status_counts);
    for request in &step.requests {
        self::request(page, 4, request);
    }
}

fn request(page: &mut Page, indent: usize, request: &RequestSummary) {
    page.blank();
    let facts = facts(request.duration.count, "request", request.rate, request.failed);
    page.title(indent, &names::request(request), &facts, bad(request.failed));
    let lead = " ".repeat(indent);
    let received = format!(
        "status {}; {} received",
        of_request(request),
        bytes(request.bytes)
    );
    page.wrapped(&lead, &received, None);
    shown(page, &lead, "duration", &request.duration);
    if request.failed > 0 {
        percentile_row(page, "unfailed", &request.ok_duration);
        percentile_row(page, "failed", &request.failed_duration);
        averages(
            page,
            [
                ("unfailed", &request.ok_duration),
                ("failed", &request.failed_duration),
            ],
        );
    }
    if let Some(phases) = phases(&request.phases) {
        page.wrapped(&lead, &phases, None);
    }
}

/// Extremes, bars, and percentiles under their heads.
fn shown(page: &mut Page, lead: &str, label: &str, distribution: &Distribution) {
    if distribution.count == 0 {
        return;
    }
    page.line(&format!("{lead}{}", extremes(distribution)));
    bars(page, distribution);
    percentile_heads(page);
    percentile_row(page, label, distribution);
}

/// The mean of each phase that took any time; `None` if none was measured.
fn phases(means: &PhaseMeans) -> Option<String> {
    let shown: Vec<String> = means
        .named()
        .iter()
        .filter(|(_, mean)| *mean > 0.0)
        .map(|(name, mean)| format!("{name} {}", time(*mean)))
        .collect();
    (!shown.is_empty()).then(|| format!("mean {}", shown.join(", ")))
}

fn facts(n: u64, noun: &str, per_second: f64, failed: u64) -> String {
    format!(
        "{}, {}, {} failed",
        counted(n, noun),
        rate(per_second),
        count(failed)
    )
}

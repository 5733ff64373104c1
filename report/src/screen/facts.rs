//! What else there is to know: windows, metrics, checks, errors, thresholds, events, agents, lines of output and warnings.

use std::collections::BTreeMap;

use heavy_load::escape::escape;
use heavy_load::vocabulary::Ended;
use heavy_results::stats::{Errors, Event};
use heavy_results::summary::{CheckSummary, MetricSummary, Summary, WindowSummary, WorkflowSummary};
use heavy_results::threshold::{ThresholdOutcome, ThresholdSummary};

use super::pieces::{LABEL, Pieces, bad};
use crate::clip::{clip, clip_middle, columns};
use crate::page::{Page, Tone};
use crate::percentiles::{P99, PERCENTILES};
use crate::standing::{outcome_mood, revision, warnings as warnings_of};
use crate::units::{count, number, percent, rate, time};
use crate::{events, names};

/// Columns of a name, and of what was observed of a threshold.
const NAME: usize = 40;

pub(super) fn windows(page: &mut Page, windows: &[WindowSummary]) {
    if windows.len() < 2 {
        return;
    }
    let mut row = Pieces::new("windows");
    for window in windows {
        let until = time(window.until_s * 1e3);
        row.add(
            format!(
                "{} to {until} {}, P99 {}",
                window.name,
                rate(window.request_rate),
                P99.shown(&window.duration)
            ),
            None,
        );
    }
    row.write(page, 2);
}

pub(super) fn metrics(page: &mut Page, metrics: &[MetricSummary]) {
    let mut row = Pieces::new("metrics");
    for metric in metrics {
        let name = clip_middle(&metric.name, NAME);
        let value = match metric.distribution.as_ref().filter(|trend| trend.count > 0) {
            Some(trend) => {
                let p95 = PERCENTILES.iter().find(|one| one.name == "P95");
                let p95 = p95.map_or_else(String::new, |one| format!(", P95 {}", number((one.of)(trend))));
                format!("{}{p95}", names::value(metric))
            }
            None => names::value(metric),
        };
        row.add(format!("{name} {value}"), None);
    }
    row.write(page, 2);
}

pub(super) fn checks(page: &mut Page, workflows: &[WorkflowSummary]) {
    let checks = || workflows.iter().flat_map(|workflow| &workflow.checks);
    let mut row = Pieces::new("checks");
    for check in checks().filter(|check| check.fails > 0) {
        let all = count(check.passes + check.fails);
        let name = clip_middle(&check.name, NAME);
        row.add(
            format!("✗ {name} {}/{all}", count(check.passes)),
            bad(check.fails),
        );
    }
    let passed: Vec<&CheckSummary> = checks().filter(|check| check.fails == 0).collect();
    let times = count(passed.iter().map(|check| check.passes).sum());
    let text = match &passed[..] {
        [] => String::new(),
        [one] => format!("✓ {} {times}/{times}", clip_middle(&one.name, NAME)),
        several => format!("✓ {} others", several.len()),
    };
    if !text.is_empty() {
        let text = if checks().count() == passed.len() && passed.len() > 1 {
            format!("✓ all {} passed, {times} times", passed.len())
        } else {
            text
        };
        row.add(text, Some(Tone::Good));
    }
    row.write(page, 2);
}

pub(super) fn errors(page: &mut Page, errors: &[Errors]) {
    let mut row = Pieces::new("errors");
    for error in errors {
        // The failed requests of an iteration are listed themselves.
        let times = error.count.saturating_sub(error.repeats);
        if times == 0 {
            continue;
        }
        let head = format!("{}× {} ", count(times), escape(names::kind(error)));
        let room = page.width.saturating_sub(LABEL + columns(&head));
        let message = names::without_request(&error.example);
        let text = names::fitted(&names::place(error), message, room);
        row.add(format!("{head}{text}"), Some(Tone::Bad));
    }
    row.write_as_lines(page, 4);
}

pub(super) fn thresholds(page: &mut Page, thresholds: &[ThresholdSummary]) {
    let mut row = Pieces::new("thresholds");
    let met = |threshold: &&ThresholdSummary| threshold.outcome == ThresholdOutcome::Met;
    let (met, broken): (Vec<_>, Vec<_>) = thresholds.iter().partition(met);
    for threshold in broken.into_iter().chain(met) {
        let mark = match threshold.outcome {
            ThresholdOutcome::Met => '✓',
            ThresholdOutcome::Broken => '✗',
            ThresholdOutcome::NoSamples => '?',
        };
        let observed = clip(&threshold.observed(), NAME);
        let room = page.width.saturating_sub(LABEL + 4 + columns(&observed));
        let expression = clip_middle(&threshold.brief(), room);
        row.add(
            format!("{mark} {expression}: {observed}"),
            Some(Tone::of(outcome_mood(threshold.outcome))),
        );
    }
    row.write(page, 4);
}

pub(super) fn events(page: &mut Page, events: &[Event]) {
    let mut row = Pieces::new("events");
    for text in events.iter().filter_map(events::in_short) {
        row.add(text, None);
    }
    row.write(page, 2);
}

/// The agents, where there are several or one did not do all of its work.
pub(super) fn agents(page: &mut Page, summary: &Summary) {
    let agents = &summary.agents;
    if summary.job.degraded {
        let mut row = Pieces::new("degraded");
        row.add(
            "an agent was lost, or the accounting is still open",
            Some(Tone::Doubtful),
        );
        row.write(page, 1);
    }
    if summary.revisions.len() > 1 {
        let mut row = Pieces::new("summary");
        row.add(revision(summary), Some(Tone::Doubtful));
        row.write(page, 3);
    }
    let unwell =
        |ended: Option<Ended>| ended.is_some_and(|ended| !matches!(ended, Ended::Finished | Ended::Stopped));
    if agents.len() < 2 && !agents.iter().any(|agent| unwell(agent.ended)) {
        return;
    }
    let mut row = Pieces::new("agents");
    let due: u64 = agents.iter().map(|agent| agent.iterations.scheduled).sum();
    for agent in agents {
        let share = percent(agent.iterations.scheduled as f64, due as f64);
        let ended = agent.ended.filter(|_| unwell(agent.ended));
        let text = format!(
            "{} {share}, {:.1} cores{}",
            clip_middle(&agent.agent, NAME),
            agent.cpu_max,
            ended.map_or_else(String::new, |ended| format!(", {}", ended.as_str()))
        );
        row.add(text, ended.map(|_| Tone::Bad));
    }
    row.write(page, 2);
}

pub(super) fn not_results(page: &mut Page, reasons: &BTreeMap<String, u64>) {
    let mut row = Pieces::new("other lines");
    for (reason, n) in reasons.iter().filter(|(_, n)| **n > 0) {
        row.add(format!("{} {reason}", count(*n)), None);
    }
    row.write(page, 1);
}

/// Three warnings at most, whole unless one is longer than four lines: their figures may stand at the end.
pub(super) fn warnings(page: &mut Page, summary: &Summary) {
    const MOST: usize = 3;
    const MOST_LINES: usize = 4;
    let warnings = warnings_of(summary);
    let label = super::pieces::label("warning");
    // Lines break at blanks: a text that fills the columns exactly may need one line more.
    let room = page.width.saturating_sub(label.len()) * (MOST_LINES - 1);
    for warning in warnings.iter().take(MOST) {
        page.wrapped(&label, &clip(warning, room), Some(Tone::Doubtful));
    }
    if let Some(more) = warnings.len().checked_sub(MOST).filter(|more| *more > 0) {
        page.wrapped(&label, &format!("+ {more} more"), Some(Tone::Doubtful));
    }
}

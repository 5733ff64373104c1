//! The last part: custom metrics, errors, lines that are not results, agents and warnings.

use heavy_load::vocabulary::{Ended, SandboxLevel};
use std::collections::BTreeMap;

use heavy_results::stats::{Errors, Event};
use heavy_results::summary::{AgentSummary, MetricSummary, Summary};

use crate::clip::clip;
use crate::layout::{left, right};
use crate::names;
use crate::page::{Page, Tone};
use crate::standing::warnings as warnings_of;
use crate::units::{count, counted, number, percent, signed_time, time};

pub(super) fn metrics(page: &mut Page, metrics: &[MetricSummary]) {
    if metrics.is_empty() {
        return;
    }
    page.heading("Custom metrics");
    for metric in metrics {
        let name = if metric.step.is_empty() {
            metric.name.clone()
        } else {
            format!("{} (step {})", metric.name, metric.step)
        };
        let value = names::value(metric);
        let kind = clip(&metric.kind, 12);
        page.title(
            2,
            &name,
            &format!("{kind}, {}, {value}", counted(metric.count, "value")),
            None,
        );
        if let Some(trend) = metric.distribution.as_ref().filter(|trend| trend.count > 0) {
            page.line(&format!(
                "    least {}, P50 {}, P90 {}, P95 {}, P99 {}, most {}",
                number(trend.min_ms),
                number(trend.p50_ms),
                number(trend.p90_ms),
                number(trend.p95_ms),
                number(trend.p99_ms),
                number(trend.max_ms)
            ));
        }
    }
}

pub(super) fn errors(page: &mut Page, errors: &[Errors]) {
    if errors.is_empty() {
        return;
    }
    page.heading("Errors");
    for error in errors {
        let place = names::place(error);
        let seconds = |ns: i64| time(ns.max(0) as f64 / 1e6);
        let when = format!("{} to {}", seconds(error.first_ns), seconds(error.last_ns));
        let room = page.width.saturating_sub(32);
        let kind = clip(names::kind(error), room);
        let line = format!("{} × {kind}, {when}", names::occurrences(error));
        let line = page.paint(Tone::Bad, &line);
        page.line(&format!("  {line}"));
        if !place.is_empty() {
            page.wrapped("    in   ", &place, None);
        }
        if !error.example.is_empty() {
            page.wrapped("    e.g. ", &clip(&error.example, 3 * room), None);
        }
    }
}

pub(super) fn not_results(page: &mut Page, reasons: &BTreeMap<String, u64>) {
    if reasons.values().all(|n| *n == 0) {
        return;
    }
    page.heading("Lines of the load test that are not results");
    for (reason, n) in reasons {
        let meaning = match reason.as_str() {
            "text" => "not a JSON object",
            "wrong-fields" => "a field is missing or has the wrong type",
            "unknown-type" => "an unknown type",
            "not-utf8" => "bytes that are not UTF-8",
            "too-long" => "longer than 1 MiB",
            "cut-off" => "no newline before the process ended",
            _ => "",
        };
        page.line(&format!(
            "  {} {}   {meaning}",
            left(&clip(reason, 16), 16),
            right(&count(*n), 13)
        ));
    }
}

/// A column of the table of agents after the name: head, width, and the cell of an agent, given the number of all due iterations.
type AgentColumn = (&'static str, usize, fn(&AgentSummary, u64) -> String);

const AGENT_COLUMNS: [AgentColumn; 7] = [
    ("share", 7, |agent, due| {
        percent(agent.iterations.scheduled as f64, due as f64)
    }),
    ("started", 11, |agent, _| count(agent.iterations.started)),
    ("dropped", 8, |agent, _| count(agent.iterations.dropped.total())),
    ("lag P99", 8, |agent, _| time(agent.lag_p99_ms)),
    ("cores", 6, |agent, _| format!("{:.2}", agent.cpu_max)),
    ("clock offset", 16, |agent, _| clock_offset(agent)),
    ("ended", 9, |agent, _| {
        clip(agent.ended.map_or("-", Ended::as_str), 8)
    }),
];

pub(super) fn agents(page: &mut Page, summary: &Summary) {
    if summary.agents.is_empty() {
        return;
    }
    page.blank();
    let widths: usize = AGENT_COLUMNS.iter().map(|(_, width, _)| width).sum();
    let name_width = page.width.saturating_sub(widths).max(7);
    let mut heads = left("Agents", name_width);
    for (head, width, _) in AGENT_COLUMNS {
        heads.push_str(&right(head, width));
    }
    let heads = page.paint(Tone::Strong, &heads);
    page.line(&heads);
    let due: u64 = summary
        .agents
        .iter()
        .map(|agent| agent.iterations.scheduled)
        .sum();
    for agent in &summary.agents {
        let name = left(
            &clip(&agent.agent, name_width.saturating_sub(2)),
            name_width.saturating_sub(2),
        );
        let mut row = format!("  {name}");
        for (_, width, cell) in AGENT_COLUMNS {
            row.push_str(&right(&cell(agent, due), width));
        }
        page.line(&row);
    }
    let note = "cores: the most that load test and agent used together in one second";
    let note = page.paint(Tone::Quiet, note);
    page.line(&format!("  {note}"));
    if let Some(levels) = sandboxes(&summary.agents) {
        let note = page.paint(Tone::Quiet, &format!("sandbox of the load test: {levels}"));
        page.line(&format!("  {note}"));
    }
}

/// The sandbox levels of agents, with how many have each if they differ; `None` if none is known.
fn sandboxes(agents: &[AgentSummary]) -> Option<String> {
    let of_level = |level| agents.iter().filter(|agent| agent.sandbox == Some(level)).count();
    let levels = SandboxLevel::ALL.iter().map(|level| (level, of_level(*level)));
    let levels: Vec<_> = levels.filter(|(_, agents)| *agents > 0).collect();
    match levels.as_slice() {
        [] => None,
        [(level, of)] if *of == agents.len() => Some(level.to_string()),
        levels => {
            let each = levels
                .iter()
                .map(|(level, of)| format!("{level} on {of} of {}", agents.len()));
            Some(each.collect::<Vec<_>>().join(", "))
        }
    }
}

fn clock_offset(agent: &AgentSummary) -> String {
    if agent.clock_error_ms > 0.0 {
        let (offset, error) = (signed_time(agent.clock_offset_ms), time(agent.clock_error_ms));
        format!("{offset} ±{error}")
    } else {
        "not measured".to_owned()
    }
}

/// Lines of events at most; reports of other formats have all of them.
const MOST_EVENTS: usize = 50;

pub(super) fn events(page: &mut Page, events: &[Event]) {
    if events.is_empty() {
        return;
    }
    page.heading("Events");
    for event in events.iter().take(MOST_EVENTS) {
        let at = right(&crate::events::at(event), 9);
        page.wrapped(&format!("  {at}  "), &crate::events::in_words(event), None);
    }
    if let Some(more) = events.len().checked_sub(MOST_EVENTS).filter(|more| *more > 0) {
        page.line(&format!("  {:9}  {} more", "", count(more as u64)));
    }
}

pub(super) fn warnings(page: &mut Page, summary: &Summary) {
    let warnings = warnings_of(summary);
    if warnings.is_empty() {
        return;
    }
    page.heading("Warnings");
    for warning in &warnings {
        page.wrapped("  ! ", warning, Some(Tone::Doubtful));
    }
}

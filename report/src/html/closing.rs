//! The bottom of the page: checks, custom metrics, agents, events, and where the results come from.

use heavy_load::vocabulary::{Ended, SandboxLevel};
use heavy_results::summary::{
    AgentSummary, CheckSummary, Distribution, MetricSummary, Summary, WorkflowSummary,
};

use super::sheet::{Sheet, Table, name};
use crate::markup::html;
use crate::standing::revision;
use crate::units::{count, number, percent, signed_time, time};
use crate::{events, names};

pub(super) fn checks(sheet: &mut Sheet, summary: &Summary) {
    let checks = summary.workflows.iter();
    let checks = checks.flat_map(|workflow| workflow.checks.iter().map(move |check| (workflow, check)));
    let checks: Vec<(&WorkflowSummary, &CheckSummary)> = checks.collect();
    if checks.is_empty() {
        return;
    }
    sheet.section("Checks");
    let result = |check: &CheckSummary| match check.fails {
        0 => "<b class=\"good\">✓ held</b>".to_owned(),
        _ => "<b class=\"bad\">✗ did not always hold</b>".to_owned(),
    };
    Table::new(checks)
        .words("Check", |(_, check)| name(&check.name))
        .words("workflow", |(workflow, _)| name(&workflow.name))
        .words("result", |(_, check)| result(check))
        .figures("passed", |(_, check)| count(check.passes))
        .figures("failed", |(_, check)| count(check.fails))
        .figures("share passed", |(_, check)| {
            let all = check.passes + check.fails;
            html(&percent(check.passes as f64, all as f64))
        })
        .write(
            sheet,
            "Checks; a failed check fails neither its request nor its iteration",
        );
    sheet.end_with_sql(summary.job.id, "checks");
}

pub(super) fn metrics(sheet: &mut Sheet, summary: &Summary) {
    if summary.metrics.is_empty() {
        return;
    }
    sheet.section("Custom metrics");
    let trend = |metric: &MetricSummary, of: fn(&Distribution) -> f64| {
        let trend = metric.distribution.as_ref().filter(|trend| trend.count > 0);
        trend.map_or_else(|| "-".to_owned(), |trend| number(of(trend)))
    };
    Table::new(&summary.metrics)
        .words("Metric", |metric| name(&metric.name))
        .words("kind", |metric| name(&metric.kind))
        .words("step", |metric| name(&metric.step))
        .figures("values", |metric| count(metric.count))
        .figures("value", |metric| html(&names::value(metric)))
        .figures("least", |metric| trend(metric, |trend| trend.min_ms))
        .figures("P50", |metric| trend(metric, |trend| trend.p50_ms))
        .figures("P95", |metric| trend(metric, |trend| trend.p95_ms))
        .figures("P99", |metric| trend(metric, |trend| trend.p99_ms))
        .figures("most", |metric| trend(metric, |trend| trend.max_ms))
        .write(sheet, "Custom metrics, in units of their own");
    sheet.end();
}

pub(super) fn agents(sheet: &mut Sheet, summary: &Summary) {
    if summary.agents.is_empty() {
        return;
    }
    sheet.section("Agents");
    let clock = |agent: &AgentSummary, value: String| {
        if agent.clock_error_ms > 0.0 {
            value
        } else {
            "not measured".to_owned()
        }
    };
    Table::new(&summary.agents)
        .words("Agent", |agent| name(&agent.agent))
        .figures("asked", |agent| count(agent.iterations.planned))
        .figures("started", |agent| count(agent.iterations.started))
        .figures("failed", |agent| count(agent.iterations.failed))
        .figures("dropped", |agent| count(agent.iterations.dropped.total()))
        .figures("lost", |agent| count(agent.iterations.lost))
        .figures("unknown", |agent| count(agent.iterations.unknown))
        .figures("lag P99", |agent| time(agent.lag_p99_ms))
        .figures("most cores", |agent| format!("{:.2}", agent.cpu_max))
        .figures("clock offset", |agent| {
            clock(agent, signed_time(agent.clock_offset_ms))
        })
        .figures("clock error", |agent| {
            clock(agent, format!("±{}", time(agent.clock_error_ms)))
        })
        .figures("lines that are not results", |agent| count(agent.malformed))
        .words("ended", |agent| name(agent.ended.map_or("-", Ended::as_str)))
        .words("sandbox", |agent| {
            name(agent.sandbox.map_or("-", SandboxLevel::as_str))
        })
        .write(sheet, "Agents");
    sheet.note(
        "Most cores: what load test and agent used together in their busiest second. Clock offset: the scheduler's clock minus \
         the agent's, as it was measured and corrected for.",
    );
    sheet.end_with_sql(summary.job.id, "agents");
}

pub(super) fn events(sheet: &mut Sheet, summary: &Summary) {
    if summary.events.is_empty() {
        return;
    }
    sheet.section("Events");
    Table::new((1..).zip(&summary.events))
        .figures("Number", |(number, _)| count(*number))
        .figures("at", |(_, event)| events::at(event))
        .words("event", |(_, event)| name(&event.kind))
        .words("by", |(_, event)| name(&event.who))
        .words("before", |(_, event)| name(&event.old_value))
        .words("after", |(_, event)| name(&event.new_value))
        .write(sheet, "Events, from the job's start");
    sheet.end_with_sql(summary.job.id, "events");
}

pub(super) fn not_results(sheet: &mut Sheet, summary: &Summary) {
    if summary.not_results.values().all(|n| *n == 0) {
        return;
    }
    sheet.section("Lines of the load test that are not results");
    Table::new(&summary.not_results)
        .words("Reason", |(reason, _)| name(reason))
        .figures("lines", |(_, n)| count(**n))
        .write(sheet, "Lines that are not results, by reason");
    sheet.end();
}

pub(super) fn provenance(sheet: &mut Sheet, summary: &Summary) {
    let spec = &summary.job.spec;
    let from = &spec.provenance;
    sheet.section("Provenance");
    sheet.line("<dl class=\"facts\">");
    for (what, value) in [
        ("Binary", spec.binary_name.as_str()),
        ("SHA-256", &spec.binary_sha256),
        ("Build id", &from.build_id),
        ("Git commit", &from.git_commit),
        ("Arguments", &from.arguments.join(" ")),
        ("Version of the scheduler", &summary.heavy_version),
        ("Version of the client", &from.client_version),
        ("Version of the summary", &summary.version.to_string()),
        ("Revision of the summary", &revision(summary)),
    ] {
        if !value.is_empty() {
            sheet.line(&format!(
                "<div><dt>{what}</dt><dd><code>{}</code></dd></div>",
                html(value)
            ));
        }
    }
    sheet.line("</dl>");
    let document = serde_json::to_string_pretty(spec).unwrap_or_default();
    let lines: Vec<String> = document.lines().map(html).collect();
    sheet.line(&format!(
        "<details><summary>The job as it was submitted</summary><pre tabindex=\"0\">{}</pre></details>",
        lines.join("\n")
    ));
    sheet.end();
}

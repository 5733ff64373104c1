//! The bottom of the page: errors, checks, custom metrics, agents, events, and where the results come from.

use heavy_load::vocabulary::Ended;
use heavy_results::summary::Summary;

use super::sheet::{Cells, Head, Sheet, name};
use crate::escape::clip;
use crate::markup::html;
use crate::names;
use crate::units::{count, number, percent, signed_time, time};

/// Columns of an example of an error.
const EXAMPLE: usize = 400;

pub(super) fn errors(sheet: &mut Sheet, summary: &Summary) {
    if summary.errors.is_empty() {
        return;
    }
    sheet.section("Errors");
    let heads = [
        Head::Words("Kind"),
        Head::Figures("count"),
        Head::Figures("first"),
        Head::Figures("last"),
        Head::Words("in"),
        Head::Words("example"),
    ];
    let rows = summary.errors.iter().map(|error| {
        let at = |ns: i64| time(ns.max(0) as f64 / 1e6);
        let cells: Cells = vec![
            name(names::kind(error)),
            count(error.count),
            at(error.first_ns),
            at(error.last_ns),
            name(&names::place(error)),
            format!("<code>{}</code>", html(&clip(&error.example, EXAMPLE))),
        ];
        ("", cells)
    });
    sheet.table(
        "Errors by kind; first and last are from the job's start",
        &heads,
        rows,
    );
    sheet.sql(summary.job.id, "errors");
    sheet.end();
}

pub(super) fn checks(sheet: &mut Sheet, summary: &Summary) {
    let checks = summary.workflows.iter();
    let checks = checks.flat_map(|workflow| workflow.checks.iter().map(move |check| (workflow, check)));
    let rows: Vec<(&'static str, Cells)> = checks
        .map(|(workflow, check)| {
            let all = check.passes + check.fails;
            let passed = check.fails == 0;
            let words = if passed {
                "✓ held"
            } else {
                "✗ did not always hold"
            };
            let class = if passed { "good" } else { "bad" };
            let cells = vec![
                name(&check.name),
                name(&workflow.name),
                format!("<b class=\"{class}\">{words}</b>"),
                count(check.passes),
                count(check.fails),
                html(&percent(check.passes as f64, all as f64)),
            ];
            ("", cells)
        })
        .collect();
    if rows.is_empty() {
        return;
    }
    sheet.section("Checks");
    let heads = [
        Head::Words("Check"),
        Head::Words("workflow"),
        Head::Words("result"),
        Head::Figures("passed"),
        Head::Figures("failed"),
        Head::Figures("share passed"),
    ];
    sheet.table(
        "Checks; a failed check fails neither its request nor its iteration",
        &heads,
        rows,
    );
    sheet.sql(summary.job.id, "checks");
    sheet.end();
}

pub(super) fn metrics(sheet: &mut Sheet, summary: &Summary) {
    if summary.metrics.is_empty() {
        return;
    }
    sheet.section("Custom metrics");
    let heads = [
        Head::Words("Metric"),
        Head::Words("kind"),
        Head::Words("step"),
        Head::Figures("values"),
        Head::Figures("value"),
        Head::Figures("least"),
        Head::Figures("P50"),
        Head::Figures("P95"),
        Head::Figures("P99"),
        Head::Figures("most"),
    ];
    let rows = summary.metrics.iter().map(|metric| {
        let mut cells = vec![
            name(&metric.name),
            name(&metric.kind),
            name(&metric.step),
            count(metric.count),
            html(&names::value(metric)),
        ];
        let trend = metric.distribution.as_ref().filter(|trend| trend.count > 0);
        cells.extend(trend.map_or_else(
            || vec!["-".to_owned(); 5],
            |trend| {
                [
                    trend.min_ms,
                    trend.p50_ms,
                    trend.p95_ms,
                    trend.p99_ms,
                    trend.max_ms,
                ]
                .map(number)
                .to_vec()
            },
        ));
        ("", cells)
    });
    sheet.table("Custom metrics, in units of their own", &heads, rows);
    sheet.end();
}

pub(super) fn agents(sheet: &mut Sheet, summary: &Summary) {
    if summary.agents.is_empty() {
        return;
    }
    sheet.section("Agents");
    let heads = [
        Head::Words("Agent"),
        Head::Figures("asked"),
        Head::Figures("started"),
        Head::Figures("failed"),
        Head::Figures("dropped"),
        Head::Figures("lost"),
        Head::Figures("lag P99"),
        Head::Figures("most cores"),
        Head::Figures("clock offset"),
        Head::Figures("clock error"),
        Head::Figures("lines that were no results"),
        Head::Words("ended"),
    ];
    let rows = summary.agents.iter().map(|agent| {
        let (all, measured) = (&agent.iterations, agent.clock_error_ms > 0.0);
        let clock = |value: String| {
            if measured {
                value
            } else {
                "not measured".to_owned()
            }
        };
        let cells: Cells = vec![
            name(&agent.agent),
            count(all.planned),
            count(all.started),
            count(all.failed),
            count(all.dropped.total()),
            count(all.lost),
            time(agent.lag_p99_ms),
            format!("{:.2}", agent.cpu_max),
            clock(signed_time(agent.clock_offset_ms)),
            clock(format!("±{}", time(agent.clock_error_ms))),
            count(agent.malformed),
            name(agent.ended.map_or("-", Ended::as_str)),
        ];
        ("", cells)
    });
    sheet.table("Agents", &heads, rows);
    sheet.note(
        "Most cores: what load test and agent used together in their busiest second. Clock offset: the scheduler's clock minus \
         the agent's, as it was measured and corrected for.",
    );
    sheet.sql(summary.job.id, "agents");
    sheet.end();
}

pub(super) fn events(sheet: &mut Sheet, summary: &Summary) {
    if summary.events.is_empty() {
        return;
    }
    sheet.section("Events");
    let heads = [
        Head::Figures("Number"),
        Head::Figures("at"),
        Head::Words("event"),
        Head::Words("by"),
        Head::Words("before"),
        Head::Words("after"),
    ];
    let rows = (1..).zip(&summary.events).map(|(number, event)| {
        let at_ms = event.at_ns as f64 / 1e6;
        let at = if at_ms < 0.0 {
            format!("-{}", time(-at_ms))
        } else {
            time(at_ms)
        };
        let cells = vec![
            count(number),
            at,
            name(&event.kind),
            name(&event.who),
            name(&event.old_value),
            name(&event.new_value),
        ];
        ("", cells)
    });
    sheet.table("Events, from the job's start", &heads, rows);
    sheet.sql(summary.job.id, "events");
    sheet.end();
}

pub(super) fn not_results(sheet: &mut Sheet, summary: &Summary) {
    if summary.not_results.values().all(|n| *n == 0) {
        return;
    }
    sheet.section("Lines of the load test that were no results");
    let heads = [Head::Words("Reason"), Head::Figures("lines")];
    let rows = summary
        .not_results
        .iter()
        .map(|(reason, n)| ("", vec![name(reason), count(*n)]));
    sheet.table("Lines that were no results, by reason", &heads, rows);
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

//! Workflows, their steps and their requests: all in one table, then each by itself with everything.

use std::collections::BTreeMap;

use heavy_results::summary::{Distribution, RequestSummary, Summary, WorkflowSummary};

use super::sheet::{Sheet, Table, bad, name};
use super::tables::{bars, of_distributions, protocol_statuses, status_classes};
use crate::markup::html;
use crate::names;
use crate::units::{bytes, count, rate};

/// Kind, name, failed, rate and durations of a row.
type TreeRow<'a> = (&'static str, String, u64, f64, &'a Distribution);

fn of_requests<'a>(
    level: &'static str,
    requests: &'a [RequestSummary],
) -> impl Iterator<Item = (&'static str, TreeRow<'a>)> {
    requests.iter().map(move |one| {
        let row = (
            "request",
            names::request(one),
            one.failed,
            one.rate,
            &one.duration,
        );
        (level, row)
    })
}

pub(super) fn overview(sheet: &mut Sheet, summary: &Summary) {
    if summary.workflows.is_empty() {
        return;
    }
    sheet.section("Workflows, steps, requests");
    let mut rows: Vec<(&'static str, TreeRow<'_>)> = Vec::new();
    for workflow in &summary.workflows {
        let (name, failed) = (workflow.name.clone(), workflow.iterations.failed);
        rows.push((
            "level1",
            ("workflow", name, failed, workflow.rate, &workflow.duration),
        ));
        rows.extend(of_requests("level2", &workflow.requests));
        for step in &workflow.steps {
            let row = ("step", step.name.clone(), step.failed, step.rate, &step.duration);
            rows.push(("level2", row));
            rows.extend(of_requests("level3", &step.requests));
        }
    }
    Table::with_classes(rows)
        .words("Name", |(kind, of, ..)| {
            format!("<span class=\"kind\">{kind}</span> {}", name(of))
        })
        .figures("failed", |(_, _, failed, ..)| bad(*failed))
        .figures("per second", |(_, _, _, per_second, _)| rate(*per_second))
        .statistics(|(.., duration)| duration)
        .write(sheet, "Durations of workflows, steps and requests");
    for title in ["workflows", "steps", "requests"] {
        sheet.sql(summary.job.id, title);
    }
    sheet.end();
}

pub(super) fn details(sheet: &mut Sheet, summary: &Summary) {
    if summary.workflows.is_empty() {
        return;
    }
    sheet.section("Each in detail");
    for workflow in &summary.workflows {
        self::workflow(sheet, workflow);
    }
    sheet.end();
}

fn workflow(sheet: &mut Sheet, workflow: &WorkflowSummary) {
    let all = &workflow.iterations;
    open(
        sheet,
        "Workflow",
        &workflow.name,
        &format!("{} runs", count(all.ok + all.failed)),
    );
    let mut of = vec![("duration", &workflow.duration)];
    of.extend(
        workflow
            .response_time
            .as_ref()
            .map(|response| ("response time", response)),
    );
    times(sheet, &workflow.name, &of);
    codes(sheet, &workflow.name, &workflow.status_counts);
    other_codes(sheet, &workflow.name, &workflow.protocol_status_counts);
    for request in &workflow.requests {
        self::request(sheet, request);
    }
    for step in &workflow.steps {
        open(
            sheet,
            "Step",
            &step.name,
            &format!("{} runs", count(step.duration.count)),
        );
        times(sheet, &step.name, &[("duration", &step.duration)]);
        codes(sheet, &step.name, &step.status_counts);
        other_codes(sheet, &step.name, &step.protocol_status_counts);
        for request in &step.requests {
            self::request(sheet, request);
        }
        sheet.line("</details>");
    }
    sheet.line("</details>");
}

fn request(sheet: &mut Sheet, request: &RequestSummary) {
    let identity = names::request(request);
    open(
        sheet,
        "Request",
        &identity,
        &format!("{} sent", count(request.duration.count)),
    );
    let mut of = vec![("duration", &request.duration)];
    if request.failed > 0 {
        of.push(("duration of successful requests", &request.ok_duration));
        of.push(("duration of failed requests", &request.failed_duration));
    }
    times(sheet, &identity, &of);
    let statuses = &request.status_counts;
    if request.is_http() {
        codes(sheet, &identity, statuses);
    } else {
        let protocol = (request.protocol.clone(), statuses.clone());
        other_codes(sheet, &identity, &BTreeMap::from([protocol]));
    }
    sheet.line(&format!("<p>{} of bodies received.</p>", bytes(request.bytes)));
    sheet.line("</details>");
}

fn open(sheet: &mut Sheet, kind: &str, of: &str, about: &str) {
    sheet.line(&format!(
        "<details class=\"part\"><summary><span class=\"kind\">{kind}</span> {} <span class=\"quiet\">{}</span></summary>",
        name(of),
        html(about)
    ));
}

fn times(sheet: &mut Sheet, of: &str, distributions: &[(&'static str, &Distribution)]) {
    of_distributions(sheet, &format!("Times of {of}"), distributions.iter().copied());
    if let Some((_, duration)) = distributions.first().filter(|(_, duration)| duration.count > 0) {
        bars(sheet, &format!("Durations of {of}"), duration);
    }
}

fn codes(sheet: &mut Sheet, of: &str, statuses: &BTreeMap<u16, u64>) {
    if !statuses.is_empty() {
        status_classes(sheet, &format!("Status codes of {of}"), "Status", statuses);
    }
}

fn other_codes(sheet: &mut Sheet, of: &str, protocols: &BTreeMap<String, BTreeMap<u16, u64>>) {
    if !protocols.is_empty() {
        let caption = format!("Status codes of {of}, by protocol");
        protocol_statuses(sheet, &caption, protocols);
    }
}

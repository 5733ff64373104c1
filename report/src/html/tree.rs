//! Workflows, their steps and their requests: all in one table, then each by itself with everything.

use heavy_results::summary::{Distribution, RequestSummary, Summary, WorkflowSummary};

use super::sheet::{Head, Sheet, name};
use super::tables::{bars, statistics, with_statistics};
use crate::markup::html;
use crate::names;
use crate::statuses::by_class;
use crate::units::{bytes, count, percent, rate};

const LEVELS: [&str; 3] = ["level1", "level2", "level3"];

/// Level, kind, name, failed, rate and durations of a row.
type TreeRow<'a> = (usize, &'static str, String, u64, f64, &'a Distribution);

fn of_requests(level: usize, requests: &[RequestSummary]) -> impl Iterator<Item = TreeRow<'_>> {
    requests.iter().map(move |one| {
        (
            level,
            "request",
            names::request(one),
            one.failed,
            one.rate,
            &one.duration,
        )
    })
}

pub(super) fn overview(sheet: &mut Sheet, summary: &Summary) {
    if summary.workflows.is_empty() {
        return;
    }
    sheet.section("Workflows, steps, requests");
    let heads = with_statistics([
        Head::Words("Name"),
        Head::Figures("failed"),
        Head::Figures("per second"),
    ]);
    let mut measured: Vec<TreeRow<'_>> = Vec::new();
    for workflow in &summary.workflows {
        let (name, failed) = (workflow.name.clone(), workflow.iterations.failed);
        measured.push((0, "workflow", name, failed, workflow.rate, &workflow.duration));
        measured.extend(of_requests(1, &workflow.requests));
        for step in &workflow.steps {
            measured.push((
                1,
                "step",
                step.name.clone(),
                step.failed,
                step.rate,
                &step.duration,
            ));
            measured.extend(of_requests(2, &step.requests));
        }
    }
    let rows = measured
        .into_iter()
        .map(|(level, kind, of, failed, per_second, duration)| {
            let failed = if failed > 0 {
                format!("<b class=\"bad\">{}</b>", count(failed))
            } else {
                count(failed)
            };
            let head = format!("<span class=\"kind\">{kind}</span> {}", name(&of));
            let mut cells = vec![head, failed, rate(per_second)];
            cells.extend(statistics(duration));
            (LEVELS[level], cells)
        });
    sheet.table("Durations of workflows, steps and requests", &heads, rows);
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
    figures(sheet, &workflow.name, &of);
    codes(sheet, &workflow.name, &workflow.status_counts);
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
        figures(sheet, &step.name, &[("duration", &step.duration)]);
        codes(sheet, &step.name, &step.status_counts);
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
    }
    figures(sheet, &identity, &of);
    codes(sheet, &identity, &request.status_counts);
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

fn figures(sheet: &mut Sheet, of: &str, distributions: &[(&str, &Distribution)]) {
    let heads = with_statistics([Head::Words("Of")]);
    let rows = distributions.iter().map(|(what, distribution)| {
        let mut cells = vec![(*what).to_owned()];
        cells.extend(statistics(distribution));
        ("", cells)
    });
    sheet.table(&format!("Times of {of}"), &heads, rows);
    if let Some((_, duration)) = distributions.first().filter(|(_, duration)| duration.count > 0) {
        bars(sheet, &format!("Durations of {of}"), duration);
    }
}

fn codes(sheet: &mut Sheet, of: &str, statuses: &std::collections::BTreeMap<u16, u64>) {
    if statuses.is_empty() {
        return;
    }
    let all: u64 = statuses.values().sum();
    let heads = [
        Head::Words("Status"),
        Head::Figures("requests"),
        Head::Figures("share"),
        Head::Words("codes"),
    ];
    let rows = by_class(statuses).into_iter().map(|class| {
        let share = html(&percent(class.total as f64, all as f64));
        ("", vec![class.name, count(class.total), share, class.codes])
    });
    sheet.table(&format!("Status codes of {of}"), &heads, rows);
}

//! What failed: errors by kind, and the times of requests that failed beside those that did not.

use heavy_results::summary::{Distribution, RequestSummary, Summary};

use super::sheet::{Sheet, Table, name};
use crate::clip::clip;
use crate::markup::html;
use crate::names;
use crate::percentiles::{PERCENTILES, Percentile};
use crate::units::{count, time};

/// Columns of an example of an error.
const EXAMPLE: usize = 400;

pub(super) fn errors(sheet: &mut Sheet, summary: &Summary) {
    if summary.errors.is_empty() {
        return;
    }
    sheet.section("Errors");
    let at = |ns: i64| time(ns.max(0) as f64 / 1e6);
    Table::new(&summary.errors)
        .words("Kind", |error| name(names::kind(error)))
        .figures("count", |error| html(&names::occurrences(error)))
        .figures("first", |error| at(error.first_ns))
        .figures("last", |error| at(error.last_ns))
        .words("in", |error| name(&names::place(error)))
        .words("example", |error| {
            format!("<code>{}</code>", html(&clip(&error.example, EXAMPLE)))
        })
        .write(sheet, "Errors by kind; first and last are from the job's start");
    sheet.end_with_sql(summary.job.id, "errors");
}

/// Requests of which some failed, with the times of both kinds side by side: failures are often much faster or slower.
pub(super) fn ok_and_failed(sheet: &mut Sheet, summary: &Summary) {
    let all = summary.workflows.iter().flat_map(|workflow| {
        let of_steps = workflow.steps.iter().flat_map(|step| &step.requests);
        workflow.requests.iter().chain(of_steps)
    });
    let failing: Vec<&RequestSummary> = all.filter(|request| request.failed_duration.count > 0).collect();
    if failing.is_empty() {
        return;
    }
    sheet.section("Successful and failed requests");
    let table = Table::new(failing).words("Request", |request| name(&names::request(request)));
    let ok = sides(table, ["ok", "ok P50", "ok P95", "ok P99", "ok max"], |request| {
        &request.ok_duration
    });
    sides(
        ok,
        ["failed", "failed P50", "failed P95", "failed P99", "failed max"],
        |request| &request.failed_duration,
    )
    .write(sheet, "Times of successful and of failed requests");
    sheet.end_with_sql(summary.job.id, "requests");
}

/// Adds the count, three percentiles and the slowest of one side.
fn sides<'a>(
    table: Table<'a, &'a RequestSummary>,
    heads: [&'static str; 5],
    side: fn(&RequestSummary) -> &Distribution,
) -> Table<'a, &'a RequestSummary> {
    let [counted, shown @ .., slowest] = heads;
    let known = move |request: &RequestSummary, cell: &dyn Fn(&Distribution) -> String| match side(request) {
        none if none.count == 0 => "-".to_owned(),
        distribution => cell(distribution),
    };
    let table = table.figures(counted, move |request| count(side(request).count));
    let percentiles = PERCENTILES
        .iter()
        .filter(|one| ["P50", "P95", "P99"].contains(&one.name));
    let table = shown
        .into_iter()
        .zip(percentiles)
        .fold(table, |table, (head, one): (_, &Percentile)| {
            table.figures(head, move |request| known(request, &|of| one.shown(of)))
        });
    table.figures(slowest, move |request| known(request, &|of| time(of.max_ms)))
}

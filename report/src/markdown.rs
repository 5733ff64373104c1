//! The summary as Markdown that fits a comment on a pull request: the verdict, thresholds and the figures of each
//! workflow at once, the rest folded, everything within the length that code hosts take.

use std::fmt::Write as _;

use heavy_results::summary::{Distribution, RequestSummary, Summary};
use heavy_results::threshold::{ThresholdOutcome, ThresholdSummary};

use crate::markup::markdown as text;
use crate::names;
use crate::percentiles::{PERCENTILES, ROUGH_NOTE};
use crate::standing::{Mood, asked_and_achieved, observed, reason, revision, standing, warnings};
use crate::statuses::by_class;
use crate::units::{count, percent, rate, time};

/// Rows of requests and errors; GitHub takes comments of 65,536 characters.
const MOST_REQUESTS: usize = 60;
const MOST_ERRORS: usize = 15;
const MOST_WORKFLOWS: usize = 40;
const MOST_WARNINGS: usize = 10;
const MOST_STATUSES: usize = 20;
const MOST_THRESHOLDS: usize = 40;

/// Columns of hostile texts.
const NAME: usize = 80;
const THRESHOLD: usize = 160;
const MESSAGE: usize = 300;

pub(crate) fn render(summary: &Summary) -> String {
    let mut out = String::new();
    verdict(&mut out, summary);
    thresholds(&mut out, &summary.thresholds);
    figures(&mut out, summary);
    workflows(&mut out, summary);
    requests(&mut out, summary);
    errors(&mut out, summary);
    for warning in warnings(summary).iter().take(MOST_WARNINGS) {
        line(&mut out, &format!("- ⚠ {}", text(warning, MESSAGE)));
    }
    provenance(&mut out, summary);
    out
}

pub(crate) fn line(out: &mut String, text: &str) {
    out.push_str(text);
    out.push('\n');
}

/// A table of at most this many rows, and how many are omitted.
fn table(
    out: &mut String,
    heads: &str,
    rows: impl ExactSizeIterator<Item = String>,
    most: usize,
    what: &str,
) {
    let left_out = rows.len().saturating_sub(most);
    line(out, heads);
    for row in rows.take(most) {
        line(out, &row);
    }
    if left_out > 0 {
        let left_out = count(left_out as u64);
        line(
            out,
            &format!("\nand {left_out} {what} more; the complete report has them"),
        );
    }
    line(out, "");
}

fn verdict(out: &mut String, summary: &Summary) {
    let (words, mood) = standing(&summary.job, summary.complete);
    let mark = match mood {
        Mood::Good => "✅",
        Mood::Bad => "❌",
        Mood::Doubtful => "⚠️",
        Mood::Neutral => "ℹ️",
    };
    line(
        out,
        &format!(
            "### {mark} {words}: {}",
            text(summary.job.spec.shown_name(), NAME)
        ),
    );
    line(out, "");
    line(out, &text(reason(summary), MESSAGE));
    line(out, "");
}

fn thresholds(out: &mut String, thresholds: &[ThresholdSummary]) {
    if thresholds.is_empty() {
        return;
    }
    let rows = thresholds.iter().map(|threshold| {
        let mark = match threshold.outcome {
            ThresholdOutcome::Met => "✅",
            ThresholdOutcome::Broken => "❌",
            ThresholdOutcome::NoSamples => "⚠️",
        };
        format!(
            "| {mark} {} | {} | {} |",
            threshold.outcome.as_str(),
            text(&threshold.expression, THRESHOLD),
            text(&observed(threshold), THRESHOLD)
        )
    });
    let heads = "| | Threshold | Observed |\n| :-- | :-- | :-- |";
    table(out, heads, rows, MOST_THRESHOLDS, "thresholds");
}

fn figures(out: &mut String, summary: &Summary) {
    let all = &summary.iterations;
    let mut row = |name: &str, value: String| line(out, &format!("| {name} | {value} |"));
    row("", String::new());
    row(":--", ":--".to_owned());
    row("Rate", text(&asked_and_achieved(summary), MESSAGE));
    let mut runs = format!("{} successful, {} failed", count(all.ok), count(all.failed));
    for (n, what) in [
        (all.dropped.total(), "dropped"),
        (all.interrupted, "interrupted"),
        (all.lost, "lost"),
        (all.unknown, "unknown"),
    ] {
        if n > 0 {
            let _ = write!(runs, ", **{} {what}**", count(n));
        }
    }
    row("Workflow runs", runs);
    let requests = &summary.requests;
    if requests.duration.count > 0 {
        row(
            "Requests",
            format!(
                "{}, {} failed ({}), {}",
                count(requests.duration.count),
                count(requests.failed),
                percent(requests.failed as f64, requests.duration.count as f64),
                rate(requests.rate)
            ),
        );
        let classes = by_class(&requests.status_counts);
        let classes = classes
            .iter()
            .map(|class| format!("{} {}", class.name, count(class.total)));
        let others = requests
            .protocol_status_counts
            .iter()
            .flat_map(|(protocol, counts)| {
                let protocol = text(protocol, NAME);
                counts
                    .iter()
                    .map(move |(status, n)| format!("{protocol} {status} {}", count(*n)))
            });
        let statuses: Vec<String> = classes.chain(others.take(MOST_STATUSES)).collect();
        row("Status", statuses.join(", "));
        row("Request duration", tails(&requests.duration));
    }
    if let Some(response) = &summary.response_time {
        row("Response time", tails(response));
    }
    if summary.generator_lag.count > 0 {
        row("Generator lag", tails(&summary.generator_lag));
    }
    row("Run time", time(summary.run_time_s * 1e3));
    line(out, "");
}

/// `P50 1.2ms, P95 3.4ms, P99 5.6ms, P99.9 ~7.8ms, slowest 9ms`.
fn tails(distribution: &Distribution) -> String {
    let shown = PERCENTILES
        .iter()
        .filter(|percentile| matches!(percentile.name, "P50" | "P95" | "P99" | "P99.9"));
    let mut parts: Vec<String> = shown
        .map(|percentile| format!("{} {}", percentile.name, value(percentile, distribution)))
        .collect();
    parts.push(format!("slowest {}", time(distribution.max_ms)));
    parts.join(", ")
}

fn value(percentile: &crate::percentiles::Percentile, distribution: &Distribution) -> String {
    percentile.shown(distribution).replace('~', "\\~")
}

fn workflows(out: &mut String, summary: &Summary) {
    if summary.workflows.is_empty() {
        return;
    }
    let rows = summary.workflows.iter().map(|workflow| {
        let all = &workflow.iterations;
        format!(
            "| {} | {} | {} | {} | {} | {} |",
            text(&workflow.name, NAME),
            count(all.ok + all.failed),
            count(all.failed),
            count(all.dropped.total()),
            rate(workflow.rate),
            times(&workflow.duration)
        )
    });
    let heads = "| Workflow | Runs | Failed | Dropped | Rate | Average | P50 | P95 | P99 | Slowest |\n\
                 | :-- | --: | --: | --: | --: | --: | --: | --: | --: | --: |";
    table(out, heads, rows, MOST_WORKFLOWS, "workflows");
}

/// Average, P50, P95, P99 and slowest as cells.
fn times(distribution: &Distribution) -> String {
    if distribution.count == 0 {
        return "- | - | - | - | -".to_owned();
    }
    let shown = PERCENTILES
        .iter()
        .filter(|percentile| matches!(percentile.name, "P50" | "P95" | "P99"));
    let mut cells = vec![time(distribution.mean_ms)];
    cells.extend(shown.map(|percentile| value(percentile, distribution)));
    cells.push(time(distribution.max_ms));
    cells.join(" | ")
}

fn requests(out: &mut String, summary: &Summary) {
    let all: Vec<(String, &RequestSummary)> = summary
        .workflows
        .iter()
        .flat_map(|workflow| {
            let own = workflow
                .requests
                .iter()
                .map(|request| (workflow.name.clone(), request));
            let of_steps = workflow.steps.iter().flat_map(|step| {
                let place = format!("{} / {}", workflow.name, step.name);
                step.requests.iter().map(move |request| (place.clone(), request))
            });
            own.chain(of_steps)
        })
        .collect();
    if all.is_empty() {
        return;
    }
    let number = count(all.len() as u64);
    line(
        out,
        &format!("<details><summary>{number} requests by name</summary>\n"),
    );
    let rows = all.iter().map(|(place, request)| {
        format!(
            "| {} | {} | {} | {} | {} |",
            text(place, NAME),
            text(&names::request(request), NAME),
            count(request.duration.count),
            count(request.failed),
            times(&request.duration)
        )
    });
    let heads = "| In | Request | Count | Failed | Average | P50 | P95 | P99 | Slowest |\n\
                 | :-- | :-- | --: | --: | --: | --: | --: | --: | --: |";
    table(out, heads, rows, MOST_REQUESTS, "requests");
    line(out, &text(ROUGH_NOTE, MESSAGE));
    line(out, "\n</details>\n");
}

fn errors(out: &mut String, summary: &Summary) {
    if summary.errors.is_empty() {
        return;
    }
    let total = count(summary.error_count());
    line(
        out,
        &format!("<details><summary>{total} errors by kind</summary>\n"),
    );
    let at = |ns: i64| time(ns.max(0) as f64 / 1e6);
    let rows = summary.errors.iter().map(|error| {
        format!(
            "| {} | {} | {} | {} | {} | {} |",
            text(names::kind(error), NAME),
            names::occurrences(error),
            at(error.first_ns),
            at(error.last_ns),
            text(&names::place(error), NAME),
            text(&error.example, MESSAGE)
        )
    });
    let heads = "| Kind | Count | First | Last | In | Example |\n| :-- | --: | --: | --: | :-- | :-- |";
    table(out, heads, rows, MOST_ERRORS, "kinds of errors");
    line(out, "</details>\n");
}

fn provenance(out: &mut String, summary: &Summary) {
    let job = &summary.job;
    let hash = job
        .spec
        .binary_sha256
        .get(..12)
        .unwrap_or(&job.spec.binary_sha256);
    let mut from = format!(
        "Test ID `{}`, binary {} (sha256 {hash})",
        job.id,
        text(&job.spec.binary_name, NAME)
    );
    let commit = &job.spec.provenance.git_commit;
    if !commit.is_empty() {
        let _ = write!(from, ", commit {}", text(commit, 40));
    }
    if !summary.heavy_version.is_empty() {
        let _ = write!(from, ", heavy {}", text(&summary.heavy_version, 20));
    }
    let revision = revision(summary);
    if !revision.is_empty() {
        let _ = write!(from, ", {}", text(&revision, MESSAGE));
    }
    line(out, "");
    line(out, &format!("<sub>{from}</sub>"));
}

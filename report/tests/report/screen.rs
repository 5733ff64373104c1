//! The summary on one screen: how long it is, and that the full report has every figure.

use heavy_report::Style;
use heavy_results::stats::Errors;
use heavy_results::summary::{CheckSummary, MetricSummary, RequestSummary, StepSummary, Summary};

use crate::{ended, judged, sample};

/// A job with as much of everything as there can be.
fn enormous() -> Summary {
    let mut summary = sample::trouble();
    summary.thresholds = vec![judged::judged().thresholds[1].clone(); 20];
    let shop = sample::shop();
    summary.workflows = (0..20)
        .map(|number| {
            let mut workflow = shop.workflows[0].clone();
            workflow.name = format!("workflow {number}");
            workflow.iterations.failed = number;
            let request = workflow.steps[0].requests[0].clone();
            workflow.steps = vec![
                StepSummary {
                    requests: vec![request; 10],
                    ..workflow.steps[0].clone()
                };
                10
            ];
            workflow.checks = vec![
                CheckSummary {
                    name: "a check with a long name".to_owned(),
                    passes: 3,
                    fails: number,
                };
                20
            ];
            workflow
        })
        .collect();
    let error = summary.errors[1].clone();
    summary.errors = vec![Errors { count: 7, ..error }; 100];
    let metric = summary.metrics[0].clone();
    summary.metrics = vec![MetricSummary { count: 7, ..metric }; 100];
    let agent = summary.agents[1].clone();
    summary.agents = vec![agent; 200];
    summary.warnings =
        vec!["a warning that is longer than a line of eighty columns can hold, and a bit".to_owned(); 30];
    summary.job.reason = "a reason ".repeat(400);
    summary
}

#[test]
fn a_summary_fits_a_screen_whatever_the_job() {
    for width in [80, 100, 140] {
        let style = Style {
            width,
            ..Style::default()
        };
        for (summary, most) in [
            (sample::shop(), 24),
            (sample::trouble(), 32),
            (ended::never_ran(), 10),
            (judged::judged(), 30),
            (enormous(), 55),
        ] {
            let text = heavy_report::text(&summary, &style);
            assert!(text.lines().count() <= most, "more than {most} lines:\n{text}");
            assert_eq!(heavy_report::status(&summary, &style).lines().count(), 5);
        }
    }
}

#[test]
fn names_of_wide_emoji_fit_too() {
    let mut summary = sample::shop();
    summary.job.spec.name = "\u{2764}\u{fe0f}".repeat(100);
    summary.workflows[0].name = summary.job.spec.name.clone();
    for full in [false, true] {
        let style = Style {
            full,
            ..Style::default()
        };
        let text = heavy_report::text(&summary, &style) + &heavy_report::status(&summary, &style);
        for line in text.lines() {
            assert!(heavy_report::columns(line) <= 80, "{line}");
        }
    }
}

#[test]
fn the_verdict_is_the_last_line_beside_the_prompt() {
    for (summary, verdict) in [
        (sample::shop(), "PASS  all rules passed"),
        (sample::running(), "RUNNING  results so far"),
    ] {
        for full in [false, true] {
            let style = Style {
                full,
                ..Style::default()
            };
            let text = heavy_report::text(&summary, &style);
            assert!(text.lines().last().unwrap().starts_with(verdict), "{text}");
        }
    }
}

#[test]
fn warnings_are_shown_with_their_figures() {
    let warning = "generator lag P99 4.00 ms is 10% of the iteration duration's P99 (40.00 ms), which does not include it, \
                   but starts were late (load test and agent used up to 1.9 cores: the load test may be CPU-bound)";
    let mut summary = sample::shop();
    summary.warnings = vec![warning.to_owned()];
    let text = heavy_report::text(&summary, &Style::default());
    let words: Vec<&str> = text.split_whitespace().collect();
    assert!(words.join(" ").contains(&format!("warning {warning} ")), "{text}");
}

#[test]
fn the_only_request_of_a_url_is_one_row() {
    let mut summary = sample::shop();
    let request = RequestSummary {
        duration: summary.requests.duration.clone(),
        ..summary.workflows[0].steps[0].requests[0].clone()
    };
    summary.workflows.truncate(1);
    summary.workflows[0].name = "http".to_owned();
    summary.workflows[0].steps.clear();
    summary.workflows[0].requests = vec![request];
    let text = heavy_report::text(&summary, &Style::default());
    assert!(text.contains("\nGET /products"), "{text}");
    assert!(
        !text.contains("\nhttp ") && text.matches("\nrequests").count() == 1,
        "{text}"
    );
}

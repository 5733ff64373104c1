//! The top of the page: the verdict with its reason, whose it is, the thresholds, and the figures that matter most.

use heavy_results::summary::Summary;
use heavy_results::threshold::ThresholdOutcome;

use super::sheet::{Sheet, Table, name};
use crate::markup::html;
use crate::percentiles::P99;
use crate::standing::{
    asked_and_achieved, observed, outcome_mood, reason, share_of_asked, standing, warnings as warnings_of,
};
use crate::units::{count, instant, percent, rate, time};

pub(super) fn header(sheet: &mut Sheet, summary: &Summary) {
    let job = &summary.job;
    let (standing, mood) = standing(job, summary.complete);
    let class = mood.as_str();
    sheet.line("<header>");
    sheet.line(&format!("<h1>{}</h1>", name(job.spec.shown_name())));
    sheet.line(&format!(
        "<p class=\"verdict {class}\"><strong>{}</strong> <span>{}</span></p>",
        html(&standing),
        html(reason(summary))
    ));
    sheet.line("<dl class=\"facts\">");
    let labels = job.spec.labels.iter();
    let labels: Vec<String> = labels.map(|(key, value)| format!("{key}={value}")).collect();
    for (what, value) in [
        ("Test ID", job.id.to_string()),
        ("Description", job.spec.description.clone()),
        ("Service", job.spec.service.clone()),
        ("Workflows", job.spec.workflow_names().join(", ")),
        ("Labels", labels.join(", ")),
        ("Rate", asked_and_achieved(summary)),
        ("Started", job.started_at_wall_ns.map(instant).unwrap_or_default()),
        ("Total run time", time(summary.run_time_s * 1e3)),
        (
            "Degraded",
            if job.degraded {
                "an agent was lost, or the accounting is still open".to_owned()
            } else {
                String::new()
            },
        ),
    ] {
        if !value.is_empty() {
            sheet.line(&format!("<div><dt>{what}</dt><dd>{}</dd></div>", html(&value)));
        }
    }
    sheet.line("</dl>\n</header>");
}

pub(super) fn thresholds(sheet: &mut Sheet, summary: &Summary) {
    if summary.thresholds.is_empty() {
        return;
    }
    sheet.section("Thresholds");
    let mark = |outcome| match outcome {
        ThresholdOutcome::Met => "✓",
        ThresholdOutcome::Broken => "✗",
        ThresholdOutcome::NoSamples => "?",
    };
    Table::new(&summary.thresholds)
        .words("Threshold", |threshold| {
            format!("<code>{}</code>", html(&threshold.expression))
        })
        .words("outcome", |threshold| {
            let (outcome, class) = (threshold.outcome, outcome_mood(threshold.outcome).as_str());
            format!("<b class=\"{class}\">{} {}</b>", mark(outcome), outcome.as_str())
        })
        .words("observed", |threshold| html(&observed(threshold)))
        .write(sheet, "Thresholds and their outcomes");
    sheet.end_with_sql(summary.job.id, "thresholds");
}

pub(super) fn warnings(sheet: &mut Sheet, summary: &Summary) {
    let warnings = warnings_of(summary);
    if warnings.is_empty() {
        return;
    }
    sheet.section("Warnings");
    sheet.line("<ul class=\"warnings\">");
    for warning in &warnings {
        sheet.line(&format!("<li>{}</li>", html(warning)));
    }
    sheet.line("</ul>");
    sheet.end();
}

/// The figures that matter most, as tiles.
pub(super) fn figures(sheet: &mut Sheet, summary: &Summary) {
    let (job, all, requests) = (&summary.job, &summary.iterations, &summary.requests);
    if all.started == 0 && requests.duration.count == 0 {
        return;
    }
    sheet.section("At a glance");
    sheet.line("<dl class=\"tiles\">");
    let mut tile = |what: &str, value: &str, about: &str, bad: bool| {
        let class = if bad { " class=\"bad\"" } else { "" };
        sheet.line(&format!(
            "<div{class}><dt>{what}</dt><dd><b>{}</b> <span>{}</span></dd></div>",
            html(value),
            html(about)
        ));
    };
    if let Some(achieved) = job.achieved_rate {
        let asked = share_of_asked(summary).map_or_else(
            || "users decide".to_owned(),
            |share| format!("of {} asked ({share})", rate(job.asked_rate)),
        );
        tile("Iterations started", &rate(achieved), &asked, false);
    }
    tile(
        "Workflow runs",
        &count(all.ok),
        &format!("successful, {} failed", count(all.failed)),
        all.failed > 0,
    );
    let dropped = all.dropped.total();
    tile(
        "Dropped",
        &count(dropped),
        &format!("{} of those due", percent(dropped as f64, all.scheduled as f64)),
        dropped > 0,
    );
    tile(
        "Requests",
        &rate(requests.rate),
        &format!("{} in all", count(requests.duration.count)),
        false,
    );
    tile(
        "Requests failed",
        &percent(requests.failed as f64, requests.duration.count as f64),
        &count(requests.failed),
        requests.failed > 0,
    );
    for (what, distribution) in [
        ("Request duration", Some(&requests.duration)),
        ("Response time", summary.response_time.as_ref()),
        ("Generator lag", Some(&summary.generator_lag)),
    ] {
        if let Some(distribution) = distribution.filter(|distribution| distribution.count > 0) {
            tile(
                what,
                &P99.shown(distribution),
                &format!("P99; median {}", time(distribution.p50_ms)),
                false,
            );
        }
    }
    sheet.line("</dl>");
    sheet.end_with_sql(job.id, "verdict");
}

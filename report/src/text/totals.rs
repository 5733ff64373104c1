//! Totals of the whole job: the accounting of iterations, requests by status, times, and windows.

use std::collections::BTreeMap;

use heavy_results::summary::{Accounting, Summary};

use super::times::{averages, bars, extremes, percentile_heads, percentile_row};
use crate::layout::right;
use crate::page::{Page, Tone};
use crate::statuses::by_class;
use crate::units::{bytes, count, counted, percent, rate, time};

/// Columns of the names of counts.
const NAME: usize = 17;

/// Columns of counts.
const COUNT: usize = 13;

pub(super) fn iterations(page: &mut Page, summary: &Summary) {
    let all = &summary.iterations;
    page.heading("Iterations");
    let of_planned = |part: u64| percent(part as f64, all.planned as f64);
    let of_started = |part: u64| percent(part as f64, all.started as f64);
    line(page, "planned", all.planned, "", None);
    if all.scheduled != all.planned {
        line(page, "due", all.scheduled, &of_planned(all.scheduled), None);
    }
    line(page, "started", all.started, &of_planned(all.started), None);
    line(page, "  ok", all.ok, &of_started(all.ok), None);
    for (name, part) in [
        ("  failed", all.failed),
        ("  interrupted", all.interrupted),
        ("  lost", all.lost),
    ] {
        line(page, name, part, &of_started(part), bad(part));
    }
    let dropped = all.dropped.total();
    let reasons = if dropped > 0 {
        dropped_by_reason(all)
    } else {
        String::new()
    };
    line(page, "dropped", dropped, &reasons, bad(dropped));
    if dropped > 0 {
        let note = "Dropped iterations were due and never started (full: no free slot; late: the generator was \
                    behind; gap: the agent was gone). All times below are of started ones only.";
        page.wrapped("  ", note, None);
    }
    if all.unknown > 0 {
        line(page, "unknown", all.unknown, "", bad(all.unknown));
        let note = "Unknown iterations were due while their agent had its lease, and it did not report them.";
        page.wrapped("  ", note, None);
    }
    if summary.complete && !all.balances() {
        let note = "The accounting does not balance: due is not started + dropped + unknown, or started is not the \
                    sum of its parts.";
        page.wrapped("  ", note, Some(Tone::Bad));
    }
}

/// `12 full, 3 late, 1 gap`, without those that are 0.
pub(super) fn dropped_by_reason(all: &Accounting) -> String {
    let reasons = [
        (all.dropped.full, "full"),
        (all.dropped.late, "late"),
        (all.dropped.gap, "gap"),
    ];
    let parts: Vec<String> = reasons
        .iter()
        .filter(|(n, _)| *n > 0)
        .map(|(n, reason)| format!("{} {reason}", count(*n)))
        .collect();
    parts.join(", ")
}

pub(super) fn requests(page: &mut Page, summary: &Summary) {
    let totals = &summary.requests;
    let all = totals.duration.count;
    if summary.iterations.started == 0 && all == 0 {
        return;
    }
    page.heading("Requests");
    let received = format!(
        "{}, {} of bodies received",
        rate(totals.rate),
        bytes(totals.bytes)
    );
    line(page, "ended", all, &received, None);
    line(
        page,
        "  failed",
        totals.failed,
        &percent(totals.failed as f64, all as f64),
        bad(totals.failed),
    );
    statuses(page, &totals.status_counts);
    protocol_statuses(page, &totals.protocol_status_counts);
}

/// A line for each class of statuses, with its codes.
pub(super) fn statuses(page: &mut Page, statuses: &BTreeMap<u16, u64>) {
    let all: u64 = statuses.values().sum();
    for class in by_class(statuses) {
        let tone = if class.number == 0 { bad(class.total) } else { None };
        let share = percent(class.total as f64, all as f64);
        let about = if class.codes.is_empty() {
            share
        } else {
            format!("{share:>6}  {}", class.codes)
        };
        line(page, &format!("  {}", class.name), class.total, &about, tone);
    }
}

/// A line for each status of each protocol other than HTTP.
pub(super) fn protocol_statuses(page: &mut Page, protocols: &BTreeMap<String, BTreeMap<u16, u64>>) {
    for (protocol, counts) in protocols {
        let all: u64 = counts.values().sum();
        for (status, total) in counts {
            let share = percent(*total as f64, all as f64);
            line(page, &format!("  {protocol} {status}"), *total, &share, None);
        }
    }
}

pub(super) fn times(page: &mut Page, summary: &Summary) {
    let duration = &summary.requests.duration;
    if summary.iterations.started == 0 && duration.count == 0 {
        return;
    }
    page.heading("Times");
    percentile_heads(page);
    percentile_row(page, "request", duration);
    percentile_row(page, "iterat.", &summary.iteration_duration);
    if let Some(response) = &summary.response_time {
        percentile_row(page, "response", response);
    }
    percentile_row(page, "gen. lag", &summary.generator_lag);
    let response = summary
        .response_time
        .iter()
        .map(|response| ("response", response));
    let rows = [
        ("request", duration),
        ("iterat.", &summary.iteration_duration),
        ("gen. lag", &summary.generator_lag),
    ];
    averages(page, response.chain(rows));
    page.blank();
    let response = if summary.response_time.is_some() {
        "response: of iterations, from the instant they were due to their end; "
    } else {
        "this load has no due instants, so there are no response times; "
    };
    let note = format!(
        "request: from asking for a connection to the last byte; {response}generator lag: how \
         late the generator itself was."
    );
    page.wrapped("  ", &note, None);
    if duration.count > 0 {
        page.heading(&format!("Durations of {}", counted(duration.count, "request")));
        page.line(&format!("  {}", extremes(duration)));
        bars(page, duration);
    }
}

pub(super) fn windows(page: &mut Page, summary: &Summary) {
    if summary.windows.len() < 2 {
        return;
    }
    page.heading("Windows");
    for (place, window) in summary.windows.iter().enumerate() {
        if place > 0 {
            page.blank();
        }
        let when = format!(
            "{} to {}: {} iterations ok, {} failed; {} requests, {}, {} failed",
            time(window.from_s * 1e3),
            time(window.until_s * 1e3),
            count(window.iterations.ok),
            count(window.iterations.failed),
            count(window.duration.count),
            rate(window.request_rate),
            count(window.requests_failed)
        );
        page.wrapped(&format!("  {:<11}", window.name), &when, None);
        percentile_heads(page);
        percentile_row(page, "request", &window.duration);
        percentile_row(page, "iterat.", &window.iteration_duration);
        if let Some(response) = &window.response_time {
            percentile_row(page, "response", response);
        }
        let response = window.response_time.iter().map(|response| ("response", response));
        let rows = [
            ("request", &window.duration),
            ("iterat.", &window.iteration_duration),
        ];
        averages(page, rows.into_iter().chain(response));
    }
}

pub(super) const fn bad(n: u64) -> Option<Tone> {
    if n > 0 { Some(Tone::Bad) } else { None }
}

fn line(page: &mut Page, name: &str, n: u64, about: &str, tone: Option<Tone>) {
    let number = right(&count(n), COUNT);
    let number = tone.map_or_else(|| number.clone(), |tone| page.paint(tone, &number));
    let about = if about.ends_with('%') {
        format!("{about:>6}")
    } else {
        about.to_owned()
    };
    page.line(&format!("  {name:<NAME$}{number}   {about}"));
}

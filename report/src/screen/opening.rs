//! The first lines: the job, its iterations and its requests.

use heavy_results::summary::Summary;

use super::pieces::{LABEL, Pieces, bad, label};
use crate::clip::{clip, clip_middle, columns};
use crate::layout::right;
use crate::page::{Page, Tone};
use crate::percentiles::PERCENTILES;
use crate::standing::share_of_asked;
use crate::statuses::by_class;
use crate::units::{bytes, count, instant, percent, rate};

/// Characters of a job's id: they are unique unless two jobs were submitted in one millisecond.
const SHORT_ID: usize = 13;

/// Columns that a long name keeps beside a long load.
const SHORTEST_NAME: usize = 24;

/// `shop · 15/s for 10s, achieved 15/s · job 01a215d9-e545` on one line.
pub(super) fn identity(page: &mut Page, summary: &Summary) {
    let job = &summary.job;
    let id = job.id.to_string();
    let end = format!(" · job {}", &id[..SHORT_ID]);
    let room = page.width.saturating_sub(columns(&end));
    let load = format!(" · {}", asked_and_achieved(summary));
    let name = job.spec.shown_name();
    let for_name = room.saturating_sub(columns(&load)).max(SHORTEST_NAME);
    let name = clip_middle(name, for_name);
    let load = clip(&load, room - columns(&name));
    let name = page.paint(Tone::Strong, &name);
    page.line(&format!("{name}{load}{end}"));
}

/// `shop · job 01a215d9-e545-7e00-8000-000000000001` on one line.
pub(super) fn whole_identity(page: &mut Page, summary: &Summary) {
    let end = format!(" · job {}", summary.job.id);
    let name = clip_middle(summary.job.spec.shown_name(), page.width - columns(&end));
    let name = page.paint(Tone::Strong, &name);
    page.line(&format!("{name}{end}"));
}

/// `15/s for 10s, achieved 15/s`; with the share of what was asked if it is less.
fn asked_and_achieved(summary: &Summary) -> String {
    let asked = summary.job.spec.describe_load();
    let Some(achieved) = summary.job.achieved_rate.map(rate) else {
        return asked;
    };
    match share_of_asked(summary) {
        Some(share) if share.starts_with("100.0%") => format!("{asked}, achieved {achieved}"),
        Some(share) => format!("{asked}, achieved {achieved} ({share})"),
        None => format!("{asked}, started {achieved}"),
    }
}

/// The state, when the job began, and its load.
pub(super) fn state(page: &mut Page, summary: &Summary) {
    let job = &summary.job;
    let degraded = if job.degraded { ", degraded" } else { "" };
    let mut row = Pieces::new("state");
    let mut text = format!("{}{degraded} · ", job.state.as_str());
    if let Some(started) = job.started_at_wall_ns {
        text.push_str(&format!("{} · ", instant(started)));
    }
    text.push_str(&asked_and_achieved(summary));
    let tone = job.degraded.then_some(Tone::Doubtful);
    row.add(text, tone);
    row.write(page, 1);
}

/// What became of iterations; where some were dropped, what that means for the times.
pub(super) fn iterations(page: &mut Page, summary: &Summary) {
    iterations_lines(page, summary, 2);
    let all = &summary.iterations;
    if all.dropped.total() > 0 {
        let note = page.paint(Tone::Doubtful, "the times below are of started iterations only");
        page.line(&format!("{:LABEL$}{note}", ""));
    }
    if summary.complete && !all.balances() {
        let note = page.paint(Tone::Bad, "the accounting does not balance: see the full report");
        page.line(&format!("{:LABEL$}{note}", ""));
    }
}

/// `150 started   96 ok   54 failed   0 dropped`.
pub(super) fn iterations_lines(page: &mut Page, summary: &Summary, most_lines: usize) {
    let all = &summary.iterations;
    let mut row = Pieces::new("iterations");
    let started = right(&count(all.started), first_width(summary));
    row.add(
        if all.scheduled < all.planned {
            format!("{started} of {} started", count(all.planned))
        } else {
            format!("{started} started")
        },
        None,
    );
    row.add(format!("{} ok", count(all.ok)), None);
    row.add(format!("{} failed", count(all.failed)), bad(all.failed));
    let dropped = all.dropped;
    let reasons = [
        (dropped.full, "full"),
        (dropped.late, "late"),
        (dropped.gap, "gap"),
    ];
    let reasons = reasons.iter().filter(|(n, _)| *n > 0);
    let reasons: Vec<String> = reasons.map(|(n, why)| format!("{} {why}", count(*n))).collect();
    let why = if reasons.is_empty() || most_lines == 1 {
        String::new()
    } else {
        format!(" ({})", reasons.join(", "))
    };
    row.add(
        format!("{} dropped{why}", count(dropped.total())),
        bad(dropped.total()),
    );
    for (n, what) in [
        (all.interrupted, "interrupted"),
        (all.lost, "lost"),
        (all.unknown, "unknown"),
    ] {
        if n > 0 {
            row.add(format!("{} {what}", count(n)), Some(Tone::Bad));
        }
    }
    row.write(page, most_lines);
}

/// `446 at 44/s   54 failed (12.1%)   2xx 392  4xx 50`.
pub(super) fn requests(page: &mut Page, summary: &Summary) {
    let totals = &summary.requests;
    if totals.duration.count == 0 && summary.iterations.started == 0 {
        return;
    }
    let mut row = counts_of_requests(summary);
    for class in by_class(&totals.status_counts) {
        let tone = if matches!(class.number, 0 | 4 | 5) {
            Some(Tone::Bad)
        } else {
            None
        };
        row.add(format!("{} {}", class.name, count(class.total)), tone);
    }
    for (protocol, statuses) in &totals.protocol_status_counts {
        let statuses: Vec<String> = statuses
            .iter()
            .map(|(status, n)| format!("{status}: {}", count(*n)))
            .collect();
        row.add(format!("{protocol} {}", statuses.join(", ")), None);
    }
    if totals.bytes > 0 {
        row.add(format!("{} received", bytes(totals.bytes)), None);
    }
    row.write(page, 2);
}

/// The same with percentiles in place of statuses, on one line.
pub(super) fn requests_and_times(page: &mut Page, summary: &Summary) {
    let duration = &summary.requests.duration;
    if duration.count == 0 {
        let label = page.paint(Tone::Quiet, &label("requests"));
        page.line(&format!("{label}{}", right("0", first_width(summary))));
        return;
    }
    let mut row = counts_of_requests(summary);
    for name in ["P50", "P99"] {
        for percentile in PERCENTILES.iter().filter(|one| one.name == name) {
            row.add(format!("{name} {}", percentile.shown(duration)), None);
        }
    }
    row.write(page, 1);
}

fn counts_of_requests(summary: &Summary) -> Pieces {
    let totals = &summary.requests;
    let all = totals.duration.count;
    let mut row = Pieces::new("requests");
    let number = right(&count(all), first_width(summary));
    row.add(format!("{number} at {}", rate(totals.rate)), None);
    let share = if totals.failed > 0 {
        format!(" ({})", percent(totals.failed as f64, all as f64))
    } else {
        String::new()
    };
    row.add(
        format!("{} failed{share}", count(totals.failed)),
        bad(totals.failed),
    );
    row
}

/// Columns of the first numbers of both rows.
fn first_width(summary: &Summary) -> usize {
    let numbers = [summary.iterations.started, summary.requests.duration.count];
    numbers.map(|n| columns(&count(n))).into_iter().max().unwrap_or(1)
}

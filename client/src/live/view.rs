//! Progress on a terminal: two to six lines, whatever its width.

use heavy_results::progress::{AgentStanding, Progress};
use heavy_results::threshold::ThresholdOutcome;

use super::figures::{count, ms, percent, rate, span, sparkline};
use super::line::{Accent, Canvas, Segment, columns_of, fit};
use super::parts::{
    error, in_trouble, is_under_way, left_s, may_end_early, no_results_since, passed_s, threshold, trouble,
    waiting,
};

/// Columns of the bar, and from which width on it is longer.
const BAR: usize = 10;
const LONG_BAR: usize = 20;
const WIDE: usize = 110;
/// A sparkline with fewer points says nothing.
const FEWEST_POINTS: usize = 5;
/// Agents that are named.
const MOST_NAMED: usize = 3;
/// More thresholds that are met are a number.
const MOST_TICKS: usize = 8;

/// The lines, each with its columns.
pub(crate) fn lines(progress: &Progress, canvas: &Canvas) -> Vec<(String, usize)> {
    if !is_under_way(progress) {
        let state = Segment::new(0, &waiting(progress), Accent::Plain);
        return vec![fit(vec![state], canvas)];
    }
    let mut lines = vec![first(progress, canvas), counts(progress)];
    lines.extend(requests(progress));
    lines.extend(thresholds(progress));
    lines.extend(errors(progress));
    lines.truncate(canvas.rows);
    lines.into_iter().map(|segments| fit(segments, canvas)).collect()
}

fn plain(rank: u8, text: &str) -> Segment {
    Segment::new(rank, text, Accent::Plain)
}

/// The label of a line.
fn label(text: &str) -> Segment {
    Segment::new(0, &format!("{text:<10}"), Accent::Quiet)
}

/// Bar, clock, rate, how the rate was before, agents.
fn first(progress: &Progress, canvas: &Canvas) -> Vec<Segment> {
    let mut segments = vec![clock(progress, canvas)];
    segments.extend(rates(progress));
    let before = columns_of(&segments) + 2;
    let room = canvas.columns.saturating_sub(before);
    let agents = (0..=MOST_NAMED)
        .rev()
        .filter_map(|most| agents(progress, most))
        .find(|agents| agents.columns() <= room)
        .or_else(|| agents(progress, 0));
    let taken = before + agents.as_ref().map_or(0, |agents| agents.columns() + 2);
    let points = progress.rates.len().min(canvas.columns.saturating_sub(taken));
    if points >= FEWEST_POINTS && left_s(progress) > 0.0 {
        let rates = &progress.rates[progress.rates.len() - points..];
        let highest = rates.iter().copied().max().unwrap_or(0) as f64;
        let line = sparkline(rates, highest.max(progress.asked_rate));
        segments.push(Segment::new(2, &line, Accent::Quiet));
    }
    segments.extend(agents);
    segments
}

fn clock(progress: &Progress, canvas: &Canvas) -> Segment {
    let columns = if canvas.columns >= WIDE { LONG_BAR } else { BAR };
    let (passed_s, left_s) = (passed_s(progress), left_s(progress));
    let mut done = passed_s / progress.duration_s.max(0.001);
    if may_end_early(progress) {
        done = done.max(progress.started as f64 / progress.planned as f64);
    }
    if left_s <= 0.0 {
        done = 1.0;
    }
    let full = ((done * columns as f64) as usize).min(columns);
    let bar =
        Segment::new(0, &"█".repeat(full), Accent::Good).and(&"░".repeat(columns - full), Accent::Quiet);
    let length = span(progress.duration_s);
    let at = match (span(passed_s), passed_s < 120.0 && progress.duration_s < 120.0) {
        (at, true) => format!(" {}/{length}", at.trim_end_matches('s')),
        (at, false) => format!(" {at}/{length}"),
    };
    if left_s <= 0.0 {
        return bar
            .and(&at, Accent::Plain)
            .and(", waiting for the last results", Accent::Plain);
    }
    let most = if may_end_early(progress) { "at most " } else { "" };
    let left = format!(", {most}{} left", span(left_s));
    let bar = bar.and(&at, Accent::Plain).and(&left, Accent::Plain);
    if progress.paused {
        bar.and("  PAUSED", Accent::Doubtful)
    } else {
        bar
    }
}

fn rates(progress: &Progress) -> Option<Segment> {
    if left_s(progress) <= 0.0 || progress.paused {
        return None;
    }
    if let Some(since) = no_results_since(progress) {
        return Some(Segment::new(
            0,
            &format!("no results since {since}s"),
            Accent::Doubtful,
        ));
    }
    progress.second?;
    let started = rate(progress.achieved_rate);
    if progress.asked_rate <= 0.0 {
        return Some(plain(0, &format!("rate {started}/s")));
    }
    // A second of few starts may have one more or less.
    let is_short = progress.achieved_rate + 1.0 < progress.asked_rate * 0.99;
    let accent = if is_short { Accent::Bad } else { Accent::Plain };
    let asked = format!(" of {}/s", rate(progress.asked_rate));
    Some(plain(0, "rate ").and(&started, accent).and(&asked, Accent::Plain))
}

/// The number of agents, and the names of the first that are in trouble.
fn agents(progress: &Progress, most: usize) -> Option<Segment> {
    let all = progress.agents.len();
    let troubled: Vec<_> = in_trouble(progress).collect();
    if troubled.is_empty() {
        return (all > 1).then(|| plain(1, &format!("agents {all}")));
    }
    let mut segment = plain(0, &format!("agents {all} ("));
    for (place, agent) in troubled.iter().take(most).enumerate() {
        let accent = match agent.state {
            AgentStanding::Silent => Accent::Doubtful,
            _ => Accent::Bad,
        };
        let before = if place > 0 { ", " } else { "" };
        segment = segment.and(before, Accent::Plain).and(&trouble(agent), accent);
    }
    let end = match troubled.len().saturating_sub(most) {
        0 => ")".to_owned(),
        more if most == 0 => return Some(segment.and(&format!("{more} in trouble)"), Accent::Bad)),
        more => format!(", {more} more)"),
    };
    Some(segment.and(&end, Accent::Plain))
}

fn counts(progress: &Progress) -> Vec<Segment> {
    let bad_if = |n: u64| if n > 0 { Accent::Bad } else { Accent::Plain };
    let started = match progress.planned {
        0 => format!("started {}", count(progress.started)),
        planned => format!("started {}/{}", count(progress.started), count(planned)),
    };
    let failed = format!("{} failed", count(progress.failed));
    let dropped = format!("{} dropped", count(progress.dropped));
    let mut segments = vec![
        plain(0, &started),
        plain(1, &format!("{} ok", count(progress.ok))),
        Segment::new(0, &failed, bad_if(progress.failed)),
        Segment::new(0, &dropped, bad_if(progress.dropped)),
    ];
    if progress.unreported > 0 {
        let unreported = format!("{} unreported", count(progress.unreported));
        segments.push(Segment::new(0, &unreported, Accent::Doubtful));
    }
    segments.push(plain(2, &format!("{} in flight", count(progress.in_flight))));
    if let Some(lag_ms) = progress.lag_p99_ms {
        let is_late = progress.lag_limit_ms.is_some_and(|limit_ms| lag_ms > limit_ms);
        let (rank, accent) = if is_late {
            (0, Accent::Doubtful)
        } else {
            (3, Accent::Plain)
        };
        segments.push(Segment::new(rank, &format!("lag P99 {}ms", ms(lag_ms)), accent));
    }
    segments
}

fn requests(progress: &Progress) -> Option<Vec<Segment>> {
    let all = progress.overall?;
    let three =
        |p50_ms, p95_ms, p99_ms| format!("P50 {} P95 {} P99 {}ms", ms(p50_ms), ms(p95_ms), ms(p99_ms));
    let mut segments = vec![label("requests")];
    if let (Some(p50_ms), Some(p95_ms), Some(p99_ms)) = (progress.p50_ms, progress.p95_ms, progress.p99_ms) {
        segments.push(plain(1, &format!("now {}", three(p50_ms, p95_ms, p99_ms))));
    }
    segments.push(plain(
        0,
        &format!("all {}", three(all.p50_ms, all.p95_ms, all.p99_ms)),
    ));
    let done = count(progress.requests);
    segments.push(match percent(progress.requests_failed, progress.requests) {
        Some(share) => plain(2, &format!("{done}, ")).and(&format!("{share} failed"), Accent::Bad),
        None => plain(2, &done),
    });
    Some(segments)
}

/// A tick for each that is met; the others by name, with their values.
fn thresholds(progress: &Progress) -> Option<Vec<Segment>> {
    let all = &progress.thresholds;
    if all.is_empty() {
        return None;
    }
    let of = |outcome| all.iter().filter(move |threshold| threshold.outcome == outcome);
    let mut segments = vec![label("thresholds")];
    let met = of(ThresholdOutcome::Met).count();
    if met > MOST_TICKS {
        segments.push(Segment::new(0, &format!("✓ {met}"), Accent::Good));
    } else if met > 0 {
        segments.push(Segment::new(0, &vec!["✓"; met].join(" "), Accent::Good));
    }
    for (place, broken) in of(ThresholdOutcome::Broken).enumerate() {
        let rank = u8::from(place > 0) * 2;
        segments.push(Segment::new(
            rank,
            &format!("✗ {}", threshold(broken)),
            Accent::Bad,
        ));
    }
    let open = of(ThresholdOutcome::NoSamples).count();
    if open > 0 {
        segments.push(Segment::new(1, &format!("{open} without samples"), Accent::Quiet));
    }
    Some(segments)
}

fn errors(progress: &Progress) -> Option<Vec<Segment>> {
    if progress.errors.is_empty() {
        return None;
    }
    let top = progress.errors.iter().enumerate().map(|(place, top)| {
        let rank = u8::try_from(place).unwrap_or(u8::MAX);
        plain(rank, &format!("{}× {}", count(top.count), error(top)))
    });
    Some([label("errors")].into_iter().chain(top).collect())
}

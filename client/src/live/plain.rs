//! Progress as one line, for logs.

use heavy_report::escape;
use heavy_results::digits::count;
use heavy_results::progress::Progress;
use heavy_results::threshold::ThresholdOutcome;

use super::figures::{ms, percent, rate, span};
use super::parts::{
    error, first_of, in_trouble, is_under_way, left_s, may_end_early, no_results_since, passed_s, threshold,
    trouble, waiting,
};

/// Errors of a line, and agents and thresholds.
const MOST_ERRORS: usize = 3;
const MOST_NAMED: usize = 5;

/// One line for a log.
pub(crate) fn plain(progress: &Progress) -> String {
    if !is_under_way(progress) {
        return escape(&waiting(progress));
    }
    let mut parts = vec![clock(progress), rates(progress)];
    parts.extend(counts(progress));
    parts.extend(times(progress));
    parts.push(ends(progress));
    parts.extend(agents(progress));
    parts.extend(broken(progress));
    parts.extend(errors(progress));
    parts.retain(|part| !part.is_empty());
    escape(&parts.join("  "))
}

/// What is worth a line of its own as soon as it changes.
pub(crate) fn standing(progress: &Progress) -> String {
    let troubled: Vec<String> = in_trouble(progress).map(trouble).collect();
    format!(
        "{} {} {} {}",
        progress.state.as_str(),
        progress.paused,
        progress.reason,
        troubled.join(", ")
    )
}

fn clock(progress: &Progress) -> String {
    let state = if progress.paused {
        "paused"
    } else {
        progress.state.as_str()
    };
    format!("{state} {:.0}/{:.0} s", passed_s(progress), progress.duration_s)
}

/// When the last iteration starts.
fn ends(progress: &Progress) -> String {
    let left_s = left_s(progress);
    if left_s <= 0.0 {
        return "waiting for the last iterations and results".to_owned();
    }
    let most = if may_end_early(progress) { "at most " } else { "" };
    format!("ends in {most}{}", span(left_s))
}

/// Starts in the last second, and how many were asked for; users ask for none.
fn rates(progress: &Progress) -> String {
    if left_s(progress) <= 0.0 {
        return String::new();
    }
    if let Some(since) = no_results_since(progress) {
        return format!("no results since {since} s");
    }
    if progress.second.is_none() {
        return String::new();
    }
    let started = rate(progress.achieved_rate);
    if progress.asked_rate > 0.0 {
        format!("rate {started} of {}/s", rate(progress.asked_rate))
    } else {
        format!("rate {started}/s")
    }
}

fn counts(progress: &Progress) -> Vec<String> {
    let started = match progress.planned {
        0 => count(progress.started),
        planned => format!("{}/{}", count(progress.started), count(planned)),
    };
    let failed = match percent(progress.failed, progress.ok + progress.failed) {
        Some(share) => format!("{} ({share})", count(progress.failed)),
        None => count(progress.failed),
    };
    let mut counts = vec![
        format!("started {started}"),
        format!("ok {}", count(progress.ok)),
        format!("failed {failed}"),
        format!("dropped {}", count(progress.dropped)),
    ];
    if progress.unreported > 0 {
        counts.push(format!("unreported {}", count(progress.unreported)));
    }
    counts.push(format!("in flight {}", count(progress.in_flight)));
    counts
}

fn times(progress: &Progress) -> Vec<String> {
    let mut times = Vec::new();
    let all = progress.overall.map(|all| (all.p50_ms, all.p95_ms, all.p99_ms));
    let now = (|| Some((progress.p50_ms?, progress.p95_ms?, progress.p99_ms?)))();
    for (name, of) in [("now", now), ("all", all)] {
        if let Some((p50_ms, p95_ms, p99_ms)) = of {
            times.push(format!(
                "{name} P50 {} P95 {} P99 {} ms",
                ms(p50_ms),
                ms(p95_ms),
                ms(p99_ms)
            ));
        }
    }
    if let Some(lag_ms) = progress.lag_p99_ms {
        times.push(format!("lag P99 {} ms", ms(lag_ms)));
    }
    times
}

fn agents(progress: &Progress) -> Option<String> {
    let troubled: Vec<String> = in_trouble(progress).map(trouble).collect();
    let all = progress.agents.len();
    (!troubled.is_empty()).then(|| format!("agents {all} ({})", first_of(&troubled, MOST_NAMED)))
}

fn broken(progress: &Progress) -> Option<String> {
    let all = progress.thresholds.len();
    let broken = progress.thresholds.iter();
    let broken: Vec<String> = broken
        .filter(|threshold| threshold.outcome == ThresholdOutcome::Broken)
        .map(threshold)
        .collect();
    (!broken.is_empty()).then(|| {
        format!(
            "{} of {all} thresholds broken: {}",
            broken.len(),
            first_of(&broken, MOST_NAMED)
        )
    })
}

fn errors(progress: &Progress) -> Option<String> {
    let top = progress.errors.iter().take(MOST_ERRORS);
    let top: Vec<String> = top
        .map(|top| format!("{}x {}", count(top.count), error(top)))
        .collect();
    (!top.is_empty()).then(|| format!("errors {}", top.join(", ")))
}

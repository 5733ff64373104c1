//! Whether a job passed: the rules of the verdict, and why it is what it is.

use serde::{Deserialize, Serialize};

use crate::job::JobState;
use crate::summary::Summary;

/// The verdict of a job that ran.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Verdict {
    /// Everything that was asked for came out.
    Pass,
    /// The system under test (or the load test) did not do what was asked.
    Fail,
    /// The generator could not do what was asked, whatever the target did.
    Invalid,
}

impl Verdict {
    /// `PASS`, `FAIL` or `INVALID`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "PASS",
            Self::Fail => "FAIL",
            Self::Invalid => "INVALID",
        }
    }
}

/// A verdict, why, and what came near to changing it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// The verdict.
    pub verdict: Verdict,
    /// The rule that decided, with its figures; for PASS what was done.
    pub reason: String,
    /// Rules of INVALID that are a fifth of the way to their limit.
    pub warnings: Vec<String>,
}

/// Generator lag p99 may be this, or [`LAG_SHARE`] of the median response time if that is more.
const LAG_LIMIT_MS: f64 = 5.0;
const LAG_SHARE: f64 = 0.10;
/// With fewer samples there is no P99 to judge, and lag only warns.
const FEWEST_FOR_P99: u64 = 100;
/// Iterations dropped because of the generator may be this share of those due.
const GENERATOR_DROPS_SHARE: f64 = 0.001;
/// The counter of result lines that a load test could not write because its reader was too slow.
pub(crate) const OUTPUT_DROPPED: &str = "heavy_output_dropped";
/// They may be this share of all requests.
const OUTPUT_DROPPED_SHARE: f64 = 0.001;
/// A rule warns from this share of its limit on.
const WARN_FROM: f64 = 0.2;
/// Kinds of request errors that say that the generator's host ran out of something.
const GENERATOR_ERRORS: [(&str, &str); 2] = [("ports", "local ports"), ("descriptors", "file descriptors")];

/// Judges a complete summary. INVALID goes before FAIL, and FAIL before PASS.
#[must_use]
pub fn judge(summary: &Summary) -> Judgement {
    let mut warnings = Vec::new();
    let judged = generator_lag(summary, &mut warnings)
        .or_else(|| generator_drops(summary, &mut warnings))
        .or_else(|| generator_errors(summary))
        .or_else(|| generator_output(summary))
        .map(|reason| (Verdict::Invalid, reason))
        .or_else(|| failure(summary).map(|reason| (Verdict::Fail, reason)));
    let (verdict, reason) = judged.unwrap_or_else(|| (Verdict::Pass, achievement(summary)));
    Judgement {
        verdict,
        reason,
        warnings,
    }
}

fn generator_lag(summary: &Summary, warnings: &mut Vec<String>) -> Option<String> {
    let lag_ms = summary.generator_lag.p99_ms;
    let median_ms = summary
        .response_time
        .as_ref()
        .map_or(0.0, |response| response.p50_ms);
    let limit_ms = LAG_LIMIT_MS.max(median_ms * LAG_SHARE);
    let text =
        format!("the generator started iterations late: lag p99 {lag_ms:.2} ms, limit {limit_ms:.2} ms");
    let share_of_limit = lag_ms / limit_ms;
    if summary.generator_lag.count < FEWEST_FOR_P99 {
        // The P99 of so few is the largest: one late start is not a generator that cannot keep up.
        return rule(share_of_limit.min(1.0), text, warnings);
    }
    rule(share_of_limit, text, warnings)
}

fn generator_drops(summary: &Summary, warnings: &mut Vec<String>) -> Option<String> {
    let dropped = summary.iterations.dropped;
    let share = (dropped.late + dropped.gap) as f64 / summary.iterations.scheduled.max(1) as f64;
    let text = format!(
        "the generator dropped {} iterations as late and {} as gap: {:.3}% of those due, limit {:.1}%",
        dropped.late,
        dropped.gap,
        share * 100.0,
        GENERATOR_DROPS_SHARE * 100.0
    );
    rule(share / GENERATOR_DROPS_SHARE, text, warnings)
}

fn generator_errors(summary: &Summary) -> Option<String> {
    GENERATOR_ERRORS.iter().find_map(|(kind, name)| {
        let count: u64 = summary
            .errors
            .iter()
            .filter(|error| error.kind == *kind)
            .map(|error| error.count)
            .sum();
        (count > 0).then(|| format!("the generator ran out of {name}: {count} requests could not be sent"))
    })
}

/// Requests that are in no statistics because the load test could not write their lines.
fn generator_output(summary: &Summary) -> Option<String> {
    let unwritten: f64 = summary
        .metrics
        .iter()
        .filter(|metric| metric.name == OUTPUT_DROPPED)
        .map(|metric| metric.value)
        .sum();
    let share = unwritten / (summary.requests.duration.count as f64 + unwritten).max(1.0);
    (share > OUTPUT_DROPPED_SHARE).then(|| {
        format!(
            "the load test could not write {unwritten} lines of requests or metrics: {:.3}% of its requests, limit {:.1}%",
            share * 100.0,
            OUTPUT_DROPPED_SHARE * 100.0
        )
    })
}

/// `Some(text)` when the limit is passed; a warning from [`WARN_FROM`] of it on.
fn rule(share_of_limit: f64, text: String, warnings: &mut Vec<String>) -> Option<String> {
    if share_of_limit > 1.0 {
        return Some(text);
    }
    if share_of_limit >= WARN_FROM {
        warnings.push(text);
    }
    None
}

fn failure(summary: &Summary) -> Option<String> {
    let iterations = &summary.iterations;
    if summary.job.state == JobState::Failed {
        return Some(summary.job.reason.clone());
    }
    if iterations.scheduled == 0 {
        return Some("no iteration was due before the job ended".to_owned());
    }
    if iterations.ok == 0 {
        // What went wrong with a request says more than that its iteration failed.
        let of_requests = summary.errors.iter().find(|error| !error.name.is_empty());
        return Some(match of_requests.or(summary.errors.first()) {
            Some(error) => {
                format!(
                    "no iteration was ok; the most frequent error is {} ({} times)",
                    error.kind, error.count
                )
            }
            None => "no iteration was ok".to_owned(),
        });
    }
    if iterations.lost > 0 {
        return Some(format!(
            "{} iterations were lost: the load test died under them",
            iterations.lost
        ));
    }
    let dropped = iterations.dropped.full;
    let percent = dropped as f64 * 100.0 / iterations.scheduled as f64;
    let allowed = summary.job.spec.allow_drops_percent;
    (percent > allowed).then(|| {
        format!(
            "{dropped} iterations ({percent:.2}%) were dropped because all {} slots of an agent were taken",
            summary.job.spec.max_in_flight
        )
    })
}

fn achievement(summary: &Summary) -> String {
    let iterations = &summary.iterations;
    let failed = if iterations.failed == 0 {
        "none failed".to_owned()
    } else {
        format!("{} failed", iterations.failed)
    };
    format!(
        "{} of {} planned iterations were started, {failed}",
        iterations.started, iterations.planned
    )
}

#[cfg(test)]
mod tests;

//! The rules of the verdict: whether a job passed, and why.

use heavy_load::vocabulary::{Ended, OUTPUT_DROPPED};
use serde::{Deserialize, Serialize};

use crate::job::JobState;
use crate::summary::Summary;
use crate::threshold::{ThresholdOutcome, ThresholdSummary};
use heavy_load::load::{LoadModel, Quota};

/// The verdict of a job that ran.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub enum Verdict {
    /// The load ran as asked, and no rule failed.
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

/// A verdict, its reason, and warnings about rules close to their limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// The verdict.
    pub verdict: Verdict,
    /// The rule that decided, with its figures; for PASS what ran.
    pub reason: String,
    /// Rules of INVALID that are at least at a fifth of their limit.
    pub warnings: Vec<String>,
}

/// Generator lag p99 may be this, or [`LAG_SHARE`] of the median response time if that is more.
const LAG_LIMIT_MS: f64 = 5.0;
const LAG_SHARE: f64 = 0.10;
/// With fewer samples the P99 is not judged: lag only warns.
const FEWEST_FOR_P99: u64 = 100;
/// Iterations dropped because of the generator may be this share of those due.
const GENERATOR_DROPS_SHARE: f64 = 0.001;
/// Cores that load test and agent together use when the generator may be what is slow.
const BUSY_CORES: f64 = 0.9;
/// The highest share of all requests whose lines a load test may drop.
const OUTPUT_DROPPED_SHARE: f64 = 0.001;
/// A rule warns from this share of its limit on.
const WARN_FROM: f64 = 0.2;
/// Kinds of request errors that mean that the generator's host ran out of a resource.
const GENERATOR_ERRORS: [(&str, &str); 2] = [("ports", "local ports"), ("descriptors", "file descriptors")];

/// Judges a complete summary. INVALID takes precedence over FAIL, and FAIL over PASS.
#[must_use]
pub fn judge(summary: &Summary) -> Judgement {
    let mut warnings = Vec::new();
    let invalid = generator_lag(summary, &mut warnings)
        .or_else(|| generator_drops(summary, &mut warnings))
        .or_else(|| generator_errors(summary))
        .or_else(|| generator_output(summary));
    let invalid = match invalid {
        Some(reason) if summary.job.spec.allow_invalid => {
            warnings.push(format!("would be INVALID without --allow-invalid: {reason}"));
            None
        }
        other => other,
    };
    let judged = invalid
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
    let text = format!(
        "the generator started iterations late: lag p99 {lag_ms:.2} ms, limit {limit_ms:.2} ms{}",
        busy(summary)
    );
    let share_of_limit = lag_ms / limit_ms;
    if summary.generator_lag.count < FEWEST_FOR_P99 {
        // The P99 of so few is the largest: one late start is not a generator that cannot keep up.
        return rule(share_of_limit.min(1.0), text, warnings);
    }
    rule(share_of_limit, text, warnings)
}

/// The CPU time that the generator used, if that may be the cause.
fn busy(summary: &Summary) -> String {
    let cpu = summary
        .agents
        .iter()
        .map(|agent| agent.cpu_max)
        .fold(0.0, f64::max);
    if cpu < BUSY_CORES {
        return String::new();
    }
    format!(" (load test and agent used up to {cpu:.1} cores: the load test may be CPU-bound)")
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
            .filter(|error| *error.kind == **kind)
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
    if let Some(broken) = thresholds(summary, ThresholdOutcome::Broken) {
        return Some(broken);
    }
    if iterations.ok == 0 {
        // What went wrong with a request says more than that its iteration failed.
        let of_requests = summary.errors.iter().find(|error| !error.name.is_empty());
        return Some(match of_requests.or(summary.errors.first()) {
            Some(error) => {
                format!(
                    "no iteration succeeded; the most frequent error is {} ({} times)",
                    error.kind, error.count
                )
            }
            None => "no iteration succeeded".to_owned(),
        });
    }
    if iterations.lost > 0 {
        return Some(format!(
            "{} iterations were lost: the load test died while they ran",
            iterations.lost
        ));
    }
    let dropped = iterations.dropped.full;
    let percent = dropped as f64 * 100.0 / iterations.scheduled as f64;
    let allowed = summary.job.spec.allow_drops_percent;
    if percent > allowed {
        return Some(format!(
            "{dropped} iterations ({percent:.2}%) were dropped because all {} slots of an agent were in use{}",
            summary.job.spec.execution.max_in_flight(),
            slots_needed(summary)
        ));
    }
    quota(summary).or_else(|| thresholds(summary, ThresholdOutcome::NoSamples))
}

/// Describes the thresholds with this outcome, first of all the one that stopped the load.
fn thresholds(summary: &Summary, outcome: ThresholdOutcome) -> Option<String> {
    let such: Vec<&ThresholdSummary> = summary
        .thresholds
        .iter()
        .filter(|threshold| threshold.outcome == outcome)
        .collect();
    let stopped = such
        .iter()
        .find(|threshold| threshold.aborted_at_second.is_some());
    let first = stopped.or(such.first())?;
    let mut text = match outcome {
        ThresholdOutcome::NoSamples => format!(
            "threshold {} cannot be judged: {}",
            first.expression,
            first.observed()
        ),
        _ => format!("threshold {} was broken: {}", first.expression, first.observed()),
    };
    if stopped.is_some() {
        text.push_str("; it stopped the load");
    }
    if such.len() > 1 {
        let more = such.len() - 1;
        let noun = if more == 1 { "threshold" } else { "thresholds" };
        text.push_str(&match outcome {
            ThresholdOutcome::NoSamples => format!("; {more} more {noun} cannot be judged"),
            _ => format!("; {more} more {noun} failed"),
        });
    }
    Some(text)
}

/// How many slots the rate needed, by Little's law.
fn slots_needed(summary: &Summary) -> String {
    let (mut count, mut sum_ms) = (0.0, 0.0);
    for workflow in &summary.workflows {
        count += workflow.duration.count as f64;
        sum_ms += workflow.duration.count as f64 * workflow.duration.mean_ms;
    }
    let load = summary.job.spec.load();
    let mean_s = sum_ms / count / 1e3;
    let rate = summary.job.asked_rate.max(load.mean_rate_per_second());
    let needed = rate * mean_s;
    if !needed.is_finite() || needed < 1.0 {
        return String::new();
    }
    let agents = summary.agents.len().max(1) as u64;
    let allowed = u64::from(summary.job.spec.execution.max_in_flight()) * agents;
    format!(
        ": {rate:.0}/s x {mean_s:.3} s on average needs {:.0} slots, more if the target slows down; {allowed} were \
         allowed",
        needed.ceil()
    )
}

/// Users did not reach the number of iterations asked for.
fn quota(summary: &Summary) -> Option<String> {
    let iterations = &summary.iterations;
    let counted = summary
        .job
        .spec
        .load()
        .workflows
        .into_iter()
        .any(|workflow| match workflow.model {
            LoadModel::Open(_) => false,
            LoadModel::Closed(closed) => closed.quota != Quota::Unlimited,
        });
    let ended = summary.job.state == JobState::Finished;
    (counted && ended && iterations.scheduled < iterations.planned).then(|| {
        format!(
            "only {} of {} iterations started in time: increase --duration or --users",
            iterations.scheduled, iterations.planned
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
    if summary
        .agents
        .iter()
        .any(|agent| agent.ended == Some(Ended::Data))
    {
        return format!(
            "the load test's data ended after {} of {} planned iterations, {failed}",
            iterations.started, iterations.planned
        );
    }
    if iterations.planned == 0 {
        return format!("users started {} iterations, {failed}", iterations.started);
    }
    format!(
        "{} of {} planned iterations were started, {failed}",
        iterations.started, iterations.planned
    )
}

#[cfg(test)]
mod tests;

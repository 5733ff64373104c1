//! The rules of the verdict: whether a job passed, and why.

pub(crate) mod generator;
mod missing;

use heavy_load::vocabulary::Ended;
use serde::{Deserialize, Serialize};

use crate::digits::count;
use crate::job::JobState;
use crate::stats::Errors;
use crate::summary::{AgentSummary, Summary};
use crate::threshold::{ThresholdOutcome, ThresholdSummary};
use heavy_load::load::{LoadModel, Quota};
use missing::RawRows;

/// Characters of an example of an error in a reason.
const LONGEST_EXAMPLE: usize = 300;

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
    /// What the generator did to the figures, and rules of INVALID that were allowed to be broken.
    pub warnings: Vec<String>,
}

/// Judges a complete summary. INVALID takes precedence over FAIL, and FAIL over PASS.
#[must_use]
pub fn judge(summary: &Summary) -> Judgement {
    let lacks = missing::Lacks {
        results: &summary.missing,
        unknown: summary.iterations.unknown,
        lost: summary.iterations.lost,
        users_s: summary.users.map(|users| (users.planned_s, users.missing_s)),
        rows: raw_rows(summary),
    };
    if let Some(reason) = missing::check(&lacks) {
        // Nobody can allow figures that are not there.
        return Judgement {
            verdict: Verdict::Invalid,
            reason,
            warnings: Vec::new(),
        };
    }
    let mut warnings = Vec::new();
    let invalid = match generator::check(summary, &mut warnings) {
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

fn raw_rows(summary: &Summary) -> RawRows {
    let of = |count: fn(&AgentSummary) -> u64| summary.agents.iter().map(count).sum::<u64>();
    let ended = &summary.iterations;
    RawRows {
        damaged_batches: of(|agent| agent.damaged_batches),
        requests: (of(|agent| agent.voided_requests), summary.requests.duration.count),
        iterations: (
            of(|agent| agent.voided_iterations),
            ended.ok + ended.failed + ended.interrupted + ended.lost,
        ),
    }
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
            Some(error) => format!(
                "no iteration succeeded; the most frequent error is {}",
                told(error)
            ),
            None if iterations.interrupted > 0 => format!(
                "no iteration succeeded; {} were still running at the end and were interrupted",
                count(iterations.interrupted)
            ),
            None => "no iteration succeeded".to_owned(),
        });
    }
    let dropped = iterations.dropped.full;
    let percent = dropped as f64 * 100.0 / iterations.scheduled as f64;
    let allowed = summary.job.spec.allow_drops_percent;
    if percent > allowed {
        return Some(format!(
            "{} iterations ({percent:.2}%) were dropped because all {} slots of an agent were in use{}",
            count(dropped),
            count(u64::from(summary.job.spec.execution.max_in_flight())),
            slots_needed(summary)
        ));
    }
    quota(summary).or_else(|| thresholds(summary, ThresholdOutcome::NoSamples))
}

/// An error with its number and an example of its message: `dns (5 times): cannot resolve "shop.test"`.
fn told(error: &Errors) -> String {
    let times = if error.count == 1 { "time" } else { "times" };
    let mut text = format!("{} ({} {times})", error.kind, count(error.count));
    let example: String = error.example.chars().take(LONGEST_EXAMPLE).collect();
    if !example.is_empty() {
        text.push_str(": ");
        text.push_str(&example);
    }
    if example.len() < error.example.len() {
        text.push('…');
    }
    text
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
    let (mut ended, mut sum_ms) = (0.0, 0.0);
    for workflow in &summary.workflows {
        ended += workflow.duration.count as f64;
        sum_ms += workflow.duration.count as f64 * workflow.duration.mean_ms;
    }
    let load = summary.job.spec.load();
    let mean_s = sum_ms / ended / 1e3;
    let rate = summary.job.asked_rate.max(load.mean_rate_per_second());
    let needed = rate * mean_s;
    if !needed.is_finite() || needed < 1.0 {
        return String::new();
    }
    let agents = summary.agents.len().max(1) as u64;
    let allowed = u64::from(summary.job.spec.execution.max_in_flight()) * agents;
    format!(
        ": {}/s x {mean_s:.3} s on average needs {} slots, more if the target slows down; {} were allowed",
        count(rate.round() as u64),
        count(needed.ceil() as u64),
        count(allowed)
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
            count(iterations.scheduled),
            count(iterations.planned)
        )
    })
}

fn achievement(summary: &Summary) -> String {
    let mut text = started(summary);
    let rows = raw_rows(summary);
    let ((requests, _), (iterations, _)) = (rows.requests, rows.iterations);
    if requests + iterations > 0 {
        text.push_str(&format!(
            "; raw rows of {} requests and {} iterations were discarded",
            count(requests),
            count(iterations)
        ));
    }
    text
}

fn started(summary: &Summary) -> String {
    let iterations = &summary.iterations;
    let failed = if iterations.failed == 0 {
        "none failed".to_owned()
    } else {
        format!("{} failed", count(iterations.failed))
    };
    if summary
        .agents
        .iter()
        .any(|agent| agent.ended == Some(Ended::Data))
    {
        return format!(
            "the load test's data ended after {} of {} planned iterations, {failed}",
            count(iterations.started),
            count(iterations.planned)
        );
    }
    if iterations.planned == 0 {
        return format!("users started {} iterations, {failed}", count(iterations.started));
    }
    format!(
        "{} of {} planned iterations were started, {failed}",
        count(iterations.started),
        count(iterations.planned)
    )
}

#[cfg(test)]
mod tests;

//! Where a job stands, in the words that all formats share.

use heavy_results::job::{JobInfo, JobState};
use heavy_results::summary::Summary;
use heavy_results::threshold::{ThresholdOutcome, ThresholdSummary};
use heavy_results::verdict::Verdict;

use crate::statuses;
use crate::units::{count, percent, rate};

/// What a standing means to its reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mood {
    Good,
    Bad,
    Doubtful,
    Neutral,
}

impl Mood {
    /// As a class of HTML.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Bad => "bad",
            Self::Doubtful => "doubtful",
            Self::Neutral => "neutral",
        }
    }
}

/// A job that was stopped says so before its verdict; one without a verdict says where it is in its life.
pub(crate) fn standing(job: &JobInfo, complete: bool) -> (String, Mood) {
    let mood = |verdict: Verdict| match verdict {
        Verdict::Pass => Mood::Good,
        Verdict::Fail => Mood::Bad,
        Verdict::Invalid => Mood::Doubtful,
    };
    match (job.verdict, job.state) {
        (Some(verdict), JobState::Stopped) => (format!("STOPPED ({})", verdict.as_str()), Mood::Doubtful),
        (Some(verdict), _) => (verdict.as_str().to_owned(), mood(verdict)),
        (None, JobState::Failed) => ("COULD NOT RUN".to_owned(), Mood::Bad),
        (None, state) => {
            let mood = if complete { Mood::Neutral } else { Mood::Doubtful };
            (state.as_str().to_uppercase(), mood)
        }
    }
}

/// Why: hostile text.
pub(crate) fn reason(summary: &Summary) -> &str {
    let job = &summary.job;
    match (job.verdict, summary.complete) {
        _ if !job.reason.is_empty() => &job.reason,
        (_, false) => "results so far; the job is still running",
        (Some(Verdict::Pass), true) => "all rules passed",
        (_, true) => "no reason was recorded",
    }
}

/// `asked 100/s for 10s, achieved 99.9/s (99.9%)`.
pub(crate) fn asked_and_achieved(summary: &Summary) -> String {
    let job = &summary.job;
    let asked = format!("asked {}", job.spec.describe_load());
    job.achieved_rate.map_or(asked.clone(), |achieved| {
        share_of_asked(summary).map_or_else(
            || format!("{asked}, started {}", rate(achieved)),
            |share| format!("{asked}, achieved {} ({share})", rate(achieved)),
        )
    })
}

/// How much of what was asked was started: `99.9%`. The average rate that was asked for the whole job says nothing of
/// one that ended before its plan: there it is the share of what had become due, and says so. `None` for closed loads.
pub(crate) fn share_of_asked(summary: &Summary) -> Option<String> {
    let (job, all) = (&summary.job, &summary.iterations);
    if job.asked_rate <= 0.0 {
        return None;
    }
    if all.scheduled < all.planned && job.state.is_final() && job.state != JobState::Finished {
        let share = percent(all.started as f64, all.scheduled as f64);
        return Some(format!("{share} of what was due"));
    }
    Some(percent(job.achieved_rate?, job.asked_rate))
}

/// What a reader should know, from the summary and from the agents' own words.
pub(crate) fn warnings(summary: &Summary) -> Vec<String> {
    let mut warnings = summary.warnings.clone();
    warnings.extend(statuses::redirects(&summary.requests));
    for agent in &summary.agents {
        if agent.voided_requests + agent.voided_iterations > 0 {
            warnings.push(format!(
                "raw rows of {} and {} of agent {} were discarded; totals and percentiles include them",
                crate::units::counted(agent.voided_requests, "request"),
                crate::units::counted(agent.voided_iterations, "iteration"),
                agent.agent
            ));
        }
        if agent.damaged_batches > 0 {
            warnings.push(format!(
                "{} of raw rows of agent {} were damaged; totals and percentiles include them",
                crate::units::counted(agent.damaged_batches, "batch"),
                agent.agent
            ));
        }
    }
    warnings
}

/// `revision 2 (verdict INVALID -> PASS; started 80 -> 100)`; empty of a job that has not ended, and of earlier versions.
pub(crate) fn revision(summary: &Summary) -> String {
    match summary.revisions.last() {
        None => String::new(),
        Some(revision) if revision.changes.is_empty() => format!("revision {}", revision.number),
        Some(revision) => format!("revision {} ({})", revision.number, revision.changes),
    }
}

/// What a threshold's outcome means to its reader.
pub(crate) const fn outcome_mood(outcome: ThresholdOutcome) -> Mood {
    match outcome {
        ThresholdOutcome::Met => Mood::Good,
        ThresholdOutcome::Broken => Mood::Bad,
        ThresholdOutcome::NoSamples => Mood::Doubtful,
    }
}

/// What was observed of a threshold, with its number of values, and whether it stopped the load: hostile text.
pub(crate) fn observed(threshold: &ThresholdSummary) -> String {
    let mut text = threshold.observed();
    if threshold.value.is_some() {
        text.push_str(&format!(" (n={})", count(threshold.samples)));
    }
    if let Some(second) = threshold.aborted_at_second {
        text.push_str(&format!(
            "; it stopped the load after second {}",
            second.saturating_sub(1)
        ));
    }
    text
}

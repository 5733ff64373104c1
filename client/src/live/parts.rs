//! What is said of a job in both forms, on a terminal and in plain lines.

use heavy_results::job::JobState;
use heavy_results::progress::{AgentProgress, AgentStanding, Progress, TopError};
use heavy_results::threshold::ThresholdSummary;

use super::figures::measured;

/// An agent that is so late has stopped, or the results do not arrive; the rate of a second long ago says nothing.
const STALE_S: f64 = 6.0;

/// Whether iterations start or run.
pub(super) fn is_under_way(progress: &Progress) -> bool {
    let delivers = progress.state == JobState::Delivering
        && progress
            .agent_states
            .iter()
            .any(|agent| agent.backlog_batches > 0);
    !progress.state.is_final()
        && !delivers
        && !matches!(progress.state, JobState::Queued | JobState::Preparing)
}

/// Before the first start, while results are late and after the end: the state, and what is waited for. Why it ended is said with the results.
pub(super) fn waiting(progress: &Progress) -> String {
    let state = progress.state.as_str();
    if progress.state.is_final() || progress.reason.is_empty() {
        return state.to_owned();
    }
    format!("{state}: {}", progress.reason)
}

/// How long the load goes on; 0 once nothing more starts.
pub(super) fn left_s(progress: &Progress) -> f64 {
    if progress.state == JobState::Running {
        (progress.duration_s - progress.elapsed_s).max(0.0)
    } else {
        0.0
    }
}

/// The whole seconds of the load that are over.
pub(super) fn passed_s(progress: &Progress) -> f64 {
    progress.elapsed_s.min(progress.duration_s).floor()
}

/// Whether users may be done before the time is up: they have a number of iterations.
pub(super) fn may_end_early(progress: &Progress) -> bool {
    progress.planned > 0 && progress.asked_rate <= 0.0 && !progress.paused
}

/// How long no results have come, if that is too long for a load that runs.
pub(super) fn no_results_since(progress: &Progress) -> Option<u32> {
    let known_before = progress.second.map_or(0, |second| second.saturating_add(1));
    let stale = progress.elapsed_s - f64::from(known_before) > STALE_S;
    (stale && progress.state == JobState::Running).then_some(known_before)
}

/// An agent in trouble, and since when: `b LOST at 4s`.
pub(super) fn trouble(agent: &AgentProgress) -> String {
    let since = |before: &str| {
        let since = agent.since_s.map(|since_s| format!(" {before} {since_s}s"));
        since.unwrap_or_default()
    };
    match agent.state {
        AgentStanding::Lost => format!("{} LOST{}", agent.name, since("at")),
        AgentStanding::Failed => format!("{} FAILED{}", agent.name, since("at")),
        _ => format!("{} silent{}", agent.name, since("since")),
    }
}

/// The agents in trouble.
pub(super) fn in_trouble(progress: &Progress) -> impl Iterator<Item = &AgentProgress> {
    progress
        .agent_states
        .iter()
        .filter(|agent| agent.state.is_trouble())
}

/// The first texts, and how many more there are.
pub(super) fn first_of(texts: &[String], most: usize) -> String {
    let more = texts.len().saturating_sub(most);
    let mut text = texts[..texts.len() - more].join(", ");
    if more > 0 {
        text.push_str(&format!(", {more} more"));
    }
    text
}

/// A threshold with its value: `POST /cart failed<1%: 4.1%`.
pub(super) fn threshold(threshold: &ThresholdSummary) -> String {
    let value = threshold.value.map(|value| measured(value, &threshold.unit));
    format!(
        "{}: {}",
        threshold.brief(),
        value.unwrap_or_else(|| "no samples".to_owned())
    )
}

/// `404 GET /`, `timeout GET /`, or the message of an iteration.
pub(super) fn error(error: &TopError) -> String {
    let kind = if error.status > 0 && error.kind == "status" {
        ""
    } else {
        error.kind.as_str()
    };
    let status = if error.status > 0 {
        error.status.to_string()
    } else {
        String::new()
    };
    if !error.example.is_empty() {
        return match kind {
            "iteration" | "" => error.example.clone(),
            kind => format!("{kind}: {}", error.example),
        };
    }
    let words = [status.as_str(), kind, error.name.as_str()];
    let words: Vec<&str> = words.into_iter().filter(|word| !word.is_empty()).collect();
    if status.is_empty() && kind.is_empty() {
        format!("failed {}", words.join(" "))
    } else {
        words.join(" ")
    }
}

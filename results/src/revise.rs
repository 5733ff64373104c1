//! What a later summary of a job changes, and its place among the job's revisions.

use crate::summary::{Accounting, Summary, SummaryRevision};
use crate::threshold::ThresholdSummary;
use crate::verdict::Verdict;

/// Revisions that a summary lists: the first and the newest.
const MOST_REVISIONS: usize = 100;

/// Keeps what a threshold did: one that stopped the load before stays broken, whatever came later. Before the job is judged.
pub fn keep_aborted(summary: &mut Summary, before: &[ThresholdSummary]) {
    for kept in before
        .iter()
        .filter(|threshold| threshold.aborted_at_second.is_some())
    {
        let same = |threshold: &&mut ThresholdSummary| threshold.expression == kept.expression;
        if let Some(threshold) = summary.thresholds.iter_mut().find(same) {
            threshold.clone_from(kept);
        }
    }
}

/// Numbers a summary that was judged, and says what it changes. False if it changes nothing: it is no revision then.
#[must_use]
pub fn number(summary: &mut Summary, before: Option<&Summary>, at_wall_ns: u64) -> bool {
    let changes = before.map(|before| changes(before, summary)).unwrap_or_default();
    let mut revisions = before.map(|before| before.revisions.clone()).unwrap_or_default();
    let is_new = before.is_none() || !changes.is_empty();
    if is_new {
        let last = revisions.last().map_or(0, |last| last.number);
        if revisions.len() >= MOST_REVISIONS {
            revisions.remove(1);
        }
        revisions.push(SummaryRevision {
            number: last + 1,
            at_wall_ns,
            verdict: verdict(summary).to_owned(),
            reason: summary.job.reason.clone(),
            complete: summary.missing.is_empty(),
            changes,
        });
    }
    summary.revisions = revisions;
    is_new
}

fn verdict(summary: &Summary) -> &'static str {
    summary.job.verdict.map_or("", Verdict::as_str)
}

/// Reads one count of an account.
type CountOf = fn(&Accounting) -> u64;

/// In words, the most important first: `verdict INVALID -> PASS; started 80 -> 100; requests 160 -> 200`.
fn changes(before: &Summary, now: &Summary) -> String {
    let mut changes = Vec::new();
    if verdict(before) != verdict(now) {
        changes.push(format!("verdict {} -> {}", verdict(before), verdict(now)));
    }
    let counts: [(&str, CountOf); 9] = [
        ("scheduled", |all| all.scheduled),
        ("started", |all| all.started),
        ("ok", |all| all.ok),
        ("failed", |all| all.failed),
        ("interrupted", |all| all.interrupted),
        ("lost", |all| all.lost),
        ("dropped", |all| all.dropped.total()),
        ("of them gap", |all| all.dropped.gap),
        ("unknown", |all| all.unknown),
    ];
    let mut count = |name: &str, before: u64, now: u64| {
        if before != now {
            changes.push(format!("{name} {before} -> {now}"));
        }
    };
    for (name, of) in counts {
        count(name, of(&before.iterations), of(&now.iterations));
    }
    count(
        "requests",
        before.requests.duration.count,
        now.requests.duration.count,
    );
    let voided = |summary: &Summary| {
        let agents = summary.agents.iter();
        let rows =
            agents.map(|agent| agent.voided_requests + agent.voided_iterations + agent.damaged_batches);
        rows.sum::<u64>()
    };
    count("discarded rows", voided(before), voided(now));
    let came = before
        .missing
        .iter()
        .filter(|missing| !now.missing.contains(missing))
        .count();
    if came > 0 {
        let left = now.missing.len();
        changes.push(format!("missing results {} -> {left}", before.missing.len()));
    }
    changes.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aggregate::Aggregator;
    use crate::aggregate::tests::job;
    use crate::threshold::ThresholdOutcome;

    fn summary(started: u64, unknown: u64, verdict: Verdict) -> Summary {
        let job = job("100", 1);
        let mut summary = Aggregator::new(job.spec.load(), []).summary(&job, &[], true);
        summary.job.verdict = Some(verdict);
        summary.iterations.scheduled = 100;
        summary.iterations.started = started;
        summary.iterations.ok = started;
        summary.iterations.unknown = unknown;
        if unknown > 0 {
            summary.missing.push("agent a".to_owned());
        }
        summary
    }

    #[test]
    fn a_revision_says_what_it_changes_and_nothing_new_is_no_revision() {
        let mut first = summary(80, 20, Verdict::Invalid);
        assert!(number(&mut first, None, 7));
        assert_eq!((first.revisions.len(), first.revisions[0].number), (1, 1));
        assert_eq!(
            (first.revisions[0].changes.as_str(), first.revisions[0].complete),
            ("", false)
        );
        let mut same = summary(80, 20, Verdict::Invalid);
        assert!(!number(&mut same, Some(&first), 8));
        assert_eq!(same.revisions, first.revisions);
        let mut second = summary(100, 0, Verdict::Pass);
        assert!(number(&mut second, Some(&same), 9));
        let [_, revision] = &second.revisions[..] else {
            panic!("{:?}", second.revisions)
        };
        let expected = "verdict INVALID -> PASS; started 80 -> 100; ok 80 -> 100; unknown 20 -> 0; missing results 1 -> 0";
        assert_eq!((revision.number, revision.changes.as_str()), (2, expected));
        assert_eq!((revision.verdict.as_str(), revision.complete), ("PASS", true));
    }

    #[test]
    fn a_threshold_that_stopped_the_load_stays_broken() {
        let threshold = |outcome, aborted_at_second| ThresholdSummary {
            expression: "checks: rate>99%".to_owned(),
            metric: "checks".to_owned(),
            value: Some(0.5),
            unit: "share".to_owned(),
            outcome,
            samples: 2,
            window: None,
            aborted_at_second,
            note: String::new(),
        };
        let (mut before, mut now) = (summary(80, 20, Verdict::Invalid), summary(100, 0, Verdict::Pass));
        now.thresholds = vec![threshold(ThresholdOutcome::Met, None)];
        before.thresholds = vec![threshold(ThresholdOutcome::Broken, None)];
        keep_aborted(&mut now, &before.thresholds);
        assert_eq!(
            now.thresholds[0].outcome,
            ThresholdOutcome::Met,
            "it stopped nothing"
        );
        before.thresholds = vec![threshold(ThresholdOutcome::Broken, Some(4))];
        keep_aborted(&mut now, &before.thresholds);
        assert_eq!(now.thresholds, before.thresholds);
    }
}

//! What a job lacks.

use super::*;
use crate::summary::UserTime;

/// What is done to a summary.
type Damage = fn(&mut Summary);

/// An agent that gave up this many damaged batches, rows of requests and rows of iterations.
fn gave_up(damaged_batches: u64, voided_requests: u64, voided_iterations: u64) -> Vec<AgentSummary> {
    vec![AgentSummary {
        damaged_batches,
        voided_requests,
        voided_iterations,
        ..AgentSummary::default()
    }]
}

#[test]
fn what_is_missing_is_invalid_and_nobody_can_allow_it() {
    let missing = |s: &mut Summary| s.missing = ["a", "b", "c", "d"].map(str::to_owned).to_vec();
    let users = |missing_s| {
        Some(UserTime {
            planned_s: 1000.0,
            missing_s,
        })
    };
    let cases: [(&str, Damage, &str); 7] = [
        (
            "lost",
            |s| (s.iterations.ok, s.iterations.lost) = (999, 1),
            "1 iterations were lost",
        ),
        (
            "unknown",
            |s| (s.iterations.started, s.iterations.ok, s.iterations.unknown) = (998, 998, 2),
            "whether 2 iterations were started is unknown",
        ),
        ("missing", missing, "results are missing: a; b; c; and 1 more"),
        (
            "damaged rows",
            |s| s.agents = gave_up(2, 0, 0),
            "2 batches of raw rows were damaged",
        ),
        (
            "more rows of requests than requests",
            |s| (s.agents, s.requests.duration.count) = (gave_up(0, 2001, 0), 2000),
            "raw rows of 2,001 requests were discarded, but the totals count only 2,000",
        ),
        (
            "more rows of iterations than iterations",
            |s| (s.agents, s.requests.duration.count) = (gave_up(0, 2000, 1001), 2000),
            "raw rows of 1,001 iterations were discarded, but the totals count only 1,000",
        ),
        (
            "users",
            |s| {
                s.users = Some(UserTime {
                    planned_s: 1000.0,
                    missing_s: 1.1,
                })
            },
            "users were missing for 1.1 s of 1000.0 s of planned user time (0.1%, limit 0.1%)",
        ),
    ];
    for (name, change, expected) in cases {
        for allow in [false, true] {
            let judgement = with(|s| {
                change(s);
                s.job.spec.allow_invalid = allow;
                s.job.state = JobState::Failed;
            });
            assert_eq!(judgement.verdict, Verdict::Invalid, "{name}");
            assert!(
                judgement.reason.starts_with(expected),
                "{name}: {}",
                judgement.reason
            );
        }
    }
    assert_eq!(with(|s| s.users = users(1.0)).verdict, Verdict::Pass);
}

#[test]
fn a_pass_says_which_rows_were_discarded() {
    let judgement = with(|s| {
        (s.agents, s.requests.duration.count) = (gave_up(0, 12, 3), 12);
    });
    assert_eq!(judgement.verdict, Verdict::Pass);
    let expected = "none failed; raw rows of 12 requests and 3 iterations were discarded";
    assert!(judgement.reason.ends_with(expected), "{}", judgement.reason);
}

//! The rules of the verdict as a table.

use super::*;
use crate::fold::Fold;
use crate::stats::Dropped;
use crate::summary::{Accounting, Distribution, ErrorSummary, MetricSummary};

fn good() -> Summary {
    let job = crate::fold::tests::job("100", 10);
    let mut summary = Fold::new(job.spec.load(), []).summary(&job, &[], true);
    summary.iterations = Accounting {
        planned: 1000,
        scheduled: 1000,
        started: 1000,
        ok: 1000,
        ..Accounting::default()
    };
    summary.generator_lag = Distribution {
        count: 1000,
        p99_ms: 0.2,
        ..Distribution::default()
    };
    summary.response_time = Some(Distribution {
        count: 1000,
        p50_ms: 10.0,
        ..Distribution::default()
    });
    summary
}

fn with(change: impl FnOnce(&mut Summary)) -> Judgement {
    let mut summary = good();
    change(&mut summary);
    judge(&summary)
}

#[test]
fn all_that_was_asked_for_passes() {
    let judgement = with(|_| ());
    assert_eq!((judgement.verdict, judgement.warnings.len()), (Verdict::Pass, 0));
    assert_eq!(
        judgement.reason,
        "1000 of 1000 planned iterations were started, none failed"
    );
}

#[test]
fn failed_iterations_alone_do_not_fail_a_job_but_none_ok_does() {
    assert_eq!(
        with(|s| (s.iterations.ok, s.iterations.failed) = (1, 999)).verdict,
        Verdict::Pass
    );
    let judgement = with(|s| {
        (s.iterations.ok, s.iterations.failed) = (0, 1000);
        let error = |kind: &str, name: &str| ErrorSummary {
            kind: kind.into(),
            name: name.into(),
            count: 1000,
            ..ErrorSummary::default()
        };
        s.errors = vec![error("iteration", ""), error("refused", "GET /")];
    });
    assert_eq!(judgement.verdict, Verdict::Fail);
    assert!(
        judgement.reason.contains("refused (1000 times)"),
        "{}",
        judgement.reason
    );
}

#[test]
fn a_job_that_failed_does_not_pass() {
    let judgement = with(|s| {
        s.job.state = JobState::Failed;
        s.job.reason = "agent a lost its load test (died): exit status 1".to_owned();
    });
    assert_eq!(judgement.verdict, Verdict::Fail);
    assert!(
        judgement.reason.starts_with("agent a lost its load test"),
        "{}",
        judgement.reason
    );
}

#[test]
fn requests_that_could_not_be_written_are_invalid_beyond_a_thousandth() {
    let unwritten = |value| {
        with(|s| {
            s.requests.duration.count = 1000 - value as u64;
            s.metrics = vec![MetricSummary {
                name: OUTPUT_DROPPED.to_owned(),
                value,
                ..MetricSummary::default()
            }];
        })
    };
    assert_eq!(unwritten(1.0).verdict, Verdict::Pass);
    let judgement = unwritten(2.0);
    assert_eq!(judgement.verdict, Verdict::Invalid);
    assert!(judgement.reason.contains("0.200%"), "{}", judgement.reason);
}

#[test]
fn drops_for_want_of_slots_fail_beyond_what_is_allowed() {
    let drop = |s: &mut Summary, full| {
        s.iterations.dropped = Dropped {
            full,
            ..Dropped::default()
        }
    };
    assert_eq!(with(|s| drop(s, 1)).verdict, Verdict::Fail);
    let allowed = |full| {
        with(|s| {
            drop(s, full);
            s.job.spec.allow_drops_percent = 1.0;
        })
    };
    assert_eq!(
        (allowed(10).verdict, allowed(11).verdict),
        (Verdict::Pass, Verdict::Fail)
    );
}

#[test]
fn a_late_generator_is_invalid_before_anything_else() {
    let judgement = with(|s| {
        s.generator_lag.p99_ms = 5.1;
        s.iterations.ok = 0;
    });
    assert_eq!(judgement.verdict, Verdict::Invalid);
    assert!(
        judgement.reason.contains("lag p99 5.10 ms, limit 5.00 ms"),
        "{}",
        judgement.reason
    );
    let slow_target = with(|s| {
        s.generator_lag.p99_ms = 5.1;
        s.response_time = Some(Distribution {
            p50_ms: 60.0,
            ..Distribution::default()
        });
    });
    assert_eq!(
        (slow_target.verdict, slow_target.warnings.len()),
        (Verdict::Pass, 1)
    );
}

#[test]
fn one_late_start_of_a_few_is_a_warning() {
    let judgement = with(|s| (s.generator_lag.p99_ms, s.generator_lag.count) = (50.0, 99));
    assert_eq!((judgement.verdict, judgement.warnings.len()), (Verdict::Pass, 1));
}

#[test]
fn drops_of_the_generator_are_invalid_beyond_a_thousandth() {
    let late = |late| {
        with(|s| {
            s.iterations.dropped = Dropped {
                late,
                ..Dropped::default()
            }
        })
        .verdict
    };
    assert_eq!((late(1), late(2)), (Verdict::Pass, Verdict::Invalid));
    let gap = with(|s| {
        s.iterations.dropped = Dropped {
            gap: 2,
            ..Dropped::default()
        }
    });
    assert_eq!(gap.verdict, Verdict::Invalid);
}

#[test]
fn a_generator_out_of_ports_is_invalid() {
    let errors = |kind: &str| {
        vec![ErrorSummary {
            kind: kind.into(),
            count: 3,
            ..ErrorSummary::default()
        }]
    };
    assert_eq!(with(|s| s.errors = errors("ports")).verdict, Verdict::Invalid);
    assert_eq!(with(|s| s.errors = errors("refused")).verdict, Verdict::Pass);
}

#[test]
fn a_lost_iteration_fails() {
    assert_eq!(
        with(|s| (s.iterations.ok, s.iterations.lost) = (999, 1)).verdict,
        Verdict::Fail
    );
}

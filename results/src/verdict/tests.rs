//! The rules of the verdict as a table.

mod missing;
use super::*;
use crate::aggregate::Aggregator;
use crate::stats::{Dropped, Errors};
use crate::summary::{Accounting, Distribution, MetricSummary};
use heavy_load::vocabulary::OUTPUT_DROPPED;

fn good() -> Summary {
    let job = crate::aggregate::tests::job("100", 10);
    let mut summary = Aggregator::new(job.spec.load(), []).summary(&job, &[], true);
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
        p99_ms: 20.0,
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
        "1,000 of 1,000 planned iterations were started, none failed"
    );
}

#[test]
fn an_invalid_job_may_be_allowed_and_then_fails_or_passes_as_others() {
    let judgement = with(|s| {
        s.generator_lag.p99_ms = 80.0;
        s.job.spec.allow_invalid = true;
    });
    assert_eq!(judgement.verdict, Verdict::Pass);
    assert!(judgement.warnings[0].contains("would be INVALID") && judgement.warnings[0].contains("80.00 ms"));
}

#[test]
fn a_busy_generator_says_so() {
    let judgement = with(|s| {
        s.generator_lag.p99_ms = 80.0;
        s.agents = vec![crate::summary::AgentSummary {
            cpu_max: 1.93,
            ..Default::default()
        }];
    });
    assert_eq!(judgement.verdict, Verdict::Invalid);
    assert!(
        judgement.reason.contains("used up to 1.9 cores"),
        "{}",
        judgement.reason
    );
}

#[test]
fn drops_do_littles_law_for_the_reader() {
    let judgement = with(|s| {
        s.iterations.dropped.full = 10;
        s.job.asked_rate = 1_000.0;
        s.job.spec.execution.max_in_flight = Some(100);
        s.workflows = vec![crate::summary::WorkflowSummary {
            name: "w".to_owned(),
            iterations: Accounting::default(),
            achieved_rate: None,
            rate: 0.0,
            duration: Distribution {
                count: 990,
                mean_ms: 400.0,
                ..Distribution::default()
            },
            response_time: None,
            status_counts: <_>::default(),
            protocol_status_counts: <_>::default(),
            checks: Vec::new(),
            steps: Vec::new(),
            requests: Vec::new(),
        }];
    });
    let expected =
        "1,000/s x 0.400 s on average needs 400 slots, more if the target slows down; 100 were allowed";
    assert!(judgement.reason.contains(expected), "{}", judgement.reason);
}

#[test]
fn users_that_do_not_come_to_the_end_of_their_iterations_fail() {
    let of_users = |s: &mut Summary| {
        s.job.state = JobState::Finished;
        s.job.spec.load_spec.rate = None;
        s.job.spec.load_spec.iterations = Some(1_000);
        s.response_time = None;
    };
    let judgement = with(|s| {
        of_users(s);
        s.iterations.scheduled = 600;
        s.iterations.started = 600;
        s.iterations.ok = 600;
    });
    assert_eq!(judgement.verdict, Verdict::Fail);
    assert!(
        judgement.reason.contains("only 600 of 1,000"),
        "{}",
        judgement.reason
    );
    assert_eq!(with(of_users).verdict, Verdict::Pass);
    let judgement = with(|s| {
        of_users(s);
        s.job.spec.load_spec.iterations = None;
        s.job.spec.load_spec.users = Some("5".parse().unwrap());
        s.iterations.planned = 0;
    });
    assert_eq!(judgement.reason, "users started 1,000 iterations, none failed");
}

#[test]
fn failed_iterations_alone_do_not_fail_a_job_but_none_ok_does() {
    assert_eq!(
        with(|s| (s.iterations.ok, s.iterations.failed) = (1, 999)).verdict,
        Verdict::Pass
    );
    let judgement = with(|s| {
        (s.iterations.ok, s.iterations.failed) = (0, 1000);
        let error = |kind: &str, name: &str| Errors {
            kind: kind.into(),
            name: name.into(),
            count: 1000,
            ..Errors::default()
        };
        s.errors = vec![error("iteration", ""), error("refused", "GET /")];
    });
    assert_eq!(judgement.verdict, Verdict::Fail);
    assert!(
        judgement.reason.contains("refused (1,000 times)"),
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
        judgement.reason.contains("lag P99 5.10 ms, limit 5.00 ms"),
        "{}",
        judgement.reason
    );
    let slow_target = with(|s| {
        s.generator_lag.p99_ms = 5.1;
        s.response_time = Some(Distribution {
            p50_ms: 60.0,
            p99_ms: 102.1,
            ..Distribution::default()
        });
    });
    assert_eq!(
        (slow_target.verdict, slow_target.warnings),
        (Verdict::Pass, vec![])
    );
}

#[test]
fn the_most_frequent_error_has_its_message() {
    let reason = |count, example: &str| {
        with(|s| {
            s.iterations.ok = 0;
            s.errors = vec![Errors {
                name: "GET /".into(),
                kind: "dns".into(),
                count,
                example: example.into(),
                ..Errors::default()
            }];
        })
        .reason
    };
    let begins = "no iteration succeeded; the most frequent error is dns ";
    assert_eq!(
        reason(5_000, "no address of shop.test"),
        format!("{begins}(5,000 times): no address of shop.test")
    );
    assert_eq!(reason(1, ""), format!("{begins}(1 time)"));
    let long = reason(2, &"é".repeat(301));
    assert!(long.ends_with("é…") && long.matches('é').count() == 300, "{long}");
}

#[test]
fn a_generator_warns_of_the_figures_that_it_distorts() {
    let lag = |lag_ms: f64, response: Option<f64>| {
        with(|s| {
            s.generator_lag.p99_ms = lag_ms;
            s.iteration_duration.p99_ms = 40.0;
            s.response_time = response.map(|p99_ms| Distribution {
                p99_ms,
                ..Distribution::default()
            });
        })
        .warnings
    };
    assert_eq!(lag(1.0, Some(20.0)), [""; 0]);
    assert_eq!(lag(0.2, Some(0.8)), [""; 0], "a fast target makes no lag of it");
    assert_eq!(lag(1.0, Some(0.8)), [""; 0]);
    assert_eq!(lag(1.01, Some(0.8)).len(), 1);
    assert_eq!(lag(0.9, None), [""; 0]);
    assert_eq!(
        lag(3.0, Some(20.0)),
        ["generator lag P99 3.00 ms is 15% of the response time's P99 (20.00 ms), which includes it"]
    );
    assert_eq!(lag(2.0, None), [""; 0]);
    assert_eq!(
        lag(4.0, None),
        [
            "generator lag P99 4.00 ms is 10% of the iteration duration's P99 (40.00 ms), which does not include it, but \
             starts were late"
        ]
    );
    let dropped = |late, gap| {
        with(|s| {
            s.iterations.scheduled = 10_000;
            s.iterations.dropped = Dropped { full: 0, late, gap };
        })
        .warnings
    };
    assert_eq!(dropped(1, 1), [""; 0]);
    assert_eq!(
        dropped(1, 2),
        [
            "the generator dropped 1 iterations as late and 2 as gap: 0.030% of those due; counts, rates and percentiles do \
          not include them"
        ]
    );
}

#[test]
fn one_late_start_of_a_few_is_a_warning() {
    let judgement = with(|s| (s.generator_lag.p99_ms, s.generator_lag.count) = (50.0, 99));
    assert_eq!((judgement.verdict, judgement.warnings.len()), (Verdict::Pass, 1));
    assert!(judgement.warnings[0].contains("250% of the response time's P99"));
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
        vec![Errors {
            kind: kind.into(),
            count: 3,
            ..Errors::default()
        }]
    };
    assert_eq!(with(|s| s.errors = errors("ports")).verdict, Verdict::Invalid);
    assert_eq!(with(|s| s.errors = errors("refused")).verdict, Verdict::Pass);
}

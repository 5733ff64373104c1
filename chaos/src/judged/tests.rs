//! What the figures of a job must be for nothing to be wrong.

use super::*;

fn right() -> JudgedJob {
    JudgedJob {
        requests: 10,
        processes: 1,
        iterations: 2,
        request_rows: 10,
        iteration_rows: 2,
        total_requests: 10,
        total_real_requests: 2,
        total_answered: 2,
        total_iterations: 2,
        total_completed: 2,
        series_requests: 10,
        series_completed: 2,
        scheduled: 3,
        started: 2,
        dropped: 1,
        summary_requests: Some(10),
        summary_iterations: Some(2),
        target: Some(2),
        ..JudgedJob::default()
    }
}

fn faults(change: impl FnOnce(&mut JudgedJob)) -> Vec<String> {
    let mut judged = right();
    change(&mut judged);
    judged.conclude(2);
    judged.faults
}

#[test]
fn each_kind_of_fault_is_found() {
    assert!(faults(|_| {}).is_empty());
    for (change, fault) in [
        (
            (|job| job.missing_requests = 1) as fn(&mut JudgedJob),
            "1 results lost",
        ),
        (|job| job.doubled = 2, "2 results doubled"),
        (|job| job.altered = 3, "3 results altered"),
        (|job| job.spurious = 4, "4 rows that nobody wrote"),
        (
            |job| job.total_requests = 9,
            "9 requests counted, rows and discarded rows 10",
        ),
        (
            |job| job.total_iterations = 3,
            "3 iterations counted, rows and discarded rows 2",
        ),
        (
            |job| job.summary_requests = Some(8),
            "8 requests in the summary, in the totals 10",
        ),
        (|job| job.summary_requests = None, "no summary"),
        (|job| job.run_twice = 1, "1 iterations run twice"),
        (|job| job.processes = 0, "no load test kept a ledger"),
        (|job| job.miscounted = 1, "1 names and statuses counted otherwise"),
        (
            |job| job.series_requests = 9,
            "9 requests in the series, in the totals 10",
        ),
        (
            |job| job.series_completed = 1,
            "1 iterations in the series, in the totals 2",
        ),
        (|job| job.dropped = 0, "2 iterations accounted for, scheduled 3"),
        (
            |job| job.lost_iterations = 1,
            "3 iterations ended or lost, started 2",
        ),
        (|job| job.target = Some(1), "it received 1"),
        (|job| job.target = Some(3), "1 requests more"),
    ] {
        let found = faults(change);
        assert!(
            found.iter().any(|found| found.contains(fault)),
            "{fault}: {found:?}"
        );
    }
}

#[test]
fn an_agent_that_heard_late_of_a_plan_explains_iterations_that_ran_twice() {
    let late = |job: &mut JudgedJob| (job.run_twice, job.late_revisions) = (7, 1);
    assert_eq!(faults(late), Vec::<String>::new());
    let untold = |job: &mut JudgedJob| {
        job.run_twice = 7;
        "the scheduler was restarted while the job was running".clone_into(&mut job.reason);
    };
    assert_eq!(
        faults(untold),
        Vec::<String>::new(),
        "it died before it could say so"
    );
}

#[test]
fn what_heavy_says_it_discarded_is_not_lost() {
    let discarded = |job: &mut JudgedJob| {
        job.missing_requests = 3;
        job.request_rows = 7;
        job.voided_requests = 3;
        job.miscounted = 1;
        "PASS".clone_into(&mut job.verdict);
        "raw rows of 3 requests were discarded".clone_into(&mut job.reason);
    };
    assert_eq!(faults(discarded), Vec::<String>::new());
    let silent = faults(|job| {
        discarded(job);
        job.reason.clear();
    });
    assert!(silent[0].ends_with("and 3 rows discarded: "), "{silent:?}");
}

#[test]
fn a_verdict_of_pass_needs_everything() {
    for change in [
        (|job| job.missing_requests = 1) as fn(&mut JudgedJob),
        |job| (job.lost_iterations, job.started, job.scheduled) = (1, 3, 4),
        |job| (job.unknown_iterations, job.scheduled) = (1, 4),
    ] {
        let with = |verdict: &str| {
            let found = faults(|job| {
                change(job);
                verdict.clone_into(&mut job.verdict);
            });
            found.iter().any(|fault| fault.starts_with("PASS, although"))
        };
        assert!(with("PASS") && !with("INVALID"));
    }
}

#[test]
fn open_iterations_explain_what_only_the_target_saw() {
    let open = |job: &mut JudgedJob| {
        job.target = Some(5);
        (job.lost_iterations, job.interrupted, job.unknown_iterations) = (1, 1, 1);
        (job.started, job.scheduled) = (3, 5);
    };
    assert_eq!(faults(open), Vec::<String>::new());
}

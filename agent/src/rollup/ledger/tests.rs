//! Fates of iterations, in any order and cut into any lines.

use heavy_results::stats::Iterations;
use proptest::prelude::*;

use super::*;

const MS: u64 = 1_000_000;

fn sum(rows: &[Iterations], of: fn(&Iterations) -> u64) -> u64 {
    rows.iter().map(of).sum()
}

#[test]
fn every_fate_is_counted_where_it_was_due() {
    let (mut ledger, mut plan) = (Ledger::default(), PlanTable::default());
    let due: Vec<(u64, u64)> = (0..10).map(|n| (n, n * 300 * MS)).collect();
    ledger.release(0, &due);
    ledger.count_due(1_000_000_000, &mut plan);
    assert_eq!(ledger.in_flight(), 4);
    assert!(ledger.started((0, 0), &mut plan));
    assert!(!ledger.started((0, 0), &mut plan), "only once");
    assert!(!ledger.started((1, 1), &mut plan), "another workflow");
    assert_eq!(ledger.dropped(0, (1, 2, 2), DropCause::Full, &mut plan), 0);
    assert_eq!(ledger.dropped(0, (1, 3, 3), DropCause::Full, &mut plan), 2);
    assert_eq!(ledger.in_flight(), 0);
    ledger.close(1_300_000_000, 0, &mut plan);
    let rows = plan.take();
    let first = rows.iter().find(|row| row.second == 0).unwrap();
    assert_eq!((first.scheduled, first.started, first.dropped.full), (4, 1, 3));
    let second = rows.iter().find(|row| row.second == 1).unwrap();
    assert_eq!((second.scheduled, second.started, second.lost), (1, 1, 1));
    assert_eq!(
        sum(&rows, |row| row.scheduled),
        5,
        "what was not due is withdrawn"
    );
}

#[test]
fn what_has_ended_before_it_was_counted_as_due_is_not_in_flight() {
    let (mut ledger, mut plan) = (Ledger::default(), PlanTable::default());
    ledger.release(0, &[(0, 0), (1, 10), (2, 20)]);
    assert!(ledger.started((0, 0), &mut plan));
    assert_eq!(ledger.dropped(0, (1, 1, 1), DropCause::Full, &mut plan), 0);
    ledger.count_due(20, &mut plan);
    assert_eq!(ledger.in_flight(), 1);
    assert!(ledger.started((0, 2), &mut plan));
    assert_eq!(ledger.in_flight(), 0);
}

#[test]
fn what_is_planned_beyond_the_end_is_a_gap() {
    let (mut ledger, mut plan) = (Ledger::default(), PlanTable::default());
    for workflow in 0..2 {
        let due: Vec<(u64, u64)> = (0..10)
            .map(|n| (2 * n + u64::from(workflow), n * 200 * MS))
            .collect();
        ledger.release(workflow, &due);
    }
    assert!(ledger.started((0, 0), &mut plan));
    // Started although it was not due by the end.
    assert!(ledger.started((0, 12), &mut plan));
    ledger.close(1_000_000_000, 1_600_000_000, &mut plan);
    let rows = plan.take();
    assert_eq!(sum(&rows, |row| row.scheduled), 16);
    assert_eq!(sum(&rows, |row| row.started), 2 + 10);
    assert_eq!(sum(&rows, |row| row.lost), 10);
    assert_eq!(sum(&rows, |row| row.dropped.gap), 4);
}

#[test]
fn a_span_over_two_seconds_is_given_to_both() {
    let (mut ledger, mut plan) = (Ledger::default(), PlanTable::default());
    ledger.release(0, &[(0, 0), (1, 900 * MS), (2, 1000 * MS), (3, 1900 * MS)]);
    assert_eq!(ledger.dropped(0, (1, 2, 2), DropCause::Late, &mut plan), 0);
    assert!(ledger.started((0, 0), &mut plan));
    assert!(ledger.started((0, 3), &mut plan));
    ledger.count_due(2_000_000_000, &mut plan);
    ledger.close(2_000_000_000, 0, &mut plan);
    let mut rows = plan.take();
    rows.sort_by_key(|row| row.second);
    for row in rows {
        assert_eq!(
            (row.scheduled, row.started, row.dropped.late, row.lost),
            (2, 1, 1, 0)
        );
    }
}

#[test]
fn drops_that_lie_unevenly_in_spans_that_overlap_are_all_counted() {
    let (mut ledger, mut plan) = (Ledger::default(), PlanTable::default());
    let due: Vec<(u64, u64)> = (0..300).map(|n| (n, n * 10 * MS)).collect();
    ledger.release(0, &due);
    // Nearly all of the one span is in its last second, and the other one is even.
    let dropped: Vec<u64> = (100..101).chain(220..300).collect();
    let others: Vec<u64> = (0..50).chain(159..200).collect();
    for run in [&dropped, &others] {
        let line = (run[0], *run.last().unwrap(), run.len() as u64);
        assert_eq!(ledger.dropped(0, line, DropCause::Full, &mut plan), 0);
    }
    for n in (0..300).filter(|n| !dropped.contains(n) && !others.contains(n)) {
        assert!(ledger.started((0, n), &mut plan), "{n}");
    }
    ledger.close(i64::MAX, 0, &mut plan);
    let rows = plan.take();
    assert_eq!(sum(&rows, |row| row.lost), 0);
    assert_eq!(sum(&rows, |row| row.dropped.full), 81 + 91);
    assert_eq!(sum(&rows, |row| row.scheduled), 300);
    assert_eq!(sum(&rows, |row| row.started), 300 - 81 - 91);
}

#[test]
fn what_was_started_after_the_end_counts_all_the_same() {
    let (mut ledger, mut plan) = (Ledger::default(), PlanTable::default());
    ledger.release(0, &[(0, 0), (1, 10), (2, 20)]);
    assert!(ledger.started((0, 1), &mut plan));
    ledger.close(0, 0, &mut plan);
    let rows = plan.take();
    let row = &rows[0];
    // Which of the three is lost cannot be known from counts; that one of two scheduled ones is reported can.
    assert_eq!((row.scheduled, row.started, row.lost), (1, 1, 0));
}

#[test]
fn long_jobs_of_overload_take_bounded_memory() {
    let (mut ledger, mut plan) = (Ledger::default(), PlanTable::default());
    for second in 0..300 {
        let due: Vec<(u64, u64)> = (0..5000)
            .map(|n| (second * 5000 + n, second * SECOND_NS + n * 200_000))
            .collect();
        ledger.release(0, &due);
        ledger.count_due((second * SECOND_NS) as i64, &mut plan);
        // One iteration of each second never ends.
        ledger.dropped(
            0,
            (second * 5000, second * 5000 + 4999, 4999),
            DropCause::Full,
            &mut plan,
        );
    }
    assert!(ledger.open <= MAX_OPEN);
    ledger.close(i64::MAX, 0, &mut plan);
    let rows = plan.take();
    assert_eq!(sum(&rows, |row| row.lost), 300);
    assert_eq!(sum(&rows, |row| row.dropped.full), 300 * 4999);
}

/// How an iteration ends.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Fate {
    Started,
    Dropped,
    Lost,
}

fn fates() -> impl Strategy<Value = Vec<Fate>> {
    let fate = || prop_oneof![Just(Fate::Started), Just(Fate::Dropped), Just(Fate::Lost)];
    // Alone and in runs, as where load comes and goes.
    let run = (fate(), 1usize..80).prop_map(|(fate, length)| vec![fate; length]);
    let one = fate().prop_map(|fate| vec![fate]);
    prop::collection::vec(prop_oneof![run, one], 1..12).prop_map(|runs| runs.concat())
}

proptest! {
    /// Two cores tell what they dropped in lines of their own, whose spans overlap.
    #[test]
    fn fates_are_counted_exactly(fates in fates(), lines in 1usize..60, shuffle in any::<u64>(), ticks in 0usize..5) {
        let (mut ledger, mut plan) = (Ledger::default(), PlanTable::default());
        let due: Vec<(u64, u64)> = (0..fates.len() as u64).map(|n| (n, n * 20 * MS)).collect();
        ledger.release(0, &due);
        let mut told: Vec<(u64, u64, u64)> = Vec::new();
        for core in 0..2 {
            let dropped: Vec<u64> = (0..fates.len() as u64)
                .filter(|n| n % 2 == core && fates[*n as usize] == Fate::Dropped)
                .collect();
            told.extend(dropped.chunks(lines).map(|run| (run[0], *run.last().unwrap(), run.len() as u64)));
        }
        let started = (0..fates.len() as u64).filter(|n| fates[*n as usize] == Fate::Started);
        told.extend(started.map(|n| (n, n, 0)));
        told.sort_by_key(|(n, _, count)| (n + count).wrapping_mul(shuffle | 1));
        for (place, (first, last, count)) in told.iter().enumerate() {
            if *count == 0 {
                prop_assert!(ledger.started((0, *first), &mut plan));
            } else {
                prop_assert_eq!(ledger.dropped(0, (*first, *last, *count), DropCause::Full, &mut plan), 0);
            }
            if ticks > 0 && place % ticks == 0 {
                ledger.count_due(i64::MAX, &mut plan);
            }
        }
        ledger.close(i64::MAX, 0, &mut plan);
        let rows = plan.take();
        let fate = |wanted| fates.iter().filter(|fate| **fate == wanted).count() as u64;
        prop_assert_eq!(sum(&rows, |row| row.scheduled), fates.len() as u64);
        prop_assert_eq!(sum(&rows, |row| row.lost), fate(Fate::Lost));
        prop_assert_eq!(sum(&rows, |row| row.dropped.total()), fate(Fate::Dropped));
        for row in &rows {
            let known = row.started + row.dropped.total();
            // What a line of each core tells may lie in the second before or after.
            prop_assert!(row.scheduled.abs_diff(known) <= 2 * lines as u64, "second {}: {row:?}", row.second);
        }
    }

    #[test]
    fn the_account_adds_up_whatever_lines_come(
        lines in prop::collection::vec((0u64..60, 0u64..30, 0u64..30, any::<bool>()), 0..80),
        counted in 0i64..60, end in 0i64..60, until in 0u64..60, apart_ns in prop_oneof![Just(1u64), Just(100 * MS)],
    ) {
        let apart = apart_ns.cast_signed();
        let (counted_ns, end_ns, until_ns) = (counted * apart, end * apart, until * apart_ns);
        let (mut ledger, mut plan) = (Ledger::default(), PlanTable::default());
        ledger.release(0, &(0..50).map(|n| (n, n * apart_ns)).collect::<Vec<_>>());
        ledger.count_due(counted_ns, &mut plan);
        let mut heard = 0;
        for (n, width, count, start) in lines {
            if start {
                heard += u64::from(ledger.started((0, n), &mut plan));
            } else {
                ledger.dropped(0, (n, n + width, count), DropCause::Full, &mut plan);
            }
        }
        ledger.close(end_ns, until_ns, &mut plan);
        let rows = plan.take();
        prop_assert_eq!(sum(&rows, |r| r.scheduled), sum(&rows, |r| r.started) + sum(&rows, |r| r.dropped.total()));
        prop_assert_eq!(sum(&rows, |r| r.started), heard + sum(&rows, |r| r.lost));
        prop_assert!(sum(&rows, |r| r.scheduled) <= 50);
        prop_assert!(sum(&rows, |r| r.scheduled) > counted.min(49) as u64);
    }
}

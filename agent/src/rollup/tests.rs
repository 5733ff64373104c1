//! What lines of any kind and order add up to.

use super::*;
use heavy_plugin::line::CheckOutcome;
use proptest::prelude::*;

const MS: u64 = 1_000_000;

fn rollup() -> Rollup {
    Rollup::new(&["w".to_owned()])
}

fn iteration(n: u64, ok: bool) -> IterationLine<'static> {
    IterationLine {
        workflow: "w".into(),
        iteration: n,
        lag_ns: 2 * MS,
        slot_wait_ns: MS,
        duration_ns: 900 * MS,
        ok,
        error: (!ok).then(|| "panic: at the disco".into()),
        error_kind: if ok { "" } else { "panic" }.into(),
        checks: vec![CheckOutcome {
            name: "c".into(),
            passes: 1,
            fails: 0,
        }],
        ..IterationLine::default()
    }
}

#[test]
fn an_iteration_counts_where_it_was_due_and_where_it_ended() {
    let mut rollup = rollup();
    rollup.release(0, &[(0, 500 * MS), (1, 600 * MS)]);
    assert!(
        rollup
            .iteration(&iteration(0, true), 500_000_000, 2_000_000_000)
            .is_some()
    );
    assert!(
        rollup
            .iteration(&iteration(1, false), 600_000_000, 2_000_000_000)
            .is_some()
    );
    assert!(
        rollup
            .iteration(&iteration(1, false), 600_000_000, 2_000_000_000)
            .is_none()
    );
    rollup.count_due(1_000_000_000);
    let delta = rollup.take(0);
    let mut rows = delta.iterations;
    rows.sort_by_key(|row| row.second);
    assert_eq!((rows[0].scheduled, rows[0].started, rows[0].ok), (2, 2, 0));
    assert_eq!((rows[1].second, rows[1].ok, rows[1].failed), (1, 1, 1));
    assert_eq!(rows[1].generator_lag.max_ns(), MS);
    assert_eq!(rows[1].response.max_ns(), 902 * MS);
    assert_eq!(delta.errors[0].kind.as_ref(), "panic");
    assert_eq!(delta.checks[0].passes, 2);
    assert_eq!(delta.not_results, [(Arc::from(UNRELEASED), 1)]);
    let closing = rollup.closing().unwrap();
    assert_eq!(
        (closing.started, closing.ok, closing.failed, closing.malformed),
        (2, 1, 1, 1)
    );
}

#[test]
fn an_iteration_that_paused_ends_later_and_takes_no_longer() {
    let mut rollup = rollup();
    rollup.release(0, &[(0, 500 * MS)]);
    let line = IterationLine {
        think_ns: 3_000 * MS,
        ..iteration(0, true)
    };
    rollup.iteration(&line, 500_000_000, 9_000_000_000);
    let rows = rollup.take(0).iterations;
    let ended = rows.iter().find(|row| row.ok == 1).unwrap();
    assert_eq!(ended.second, 4);
    assert_eq!(
        (ended.duration.max_ns(), ended.response.max_ns()),
        (900 * MS, 902 * MS)
    );
}

#[test]
fn a_complete_second_gets_no_more_durations() {
    let mut rollup = rollup();
    let line = RequestLine {
        duration_ns: MS,
        status: 200,
        ..RequestLine::default()
    };
    assert_eq!(rollup.take(3).complete_before_second, 3);
    rollup.request(&line, 500_000_000, 3_400_000_000);
    // A clock that is far ahead must not invent seconds either.
    rollup.request(&line, i64::MAX, 4_400_000_000);
    rollup.request(&line, i64::MIN, 4_400_000_000);
    let mut seconds: Vec<(u32, u64)> = rollup
        .take(3)
        .requests
        .iter()
        .map(|row| (row.second, row.duration.count()))
        .collect();
    seconds.sort_unstable();
    assert_eq!(seconds, [(3, 2), (4, 1)]);
}

#[test]
fn the_kind_of_an_iteration_error_is_what_its_line_says() {
    let mut rollup = rollup();
    rollup.release(0, &[(0, 0), (1, 0)]);
    for (n, kind) in [(0, ""), (1, "no-stock")] {
        let line = IterationLine {
            error: Some("panic: the iteration took longer than its timeout".into()),
            error_kind: kind.into(),
            ..iteration(n, false)
        };
        rollup.iteration(&line, 0, 1_000_000_000);
    }
    let errors = rollup.take(0).errors;
    let mut kinds: Vec<&str> = errors.iter().map(|error| error.kind.as_ref()).collect();
    kinds.sort_unstable();
    assert_eq!(kinds, ["iteration", "no-stock"]);
}

#[test]
fn interrupted_iterations_are_neither_ok_nor_failed() {
    let mut rollup = rollup();
    rollup.release(0, &[(0, 0)]);
    let line = IterationLine {
        interrupted: true,
        ..iteration(0, false)
    };
    rollup.iteration(&line, 0, 1_000_000_000);
    let delta = rollup.take(0);
    assert!(delta.errors.is_empty());
    let row = &delta.iterations[0];
    assert_eq!(
        (row.ok, row.failed, row.interrupted, row.duration.count()),
        (0, 0, 1, 0)
    );
}

#[derive(Debug, Clone)]
enum Step {
    Iteration(u64, bool),
    Dropped(u64, u64, u64),
    Take(u32),
    Due(i64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (0u64..40, any::<bool>()).prop_map(|(n, ok)| Step::Iteration(n, ok)),
        (0u64..40, 0u64..5, 0u64..5).prop_map(|(first, width, count)| Step::Dropped(
            first,
            first + width,
            count
        )),
        (0u32..5).prop_map(Step::Take),
        (0i64..4_000_000_000).prop_map(Step::Due),
    ]
}

proptest! {
    #[test]
    fn the_account_always_adds_up(steps in prop::collection::vec(step(), 0..100), end_ns in 0i64..4_000_000_000) {
        let mut rollup = rollup();
        rollup.release(0, &(0..40).map(|n| (n, n * 100 * MS)).collect::<Vec<_>>());
        for step in steps {
            match step {
                Step::Iteration(n, ok) => {
                    rollup.iteration(&iteration(n, ok), (n * 100 * MS) as i64, 5_000_000_000);
                }
                Step::Dropped(first, last, count) => rollup.dropped(&DroppedLine {
                    workflow: "w".into(),
                    reason: "full".into(),
                    count,
                    first,
                    last,
                }),
                Step::Take(second) => drop(rollup.take(second)),
                Step::Due(now_ns) => rollup.count_due(now_ns),
            }
        }
        rollup.close(end_ns, 0, false);
        rollup.take(0);
        prop_assert!(rollup.closing().is_ok());
    }
}

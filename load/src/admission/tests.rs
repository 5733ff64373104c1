//! Tables and properties of admission.

use super::*;
use proptest::prelude::*;

const MS: u64 = 1_000_000;

fn released(n: u64, due_ns: u64) -> Released {
    Released {
        workflow: 0,
        n,
        due_ns,
    }
}

fn start(n: u64, due_ns: u64, waited: bool) -> Option<Decision> {
    Some(Decision::Start {
        released: released(n, due_ns),
        waited,
    })
}

fn dropped(n: u64, due_ns: u64, reason: DropReason) -> Option<Decision> {
    Some(Decision::Drop {
        released: released(n, due_ns),
        reason,
    })
}

fn with(queue_when_full: bool, due: &[(u64, u64)]) -> Admission {
    let mut admission = Admission::new(queue_when_full);
    for &(n, due_ns) in due {
        admission.release(released(n, due_ns));
    }
    admission
}

#[test]
fn what_is_due_starts_in_order_and_the_rest_stays() {
    let mut admission = with(false, &[(1, MS), (3, 2 * MS), (5, 3 * MS)]);
    assert_eq!(admission.decide(MS - 1, |_| true), None);
    assert_eq!(admission.decide(2 * MS, |_| true), start(1, MS, false));
    assert_eq!(admission.decide(2 * MS, |_| true), start(3, 2 * MS, false));
    assert_eq!(admission.decide(2 * MS, |_| true), None);
    assert_eq!(admission.next_due_ns(), Some(3 * MS));
    assert_eq!(admission.withdraw(), 1);
    assert_eq!(admission.next_due_ns(), None);
}

#[test]
fn workflows_are_merged_by_due_instant() {
    let mut admission = with(false, &[(1, MS), (2, 3 * MS)]);
    admission.release(Released {
        workflow: 2,
        n: 1,
        due_ns: 2 * MS,
    });
    let workflows: Vec<_> = std::iter::from_fn(|| admission.decide(9 * MS, |_| true))
        .map(|decision| match decision {
            Decision::Start { released, .. } => released.workflow,
            Decision::Drop { .. } => panic!("nothing is late or full"),
        })
        .collect();
    assert_eq!(workflows, [0, 2, 0]);
}

#[test]
fn without_a_slot_it_is_dropped_as_full() {
    let mut admission = with(false, &[(1, MS)]);
    assert_eq!(admission.decide(MS, |_| false), dropped(1, MS, DropReason::Full));
    assert_eq!(admission.decide(MS, |_| true), None);
}

#[test]
fn more_than_a_second_behind_it_is_dropped_as_late_without_taking_a_slot() {
    let mut admission = with(false, &[(1, MS), (2, 2 * MS)]);
    let now_ns = 2 * MS + LATE_AFTER_NS;
    assert_eq!(
        admission.decide(now_ns, |_| panic!("no slot is needed")),
        dropped(1, MS, DropReason::Late)
    );
    assert_eq!(admission.decide(now_ns, |_| true), start(2, 2 * MS, false));
}

#[test]
fn when_queueing_the_due_wait_in_order_and_are_never_late() {
    let mut admission = with(true, &[(1, MS), (2, 2 * MS), (3, 9_000 * MS)]);
    assert_eq!(admission.decide(2 * MS, |_| false), None);
    assert_eq!(admission.waiting(), 2);
    let now_ns = 2 * LATE_AFTER_NS;
    assert_eq!(admission.decide(now_ns, |_| true), start(1, MS, true));
    assert_eq!(admission.decide(now_ns, |_| false), None);
    assert_eq!(admission.withdraw(), 1);
    assert_eq!(admission.give_up_waiting(), dropped(2, 2 * MS, DropReason::Full));
    assert_eq!(admission.give_up_waiting(), None);
}

#[test]
fn an_iteration_out_of_order_is_sorted_in() {
    let mut admission = with(false, &[(1, MS), (3, 3 * MS), (2, 2 * MS)]);
    assert_eq!(admission.decide(9 * MS, |_| true), start(1, MS, false));
    assert_eq!(admission.decide(9 * MS, |_| true), start(2, 2 * MS, false));
}

#[test]
fn the_floor_follows_the_rate() {
    for (per_second, floor_ns) in [
        (1, 0),
        (1_000, 0),
        (2_000, 0),
        (6_000, 75_000),
        (10_000, 150_000),
        (20_000, 200_000),
        (40_000, 300_000),
        (1_000_000, 300_000),
    ] {
        let spacing_ns = 1_000_000_000 / per_second;
        let actual_ns = wake_floor_ns(spacing_ns);
        assert!(
            actual_ns.abs_diff(floor_ns) < 1_000,
            "{per_second}/s: {actual_ns}"
        );
    }
}

#[test]
fn a_wake_up_keeps_the_floor_only_when_the_rate_is_high() {
    let slow = with(false, &[(1, 10 * MS), (2, 20 * MS)]);
    assert_eq!(slow.next_wake_ns(10 * MS - 1), Some(10 * MS));
    let due: Vec<_> = (0..100).map(|n| (n, 10 * MS + n * 100_000)).collect();
    assert_eq!(
        with(false, &due).next_wake_ns(10 * MS - 1),
        Some(10 * MS - 1 + 150_000)
    );
}

proptest! {
    /// Whatever happens, every released number comes out exactly once, and starts never exceed the slots given.
    #[test]
    fn everything_released_is_accounted_for(
        queue_when_full: bool,
        due in prop::collection::vec((0usize..3, 0u64..5_000), 0..200),
        steps in prop::collection::vec((0u64..2_000, 0u32..5), 0..50),
    ) {
        let mut admission = Admission::new(queue_when_full);
        for (n, &(workflow, due_ms)) in due.iter().enumerate() {
            admission.release(Released { workflow, n: n as u64, due_ns: due_ms * MS });
        }
        let (mut now_ns, mut seen) = (0, Vec::new());
        for (elapsed_ms, slots) in steps {
            now_ns += elapsed_ms * MS;
            let mut free = slots;
            while let Some(decision) = admission.decide(now_ns, |_| {
                let taken = free > 0;
                free = free.saturating_sub(1);
                taken
            }) {
                let (Decision::Start { released, .. } | Decision::Drop { released, .. }) = decision;
                prop_assert!(released.due_ns <= now_ns);
                seen.push(released.n);
            }
        }
        let withdrawn = admission.withdraw();
        while let Some(Decision::Drop { released, .. }) = admission.give_up_waiting() {
            seen.push(released.n);
        }
        prop_assert_eq!(seen.len() as u64 + withdrawn, due.len() as u64);
        seen.sort_unstable();
        seen.dedup();
        prop_assert_eq!(seen.len() as u64 + withdrawn, due.len() as u64);
    }
}

//! Lives of assignments as tables, and what holds in every one.

use super::*;
use proptest::prelude::*;

const GRACE: u64 = 30;

fn failure(kind: &'static str) -> AssignmentFailure {
    AssignmentFailure::new(kind, "why")
}

fn stop(at_ns: Option<u64>) -> AssignmentEvent {
    AssignmentEvent::Stop(StopRequest { grace_ns: 5, at_ns })
}

fn gone() -> AssignmentEvent {
    AssignmentEvent::Broken(failure("died"))
}

fn live(events: &[AssignmentEvent]) -> Vec<AssignmentAction> {
    let mut machine = AssignmentMachine::new(GRACE);
    events
        .iter()
        .flat_map(|event| machine.on(event.clone()))
        .collect()
}

#[test]
fn a_job_that_goes_well() {
    let actions = live(&[
        AssignmentEvent::Prepared,
        AssignmentEvent::Start,
        AssignmentEvent::AllDue,
        AssignmentEvent::Stopped,
        AssignmentEvent::CleanedUp,
        AssignmentEvent::Exited,
        AssignmentEvent::Delivered,
    ]);
    assert_eq!(
        actions,
        [
            AssignmentAction::Report(AssignmentState::Prepared),
            AssignmentAction::Report(AssignmentState::Running),
            AssignmentAction::Release,
            AssignmentAction::Report(AssignmentState::Draining),
            AssignmentAction::Stop { grace_ns: GRACE },
            AssignmentAction::CleanUp,
            AssignmentAction::EndProcess,
            AssignmentAction::Close(Ended::Finished),
            AssignmentAction::Report(AssignmentState::Delivering),
            AssignmentAction::Report(AssignmentState::Finished),
            AssignmentAction::Forget,
        ]
    );
}

#[test]
fn a_job_that_is_stopped() {
    let to_the_end = [
        AssignmentEvent::Stopped,
        AssignmentEvent::CleanedUp,
        AssignmentEvent::Exited,
        AssignmentEvent::Delivered,
    ];
    let now = [
        &[AssignmentEvent::Prepared, AssignmentEvent::Start, stop(None)][..],
        &to_the_end,
    ]
    .concat();
    assert!(live(&now).contains(&AssignmentAction::Stop { grace_ns: 5 }));
    assert!(live(&now).contains(&AssignmentAction::Close(Ended::Stopped)));
    let later = [
        &[
            AssignmentEvent::Prepared,
            AssignmentEvent::Start,
            stop(Some(77)),
            AssignmentEvent::AllDue,
        ][..],
        &to_the_end,
    ]
    .concat();
    assert!(live(&later).contains(&AssignmentAction::EndAt(77)));
    assert!(live(&later).contains(&AssignmentAction::Stop { grace_ns: 5 }));
    assert!(live(&later).contains(&AssignmentAction::Close(Ended::Stopped)));
}

#[test]
fn a_job_that_never_started_has_nothing_to_close() {
    for (events, report) in [
        (
            vec![AssignmentEvent::NotPrepared(failure("glibc"))],
            AssignmentAction::Fail(failure("glibc")),
        ),
        (
            vec![stop(None)],
            AssignmentAction::Report(AssignmentState::Finished),
        ),
        (
            vec![AssignmentEvent::Prepared, stop(None)],
            AssignmentAction::Report(AssignmentState::Finished),
        ),
        (
            vec![AssignmentEvent::Prepared, AssignmentEvent::LeaseLost],
            AssignmentAction::Report(AssignmentState::Finished),
        ),
        (
            vec![AssignmentEvent::Prepared, gone()],
            AssignmentAction::Fail(failure("died")),
        ),
    ] {
        let actions = live(&[events, vec![AssignmentEvent::Exited]].concat());
        assert!(
            !actions
                .iter()
                .any(|action| matches!(action, AssignmentAction::Close(_))),
            "{actions:?}"
        );
        assert_eq!(
            &actions[actions.len() - 3..],
            [AssignmentAction::EndProcess, report, AssignmentAction::Forget]
        );
    }
}

#[test]
fn a_process_that_dies_is_closed_and_failed() {
    for before in [
        vec![],
        vec![AssignmentEvent::AllDue],
        vec![AssignmentEvent::AllDue, stop(None)],
    ] {
        let events = [
            vec![AssignmentEvent::Prepared, AssignmentEvent::Start],
            before,
            vec![gone(), AssignmentEvent::Exited, AssignmentEvent::Delivered],
        ]
        .concat();
        let actions = live(&events);
        assert!(
            actions.contains(&AssignmentAction::Close(Ended::Died)),
            "{actions:?}"
        );
        assert_eq!(
            actions[actions.len() - 2..],
            [AssignmentAction::Fail(failure("died")), AssignmentAction::Forget],
            "it is reported once, before the delivery"
        );
    }
}

#[test]
fn a_lost_lease_stops_without_grace() {
    let actions = live(&[
        AssignmentEvent::Prepared,
        AssignmentEvent::Start,
        AssignmentEvent::LeaseLost,
        AssignmentEvent::Stopped,
        gone(),
        AssignmentEvent::Exited,
    ]);
    assert!(actions.contains(&AssignmentAction::Stop { grace_ns: 0 }));
    assert_eq!(
        actions[actions.len() - 2..],
        [
            AssignmentAction::Close(Ended::Lease),
            AssignmentAction::Report(AssignmentState::Delivering)
        ]
    );
}

#[test]
fn a_load_whose_results_nobody_takes_ends_at_once() {
    let refused = AssignmentEvent::Undeliverable("why".into());
    for before in [
        vec![],
        vec![AssignmentEvent::AllDue],
        vec![AssignmentEvent::AllDue, AssignmentEvent::Stopped],
    ] {
        let begun = [AssignmentEvent::Prepared, AssignmentEvent::Start];
        let after = [
            refused.clone(),
            AssignmentEvent::CleanedUp,
            AssignmentEvent::Exited,
        ];
        let actions = live(&[begun.to_vec(), before, after.to_vec()].concat());
        assert!(
            matches!(
                actions[actions.len() - 4..],
                [
                    AssignmentAction::EndProcess,
                    AssignmentAction::Close(_),
                    AssignmentAction::Fail(_),
                    AssignmentAction::Forget
                ]
            ),
            "{actions:?}"
        );
    }
}

fn event() -> impl Strategy<Value = AssignmentEvent> {
    prop::sample::select(vec![
        AssignmentEvent::Prepared,
        AssignmentEvent::NotPrepared(failure("init")),
        AssignmentEvent::Start,
        AssignmentEvent::AllDue,
        stop(None),
        stop(Some(9)),
        AssignmentEvent::LeaseLost,
        gone(),
        AssignmentEvent::Stopped,
        AssignmentEvent::CleanedUp,
        AssignmentEvent::Exited,
        AssignmentEvent::Delivered,
        AssignmentEvent::Undeliverable("why".into()),
    ])
}

proptest! {
    #[test]
    fn whatever_happens_it_ends_once_and_in_order(events in prop::collection::vec(event(), 0..40)) {
        let actions = live(&events);
        let count = |wanted: fn(&AssignmentAction) -> bool| actions.iter().filter(|action| wanted(action)).count();
        prop_assert!(count(|a| *a == AssignmentAction::Forget) <= 1);
        prop_assert!(count(|a| *a == AssignmentAction::EndProcess) <= 1);
        prop_assert!(count(|a| matches!(a, AssignmentAction::Close(_))) <= 1);
        let place = |wanted: fn(&AssignmentAction) -> bool| actions.iter().position(wanted);
        let end = place(|a| *a == AssignmentAction::EndProcess);
        if let Some(forget) = place(|a| *a == AssignmentAction::Forget) {
            prop_assert_eq!(forget, actions.len() - 1, "nothing happens after the end");
            prop_assert!(end.is_some(), "the process is always ended");
            // What was started is always closed.
            let released = place(|a| *a == AssignmentAction::Release).is_some();
            prop_assert_eq!(released, place(|a| matches!(a, AssignmentAction::Close(_))).is_some());
        }
    }

    #[test]
    fn it_can_always_be_brought_to_its_end(events in prop::collection::vec(event(), 0..20)) {
        let to_the_end = [
            stop(None), AssignmentEvent::Stopped, AssignmentEvent::CleanedUp, gone(), AssignmentEvent::Exited, AssignmentEvent::Delivered,
        ];
        let actions = live(&[events, to_the_end.to_vec()].concat());
        prop_assert_eq!(actions.last(), Some(&AssignmentAction::Forget));
    }
}

//! Lives of assignments as tables, and what holds in every one.

use super::*;
use proptest::prelude::*;

const GRACE: u64 = 30;

fn failure(kind: &'static str) -> AssignmentFailure {
    AssignmentFailure::new(kind, "why")
}

fn stop(at_ns: Option<u64>) -> Event {
    Event::Stop(Stop { grace_ns: 5, at_ns })
}

fn gone() -> Event {
    Event::Broken(failure("died"))
}

fn live(events: &[Event]) -> Vec<Action> {
    let mut machine = AssignmentMachine::new(GRACE);
    events
        .iter()
        .flat_map(|event| machine.on(event.clone()))
        .collect()
}

#[test]
fn a_job_that_goes_well() {
    let actions = live(&[
        Event::Prepared,
        Event::Start,
        Event::AllDue,
        Event::Stopped,
        Event::CleanedUp,
        Event::Exited,
        Event::Delivered,
    ]);
    assert_eq!(
        actions,
        [
            Action::Report(Report::Prepared),
            Action::Report(Report::Running),
            Action::Release,
            Action::Report(Report::Draining),
            Action::Stop { grace_ns: GRACE },
            Action::CleanUp,
            Action::EndProcess,
            Action::Close(Ended::Finished),
            Action::Report(Report::Finished),
            Action::Forget,
        ]
    );
}

#[test]
fn a_job_that_is_stopped() {
    let to_the_end = [Event::Stopped, Event::CleanedUp, Event::Exited, Event::Delivered];
    let now = [&[Event::Prepared, Event::Start, stop(None)][..], &to_the_end].concat();
    assert!(live(&now).contains(&Action::Stop { grace_ns: 5 }));
    assert!(live(&now).contains(&Action::Close(Ended::Stopped)));
    let later = [
        &[Event::Prepared, Event::Start, stop(Some(77)), Event::AllDue][..],
        &to_the_end,
    ]
    .concat();
    assert!(live(&later).contains(&Action::EndAt(77)));
    assert!(live(&later).contains(&Action::Stop { grace_ns: 5 }));
    assert!(live(&later).contains(&Action::Close(Ended::Stopped)));
}

#[test]
fn a_job_that_never_started_has_nothing_to_close() {
    for (events, report) in [
        (
            vec![Event::NotPrepared(failure("glibc"))],
            Report::Failed(failure("glibc")),
        ),
        (vec![stop(None)], Report::Finished),
        (vec![Event::Prepared, stop(None)], Report::Finished),
        (vec![Event::Prepared, Event::LeaseLost], Report::Finished),
        (vec![Event::Prepared, gone()], Report::Failed(failure("died"))),
    ] {
        let actions = live(&[events, vec![Event::Exited]].concat());
        assert!(
            !actions.iter().any(|action| matches!(action, Action::Close(_))),
            "{actions:?}"
        );
        assert_eq!(
            &actions[actions.len() - 3..],
            [Action::EndProcess, Action::Report(report), Action::Forget]
        );
    }
}

#[test]
fn a_process_that_dies_is_closed_and_failed() {
    for before in [vec![], vec![Event::AllDue], vec![Event::AllDue, stop(None)]] {
        let events = [
            vec![Event::Prepared, Event::Start],
            before,
            vec![gone(), Event::Exited, Event::Delivered],
        ]
        .concat();
        let actions = live(&events);
        assert!(actions.contains(&Action::Close(Ended::Died)), "{actions:?}");
        assert!(actions.contains(&Action::Report(Report::Failed(failure("died")))));
    }
}

#[test]
fn a_lost_lease_stops_without_grace() {
    let actions = live(&[
        Event::Prepared,
        Event::Start,
        Event::LeaseLost,
        Event::Stopped,
        gone(),
        Event::Exited,
    ]);
    assert!(actions.contains(&Action::Stop { grace_ns: 0 }));
    assert_eq!(actions.last(), Some(&Action::Close(Ended::Lease)));
}

fn event() -> impl Strategy<Value = Event> {
    prop::sample::select(vec![
        Event::Prepared,
        Event::NotPrepared(failure("init")),
        Event::Start,
        Event::AllDue,
        stop(None),
        stop(Some(9)),
        Event::LeaseLost,
        gone(),
        Event::Stopped,
        Event::CleanedUp,
        Event::Exited,
        Event::Delivered,
        Event::Undeliverable("why".into()),
    ])
}

proptest! {
    #[test]
    fn whatever_happens_it_ends_once_and_in_order(events in prop::collection::vec(event(), 0..40)) {
        let actions = live(&events);
        let count = |wanted: fn(&Action) -> bool| actions.iter().filter(|action| wanted(action)).count();
        prop_assert!(count(|a| *a == Action::Forget) <= 1);
        prop_assert!(count(|a| *a == Action::EndProcess) <= 1);
        prop_assert!(count(|a| matches!(a, Action::Close(_))) <= 1);
        let place = |wanted: fn(&Action) -> bool| actions.iter().position(wanted);
        let end = place(|a| *a == Action::EndProcess);
        if let Some(forget) = place(|a| *a == Action::Forget) {
            prop_assert_eq!(forget, actions.len() - 1, "nothing happens after the end");
            prop_assert!(end.is_some(), "the process is always ended");
            // What was started is always closed.
            let released = place(|a| *a == Action::Release).is_some();
            prop_assert_eq!(released, place(|a| matches!(a, Action::Close(_))).is_some());
        }
    }

    #[test]
    fn it_can_always_be_brought_to_its_end(events in prop::collection::vec(event(), 0..20)) {
        let to_the_end = [
            stop(None), Event::Stopped, Event::CleanedUp, gone(), Event::Exited, Event::Delivered,
        ];
        let actions = live(&[events, to_the_end.to_vec()].concat());
        prop_assert_eq!(actions.last(), Some(&Action::Forget));
    }
}

//! Changes of a running job's load and params, and their acknowledgements.

use super::super::acks::ACK_LIMIT_NS;
use super::*;
use crate::fleet::AgentAnswer;
use crate::job::load_change::LoadChange;
use crate::job::machine::acknowledged::ControlOrder;
use crate::job::machine::event::ChangeRefused;

fn change(text: &str) -> JobEvent {
    let change = match text {
        "pause" => LoadChange::Pause,
        "resume" => LoadChange::Resume,
        rate => rate.parse().unwrap(),
    };
    let who = "a client".to_owned();
    JobEvent::Change { change, who }
}

fn params(text: &str) -> JobEvent {
    let (params, who) = (text.to_owned(), "a client".to_owned());
    JobEvent::Params { params, who }
}

fn answer(agent: &str, answer: AgentAnswer) -> JobEvent {
    news(agent, AgentNews::Answer(answer))
}

pub(super) fn ack(agent: &str, number: u32, released_until_ns: u64) -> JobEvent {
    answer(
        agent,
        AgentAnswer::Revised {
            number,
            released_until_ns,
        },
    )
}

fn reply(actions: &[JobAction]) -> &Result<(), ChangeRefused> {
    match actions.last() {
        Some(JobAction::Reply(result)) => result,
        other => panic!("expected a reply, got {other:?}"),
    }
}

#[test]
fn a_change_of_the_load_is_a_revision_for_all_and_an_event() {
    let mut machine = running(&["a", "b"]);
    let actions = machine.on(3 * SECOND, change("50"));
    assert_eq!(revised(&actions), [("a", 1), ("b", 1)]);
    assert_eq!(recorded(&actions), [("rate", "a client")]);
    assert!(actions.contains(&JobAction::Replan) && actions.contains(&JobAction::Save));
    assert_eq!(*reply(&actions), Ok(()));
    let JobAction::Record(event) = &actions[actions.len() - 2] else {
        panic!("{actions:?}")
    };
    assert_eq!(
        (event.at_ns, event.old_value.as_str(), event.new_value.as_str()),
        (2_000_000_000, "100/s", "50/s")
    );
    let team = machine.team().unwrap();
    assert_eq!(
        team.revision().cut_ns,
        2 * SECOND + 150_000_000,
        "it takes effect in the time that agents need to hear of it"
    );
    assert_eq!(team.load().planned(), 215 + 392 + 1);
}

#[test]
fn a_longer_plan_runs_longer() {
    let mut machine = running(&["a"]);
    assert_eq!(*reply(&machine.on(2 * SECOND, change("pause"))), Ok(()));
    assert_eq!(machine.on(2 * SECOND, ack("a", 1, SECOND)), []);
    assert_eq!(
        machine.on(12 * SECOND, JobEvent::Tick),
        [],
        "its clock has stopped"
    );
    assert_eq!(*reply(&machine.on(12 * SECOND, change("resume"))), Ok(()));
    assert_eq!(machine.on(12 * SECOND, ack("a", 2, 11 * SECOND)), []);
    assert_eq!(machine.on(21 * SECOND - 1, JobEvent::Tick), []);
    assert_eq!(machine.end_ns(), 20 * SECOND);
    assert_eq!(machine.on(21 * SECOND, JobEvent::Tick), [JobAction::Save]);
}

#[test]
fn requests_that_cannot_be_met_are_refused_and_change_nothing() {
    let mut machine = queued();
    for state in ["queued", "preparing"] {
        for event in [change("5"), params("{}")] {
            let refused = JobAction::Reply(Err(ChangeRefused::NotRunning(state)));
            assert_eq!(machine.on(0, event), [refused]);
        }
        machine.on(0, taken(&["a"]));
    }
    let mut machine = start_all(machine, &["a"]);
    let actions = machine.on(2 * SECOND, change("resume"));
    assert_eq!(
        actions,
        [JobAction::Reply(Err(ChangeRefused::Change(
            "the job is not paused"
        )))]
    );
    machine.on(3 * SECOND, stop(true));
    assert_eq!(
        machine.on(3 * SECOND, change("5")),
        [JobAction::Reply(Err(ChangeRefused::NotRunning("draining")))]
    );
    machine.on(4 * SECOND, update("a", AssignmentReport::Finished));
    machine.on(4 * SECOND, JobEvent::Collected { complete: true });
    assert_eq!(
        machine.on(5 * SECOND, params("{}")),
        [JobAction::Reply(Err(ChangeRefused::NotRunning("stopped")))]
    );
}

#[test]
fn new_params_reach_all_agents_and_those_that_join_later() {
    let new = |agent: &str| order(agent, AgentOrder::Params(r#"{"n":2}"#.to_owned()));
    let mut machine = running(&["a", "b"]);
    let actions = machine.on(2 * SECOND, params(r#"{"n":2}"#));
    assert_eq!(recorded(&actions), [("params", "a client")]);
    assert_eq!(done(actions), [new("a"), new("b"), JobAction::Reply(Ok(()))]);
    let took = AgentAnswer::Params(Ok(()));
    assert_eq!(machine.on(2 * SECOND, answer("a", took)), []);
    let refused = AgentAnswer::Params(Err("n is too large".to_owned()));
    let actions = machine.on(2 * SECOND, answer("b", refused));
    assert_eq!(recorded(&actions), [("params-refused", "b")]);
    let agent = offered("c");
    machine.on(3 * SECOND, JobEvent::Joined { agent });
    let actions = machine.on(4 * SECOND, update("c", AssignmentReport::Prepared));
    assert!(actions.contains(&new("c")), "{actions:?}");
}

#[test]
fn a_revision_that_an_agent_has_passed_already_is_late() {
    let mut machine = running(&["a", "b"]);
    machine.on(2 * SECOND, change("50"));
    let cut_ns = SECOND + 150_000_000;
    assert_eq!(
        machine.on(2 * SECOND, ack("a", 0, 9 * SECOND)),
        [],
        "another revision"
    );
    assert_eq!(machine.on(2 * SECOND, ack("a", 1, cut_ns)), []);
    let actions = machine.on(2 * SECOND, ack("b", 1, cut_ns + 7_000_000));
    let [JobAction::Record(event)] = &actions[..] else {
        panic!("{actions:?}")
    };
    assert_eq!(
        (event.kind.as_str(), event.who.as_str(), event.new_value.as_str()),
        ("revision-late", "b", "7 ms")
    );
    let again = ack("b", 1, cut_ns + 7_000_000);
    assert_eq!(machine.on(3 * SECOND, again), [], "once is enough");
}

#[test]
fn a_revision_that_is_not_acknowledged_is_sent_again() {
    let mut machine = running(&["a", "b"]);
    machine.on(2 * SECOND, change("50"));
    machine.on(2 * SECOND, ack("a", 1, SECOND));
    let deadline = 2 * SECOND + ACK_LIMIT_NS;
    assert_eq!(machine.on(deadline - 1, JobEvent::Tick), []);
    let actions = machine.on(deadline, JobEvent::Tick);
    assert_eq!(recorded(&actions), [("revision-unacknowledged", "b")]);
    assert_eq!(revised(&actions), [("b", 1)]);
    let actions = machine.on(deadline + 1, news("b", AgentNews::Back { holds: true }));
    assert_eq!(revised(&actions), [("b", 1)], "its stream was down");
    let actions = machine.on(deadline + ACK_LIMIT_NS, JobEvent::Tick);
    assert_eq!((recorded(&actions), revised(&actions)), (vec![], vec![("b", 1)]));
    machine.on(deadline + ACK_LIMIT_NS, ack("b", 1, SECOND));
    assert_eq!(machine.on(deadline + 2 * ACK_LIMIT_NS, JobEvent::Tick), []);
    // Nothing is awaited of one that is gone.
    machine.on(7 * SECOND, change("60"));
    machine.on(7 * SECOND, ack("a", 2, SECOND));
    machine.on(7 * SECOND, lost("b"));
    machine.on(7 * SECOND, ack("a", 3, SECOND));
    assert_eq!(machine.on(9 * SECOND + ACK_LIMIT_NS / 2, JobEvent::Tick), []);
}

#[test]
fn an_agent_that_ends_or_dies_by_an_older_plan_is_named() {
    for end in [lost("b"), update("b", AssignmentReport::Draining), failed("b")] {
        let mut machine = running(&["a", "b"]);
        machine.on(2 * SECOND, change("50"));
        machine.on(2 * SECOND, ack("a", 1, SECOND));
        let actions = machine.on(3 * SECOND, end.clone());
        assert!(
            recorded(&actions).contains(&("revision-unacknowledged", "b")),
            "{actions:?}"
        );
        let mut machine = running(&["a", "b"]);
        machine.on(10 * SECOND, change("50"));
        machine.on(11 * SECOND, JobEvent::Tick);
        let actions = machine.on(12 * SECOND, end.clone());
        assert!(
            recorded(&actions).contains(&("revision-unacknowledged", "b")),
            "while the job drains: {actions:?}"
        );
        let mut machine = running(&["a", "b"]);
        machine.on(2 * SECOND, change("50"));
        let actions = machine.on(2 * SECOND + 100_000_000, end);
        assert!(
            !recorded(&actions).contains(&("revision-unacknowledged", "b")),
            "the cut is still to come: {actions:?}"
        );
    }
}

#[test]
fn an_agent_that_has_missed_a_revision_is_late_with_the_next_one() {
    let mut machine = running(&["a"]);
    machine.on(2 * SECOND, change("50"));
    machine.on(3 * SECOND, change("60"));
    let actions = machine.on(3 * SECOND, ack("a", 2, 2 * SECOND));
    let [JobAction::Record(event)] = &actions[..] else {
        panic!("{actions:?}")
    };
    assert_eq!(
        (event.kind.as_str(), event.new_value.as_str()),
        ("revision-late", "1000 ms")
    );
    let mut machine = running(&["a"]);
    machine.on(2 * SECOND, change("50"));
    machine.on(3 * SECOND, change("60"));
    assert_eq!(
        machine.on(3 * SECOND, ack("a", 1, SECOND)),
        [],
        "it was on its way"
    );
    assert_eq!(machine.on(3 * SECOND, ack("a", 2, 2 * SECOND)), []);
}

#[test]
fn no_acknowledgement_is_awaited_of_an_agent_that_starts_nothing_more() {
    let mut machine = running(&["a", "b"]);
    machine.on(2 * SECOND, update("b", AssignmentReport::Finished));
    machine.on(3 * SECOND, change("50"));
    machine.on(3 * SECOND, ack("a", 1, SECOND));
    assert_eq!(machine.on(3 * SECOND + ACK_LIMIT_NS, JobEvent::Tick), []);
}

#[test]
fn who_has_not_acknowledged_is_known_for_each_request() {
    let mut machine = running(&["a", "b"]);
    assert_eq!(machine.unacknowledged(ControlOrder::Revision), [""; 0]);
    machine.on(3 * SECOND, change("50"));
    machine.on(3 * SECOND, ack("b", 1, 0));
    assert_eq!(machine.unacknowledged(ControlOrder::Revision), ["a"]);
    machine.on(3 * SECOND, params("{}"));
    machine.on(3 * SECOND, answer("a", AgentAnswer::Params(Ok(()))));
    assert_eq!(machine.unacknowledged(ControlOrder::Params), ["b"]);
    machine.on(4 * SECOND, stop(false));
    assert_eq!(machine.unacknowledged(ControlOrder::Stop), ["a", "b"]);
    machine.on(4 * SECOND, update("a", AssignmentReport::Draining));
    assert_eq!(machine.unacknowledged(ControlOrder::Stop), ["b"]);
    // What it could acknowledge is over with it.
    machine.on(5 * SECOND, lost("b"));
    assert_eq!(machine.unacknowledged(ControlOrder::Stop), [""; 0]);
    assert_eq!(machine.unacknowledged(ControlOrder::Params), [""; 0]);
}

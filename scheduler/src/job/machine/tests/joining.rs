//! Agents that join while a job runs, and params that are divided before.

use super::steering::ack;
use super::*;
use crate::fleet::AgentAnswer;

fn joined(agent: &str) -> JobEvent {
    JobEvent::Joined {
        agent: offered(agent),
    }
}

#[test]
fn an_agent_may_join_while_the_job_runs() {
    let mut machine = running(&["a"]);
    let actions = machine.on(2 * SECOND, joined("b"));
    assert_eq!((actions.len(), assigned(&actions[0])), (1, vec![("b", 1)]));
    let actions = machine.on(3 * SECOND, update("b", AssignmentReport::Prepared));
    assert_eq!(actions[0], start("b"));
    assert_eq!(revised(&actions), [("a", 1), ("b", 1)]);
    assert_eq!(recorded(&actions), [("agent-joined", "b")]);
    for agent in ["a", "b"] {
        machine.on(3 * SECOND, ack(agent, 1, 0));
    }
    machine.on(11 * SECOND, JobEvent::Tick);
    machine.on(12 * SECOND, update("a", AssignmentReport::Finished));
    assert_eq!(
        machine.on(12 * SECOND, update("b", AssignmentReport::Finished)),
        [collect(&["a", "b"], 10 * SECOND), JobAction::Save]
    );
}

#[test]
fn one_that_cannot_join_or_comes_too_late_changes_nothing() {
    let mut machine = running(&["a"]);
    machine.on(2 * SECOND, joined("b"));
    let actions = machine.on(3 * SECOND, failed("b"));
    assert_eq!(recorded(&actions), [("agent-failed", "b")]);
    assert_eq!(done(actions), []);
    machine.on(4 * SECOND, joined("e"));
    let leave = JobAction::Leave {
        agent: "e".to_owned(),
        epoch: FIRST_EPOCH,
    };
    assert_eq!(done(machine.on(5 * SECOND, lost("e"))), [leave]);
    assert!(!machine.degraded());
    machine.on(6 * SECOND, joined("c"));
    let actions = machine.on(11 * SECOND, JobEvent::Tick);
    assert_eq!(actions, [JobAction::Save, stop_agent("c", 0, 0)]);
    let agent = "d".to_owned();
    assert_eq!(
        machine.on(12 * SECOND, joined("d")),
        [JobAction::Release { agent }]
    );
    assert_eq!(
        machine.on(12 * SECOND, update("a", AssignmentReport::Finished)),
        [collect(&["a"], 10 * SECOND), JobAction::Save]
    );
}

#[test]
fn one_that_was_turned_away_and_has_not_heard_of_it_is_told_again() {
    for was_lost in [false, true] {
        let mut machine = running(&["a", "b"]);
        let (agent, epoch) = if was_lost { ("b", 2) } else { ("c", 1) };
        if was_lost {
            machine.on(2 * SECOND, lost("b"));
        }
        machine.on(3 * SECOND, joined(agent));
        let actions = machine.on(11 * SECOND, JobEvent::Tick);
        let stop = || stop_agent(agent, 0, 0);
        assert!(actions.contains(&stop()), "{actions:?}");
        let late = update_of(agent, epoch, AssignmentReport::Prepared);
        assert_eq!(machine.on(12 * SECOND, late), [stop()]);
        let back = news(agent, AgentNews::Back { holds: true });
        assert_eq!(machine.on(12 * SECOND, back), [stop()]);
        let over = update_of(agent, epoch, AssignmentReport::Finished);
        assert_eq!(machine.on(12 * SECOND, over), []);
    }
}

#[test]
fn agents_join_where_there_is_room_and_time() {
    let release = |agent: &str| {
        vec![JobAction::Release {
            agent: agent.to_owned(),
        }]
    };
    let mut machine = JobMachine::new(spec(r#""rate":"100","duration":"10s","agents":2"#));
    machine.on(0, taken(&["a", "b"]));
    let mut machine = start_all(machine, &["a", "b"]);
    assert_eq!(machine.openings(2 * SECOND).room, 0);
    assert_eq!(machine.on(2 * SECOND, joined("c")), release("c"));
    machine.on(2 * SECOND, lost("a"));
    let openings = machine.openings(2 * SECOND);
    assert_eq!((openings.room, openings.known), (1, vec!["b".into()]));
    assert_eq!(machine.on(3 * SECOND, joined("b")), release("b"));
    assert_eq!(assigned(&machine.on(3 * SECOND, joined("c"))[0]), [("c", 2)]);
    assert_eq!(machine.openings(3 * SECOND).room, 0, "one is on its way");
    assert_eq!(machine.on(3 * SECOND, joined("d")), release("d"));
    machine.on(4 * SECOND, failed("c"));
    assert_eq!(machine.openings(4 * SECOND).room, 1);
    assert_eq!(
        machine.openings(10 * SECOND).room,
        0,
        "it would not stay for a second"
    );
    assert_eq!(machine.on(10 * SECOND, joined("d")), release("d"));
}

#[test]
fn one_that_was_lost_may_come_back_with_another_epoch() {
    for load in [r#""rate":"100""#, r#""users":10"#] {
        let mut machine = JobMachine::new(spec(&format!(r#"{load},"duration":"10s""#)));
        machine.on(0, taken(&["a", "b"]));
        let mut machine = start_all(machine, &["a", "b"]);
        machine.on(3 * SECOND, lost("b"));
        let actions = machine.on(4 * SECOND, joined("b"));
        let JobAction::Assign { agents, .. } = &actions[0] else {
            panic!("{actions:?}");
        };
        assert_eq!((agents[0].epoch, agents[0].seat), (2, 1), "{load}");
        let late = |report| update_of("b", FIRST_EPOCH, report);
        for report in [AssignmentReport::Running, AssignmentReport::Finished] {
            assert_eq!(machine.on(4 * SECOND, late(report)), [], "of its first attempt");
        }
        let actions = machine.on(5 * SECOND, update_of("b", 2, AssignmentReport::Prepared));
        assert_eq!(actions[0], start("b"));
        assert_eq!(revised(&actions), [("a", 2), ("b", 2)]);
        machine.on(5 * SECOND, update_of("b", 2, AssignmentReport::Running));
        machine.on(5 * SECOND, lost("b"));
        machine.on(6 * SECOND, joined("b"));
        let actions = machine.on(6 * SECOND, update_of("b", 3, AssignmentReport::Prepared));
        for (agent, number) in revised(&actions) {
            machine.on(6 * SECOND, ack(agent, number, 0));
        }
        machine.on(11 * SECOND, JobEvent::Tick);
        machine.on(12 * SECOND, update("a", AssignmentReport::Finished));
        let actions = machine.on(12 * SECOND, update_of("b", 3, AssignmentReport::Finished));
        let JobAction::Collect { shares, .. } = &actions[0] else {
            panic!("{actions:?}");
        };
        let shares: Vec<_> = shares
            .iter()
            .map(|share| (share.agent.as_str(), share.epoch, share.is_alive))
            .collect();
        assert_eq!(
            shares,
            [("a", 1, true), ("b", 1, false), ("b", 2, false), ("b", 3, true)]
        );
    }
}

#[test]
fn one_that_comes_back_and_cannot_stay_was_lost_all_the_same() {
    let mut machine = running(&["a", "b"]);
    machine.on(2 * SECOND, lost("b"));
    machine.on(3 * SECOND, joined("b"));
    machine.on(3 * SECOND, lost("b"));
    assert_eq!(machine.openings(3 * SECOND).known, ["a"]);
    let actions = machine.on(4 * SECOND, joined("b"));
    let JobAction::Assign { agents, .. } = &actions[0] else {
        panic!("{actions:?}");
    };
    assert_eq!(agents[0].epoch, 3, "nobody reports as the one that never began");
}

#[test]
fn params_are_divided_once_all_wait_for_it() {
    let splitting = |machine: &mut JobMachine, agent: &str| {
        machine.on(SECOND, update(agent, AssignmentReport::Splitting))
    };
    let divided = |parts: Result<&[&str], &str>| {
        let parts = parts
            .map(|parts| parts.iter().map(|part| (*part).to_owned()).collect())
            .map_err(str::to_owned);
        news("a", AgentNews::Answer(AgentAnswer::Split(parts)))
    };
    let parts = || divided(Ok(&["[1]", "[2]"]));
    let params = |agent: &str, part: &str| order(agent, AgentOrder::Params(part.to_owned()));
    let mut machine = preparing(&["a", "b"]);
    assert_eq!(machine.on(SECOND, parts()), [], "nobody has asked for it");
    assert_eq!(splitting(&mut machine, "b"), []);
    assert_eq!(
        splitting(&mut machine, "a"),
        [order("a", AgentOrder::Split { seats: 2 })]
    );
    let back = |agent: &str| news(agent, AgentNews::Back { holds: true });
    assert_eq!(
        machine.on(SECOND, back("a")),
        [order("a", AgentOrder::Split { seats: 2 })],
        "its stream was down"
    );
    assert_eq!(
        machine.on(SECOND, parts()),
        [params("a", "[1]"), params("b", "[2]")]
    );
    assert_eq!(machine.on(SECOND, back("b")), [params("b", "[2]")]);
    assert_eq!(machine.on(SECOND, parts()), [], "once is enough");
    machine.on(SECOND, update("a", AssignmentReport::Prepared));
    let actions = machine.on(SECOND, update("b", AssignmentReport::Prepared));
    assert_eq!(actions.first(), Some(&JobAction::Begin));
    // Whoever takes a seat gets the part that belongs to it, and nobody else can join.
    assert_eq!(machine.openings(2 * SECOND).room, 0);
    machine.on(2 * SECOND, lost("b"));
    let actions = machine.on(3 * SECOND, joined("c"));
    let JobAction::Assign { agents, .. } = &actions[0] else {
        panic!("{actions:?}")
    };
    let (agent, params) = ("c".to_owned(), "[2]".to_owned());
    assert_eq!(
        *agents,
        [SeatAssignment {
            agent,
            epoch: FIRST_EPOCH,
            seat: 1,
            params
        }]
    );

    let mut machine = preparing(&["a"]);
    splitting(&mut machine, "a");
    machine.on(SECOND, divided(Err("it gave 1 of 2")));
    assert_eq!(
        (machine.state(), machine.reason().as_str()),
        (JobState::Draining, "it gave 1 of 2")
    );
}

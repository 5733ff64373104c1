//! Agents that are lost, come back, or whose load test died.

use super::*;

#[test]
fn losing_one_of_two_agents_degrades_and_losing_both_fails() {
    let mut machine = running(&["a", "b"]);
    let actions = machine.on(2 * SECOND, lost("a"));
    let leave = JobAction::Leave {
        agent: "a".to_owned(),
        epoch: FIRST_EPOCH,
    };
    assert_eq!(recorded(&actions), [("agent-lost", "a")]);
    assert_eq!(revised(&actions), [("b", 1)]);
    assert!(actions.contains(&leave) && actions.contains(&JobAction::Save));
    assert!(actions.contains(&JobAction::Replan));
    assert_eq!((machine.state(), machine.degraded()), (JobState::Running, true));
    machine.on(3 * SECOND, lost("b"));
    assert_eq!(machine.state(), JobState::Running, "one of them may come back");
    let actions = machine.on(11 * SECOND, JobEvent::Tick);
    let share = |agent: &str, lost_s| EndedShare {
        agent: agent.to_owned(),
        epoch: FIRST_EPOCH,
        leased_until_ns: lost_s * SECOND + 50_000_000,
        is_alive: false,
    };
    // From the start, which was at 1 s.
    let shares = vec![share("a", 1), share("b", 2)];
    let end_ns = 10 * SECOND;
    assert!(
        actions.contains(&JobAction::Collect { shares, end_ns }),
        "{actions:?}"
    );
    machine.on(12 * SECOND, JobEvent::Collected { complete: true });
    assert_eq!(machine.state(), JobState::Failed);
}

#[test]
fn a_job_that_all_have_left_waits_10_s_for_one_to_come_back() {
    let mut machine = JobMachine::new(spec(r#""rate":"100","duration":"60s""#));
    machine.on(0, taken(&["a"]));
    let mut machine = start_all(machine, &["a"]);
    machine.on(3 * SECOND, lost("a"));
    assert_eq!(done(machine.on(12 * SECOND, JobEvent::Tick)), []);
    assert_eq!((machine.state(), machine.degraded()), (JobState::Running, true));
    let actions = machine.on(13 * SECOND, JobEvent::Tick);
    assert!(
        actions
            .iter()
            .any(|action| matches!(action, JobAction::Collect { .. })),
        "{actions:?}"
    );
    machine.on(14 * SECOND, JobEvent::Collected { complete: true });
    assert_eq!(machine.state(), JobState::Failed);
    let mut machine = running(&["a"]);
    machine.on(10 * SECOND, lost("a"));
    assert_eq!(
        machine.state(),
        JobState::Delivering,
        "nobody would stay for a second"
    );
}

#[test]
fn a_load_test_that_died_fails_the_job_when_the_others_are_done() {
    let mut machine = running(&["a", "b"]);
    let actions = machine.on(2 * SECOND, failed("a"));
    assert_eq!(recorded(&actions), [("agent-failed", "a")]);
    assert_eq!(revised(&actions), [("b", 1)]);
    assert_eq!(machine.state(), JobState::Running);
    machine.on(11 * SECOND, JobEvent::Tick);
    machine.on(12 * SECOND, update("b", AssignmentReport::Finished));
    machine.on(13 * SECOND, JobEvent::Collected { complete: true });
    assert_eq!(machine.state(), JobState::Failed);
    assert!(
        machine.reason().contains("lost its load test"),
        "{}",
        machine.reason()
    );
}

#[test]
fn missing_results_degrade() {
    let mut machine = running(&["a"]);
    machine.on(11 * SECOND, update("a", AssignmentReport::Finished));
    machine.on(12 * SECOND, JobEvent::Collected { complete: false });
    assert_eq!((machine.state(), machine.degraded()), (JobState::Finished, true));
}

#[test]
fn a_job_whose_results_cannot_be_aggregated_ends_at_once() {
    let broke_off = || JobEvent::AggregationBroke;
    let mut machine = preparing(&["a"]);
    assert_eq!(machine.on(1, broke_off()), [], "nothing is aggregated yet");
    let mut machine = running(&["a"]);
    let actions = [stop_agent("a", 0, 3 * SECOND), JobAction::Save];
    assert_eq!(machine.on(4 * SECOND, broke_off()), actions);
    assert_eq!(machine.on(4 * SECOND, broke_off()), []);
    assert_eq!(
        machine.on(5 * SECOND, update("a", AssignmentReport::Finished)),
        [JobAction::Conclude],
        "nobody would collect"
    );
    assert_eq!((machine.state(), machine.degraded()), (JobState::Failed, true));
    assert!(
        machine.reason().contains("could not aggregate"),
        "{}",
        machine.reason()
    );
}

#[test]
fn a_job_whose_aggregation_breaks_while_results_come_in_has_failed() {
    let mut machine = running(&["a"]);
    machine.on(11 * SECOND, JobEvent::Tick);
    machine.on(12 * SECOND, update("a", AssignmentReport::Delivering));
    assert_eq!(machine.state(), JobState::Delivering);
    let actions = machine.on(13 * SECOND, JobEvent::AggregationBroke);
    assert_eq!(actions, [JobAction::Save, JobAction::Conclude]);
    assert_eq!((machine.state(), machine.degraded()), (JobState::Failed, true));
}

#[test]
fn an_agent_that_comes_back_hears_what_it_missed() {
    let back = |holds| news("a", AgentNews::Back { holds });
    let again = preparing(&["a"]).on(1, back(false));
    assert_eq!((again.len(), assigned(&again[0])), (1, vec![("a", 0)]));
    assert_eq!(preparing(&["a"]).on(1, back(true)), []);
    let mut machine = running(&["a"]);
    assert_eq!(machine.on(SECOND, back(true)), [start("a")]);
    machine.on(SECOND, update("a", AssignmentReport::Running));
    assert_eq!(machine.on(2 * SECOND, back(true)), []);
    machine.on(3 * SECOND, stop(false));
    assert_eq!(
        machine.on(4 * SECOND, back(true)),
        [stop_agent("a", GRACE, 2 * SECOND)]
    );
    assert_eq!(
        machine.on(5 * SECOND, back(false)),
        [],
        "its last report comes again"
    );
    assert_eq!(
        machine.on(5 * SECOND, update("a", AssignmentReport::Finished)),
        [collect(&["a"], 2 * SECOND), JobAction::Save]
    );
}

#[test]
fn an_agent_that_was_given_up_may_not_run_on() {
    let mut machine = running(&["a", "b"]);
    machine.on(2 * SECOND, lost("a"));
    assert_eq!(
        machine.on(3 * SECOND, update("a", AssignmentReport::Running)),
        [stop_agent("a", 0, 0)]
    );
    assert_eq!(
        machine.on(4 * SECOND, update("a", AssignmentReport::Finished)),
        []
    );
}

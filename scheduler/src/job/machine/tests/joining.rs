//! Agents that join while a job runs, and params that are divided before.

use super::*;

fn joined(agent: &str) -> Event {
    Event::Joined {
        agent: agent.to_owned(),
    }
}

#[test]
fn an_agent_may_join_while_the_job_runs() {
    let mut machine = running(&["a"]);
    let agents = vec!["b".to_owned()];
    assert_eq!(machine.on(2 * SECOND, joined("b")), [Action::Assign { agents }]);
    let agent = || "b".to_owned();
    assert_eq!(
        machine.on(3 * SECOND, update("b", Report::Prepared)),
        [Action::Start { agent: agent() }, Action::Enter { agent: agent() }]
    );
    machine.on(11 * SECOND, Event::Tick);
    machine.on(12 * SECOND, update("a", Report::Finished));
    assert_eq!(
        machine.on(12 * SECOND, update("b", Report::Finished)),
        [collect(&[])]
    );
}

#[test]
fn one_that_cannot_join_or_comes_too_late_changes_nothing() {
    let mut machine = running(&["a"]);
    machine.on(2 * SECOND, joined("b"));
    assert_eq!(machine.on(3 * SECOND, failed("b")), []);
    machine.on(4 * SECOND, joined("e"));
    assert_eq!(machine.on(5 * SECOND, lost("e")), []);
    assert!(!machine.degraded());
    machine.on(6 * SECOND, joined("c"));
    let actions = machine.on(11 * SECOND, Event::Tick);
    assert_eq!(actions, [Action::Save, stop_agent("c", 0, 0)]);
    let agent = "d".to_owned();
    assert_eq!(machine.on(12 * SECOND, joined("d")), [Action::Release { agent }]);
    assert_eq!(
        machine.on(12 * SECOND, update("a", Report::Finished)),
        [collect(&[])]
    );
}

#[test]
fn params_are_divided_once_all_wait_for_it() {
    let mut machine = preparing(&["a", "b"]);
    assert_eq!(machine.on(SECOND, update("b", Report::Splitting)), []);
    let agent = "a".to_owned();
    assert_eq!(
        machine.on(SECOND, update("a", Report::Splitting)),
        [Action::Split { agent }]
    );
    let agents = vec!["a".to_owned(), "b".to_owned()];
    let divided = |failure: Option<&str>| Event::Divided {
        failure: failure.map(str::to_owned),
    };
    assert_eq!(machine.on(SECOND, divided(None)), [Action::GiveParams { agents }]);
    assert_eq!(machine.on(SECOND, divided(None)), [], "once is enough");
    machine.on(SECOND, update("a", Report::Prepared));
    let actions = machine.on(SECOND, update("b", Report::Prepared));
    assert_eq!(actions, [Action::StartAll, Action::Save]);
    let mut machine = preparing(&["a"]);
    machine.on(SECOND, update("a", Report::Splitting));
    machine.on(SECOND, divided(Some("it gave 1 of 2")));
    assert_eq!(
        (machine.state(), machine.reason()),
        (JobState::Draining, "it gave 1 of 2")
    );
}

//! Tables and properties of the job machine.

mod broken;
mod joining;

use super::*;
use crate::job::event::Report;
use proptest::prelude::*;

const SECOND: u64 = 1_000_000_000;
const PLAN: Plan = Plan {
    duration_ns: 10 * SECOND,
    grace_ns: 30 * SECOND,
};

fn update(agent: &str, report: Report) -> Event {
    Event::Update {
        agent: agent.to_owned(),
        report,
    }
}

fn failed(agent: &str) -> Event {
    let (kind, message) = ("glibc".to_owned(), "needs GLIBC_2.99".to_owned());
    update(agent, Report::Failed { kind, message })
}

fn lost(agent: &str) -> Event {
    let why = "no heartbeat for 10 s".to_owned();
    Event::Lost {
        agent: agent.to_owned(),
        why,
    }
}

fn stop(now: bool) -> Event {
    let who = "a client".to_owned();
    Event::Stop { now, who }
}

fn stop_agent(agent: &str, grace_ns: u64, end_ns: u64) -> Action {
    Action::Stop {
        agent: agent.to_owned(),
        grace_ns,
        end_ns,
    }
}

fn leave(agent: &str) -> Action {
    Action::Leave {
        agent: agent.to_owned(),
    }
}

fn collect(lost: &[&str]) -> Action {
    let lost = lost.iter().map(|agent| (*agent).to_owned()).collect();
    Action::Collect { lost }
}

fn preparing(agents: &[&str]) -> Machine {
    let mut machine = Machine::new(PLAN);
    let agents: Vec<String> = agents.iter().map(|agent| (*agent).to_owned()).collect();
    let assign = Action::Assign {
        agents: agents.clone(),
    };
    assert_eq!(machine.on(0, Event::Taken { agents }), [Action::Save, assign]);
    machine
}

/// Started at 1 s.
fn running(agents: &[&str]) -> Machine {
    let mut machine = preparing(agents);
    let mut actions = Vec::new();
    for agent in agents {
        actions = machine.on(SECOND - START_LEAD_NS, update(agent, Report::Prepared));
    }
    assert_eq!(actions, [Action::StartAll, Action::Save]);
    assert_eq!(machine.start_ns(), Some(SECOND));
    machine
}

#[test]
fn a_job_that_goes_well() {
    let mut machine = running(&["a", "b"]);
    assert_eq!(machine.state(), JobState::Running);
    assert_eq!(machine.on(11 * SECOND - 1, Event::Tick), []);
    assert_eq!(machine.on(11 * SECOND, Event::Tick), [Action::Save]);
    assert_eq!(machine.state(), JobState::Draining);
    assert_eq!(machine.on(12 * SECOND, update("a", Report::Finished)), []);
    assert_eq!(
        machine.on(12 * SECOND, update("b", Report::Finished)),
        [collect(&[])]
    );
    assert_eq!(
        machine.on(13 * SECOND, Event::Collected { complete: true }),
        [Action::Conclude]
    );
    assert_eq!((machine.state(), machine.degraded()), (JobState::Finished, false));
}

#[test]
fn a_failed_preparation_ends_the_job_before_any_load() {
    let mut machine = preparing(&["a", "b"]);
    assert_eq!(machine.on(1, update("b", Report::Prepared)), []);
    assert_eq!(machine.on(2, failed("a")), [stop_agent("b", 0, 0), Action::Save]);
    assert_eq!(machine.on(3, update("b", Report::Finished)), [collect(&[])]);
    assert_eq!(
        machine.on(4, Event::Collected { complete: true }),
        [Action::Conclude]
    );
    assert_eq!(machine.state(), JobState::Failed);
    assert_eq!(
        machine.reason(),
        "agent a could not be prepared (glibc): needs GLIBC_2.99"
    );
    assert_eq!(machine.start_ns(), None);
}

#[test]
fn a_slow_preparation_ends_the_job() {
    let mut machine = preparing(&["a"]);
    assert_eq!(machine.on(PREPARE_LIMIT_NS - 1, Event::Tick), []);
    assert_eq!(
        machine.on(PREPARE_LIMIT_NS, Event::Tick),
        [stop_agent("a", 0, 0), Action::Save]
    );
    let actions = machine.on(PREPARE_LIMIT_NS + DRAIN_LIMIT_NS, Event::Tick);
    assert_eq!(actions.first(), Some(&stop_agent("a", 0, 0)));
    assert_eq!(actions.last(), Some(&collect(&["a"])));
    machine.on(PREPARE_LIMIT_NS * 2, Event::Collected { complete: true });
    assert!(
        machine.reason().starts_with("not prepared within 660 s: a;"),
        "{}",
        machine.reason()
    );
}

#[test]
fn a_stop_of_a_running_job_gives_grace_and_then_none() {
    let mut machine = running(&["a"]);
    let actions = machine.on(4 * SECOND, stop(false));
    assert_eq!(
        actions,
        [stop_agent("a", PLAN.grace_ns, 3 * SECOND), Action::Save]
    );
    assert_eq!(machine.end_ns(), 3 * SECOND);
    assert_eq!(machine.on(5 * SECOND, stop(false)), []);
    assert_eq!(
        machine.on(6 * SECOND, stop(true)),
        [stop_agent("a", 0, 3 * SECOND), Action::Save]
    );
    machine.on(7 * SECOND, update("a", Report::Finished));
    machine.on(8 * SECOND, Event::Collected { complete: true });
    assert_eq!(
        (machine.state(), machine.reason()),
        (JobState::Stopped, "stopped by a client")
    );
}

#[test]
fn a_stop_in_the_queue_is_final_at_once() {
    let mut machine = Machine::new(PLAN);
    assert_eq!(machine.on(0, stop(false)), [Action::Conclude]);
    assert_eq!(machine.state(), JobState::Stopped);
}

#[test]
fn giving_up_in_the_queue_says_why() {
    let mut machine = Machine::new(PLAN);
    let reason = "waiting for agents: 0 of 1 connected".to_owned();
    let waiting = Event::Waiting { reason };
    assert_eq!(machine.on(0, waiting.clone()), [Action::Save]);
    assert_eq!(machine.on(1, waiting), [], "the same again is no news");
    let reason = "no agent is connected".to_owned();
    assert_eq!(machine.on(2, Event::GaveUp { reason }), [Action::Conclude]);
    assert_eq!(
        (machine.state(), machine.reason()),
        (JobState::Failed, "no agent is connected")
    );
}

#[test]
fn losing_one_of_two_agents_degrades_and_losing_both_fails() {
    let mut machine = running(&["a", "b"]);
    assert_eq!(machine.on(2 * SECOND, lost("a")), [leave("a"), Action::Save]);
    assert_eq!((machine.state(), machine.degraded()), (JobState::Running, true));
    let actions = machine.on(3 * SECOND, lost("b"));
    assert_eq!(actions.last(), Some(&collect(&["a", "b"])));
    machine.on(4 * SECOND, Event::Collected { complete: true });
    assert_eq!(machine.state(), JobState::Failed);
}

#[test]
fn a_load_test_that_died_fails_the_job_when_the_others_are_done() {
    let mut machine = running(&["a", "b"]);
    assert_eq!(machine.on(2 * SECOND, failed("a")), [leave("a"), Action::Save]);
    assert_eq!(machine.state(), JobState::Running);
    machine.on(11 * SECOND, Event::Tick);
    machine.on(12 * SECOND, update("b", Report::Finished));
    machine.on(13 * SECOND, Event::Collected { complete: true });
    assert_eq!(machine.state(), JobState::Failed);
    assert!(
        machine.reason().contains("lost its load test"),
        "{}",
        machine.reason()
    );
}

#[test]
fn a_longer_plan_runs_longer() {
    let mut machine = running(&["a"]);
    let duration_ns = 20 * SECOND;
    assert_eq!(machine.on(2 * SECOND, Event::Replanned { duration_ns }), []);
    assert_eq!(machine.on(20 * SECOND, Event::Tick), []);
    assert_eq!(machine.on(21 * SECOND, Event::Tick), [Action::Save]);
}

#[test]
fn missing_results_degrade() {
    let mut machine = running(&["a"]);
    machine.on(11 * SECOND, update("a", Report::Finished));
    machine.on(12 * SECOND, Event::Collected { complete: false });
    assert_eq!((machine.state(), machine.degraded()), (JobState::Finished, true));
}

#[test]
fn an_agent_that_comes_back_hears_what_it_missed() {
    let back = |holds| Event::Back {
        agent: "a".to_owned(),
        holds,
    };
    let agent = "a".to_owned();
    let assign = Action::Assign {
        agents: vec![agent.clone()],
    };
    assert_eq!(preparing(&["a"]).on(1, back(false)), [assign]);
    assert_eq!(preparing(&["a"]).on(1, back(true)), []);
    let mut machine = running(&["a"]);
    assert_eq!(machine.on(SECOND, back(true)), [Action::Start { agent }]);
    machine.on(SECOND, update("a", Report::Running));
    assert_eq!(machine.on(2 * SECOND, back(true)), []);
    machine.on(3 * SECOND, stop(false));
    assert_eq!(
        machine.on(4 * SECOND, back(true)),
        [stop_agent("a", PLAN.grace_ns, 2 * SECOND)]
    );
    assert_eq!(
        machine.on(5 * SECOND, back(false)),
        [],
        "its last report comes again"
    );
    assert_eq!(
        machine.on(5 * SECOND, update("a", Report::Finished)),
        [collect(&[])]
    );
}

#[test]
fn an_agent_that_was_given_up_may_not_run_on() {
    let mut machine = running(&["a", "b"]);
    machine.on(2 * SECOND, lost("a"));
    assert_eq!(
        machine.on(3 * SECOND, update("a", Report::Running)),
        [stop_agent("a", 0, 0)]
    );
    assert_eq!(machine.on(4 * SECOND, update("a", Report::Finished)), []);
}

fn any_event() -> impl Strategy<Value = Event> {
    let agent = prop_oneof![Just("a"), Just("b"), Just("stranger")];
    let report = prop_oneof![
        Just(Report::Preparing),
        Just(Report::Prepared),
        Just(Report::Running),
        Just(Report::Draining),
        Just(Report::Finished),
    ];
    prop_oneof![
        4 => (agent.clone(), report).prop_map(|(agent, report)| update(agent, report)),
        1 => agent.clone().prop_map(failed),
        1 => agent.clone().prop_map(lost),
        1 => (agent, any::<bool>()).prop_map(|(agent, holds)| Event::Back { agent: agent.to_owned(), holds }),
        1 => any::<bool>().prop_map(stop),
        2 => any::<bool>().prop_map(|complete| Event::Collected { complete }),
        2 => Just(Event::Taken { agents: vec!["a".to_owned(), "b".to_owned()] }),
        1 => Just(Event::GaveUp { reason: "nobody".to_owned() }),
        4 => Just(Event::Tick),
    ]
}

proptest! {
    #[test]
    fn every_history_ends_once_and_stays_ended(
        events in prop::collection::vec((0u64..20 * SECOND, any_event()), 0..80),
    ) {
        let mut machine = Machine::new(PLAN);
        let (mut now, mut concluded, mut started, mut collected) = (0, 0, 0, 0);
        let mut step = |machine: &mut Machine, now: u64, event: Event| {
            let ended = machine.state().is_final();
            let actions = machine.on(now, event);
            assert!(!ended || actions.is_empty(), "a final job does nothing more");
            concluded += actions.iter().filter(|action| **action == Action::Conclude).count();
            started += actions.iter().filter(|action| **action == Action::StartAll).count();
            collected += actions.iter().filter(|action| matches!(action, Action::Collect { .. })).count();
            assert_eq!(concluded, usize::from(machine.state().is_final()));
            assert!(started <= 1 && collected <= 1);
        };
        for (pause, event) in events {
            now += pause;
            step(&mut machine, now, event);
        }
        // Whatever has happened: with the queue's word, time and the store's answer, every job ends.
        step(&mut machine, now, Event::GaveUp { reason: "nobody".to_owned() });
        for _ in 0..4 {
            now += PREPARE_LIMIT_NS + DRAIN_LIMIT_NS + PLAN.grace_ns;
            step(&mut machine, now, Event::Tick);
            step(&mut machine, now, Event::Collected { complete: true });
        }
        prop_assert!(machine.state().is_final());
    }
}

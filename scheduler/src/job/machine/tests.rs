//! Tables and properties of the job machine.

mod broken;
mod delivering;
mod histories;
mod joining;
mod losing;
mod steering;

use std::sync::Arc;

use super::event::{
    AgentOrder, DRAIN_LIMIT_NS, EndedShare, FIRST_EPOCH, JobAction, START_LEAD_NS, SeatAssignment,
};
use super::*;
use crate::fleet::AssignmentReport;
use heavy_load::revision::Revision;

const SECOND: u64 = 1_000_000_000;
const GRACE: u64 = 30 * SECOND;

fn spec(load: &str) -> JobSpec {
    JobSpec::parse(&format!(r#"{{"binary_sha256":"{}",{load}}}"#, "a".repeat(64))).unwrap()
}

/// A job of 10 s with 30 s of grace.
fn queued() -> JobMachine {
    JobMachine::new(spec(r#""rate":"100","duration":"10s","graceful_stop":"30s""#))
}

fn offered(agent: &str) -> Candidate {
    Candidate {
        name: agent.to_owned(),
        cores: 1,
        ..Candidate::default()
    }
}

fn taken(agents: &[&str]) -> JobEvent {
    let agents = agents.iter().map(|agent| offered(agent)).collect();
    JobEvent::Taken { agents }
}

fn news(agent: &str, news: AgentNews) -> JobEvent {
    let agent = agent.to_owned();
    JobEvent::News { agent, news }
}

fn update(agent: &str, report: AssignmentReport) -> JobEvent {
    update_of(agent, FIRST_EPOCH, report)
}

fn update_of(agent: &str, epoch: u32, report: AssignmentReport) -> JobEvent {
    news(agent, AgentNews::Report { epoch, report })
}

fn failed(agent: &str) -> JobEvent {
    let (kind, message) = ("glibc".to_owned(), "needs GLIBC_2.99".to_owned());
    update(agent, AssignmentReport::Failed { kind, message })
}

fn lost(agent: &str) -> JobEvent {
    news(agent, AgentNews::Lost("no heartbeat for 10 s".to_owned()))
}

fn stop(now: bool) -> JobEvent {
    let who = "a client".to_owned();
    JobEvent::Stop { now, who }
}

fn order(agent: &str, order: AgentOrder) -> JobAction {
    JobAction::Order {
        agent: agent.to_owned(),
        order,
    }
}

fn start(agent: &str) -> JobAction {
    order(agent, AgentOrder::Start)
}

fn stop_agent(agent: &str, grace_ns: u64, end_ns: u64) -> JobAction {
    order(agent, AgentOrder::Stop(StopTerms { grace_ns, end_ns }))
}

/// Of agents that all live.
fn collect(agents: &[&str], end_ns: u64) -> JobAction {
    let share = |agent: &&str| EndedShare {
        agent: (*agent).to_owned(),
        epoch: FIRST_EPOCH,
        leased_until_ns: u64::MAX,
        is_alive: true,
    };
    let shares = agents.iter().map(share).collect();
    JobAction::Collect { shares, end_ns }
}

fn awaited(agent: &str, is_awaited: bool) -> JobAction {
    awaited_of(agent, FIRST_EPOCH, is_awaited)
}

fn awaited_of(agent: &str, epoch: u32, is_awaited: bool) -> JobAction {
    let share = (agent.to_owned(), epoch);
    JobAction::Await { share, is_awaited }
}

/// The agents of an assignment, with their seats.
fn assigned(action: &JobAction) -> Vec<(&str, u32)> {
    match action {
        JobAction::Assign { agents, .. } => agents
            .iter()
            .map(|assignment| (assignment.agent.as_str(), assignment.seat))
            .collect(),
        other => panic!("expected an assignment, got {other:?}"),
    }
}

/// Who was sent which revision, by number.
fn revised(actions: &[JobAction]) -> Vec<(&str, u32)> {
    let revised = actions.iter().filter_map(|action| match action {
        JobAction::Order {
            agent,
            order: AgentOrder::Revise(revision),
        } => Some((agent.as_str(), revision.number)),
        _ => None,
    });
    revised.collect()
}

/// The kinds of what was recorded, and who did it.
fn recorded(actions: &[JobAction]) -> Vec<(&str, &str)> {
    let recorded = actions.iter().filter_map(|action| match action {
        JobAction::Record(event) => Some((event.kind.as_str(), event.who.as_str())),
        _ => None,
    });
    recorded.collect()
}

/// What is done apart from records.
fn done(actions: Vec<JobAction>) -> Vec<JobAction> {
    let mut actions = actions;
    actions.retain(|action| !matches!(action, JobAction::Record(_)));
    actions
}

fn preparing(agents: &[&str]) -> JobMachine {
    let mut machine = queued();
    let actions = machine.on(0, taken(agents));
    assert_eq!((actions.len(), &actions[0]), (2, &JobAction::Save));
    let seats: Vec<(&str, u32)> = agents.iter().copied().zip(0..).collect();
    assert_eq!(assigned(&actions[1]), seats);
    machine
}

/// Started at 1 s.
fn start_all(mut machine: JobMachine, agents: &[&str]) -> JobMachine {
    let mut actions = Vec::new();
    for agent in agents {
        actions = machine.on(SECOND - START_LEAD_NS, update(agent, AssignmentReport::Prepared));
    }
    let mut expected = vec![JobAction::Begin];
    expected.extend(agents.iter().map(|agent| start(agent)));
    expected.push(JobAction::Save);
    assert_eq!(actions, expected);
    assert_eq!(machine.start_ns(), Some(SECOND));
    machine
}

fn running(agents: &[&str]) -> JobMachine {
    start_all(preparing(agents), agents)
}

#[test]
fn a_job_that_goes_well() {
    let mut machine = running(&["a", "b"]);
    assert_eq!(machine.state(), JobState::Running);
    assert_eq!(machine.on(11 * SECOND - 1, JobEvent::Tick), []);
    assert_eq!(machine.on(11 * SECOND, JobEvent::Tick), [JobAction::Save]);
    assert_eq!(machine.state(), JobState::Draining);
    assert_eq!(
        machine.on(12 * SECOND, update("a", AssignmentReport::Finished)),
        []
    );
    assert_eq!(
        machine.on(12 * SECOND, update("b", AssignmentReport::Finished)),
        [collect(&["a", "b"], 10 * SECOND), JobAction::Save]
    );
    assert_eq!(machine.state(), JobState::Delivering);
    assert_eq!(
        machine.on(13 * SECOND, JobEvent::Collected { complete: true }),
        [JobAction::Conclude]
    );
    assert_eq!((machine.state(), machine.degraded()), (JobState::Finished, false));
}

#[test]
fn an_agent_that_ends_before_the_start_is_not_waited_for() {
    let mut machine = preparing(&["a", "b"]);
    assert_eq!(machine.on(1, update("b", AssignmentReport::Prepared)), []);
    assert_eq!(
        machine.on(2, update("a", AssignmentReport::Finished)),
        [stop_agent("b", 0, 0), JobAction::Save]
    );
    machine.on(3, update("b", AssignmentReport::Finished));
    assert_eq!(machine.state(), JobState::Failed);
    assert_eq!(machine.reason(), "agent a gave its share up before the start");
}

#[test]
fn a_failed_preparation_ends_the_job_before_any_load() {
    let mut machine = preparing(&["a", "b"]);
    assert_eq!(machine.on(1, update("b", AssignmentReport::Prepared)), []);
    assert_eq!(
        machine.on(2, failed("a")),
        [stop_agent("b", 0, 0), JobAction::Save]
    );
    assert_eq!(machine.state(), JobState::Draining);
    assert_eq!(
        machine.on(3, update("b", AssignmentReport::Finished)),
        [JobAction::Conclude],
        "nothing ran, so there is nothing to collect"
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
    assert_eq!(machine.on(PREPARE_LIMIT_NS - 1, JobEvent::Tick), []);
    assert_eq!(
        machine.on(PREPARE_LIMIT_NS, JobEvent::Tick),
        [stop_agent("a", 0, 0), JobAction::Save]
    );
    let actions = machine.on(PREPARE_LIMIT_NS + DRAIN_LIMIT_NS, JobEvent::Tick);
    assert_eq!(actions.first(), Some(&stop_agent("a", 0, 0)));
    assert_eq!(actions.last(), Some(&JobAction::Conclude));
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
    assert_eq!(recorded(&actions), [("stop", "a client")]);
    assert_eq!(
        done(actions),
        [stop_agent("a", GRACE, 3 * SECOND), JobAction::Save]
    );
    assert_eq!(machine.end_ns(), 3 * SECOND);
    assert_eq!(done(machine.on(5 * SECOND, stop(false))), []);
    assert_eq!(
        done(machine.on(6 * SECOND, stop(true))),
        [stop_agent("a", 0, 3 * SECOND), JobAction::Save]
    );
    assert_eq!(
        machine.on(7 * SECOND, update("a", AssignmentReport::Finished)),
        [collect(&["a"], 3 * SECOND), JobAction::Save]
    );
    machine.on(8 * SECOND, JobEvent::Collected { complete: true });
    assert_eq!(
        (machine.state(), machine.reason().as_str()),
        (JobState::Stopped, "stopped by a client")
    );
}

#[test]
fn a_stop_in_the_queue_is_final_at_once() {
    let mut machine = queued();
    assert_eq!(machine.on(0, stop(false)), [JobAction::Conclude]);
    assert_eq!(machine.state(), JobState::Stopped);
}

#[test]
fn giving_up_in_the_queue_says_why() {
    let mut machine = queued();
    let reason = "waiting for agents: 0 of 1 connected".to_owned();
    let waiting = JobEvent::Waiting { reason };
    assert_eq!(machine.on(0, waiting.clone()), [JobAction::Save]);
    assert_eq!(machine.on(1, waiting), [], "the same again is no news");
    let reason = "no agent is connected".to_owned();
    assert_eq!(machine.on(2, JobEvent::GaveUp { reason }), [JobAction::Conclude]);
    assert_eq!(
        (machine.state(), machine.reason().as_str()),
        (JobState::Failed, "no agent is connected")
    );
}

#[test]
fn agents_that_come_too_late_are_freed() {
    let release = |agent: &str| JobAction::Release {
        agent: agent.to_owned(),
    };
    let mut machine = preparing(&["a"]);
    assert_eq!(machine.on(1, taken(&["b", "c"])), [release("b"), release("c")]);
    let mut machine = queued();
    machine.on(0, stop(true));
    assert_eq!(machine.on(1, taken(&["a"])), [release("a")]);
    let agent = offered("b");
    assert_eq!(machine.on(1, JobEvent::Joined { agent }), [release("b")]);
}

#[test]
fn agents_are_weighed_by_cores_where_the_job_asks_for_it() {
    for (weights, expected) in [("equal", [1, 1]), ("cores", [8, 2])] {
        let mut machine = JobMachine::new(spec(&format!(
            r#""rate":"100","duration":"10s","weights":"{weights}""#
        )));
        let agents = [("a", 8), ("b", 2)].map(|(agent, cores)| Candidate {
            cores,
            ..offered(agent)
        });
        let agents = agents.to_vec();
        let actions = machine.on(0, JobEvent::Taken { agents });
        let JobAction::Assign { revision, .. } = &actions[1] else {
            panic!("{actions:?}")
        };
        let weights: Vec<u32> = revision.members.iter().map(|member| member.weight).collect();
        assert_eq!(weights, expected);
    }
}

//! The wait for results once the load is over.

use heavy_results::aggregate::{DueShare, Settlement};
use heavy_store::Delivering;

use super::super::deliveries::PATIENCE_NS;
use super::*;
use crate::fleet::Backlog;

const LEASE: u64 = 10 * SECOND;

fn backlog(agent: &str, bytes: u64) -> JobEvent {
    let backlog = Backlog {
        epoch: FIRST_EPOCH,
        batches: 7,
        bytes,
    };
    news(agent, AgentNews::Backlog(backlog))
}

/// Of agents whose load was over at 12 s.
fn delivering(agents: &[&str]) -> JobMachine {
    let mut machine = running(agents);
    machine.on(11 * SECOND, JobEvent::Tick);
    for agent in agents {
        machine.on(12 * SECOND, update(agent, AssignmentReport::Delivering));
    }
    assert_eq!(machine.state(), JobState::Delivering);
    machine
}

#[test]
fn an_agent_with_a_backlog_is_waited_for_without_limit() {
    let mut machine = delivering(&["a", "b"]);
    let mut now = 12 * SECOND;
    let mut excused = Vec::new();
    for _ in 0..1000 {
        now += 3 * SECOND;
        excused.extend(machine.on(now, backlog("a", 12_345_678)));
        excused.extend(machine.on(now, JobEvent::Tick));
    }
    assert_eq!(
        excused,
        [awaited("b", false)],
        "it has said nothing for long, once"
    );
    assert_eq!(
        machine.reason(),
        "waiting for results: agent a has 7 batches (12.3 MB) to deliver"
    );
    assert_eq!(machine.state(), JobState::Delivering);
    assert_eq!(
        machine.on(now, JobEvent::Collected { complete: false }),
        [JobAction::Conclude]
    );
    assert_eq!((machine.state(), machine.degraded()), (JobState::Finished, true));
    assert_eq!(machine.reason(), "");
}

#[test]
fn an_agent_that_falls_silent_has_its_lease_and_some_time_and_may_come_back() {
    let mut machine = delivering(&["a"]);
    machine.on(20 * SECOND, backlog("a", 1));
    let limit = 20 * SECOND + LEASE + PATIENCE_NS;
    assert_eq!(machine.on(limit - 1, JobEvent::Tick), []);
    assert_eq!(machine.on(limit, JobEvent::Tick), [awaited("a", false)]);
    assert_eq!(machine.on(limit + 1, backlog("a", 1)), [awaited("a", true)]);
    assert_eq!(machine.on(limit + 2, backlog("a", 1)), []);
}

#[test]
fn a_lost_agent_whose_next_process_has_its_results_is_waited_for() {
    let mut machine = running(&["a", "b"]);
    machine.on(5 * SECOND, lost("b"));
    machine.on(11 * SECOND, JobEvent::Tick);
    machine.on(12 * SECOND, update("a", AssignmentReport::Finished));
    assert_eq!(machine.state(), JobState::Delivering);
    assert!(
        machine.reason().contains("agent b is gone"),
        "{}",
        machine.reason()
    );
    machine.on(20 * SECOND, backlog("b", 5));
    assert_eq!(machine.on(5 * SECOND + PATIENCE_NS, JobEvent::Tick), []);
    let limit = 20 * SECOND + LEASE + PATIENCE_NS;
    let mut excused = machine.on(limit, JobEvent::Tick);
    excused.sort_by_key(|action| format!("{action:?}"));
    assert_eq!(excused, [awaited("a", false), awaited("b", false)]);
}

#[test]
fn a_load_is_over_before_its_results_are_in_so_that_others_may_use_the_agent() {
    let mut machine = delivering(&["a"]);
    assert_eq!(
        machine.on(13 * SECOND, update("a", AssignmentReport::Finished)),
        []
    );
    let mut machine = delivering(&["a"]);
    machine.on(13 * SECOND, failed("a"));
    assert!(
        machine.reason().contains("lost its load test"),
        "{}",
        machine.reason()
    );
    let mut machine = delivering(&["a"]);
    assert_eq!(
        machine.on(13 * SECOND, update("a", AssignmentReport::Running)),
        [stop_agent("a", 0, 0)],
        "nothing may run there"
    );
}

#[test]
fn a_stop_now_ends_the_wait_and_a_stop_with_grace_does_not() {
    let mut machine = delivering(&["a"]);
    assert_eq!(done(machine.on(13 * SECOND, stop(false))), []);
    assert_eq!(done(machine.on(13 * SECOND, stop(true))), [JobAction::GiveUp]);
    machine.on(14 * SECOND, JobEvent::Collected { complete: false });
    assert_eq!(machine.state(), JobState::Finished, "its load was carried out");
    let mut machine = running(&["a"]);
    machine.on(4 * SECOND, stop(true));
    let actions = machine.on(5 * SECOND, update("a", AssignmentReport::Delivering));
    assert_eq!(actions, [collect(&["a"], 3 * SECOND), JobAction::Save]);
    assert_eq!(
        machine.state(),
        JobState::Delivering,
        "what was cut off has results, too"
    );
}

#[test]
fn strangers_are_not_waited_for() {
    let mut machine = delivering(&["a"]);
    machine.on(13 * SECOND, update("a", AssignmentReport::Finished));
    assert_eq!(machine.on(14 * SECOND, backlog("stranger", 5)), []);
    let limit = 12 * SECOND + PATIENCE_NS;
    assert_eq!(machine.on(limit + SECOND, JobEvent::Tick), [awaited("a", false)]);
}

#[test]
fn a_job_that_another_scheduler_waited_for_ends_as_that_one_knew() {
    let share = |agent: &str, epoch, is_alive| DueShare {
        agent: agent.to_owned(),
        epoch,
        is_alive,
        ..DueShare::default()
    };
    for (ends_as, reason) in [
        (JobState::Finished, ""),
        (
            JobState::Finished,
            "threshold checks: rate>99% was broken; it stopped the load",
        ),
        (JobState::Failed, "agent a lost its load test (died): signal 9"),
        (JobState::Stopped, "stopped by a client"),
    ] {
        let delivering = Delivering {
            settlement: Settlement {
                shares: vec![share("a", 1, false), share("a", 2, true), share("b", 1, true)],
                ..Settlement::default()
            },
            ends_as,
            reason: reason.to_owned(),
            aborted: Vec::new(),
        };
        let mut machine = JobMachine::resume(queued().spec, (50 * SECOND, SECOND), &delivering, false);
        assert_eq!(machine.state(), JobState::Delivering);
        assert_eq!(machine.ending(), (ends_as, reason.to_owned()));
        assert_eq!(machine.on(60 * SECOND, backlog("b", 5)), []);
        let limit = 50 * SECOND + PATIENCE_NS;
        let silent = [awaited_of("a", 1, false), awaited_of("a", 2, false)];
        assert_eq!(machine.on(limit, JobEvent::Tick), silent);
        let back = Backlog {
            epoch: 2,
            batches: 1,
            bytes: 1,
        };
        let back = news("a", AgentNews::Backlog(back));
        assert_eq!(machine.on(limit, back), [awaited_of("a", 2, true)]);
        machine.on(limit, update_of("a", 2, AssignmentReport::Finished));
        let ended = machine.on(limit, JobEvent::Collected { complete: true });
        assert_eq!(ended, [JobAction::Conclude]);
        assert_eq!((machine.state(), machine.reason()), (ends_as, reason.to_owned()));
        assert!(!machine.degraded());
    }
}

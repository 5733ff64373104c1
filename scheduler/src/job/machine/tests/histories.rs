//! Properties of all histories of a job.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::fleet::AgentAnswer;
use crate::job::load_change::LoadChange;

fn any_event() -> impl Strategy<Value = JobEvent> {
    let agent = prop_oneof![Just("a"), Just("b"), Just("c"), Just("stranger")];
    let report = prop_oneof![
        1 => Just(AssignmentReport::Preparing),
        1 => Just(AssignmentReport::Splitting),
        3 => Just(AssignmentReport::Prepared),
        1 => Just(AssignmentReport::Running),
        1 => Just(AssignmentReport::Draining),
        1 => Just(AssignmentReport::Delivering),
        1 => Just(AssignmentReport::Finished),
    ];
    let answer = prop_oneof![
        (0u32..4, 0..20 * SECOND).prop_map(|(number, released_until_ns)| AgentAnswer::Revised {
            number,
            released_until_ns
        }),
        Just(AgentAnswer::Split(Ok(vec!["[1]".to_owned(), "[2]".to_owned()]))),
        Just(AgentAnswer::Params(Ok(()))),
        Just(AgentAnswer::Params(Err("no".to_owned()))),
    ];
    let change = prop_oneof![
        Just(LoadChange::Pause),
        Just(LoadChange::Resume),
        (1u64..300).prop_map(LoadChange::Scale),
        Just(LoadChange::Rate("7".parse().unwrap())),
    ];
    let who = || "a client".to_owned();
    prop_oneof![
        6 => (agent.clone(), report).prop_map(|(agent, report)| update(agent, report)),
        1 => agent.clone().prop_map(failed),
        1 => agent.clone().prop_map(lost),
        1 => (agent.clone(), any::<bool>()).prop_map(|(agent, holds)| news(agent, AgentNews::Back { holds })),
        2 => (agent.clone(), answer).prop_map(|(agent, answer)| news(agent, AgentNews::Answer(answer))),
        2 => change.prop_map(move |change| JobEvent::Change { change, who: who() }),
        1 => Just(JobEvent::Params { params: "{}".to_owned(), who: who() }),
        1 => any::<bool>().prop_map(stop),
        2 => any::<bool>().prop_map(|complete| JobEvent::Collected { complete }),
        1 => Just(JobEvent::AggregationBroke),
        3 => Just(taken(&["a", "b"])),
        2 => agent.prop_map(|agent| JobEvent::Joined { agent: offered(agent) }),
        1 => Just(JobEvent::GaveUp { reason: "nobody".to_owned() }),
        4 => Just(JobEvent::Tick),
    ]
}

/// Short enough for changes of a running job, or long enough for limits.
fn any_pause() -> impl Strategy<Value = u64> {
    prop_oneof![5 => 0..4 * SECOND, 1 => 0..120 * SECOND]
}

/// What a driver would have seen of a machine.
#[derive(Default)]
struct Witness {
    concluded: usize,
    started: usize,
    collected: usize,
    newest: u32,
    /// The highest revision that each agent was given.
    given: BTreeMap<String, u32>,
}

impl Witness {
    fn step(&mut self, machine: &mut JobMachine, now: u64, event: JobEvent) {
        let ended = machine.state().is_final();
        let asks = matches!(event, JobEvent::Change { .. } | JobEvent::Params { .. });
        let actions = machine.on(now, event);
        let replies = actions
            .iter()
            .filter(|action| matches!(action, JobAction::Reply(_)));
        assert_eq!(replies.count(), usize::from(asks), "one answer for each request");
        let refusal =
            |action: &JobAction| matches!(action, JobAction::Release { .. } | JobAction::Reply(Err(_)));
        assert!(!ended || actions.iter().all(refusal), "a final job only refuses");
        assert!(
            actions
                .iter()
                .filter(|action| **action == JobAction::Save)
                .count()
                <= 1
        );
        for action in &actions {
            match action {
                JobAction::Conclude => self.concluded += 1,
                JobAction::Begin => self.started += 1,
                JobAction::Collect { .. } => self.collected += 1,
                JobAction::Assign { revision, agents } => {
                    for assignment in agents {
                        self.give(&assignment.agent, revision);
                    }
                }
                JobAction::Order {
                    agent,
                    order: AgentOrder::Revise(revision),
                } => self.give(agent, revision),
                _ => {}
            }
        }
        assert_eq!(self.concluded, usize::from(machine.state().is_final()));
        assert!(self.started <= 1 && self.collected <= self.started);
        if machine.state() == JobState::Running {
            let team = machine.team().unwrap();
            for member in &team.revision().members {
                assert_eq!(self.given.get(&member.agent), Some(&team.revision().number));
            }
        }
    }

    /// Numbers of revisions never go back.
    fn give(&mut self, agent: &str, revision: &Arc<Revision>) {
        assert!(revision.number >= self.newest);
        self.newest = revision.number;
        self.given.insert(agent.to_owned(), revision.number);
    }
}

proptest! {
    #[test]
    fn every_history_ends_once_and_stays_ended(
        events in prop::collection::vec((any_pause(), any_event()), 0..80),
    ) {
        let mut machine = queued();
        let (mut now, mut witness) = (0, Witness::default());
        for (pause, event) in events {
            now += pause;
            witness.step(&mut machine, now, event);
        }
        // Whatever has happened: with the queue's word, time and the store's answer, every job ends.
        witness.step(&mut machine, now, JobEvent::GaveUp { reason: "nobody".to_owned() });
        let change = LoadChange::Resume;
        witness.step(&mut machine, now, JobEvent::Change { change, who: String::new() });
        for _ in 0..4 {
            now += PREPARE_LIMIT_NS + DRAIN_LIMIT_NS + GRACE;
            witness.step(&mut machine, now, JobEvent::Tick);
            witness.step(&mut machine, now, JobEvent::Collected { complete: true });
        }
        prop_assert!(machine.state().is_final());
    }

    #[test]
    fn whatever_changes_every_due_iteration_is_somebodys(
        events in prop::collection::vec((0u64..SECOND, any_event()), 0..60),
    ) {
        let mut machine = running(&["a", "b"]);
        let (mut now, mut witness) = (SECOND, Witness { started: 1, ..Witness::default() });
        for member in &machine.team().unwrap().revision().members {
            witness.given.insert(member.agent.clone(), 0);
        }
        let mut alone_until = u64::MAX;
        for (pause, event) in events {
            now += pause;
            witness.step(&mut machine, now, event);
            let revision = machine.team().unwrap().revision();
            if revision.members.is_empty() {
                alone_until = alone_until.min(revision.cut_ns);
            }
        }
        let team = machine.team().unwrap();
        let until = machine.end_ns().min(alone_until);
        let due: u64 = team.due(until, "w").iter().flat_map(|(_, due)| due).map(|(_, due)| due).sum();
        prop_assert_eq!(due, team.load().count_before(until));
    }
}

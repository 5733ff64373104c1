//! Whatever changes, every iteration and every user is somebody's.

use super::*;
use crate::span::Span;
use crate::spec::LoadSpec;
use proptest::prelude::*;

/// A load of some workflows, of weights 1, 2, ... .
fn load(spec: &LoadSpec, workflows: u32) -> Load {
    let names: Vec<_> = (0..workflows).map(|n| format!("w{n}")).collect();
    let weights: Vec<_> = (1..=workflows).collect();
    Load {
        workflows: spec.workflow_loads(Span::ZERO, 1, &names, &weights),
        warm_up_ns: 0,
        pauses: Vec::new(),
    }
}

fn users(users: &str, duration: Option<&str>) -> Load {
    let spec = LoadSpec {
        users: Some(users.parse().unwrap()),
        duration: duration.map(|duration| duration.parse().unwrap()),
        ..LoadSpec::default()
    };
    load(&spec, 1)
}

fn open(rate: &str, duration: Option<&str>, stages: &[&str]) -> LoadSpec {
    LoadSpec {
        rate: Some(rate.parse().unwrap()),
        stages: stages.iter().map(|stage| stage.parse().unwrap()).collect(),
        duration: duration.map(|duration| duration.parse().unwrap()),
        ..LoadSpec::default()
    }
}

fn members(names: &[(u8, u32)]) -> Vec<Member> {
    let member = |(name, weight): &(u8, u32)| Member {
        agent: format!("agent-{name}"),
        weight: *weight,
        seat: u32::from(*name),
    };
    names.iter().map(member).collect()
}

fn team() -> impl Strategy<Value = Vec<(u8, u32)>> {
    prop::collection::btree_map(0u8..6, 1u32..4, 1..5).prop_map(|team| team.into_iter().collect())
}

proptest! {
    #[test]
    fn whatever_changes_every_iteration_is_somebodys_once(
        changes in prop::collection::vec((0u64..4_000, team(), 20u64..300), 0..4), start in team(), workflows in 1u32..3,
    ) {
        let load = load(&open("50", None, &["2s:200", "2s:50"]), workflows);
        let start = members(&start);
        let mut first = Revision::first(&load, start.iter().map(|member| (member.agent.clone(), member.weight)));
        first.members = start;
        let mut timeline = LoadTimeline::new(load, first);
        let mut changes = changes;
        changes.sort();
        for (at_ms, team, percent) in changes {
            let (newest, load) = timeline.newest().clone();
            let cut_ns = at_ms * 1_000_000;
            let mut changed = load.clone();
            for workflow in &mut changed.workflows {
                if let LoadModel::Open(schedule) = &mut workflow.model {
                    schedule.profile = schedule.profile.scaled_from(cut_ns, percent);
                }
            }
            let next = newest.next(&load, cut_ns, members(&team), &changed);
            let text = serde_json::to_string(&next).unwrap();
            prop_assert_eq!(&serde_json::from_str::<Revision>(&text).unwrap(), &next);
            timeline.push(next);
        }
        let planned = timeline.load().clone();
        let until_ns = planned.duration_ns();
        for (workflow, of_workflow) in planned.workflows.iter().enumerate() {
            let due: u64 = (0..6).map(|n| timeline.due(&format!("agent-{n}"), 0..u32::MAX, until_ns)[workflow]).sum();
            prop_assert_eq!(due, of_workflow.planned());
        }
    }

    #[test]
    fn shares_are_within_one_of_ideal_in_every_prefix_of_a_revision(team in team(), at_ms in 0u64..2_000) {
        let load = load(&open("300", Some("2s"), &[]), 1);
        let team = members(&team);
        let total: u32 = team.iter().map(|member| member.weight).sum();
        let agents = team.iter().map(|member| (member.agent.clone(), member.weight));
        let timeline = LoadTimeline::new(load.clone(), Revision::first(&load, agents));
        let at_ns = at_ms * 1_000_000;
        let count = load.count_before(at_ns);
        for member in &team {
            let ideal = count as f64 * f64::from(member.weight) / f64::from(total);
            let due = timeline.due(&member.agent, 0..u32::MAX, at_ns)[0];
            prop_assert!((ideal - due as f64).abs() < 1.0, "{ideal} {due}");
        }
    }

    #[test]
    fn seats_divide_users_whoever_is_there(team in team(), users in 1u64..50) {
        let load = self::users(&users.to_string(), Some("2s"));
        let agents = members(&team).into_iter().map(|member| (member.agent, member.weight));
        let revision = Revision::first(&load, agents);
        let mut all: Vec<u64> = revision.members.iter()
            .flat_map(|member| revision.seated(&member.agent).unwrap().of(users).collect::<Vec<_>>())
            .collect();
        all.sort_unstable();
        prop_assert_eq!(all, (0..users).collect::<Vec<_>>());
    }
}

#[test]
fn users_rest_in_pauses_and_have_their_whole_time() {
    let mut load = users("1", Some("10s"));
    let s = 1_000_000_000;
    load.pauses = vec![(2 * s, 5 * s), (6 * s, 7 * s)];
    let revision = Revision::first(&load, [("a".to_owned(), 1)]);
    let LoadModel::Closed(closed) = &load.workflows[0].model else {
        panic!("it is closed");
    };
    let presence = revision.seated("a").unwrap().presence(&load, closed);
    assert_eq!(presence, [(0, 0, 2 * s), (0, 5 * s, 6 * s), (0, 7 * s, 14 * s)]);
    assert_eq!(load.duration_ns(), 14 * s);
}

#[test]
fn users_come_in_the_order_of_their_instants() {
    let load = users("10s:4,1s:4", None);
    let revision = Revision::first(&load, [("b".to_owned(), 1), ("a".to_owned(), 1)]);
    let LoadModel::Closed(closed) = &load.workflows[0].model else {
        panic!("it is closed");
    };
    let presence = revision.seated("a").unwrap().presence(&load, closed);
    let s = 1_000_000_000;
    assert_eq!(presence.len(), 2);
    assert!(presence[0].1 < presence[1].1);
    assert!(
        presence
            .iter()
            .all(|(_, came, left)| *came >= 2 * s && *left == 11 * s),
        "{presence:?}"
    );
    assert_eq!(revision.seated("c"), None);
}

#[test]
fn users_whose_agent_is_gone_are_missing_until_another_takes_their_seats() {
    let s = 1_000_000_000;
    let load = users("30", Some("10s"));
    let agents = ["a", "b", "c"].map(|agent| (agent.to_owned(), 1));
    let first = Revision::first(&load, agents);
    let mut timeline = LoadTimeline::new(load.clone(), first.clone());
    let present = |timeline: &LoadTimeline, end_s: u64, lost_s: u64| {
        let until = |agent: &str, _| if agent == "b" { lost_s * s } else { u64::MAX };
        let found = timeline.user_presence(end_s * s, until).unwrap();
        (found.planned_ns / s, found.missing_ns / s)
    };
    assert_eq!(present(&timeline, 10, 99), (300, 0));
    assert_eq!(
        present(&timeline, 4, 99),
        (120, 0),
        "no further than the load went"
    );
    assert_eq!(present(&timeline, 10, 6), (300, 40), "ten users for four seconds");
    let mut without = first.members.clone();
    without.retain(|member| member.agent != "b");
    let second = first.next(&load, 7 * s, without.clone(), &load);
    timeline.push(second.clone());
    assert_eq!(present(&timeline, 10, 6), (300, 40));
    let mut again = without;
    again.push(Member {
        agent: "d".to_owned(),
        weight: 1,
        seat: 1,
    });
    timeline.push(second.next(&load, 8 * s, again, &load));
    assert_eq!(
        present(&timeline, 10, 6),
        (300, 20),
        "another has the seat from 8 s on"
    );
    let mut paused = load.clone();
    paused.pauses = vec![(s, 3 * s)];
    let timeline = LoadTimeline::new(paused, first);
    let whole = timeline.user_presence(u64::MAX, |_, _| u64::MAX).unwrap();
    assert_eq!((whole.planned_ns / s, whole.missing_ns), (300, 0));
    let open = Revision::first(&self::load(&open("1", Some("2s"), &[]), 1), [("a".to_owned(), 1)]);
    let timeline = LoadTimeline::new(self::load(&self::open("1", Some("2s"), &[]), 1), open);
    assert_eq!(timeline.user_presence(u64::MAX, |_, _| u64::MAX), None);
}

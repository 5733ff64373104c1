//! What is released is the plan, once, whoever joins and leaves.

use std::collections::BTreeMap;

use super::*;
use heavy_load::revision::{LoadTimeline, Member};
use heavy_results::job::JobSpec;
use proptest::prelude::*;

fn load(rest: &str) -> Load {
    let text = format!(r#"{{"binary_sha256":"{}",{rest}}}"#, "a".repeat(64));
    JobSpec::parse(&text).unwrap().load()
}

fn first(load: &Load, agents: usize) -> Revision {
    Revision::first(load, (0..agents).map(|n| (format!("a{n}"), 1)))
}

fn plan(rest: &str, agents: usize, agent: usize) -> ReleasePlan {
    let load = load(rest);
    let revision = first(&load, agents);
    ReleasePlan::new(load, &format!("a{agent}"), &revision)
}

fn workflows(count: usize) -> String {
    let names: Vec<String> = (0..count).map(|n| format!("\"w{n}\"")).collect();
    format!(r#""workflows":[{}]"#, names.join(","))
}

fn due(batches: Vec<ReleaseBatch>) -> Vec<(WorkflowIndex, u64, u64)> {
    let flat = batches.into_iter().flat_map(|batch| match batch {
        ReleaseBatch::Due(workflow, due) => due.into_iter().map(|(n, due)| (workflow, n, due)).collect(),
        ReleaseBatch::Users(..) => Vec::new(),
    });
    flat.collect()
}

#[test]
fn nothing_is_released_beyond_the_end() {
    let mut plan = plan(r#""rate":"10","duration":"1s""#, 1, 0);
    plan.end_at(250_000_000);
    plan.end_at(u64::MAX);
    let numbers: Vec<u64> = due(plan.take(u64::MAX)).into_iter().map(|(_, n, _)| n).collect();
    assert_eq!(numbers, [0, 1, 2]);
    assert!(plan.take(u64::MAX).is_empty());
}

#[test]
fn users_are_released_when_they_come() {
    let mut plan = plan(r#""users":"2s:4,1s:4""#, 2, 0);
    assert_eq!(plan.take(500_000_000), []);
    let Some(ReleaseBatch::Users(0, users)) = plan.take(1_600_000_000).pop() else {
        panic!("users come");
    };
    assert!(
        users
            .iter()
            .all(|(_, came, left)| *came <= 1_500_000_000 && *left == 3_000_000_000)
    );
    assert_eq!(plan.rest(), []);
}

#[test]
fn a_late_revision_releases_nothing_twice() {
    let document = load(r#""rate":"100","duration":"2s""#);
    let revision = first(&document, 1);
    let mut plan = ReleasePlan::new(document.clone(), "a0", &revision);
    let mut all = due(plan.take(1_000_000_000));
    let next = revision.next(&document, 900_000_000, revision.members.clone(), &document);
    assert_eq!(plan.revise(&next), 1_000_000_000);
    all.extend(due(plan.take(u64::MAX)));
    let numbers: Vec<u64> = all.into_iter().map(|(_, n, _)| n).collect();
    assert_eq!(numbers, (0..200).collect::<Vec<_>>());
    assert_eq!(
        plan.revise(&revision),
        2_000_000_000,
        "an older one changes nothing"
    );
}

proptest! {
    #[test]
    fn what_is_taken_and_the_rest_are_the_plan(
        agents in 1usize..5, names in 1usize..4, rate in 5u64..300, poisson: bool,
        taken_ns in 0u64..4_000_000_000, end_ns in 0u64..4_000_000_000,
    ) {
        let arrivals = if poisson { "poisson" } else { "uniform" };
        let rest = format!(r#""rate":"{rate}","duration":"3s","arrivals":"{arrivals}",{}"#, workflows(names));
        let mut plan = plan(&rest, agents, 0);
        plan.take(taken_ns);
        plan.end_at(end_ns);
        let rest = plan.rest();
        let mut expected = BTreeMap::new();
        for (workflow, _, due_ns) in due(plan.take(u64::MAX)) {
            *expected.entry(((due_ns / SECOND_NS) as u32, workflow)).or_insert(0) += 1;
        }
        let found: BTreeMap<_, _> =
            rest.iter().map(|gap| ((gap.second, gap.workflow), gap.count)).collect();
        prop_assert_eq!(found.len(), rest.len());
        prop_assert_eq!(found, expected);
        prop_assert!(plan.rest().is_empty());
    }

    #[test]
    fn all_agents_together_release_the_plan_once_whatever_joins_and_leaves(
        names in 1usize..3, rate in 10u64..1000, steps in prop::collection::vec(1u64..400_000_000, 1..9),
        cut_ns in 0u64..1_000_000_000, left in 0usize..3,
    ) {
        let document = load(&format!(r#""rate":"{rate}","duration":"1s",{}"#, workflows(names)));
        let revision = first(&document, 3);
        let mut members = revision.members.clone();
        members.remove(left);
        members.push(Member { agent: "a9".to_owned(), weight: 2, seat: 3 });
        let next = revision.next(&document, cut_ns, members, &document);
        let mut course = LoadTimeline::new(document.clone(), revision.clone());
        course.push(next.clone());
        let mut all = Vec::new();
        for agent in ["a0", "a1", "a2", "a9"] {
            let mut plan = if agent == "a9" {
                ReleasePlan::new(document.clone(), agent, &next)
            } else {
                let mut plan = ReleasePlan::new(document.clone(), agent, &revision);
                prop_assert_eq!(plan.revise(&next), 0);
                plan
            };
            let mut own = 0;
            let mut until = 0;
            for step in steps.iter().chain(&[u64::MAX / 2]) {
                until += step;
                for (workflow, n, due_ns) in due(plan.take(until)) {
                    prop_assert!(due_ns < until);
                    all.push((workflow, n));
                    own += 1;
                }
            }
            prop_assert_eq!(course.due(agent, 0..u32::MAX, u64::MAX).iter().sum::<u64>(), own);
        }
        all.sort_unstable();
        let planned: Vec<_> = (0..).zip(&document.workflows)
            .flat_map(|(workflow, load)| (0..load.planned()).map(move |n| (workflow as WorkflowIndex, n)))
            .collect();
        prop_assert_eq!(all, planned);
    }
}

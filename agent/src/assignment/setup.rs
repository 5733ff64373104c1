//! The setup of a load test before its first iteration: pure.

use heavy_load::load::{Closed, LoadModel};
use heavy_load::revision::{Revision, Seated};
use heavy_plugin::rpc::{self, Anchor, ClosedSetup, IterationNumbers, Setup, WorkflowSetup};
use heavy_results::job::JobSpec;
use heavy_results::nearest::hint;

use super::failure::AssignmentFailure;
use crate::orders::Assignment;

/// The workflows to run: those that are wanted, or the only one.
pub(super) fn choose(
    wanted: &[String],
    description: &rpc::Description,
) -> Result<Vec<String>, AssignmentFailure> {
    let known: Vec<&str> = description
        .workflows
        .iter()
        .map(|workflow| workflow.name.as_str())
        .collect();
    let list = known.join(", ");
    let unknown = |problem: String| Err(AssignmentFailure::new("unknown-workflow", problem));
    if let Some(missing) = wanted.iter().find(|wanted| !known.contains(&wanted.as_str())) {
        return unknown(format!(
            "unknown workflow `{missing}`: this load test has {list}{}",
            hint(missing, known)
        ));
    }
    match (wanted.is_empty(), known.as_slice()) {
        (false, _) => Ok(wanted.to_vec()),
        (true, [only]) => Ok(vec![(*only).to_owned()]),
        (true, []) => unknown("this load test has no workflow".to_owned()),
        (true, _) => unknown(format!(
            "this load test has several workflows: select with --workflow among {list}"
        )),
    }
}

/// What each workflow needs to know: its params, and its users if it has them. Users of a revision after the first have
/// predecessors in their seat, so that their iterations are numbered from where the revision's numbers begin.
pub(super) fn workflow_setups(
    spec: &JobSpec,
    workflows: &[String],
    (seated, revision): (&Seated, &Revision),
) -> Vec<WorkflowSetup> {
    let models = spec.load().workflows.into_iter().map(|workflow| workflow.model);
    let setups = workflows
        .iter()
        .zip(models)
        .enumerate()
        .map(|(place, (name, kind))| {
            let own = spec
                .workflows
                .get(place)
                .and_then(|workflow| workflow.params.clone());
            let closed = match kind {
                LoadModel::Open(_) => None,
                LoadModel::Closed(closed) => {
                    let from = revision.first.get(place).copied().unwrap_or(0);
                    Some(closed_setup(spec, &closed, seated, from))
                }
            };
            let identities = match spec.execution.unique_users {
                Some(users) if closed.is_none() => seated.of(u64::from(users)).collect(),
                _ => Vec::new(),
            };
            WorkflowSetup {
                name: name.clone(),
                params: own.unwrap_or_else(|| spec.params.clone()),
                closed,
                identities,
            }
        });
    setups.collect()
}

fn closed_setup(spec: &JobSpec, closed: &Closed, seated: &Seated, from: u64) -> ClosedSetup {
    let (first, period, places) = seated.share.table();
    let alone = ClosedSetup::new(closed, spec.execution.graceful_stop().ns());
    let users = u64::from(closed.users.most());
    let shared = alone.iterations;
    ClosedSetup {
        iterations: shared.map(|iterations| seated.iterations_of(iterations, users)),
        numbers: IterationNumbers {
            first: from + first,
            period,
            places: places.to_vec(),
        },
        ..alone
    }
}

/// What the load test needs to know to prepare itself on this agent.
pub(super) fn setup(
    assignment: &Assignment,
    workflows: Vec<WorkflowSetup>,
    anchor: Anchor,
    agent: &str,
) -> Setup {
    let (spec, seats) = (&assignment.spec, assignment.revision.seats.len());
    Setup {
        job: assignment.job.clone(),
        agent: agent.to_owned(),
        agent_index: assignment.seat,
        agents: u32::try_from(seats).unwrap_or(u32::MAX),
        workflows,
        env: spec.env.clone(),
        anchor,
        max_in_flight: spec.execution.max_in_flight(),
        when_full: spec.execution.when_full(),
        timeout_ns: spec.execution.timeout.map(heavy_load::span::Span::ns),
        connections: spec.execution.connections(),
        traceparent: spec.execution.traceparent(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn description(names: &[&str]) -> rpc::Description {
        rpc::Description {
            sdk: String::new(),
            workflows: names
                .iter()
                .map(|name| rpc::WorkflowDescription {
                    name: (*name).to_owned(),
                    splits: false,
                })
                .collect(),
        }
    }

    #[test]
    fn whoever_takes_a_seat_later_uses_other_numbers() {
        let text = format!(
            r#"{{"binary_sha256":"{}","users":5,"duration":"9s"}}"#,
            "a".repeat(64)
        );
        let spec = JobSpec::parse(&text).unwrap();
        let load = spec.load();
        let agents = ["a", "b"].map(|agent| (agent.to_owned(), 1));
        let first = Revision::first(&load, agents);
        let second = first.next(&load, 1_000, first.members.clone(), &load);
        let workflow = ["w".to_owned()];
        let numbers = |revision: &Revision| {
            let seated = revision.of_seat(1).unwrap();
            let setups = workflow_setups(&spec, &workflow, (&seated, revision));
            let numbers = setups[0].closed.clone().unwrap().numbers;
            [0, 1, 2].map(|k| numbers.nth(k))
        };
        assert_eq!(numbers(&first), [1, 3, 5]);
        assert_eq!(numbers(&second), [1, 3, 5].map(|n| n + (1 << 40)));
    }

    #[test]
    fn workflows_are_chosen_or_listed() {
        let chosen = |wanted: &[&str], known: &[&str]| {
            let wanted: Vec<String> = wanted.iter().map(|name| (*name).to_owned()).collect();
            choose(&wanted, &description(known)).map_err(|failure| failure.message)
        };
        assert_eq!(chosen(&[], &["a"]).unwrap(), ["a"]);
        assert_eq!(chosen(&["b", "a"], &["a", "b", "c"]).unwrap(), ["b", "a"]);
        assert!(chosen(&[], &["a", "b"]).unwrap_err().contains("among a, b"));
        assert!(chosen(&["x"], &["a", "b"]).unwrap_err().contains("has a, b"));
    }
}

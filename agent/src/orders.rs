//! Orders of the scheduler, parsed once, where they arrive: the rest of the agent reads no JSON.

use std::path::PathBuf;

use heavy_load::revision::{Revision, Seated};
use heavy_proto::v1;
use heavy_proto::v1::from_agent::Message as Said;
use heavy_results::job::JobSpec;
use serde_json::{Map, Value};

/// Params documents by workflow.
pub(crate) type WorkflowParams = Map<String, Value>;

#[derive(Debug)]
pub(crate) enum Order {
    Assign(Box<Assignment>),
    Command(String, AssignmentCommand),
}

#[derive(Debug)]
pub(crate) enum AssignmentCommand {
    /// Start at this instant of the scheduler's clock.
    Start {
        /// In ns since the Unix epoch.
        wall_ns: u64,
    },
    Stop {
        /// How long running iterations may go on.
        grace_ns: u64,
        /// The first due instant that does not count, from the start; 0: now.
        end_ns: u64,
    },
    /// Continue with another revision from its cut on.
    Revise(Box<Revision>),
    /// Have the load test divide its params.
    Split { agents: u32 },
    /// The params that a splitter made for this agent, or new ones for a running load test; else why they cannot be read.
    Params(Result<WorkflowParams, String>),
    /// The scheduler has been silent for too long.
    LeaseLost,
}

/// This agent's share of a job.
#[derive(Debug, Clone)]
pub(crate) struct Assignment {
    pub(crate) job: String,
    /// The attempt; a later one replaces it.
    pub(crate) epoch: u32,
    pub(crate) spec: JobSpec,
    pub(crate) artifact_sha256: String,
    pub(crate) artifact_bytes: u64,
    /// Where the scheduler keeps artifacts, on its own host.
    pub(crate) artifact_dir: PathBuf,
    /// The revision with which the agent begins, unless a newer one comes before the start.
    pub(crate) revision: Revision,
    /// The agent's index among the seats.
    pub(crate) seat: u32,
    /// What of the load belongs to that seat.
    pub(crate) seated: Seated,
    /// What a splitter has made for this agent; none if that is still to be done.
    pub(crate) split_params: Option<WorkflowParams>,
}

#[derive(Debug)]
pub(crate) struct Unreadable {
    pub(crate) job: String,
    pub(crate) problem: String,
    /// What to tell the scheduler; nothing where it expects no answer.
    pub(crate) answer: Option<Box<Said>>,
}

impl Assignment {
    /// Parses an assignment. The answer of an error fails it.
    pub(crate) fn parse(assign: v1::Assign) -> Result<Self, Unreadable> {
        let (job, epoch) = (assign.job.clone(), assign.epoch);
        Self::checked(assign).map_err(|problem| {
            let update = v1::AssignmentUpdate {
                job: job.clone(),
                epoch,
                state: v1::AssignmentState::Failed.into(),
                failure_kind: "internal".to_owned(),
                message: problem.clone(),
                ..v1::AssignmentUpdate::default()
            };
            Unreadable {
                job,
                problem,
                answer: Some(Box::new(Said::Update(update))),
            }
        })
    }

    fn checked(assign: v1::Assign) -> Result<Self, String> {
        let revision = revision(&assign.revision)?;
        Ok(Self {
            spec: JobSpec::parse(&assign.spec).map_err(|error| error.to_string())?,
            seated: revision
                .of_seat(assign.seat)
                .ok_or("the weights of the revision's seats are invalid")?,
            split_params: match assign.split_params.as_str() {
                "" => None,
                text => Some(params(text)?),
            },
            job: assign.job,
            epoch: assign.epoch,
            artifact_sha256: assign.artifact_sha256,
            artifact_bytes: assign.artifact_bytes,
            artifact_dir: assign.artifact_dir.into(),
            revision,
            seat: assign.seat,
        })
    }
}

impl Order {
    /// Parses a revision for a running or prepared assignment. The scheduler expects no answer of an error.
    pub(crate) fn revise(revise: v1::Revise) -> Result<Self, Unreadable> {
        match revision(&revise.revision) {
            Ok(revision) => Ok(Self::Command(
                revise.job,
                AssignmentCommand::Revise(Box::new(revision)),
            )),
            Err(problem) => Err(Unreadable {
                job: revise.job,
                problem,
                answer: None,
            }),
        }
    }

    /// Parses params. The assignment reports those that cannot be read: it knows their purpose.
    pub(crate) fn params(given: v1::Params) -> Self {
        Self::Command(given.job, AssignmentCommand::Params(params(&given.params)))
    }
}

fn revision(text: &str) -> Result<Revision, String> {
    serde_json::from_str(text).map_err(|error| format!("cannot parse the revision: {error}"))
}

fn params(text: &str) -> Result<WorkflowParams, String> {
    serde_json::from_str(text).map_err(|error| format!("params are not valid JSON by workflow: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assign() -> v1::Assign {
        let spec = JobSpec::new("a".repeat(64), "5".parse().unwrap(), "2s".parse().unwrap());
        let revision = Revision::first(&spec.load(), [("a".to_owned(), 1), ("b".to_owned(), 1)]);
        v1::Assign {
            job: "j".to_owned(),
            epoch: 3,
            spec: serde_json::to_string(&spec).unwrap(),
            revision: serde_json::to_string(&revision).unwrap(),
            seat: 1,
            split_params: r#"{"w": 7}"#.to_owned(),
            ..v1::Assign::default()
        }
    }

    #[test]
    fn an_assignment_is_typed_when_it_arrives() {
        let assignment = Assignment::parse(assign()).unwrap();
        assert_eq!((assignment.epoch, assignment.revision.seats.len()), (3, 2));
        assert_eq!(assignment.seated.count_of(5), 2);
        assert_eq!(assignment.split_params.unwrap()["w"], 7);
    }

    #[test]
    fn what_cannot_be_read_fails_the_assignment() {
        let whole = assign();
        let weightless = whole.revision.replace(r#""seats":[1,1]"#, r#""seats":[0,0]"#);
        for (broken, expected) in [
            (
                v1::Assign {
                    spec: "{}".to_owned(),
                    ..whole.clone()
                },
                "missing",
            ),
            (
                v1::Assign {
                    revision: "?".to_owned(),
                    ..whole.clone()
                },
                "cannot parse the revision: ",
            ),
            (
                v1::Assign {
                    revision: weightless,
                    ..whole.clone()
                },
                "weights of the revision's seats",
            ),
            (
                v1::Assign {
                    split_params: "[".to_owned(),
                    ..whole.clone()
                },
                "params are not valid JSON",
            ),
        ] {
            let unreadable = Assignment::parse(broken).unwrap_err();
            let Some(Said::Update(update)) = unreadable.answer.as_deref() else {
                panic!("no answer: {unreadable:?}");
            };
            assert_eq!(
                (update.job.as_str(), update.epoch, update.failure_kind.as_str()),
                ("j", 3, "internal")
            );
            assert_eq!(update.state(), v1::AssignmentState::Failed);
            assert!(update.message.contains(expected), "{}", update.message);
        }
    }

    #[test]
    fn a_revision_that_cannot_be_read_has_no_answer() {
        let revise = v1::Revise {
            job: "j".to_owned(),
            revision: "{}".to_owned(),
        };
        let unreadable = Order::revise(revise).unwrap_err();
        assert_eq!((unreadable.job.as_str(), unreadable.answer), ("j", None));
    }
}

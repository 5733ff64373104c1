//! What a job tells its agents, on the wire.

use std::path::Path;
use std::sync::Arc;

use heavy_load::revision::Revision;
use heavy_proto::v1::{self, to_agent::Message};
use heavy_results::job::JobInfo;
use serde::Serialize;
use uuid::Uuid;

use super::machine::event::{AgentOrder, SeatAssignment, StopTerms};
use crate::env_files::Env;
use crate::fleet::Fleet;

#[derive(Debug)]
pub(crate) struct Orders {
    fleet: Arc<Fleet>,
    job: Uuid,
    /// The newest revision that was sent, as text: the same one goes to many agents.
    revision: Option<(Arc<Revision>, String)>,
}

impl Orders {
    pub(crate) const fn new(fleet: Arc<Fleet>, job: Uuid) -> Self {
        let revision = None;
        Self { fleet, job, revision }
    }

    /// Sends agents their assignments, with the values of the variables.
    pub(crate) fn assign(
        &mut self,
        job: &JobInfo,
        (env, artifact_bytes, artifact_dir): (&Env, u64, &Path),
        revision: &Arc<Revision>,
        assignments: &[SeatAssignment],
    ) {
        let mut spec = job.spec.clone();
        spec.env.clone_from(env);
        let spec = text(&spec);
        for assignment in assignments {
            let assign = v1::Assign {
                job: job.id.to_string(),
                epoch: assignment.epoch,
                spec: spec.clone(),
                artifact_sha256: job.spec.binary_sha256.clone(),
                artifact_bytes,
                artifact_dir: artifact_dir.to_str().unwrap_or_default().to_owned(),
                artifact_name: job.spec.binary_name.clone(),
                revision: self.revision_text(revision),
                seat: assignment.seat,
                split_params: assignment.params.clone(),
            };
            self.fleet.assigned(&assignment.agent, job.id, assignment.epoch);
            self.fleet.send(&assignment.agent, Message::Assign(assign));
        }
    }

    /// Sends an agent an order; `start_wall_ns` is the job's start instant, once it is fixed.
    pub(crate) fn send(&mut self, agent: &str, order: &AgentOrder, start_wall_ns: u64) {
        let job = self.job.to_string();
        let message = match order {
            AgentOrder::Start => Message::Start(v1::Start { job, start_wall_ns }),
            AgentOrder::Stop(terms) => return stop(&self.fleet, agent, self.job, *terms),
            AgentOrder::Revise(revision) => {
                let revision = self.revision_text(revision);
                Message::Revise(v1::Revise { job, revision })
            }
            AgentOrder::Split { seats } => Message::Split(v1::Split { job, agents: *seats }),
            AgentOrder::Params(params) => {
                let params = params.clone();
                Message::Params(v1::Params { job, params })
            }
        };
        self.fleet.send(agent, message);
    }

    fn revision_text(&mut self, revision: &Arc<Revision>) -> String {
        match &self.revision {
            Some((newest, text)) if Arc::ptr_eq(newest, revision) => text.clone(),
            _ => {
                let text = text(&**revision);
                self.revision = Some((Arc::clone(revision), text.clone()));
                text
            }
        }
    }
}

/// Tells an agent to stop.
pub(crate) fn stop(fleet: &Fleet, agent: &str, job: Uuid, StopTerms { grace_ns, end_ns }: StopTerms) {
    let job = job.to_string();
    let stop = v1::Stop {
        job,
        grace_ns,
        end_ns,
    };
    fleet.send(agent, Message::Stop(stop));
}

fn text(document: &impl Serialize) -> String {
    serde_json::to_string(document).expect("it has only strings and numbers")
}

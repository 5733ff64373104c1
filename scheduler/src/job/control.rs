//! What agents are told of a job.

use heavy_proto::v1::{self, to_agent};
use heavy_results::job::{JobInfo, JobSpec};
use serde::Serialize;
use uuid::Uuid;

use super::driver::Tools;
use super::team::Team;
use crate::env_files::Env;
use crate::fleet::Fleet;

/// Of a job's assignments; later attempts count up from it.
const EPOCH: u32 = 1;

/// Gives `agents` their assignments, with the values of the variables; `params` are those that a splitter has made, by
/// seat.
pub(crate) async fn assign(
    tools: &Tools,
    job: &JobInfo,
    env: &Env,
    team: &Team,
    (agents, params): (&[String], &[String]),
) {
    let sha256 = &job.spec.binary_sha256;
    let spec = JobSpec {
        env: env.clone(),
        ..job.spec.clone()
    };
    // A binary that is gone shows when the agent fetches it.
    let artifact_bytes = tools.artifacts.find(sha256).await.unwrap_or(0);
    let (spec, revision) = (text(&spec), text(team.revision()));
    for agent in agents {
        let seat = team.seat_of(agent);
        let assign = v1::Assign {
            job: job.id.to_string(),
            epoch: EPOCH,
            spec: spec.clone(),
            artifact_sha256: sha256.clone(),
            artifact_bytes,
            artifact_name: job.spec.binary_name.clone(),
            revision: revision.clone(),
            seat,
            split_params: params.get(seat as usize).cloned().unwrap_or_default(),
        };
        tools.fleet.send(agent, to_agent::Message::Assign(assign));
    }
}

/// A document of ours as JSON.
pub(crate) fn text(document: &impl Serialize) -> String {
    serde_json::to_string(document).expect("it is made of texts and numbers")
}

/// Tells an agent how things go on.
pub(crate) fn revise(fleet: &Fleet, agent: &str, job: Uuid, revision: &str) {
    let (job, revision) = (job.to_string(), revision.to_owned());
    fleet.send(agent, to_agent::Message::Revise(v1::Revise { job, revision }));
}

/// Has an agent's load test divide the params.
pub(crate) fn split(fleet: &Fleet, agent: &str, job: Uuid, agents: u32) {
    let job = job.to_string();
    fleet.send(agent, to_agent::Message::Split(v1::Split { job, agents }));
}

/// Gives an agent's load test its params, or new ones.
pub(crate) fn params(fleet: &Fleet, agent: &str, job: Uuid, params: &str) {
    let (job, params) = (job.to_string(), params.to_owned());
    fleet.send(agent, to_agent::Message::Params(v1::Params { job, params }));
}

/// Tells an agent the start instant.
pub(crate) fn start(fleet: &Fleet, agent: &str, job: Uuid, start_wall_ns: u64) {
    let job = job.to_string();
    fleet.send(agent, to_agent::Message::Start(v1::Start { job, start_wall_ns }));
}

/// Tells an agent to stop; `end_ns` is the last due instant that counts, from the job's start, 0: now.
pub(crate) fn stop(fleet: &Fleet, agent: &str, job: Uuid, grace_ns: u64, end_ns: u64) {
    let job = job.to_string();
    fleet.send(
        agent,
        to_agent::Message::Stop(v1::Stop {
            job,
            grace_ns,
            end_ns,
        }),
    );
}

//! What agents are told of a job.

use heavy_model::job::{JobInfo, JobSpec};
use heavy_proto::v1::{self, to_agent};
use uuid::Uuid;

use super::driver::Tools;
use crate::env_files::Env;
use crate::fleet::Fleet;

/// Of a job's assignments; later attempts count up from it.
const EPOCH: u32 = 1;

/// Gives `agents`, of all the job's `members`, their assignments, with the values of the variables.
pub(crate) async fn assign(tools: &Tools, job: &JobInfo, env: &Env, members: &[String], agents: &[String]) {
    let sha256 = &job.spec.binary_sha256;
    let spec = JobSpec {
        env: env.clone(),
        ..job.spec.clone()
    };
    let spec = serde_json::to_string(&spec).expect("a job document is made of texts and numbers");
    // A binary that is gone shows when the agent fetches it.
    let artifact_bytes = tools.artifacts.find(sha256).await.unwrap_or(0);
    let revision = v1::Revision {
        number: 0,
        n0: 0,
        cut_ns: 0,
        members: members
            .iter()
            .map(|agent| v1::Member {
                agent: agent.clone(),
                weight: 1,
            })
            .collect(),
    };
    for (index, agent) in (0..).zip(members) {
        if !agents.contains(agent) {
            continue;
        }
        let assign = v1::Assign {
            job: job.id.to_string(),
            epoch: EPOCH,
            spec: spec.clone(),
            artifact_sha256: sha256.clone(),
            artifact_bytes,
            artifact_name: job.spec.binary_name.clone(),
            revision: Some(revision.clone()),
            agent_index: index,
        };
        tools.fleet.send(agent, to_agent::Message::Assign(assign));
    }
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

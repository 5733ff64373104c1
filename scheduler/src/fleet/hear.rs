//! What agents say once they are registered: read, bounded, and passed on.

use heavy_proto::v1::{self, AssignmentState, from_agent};
use uuid::Uuid;

use super::registry::{ConnectionId, Introduction};
use super::{AgentAnswer, AssignmentReport, Backlog, Fleet, FleetTime};

/// The longest text of an agent's failure, in characters; the rest is discarded.
const LONGEST_TEXT: usize = 16 << 10;
const MOST_LABELS: usize = 64;
const MOST_JOBS: usize = 64;

impl Fleet {
    /// Takes a message of an agent; false if its stream has no more to say.
    pub(crate) async fn hear(
        &self,
        agent: &str,
        connection: ConnectionId,
        said: from_agent::Message,
        time: FleetTime,
    ) -> bool {
        match said {
            from_agent::Message::Heartbeat(beat) => {
                if !self.heartbeat(agent, connection, &beat, time) {
                    return false;
                }
                self.backlogs(agent, backlogs(&beat)).await;
            }
            from_agent::Message::Update(update) => {
                let epoch = update.epoch;
                if let Some((job, report)) = report(update) {
                    self.update(agent, connection, (job, epoch), report).await;
                }
            }
            from_agent::Message::Register(_) => return false,
            answered => {
                if let Some((job, answer)) = answer(answered) {
                    self.answer(agent, connection, job, answer).await;
                }
            }
        }
        true
    }
}

/// What an agent says of itself when it registers.
///
/// # Errors
/// When it is too much: what an agent may say.
pub(crate) fn introduction(register: v1::Register) -> Result<Introduction, String> {
    if register.labels.len() > MOST_LABELS || register.jobs.len() > MOST_JOBS {
        return Err(format!(
            "an agent may have {MOST_LABELS} labels and hold {MOST_JOBS} jobs"
        ));
    }
    let epochs = register.epochs.into_iter().chain(std::iter::repeat(0));
    let held = register.jobs.iter().zip(epochs);
    Ok(Introduction {
        name: register.name,
        instance: register.instance,
        labels: register.labels.into_iter().collect(),
        version: register.version,
        cores: register.cores,
        architecture: register.architecture,
        glibc: register.glibc,
        sandbox: register.sandbox.parse().ok(),
        jobs: held
            .filter_map(|(job, epoch)| Some((job.parse().ok()?, epoch)))
            .collect(),
    })
}

fn answer(message: from_agent::Message) -> Option<(Uuid, AgentAnswer)> {
    let cut = |text: String| text.chars().take(LONGEST_TEXT).collect::<String>();
    let (job, answer) = match message {
        from_agent::Message::Revised(ack) => (
            ack.job,
            AgentAnswer::Revised {
                number: ack.number,
                released_until_ns: ack.released_until_ns,
            },
        ),
        from_agent::Message::Split(result) if result.failure.is_empty() => {
            (result.job, AgentAnswer::Split(Ok(result.params)))
        }
        from_agent::Message::Split(result) => (result.job, AgentAnswer::Split(Err(cut(result.failure)))),
        from_agent::Message::Params(result) if result.failure.is_empty() => {
            (result.job, AgentAnswer::Params(Ok(())))
        }
        from_agent::Message::Params(result) => (result.job, AgentAnswer::Params(Err(cut(result.failure)))),
        from_agent::Message::Register(_)
        | from_agent::Message::Heartbeat(_)
        | from_agent::Message::Update(_) => return None,
    };
    Some((job.parse().ok()?, answer))
}

/// What a heartbeat says of undelivered results.
fn backlogs(beat: &v1::Heartbeat) -> Vec<(Uuid, Backlog)> {
    let listed = beat.backlogs.iter().take(MOST_JOBS);
    listed
        .filter_map(|of| {
            let backlog = Backlog {
                epoch: of.epoch,
                batches: of.batches,
                bytes: of.bytes,
            };
            Some((of.job.parse().ok()?, backlog))
        })
        .collect()
}

fn report(update: v1::AssignmentUpdate) -> Option<(Uuid, AssignmentReport)> {
    let job = update.job.parse().ok()?;
    let report = match update.state() {
        AssignmentState::Unspecified => return None,
        AssignmentState::Preparing if update.splits => AssignmentReport::Splitting,
        AssignmentState::Preparing => AssignmentReport::Preparing,
        AssignmentState::Prepared => AssignmentReport::Prepared,
        AssignmentState::Running => AssignmentReport::Running,
        AssignmentState::Draining => AssignmentReport::Draining,
        AssignmentState::Delivering => AssignmentReport::Delivering,
        AssignmentState::Finished => AssignmentReport::Finished,
        AssignmentState::Failed => AssignmentReport::Failed {
            kind: update.failure_kind,
            message: update.message.chars().take(LONGEST_TEXT).collect(),
        },
    };
    Some((job, report))
}

//! The gRPC service that agents call: their stream, and the binaries.
//!
//! Heartbeats are stamped as close to the socket as this layer can see: on coming in before anything else is done,
//! and on leaving when the transport takes the reply.

use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use futures::{Stream, StreamExt, stream};
use heavy_process::clock::wall_ns;
use heavy_proto::net::CHUNK_BYTES;
use heavy_proto::v1::fleet_server::Fleet as FleetService;
use heavy_proto::v1::{self, AssignmentState, from_agent, to_agent};
use tokio::io::AsyncReadExt;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tonic::{Code, Request, Response, Status, Streaming};
use uuid::Uuid;

use super::registry::{ConnectionId, Introduction};
use super::{AgentAnswer, AgentMessage, AssignmentReport, Backlog, Fleet, LEASE};
use crate::artifacts::{self, Artifacts};

type ToAgentStream = Pin<Box<dyn Stream<Item = Result<v1::ToAgent, Status>> + Send>>;
type Chunks = Pin<Box<dyn Stream<Item = Result<v1::ArtifactChunk, Status>> + Send>>;

/// The longest text of an agent's failure, in characters; the rest is discarded.
const LONGEST_TEXT: usize = 16 << 10;
const MOST_LABELS: usize = 64;
const MOST_JOBS: usize = 64;

#[derive(Debug, Clone)]
pub(crate) struct AgentEndpoint {
    pub(crate) fleet: Arc<Fleet>,
    pub(crate) artifacts: Arc<Artifacts>,
    pub(crate) shutdown: CancellationToken,
}

#[tonic::async_trait]
impl FleetService for AgentEndpoint {
    type ConnectStream = ToAgentStream;
    type FetchArtifactStream = Chunks;

    async fn connect(
        &self,
        request: Request<Streaming<v1::FromAgent>>,
    ) -> Result<Response<ToAgentStream>, Status> {
        let mut incoming = request.into_inner();
        let Some(from_agent::Message::Register(register)) = next(&mut incoming).await? else {
            return Err(Status::invalid_argument(
                "the first message of an agent must be Register",
            ));
        };
        let introduction = introduction(register)?;
        let agent = introduction.name.clone();
        let (connection, outgoing) = self
            .fleet
            .register(introduction)
            .await
            .map_err(|refused| Status::already_exists(refused.to_string()))?;
        tracing::info!(agent, "agent connected");
        let service = self.clone();
        tokio::spawn(async move {
            service.listen(&agent, connection, incoming).await;
            service.fleet.disconnected(&agent, connection).await;
            tracing::info!(agent, "agent disconnected");
        });
        let lease_ns = u64::try_from(LEASE.as_nanos()).unwrap_or(u64::MAX);
        let registered = to_agent::Message::Registered(v1::Registered {
            lease_ns,
            boot_id: heavy_proto::kernel::boot_id(),
        });
        let messages = stream::iter([AgentMessage::Message(registered)])
            .chain(ReceiverStream::new(outgoing))
            .map(move |outgoing| Ok(leaving(outgoing)))
            .take_until(self.shutdown.clone().cancelled_owned());
        Ok(Response::new(Box::pin(messages)))
    }

    async fn fetch_artifact(&self, request: Request<v1::ArtifactRef>) -> Result<Response<Chunks>, Status> {
        let sha256 = request.into_inner().sha256;
        let (file, _) = self
            .artifacts
            .read(&sha256)
            .await
            .map_err(|error| no_artifact(&error))?;
        let chunks = stream::try_unfold(file, |mut file| async move {
            let mut data = Vec::with_capacity(CHUNK_BYTES);
            let read = (&mut file).take(CHUNK_BYTES as u64).read_to_end(&mut data).await;
            match read {
                Ok(0) => Ok(None),
                Ok(_) => Ok(Some((
                    v1::ArtifactChunk {
                        data: Bytes::from(data),
                    },
                    file,
                ))),
                Err(error) => Err(Status::data_loss(format!("cannot read the binary: {error}"))),
            }
        });
        Ok(Response::new(Box::pin(chunks)))
    }
}

impl AgentEndpoint {
    async fn listen(&self, agent: &str, connection: ConnectionId, mut incoming: Streaming<v1::FromAgent>) {
        loop {
            let message = tokio::select! {
                () = self.shutdown.cancelled() => return,
                message = next(&mut incoming) => message,
            };
            let wall_ns = wall_ns();
            match message {
                Ok(Some(from_agent::Message::Heartbeat(beat))) => {
                    if !self.fleet.heartbeat(agent, connection, &beat, wall_ns) {
                        return;
                    }
                    self.fleet.backlogs(agent, backlogs(&beat)).await;
                }
                Ok(Some(from_agent::Message::Update(update))) => {
                    let epoch = update.epoch;
                    if let Some((job, report)) = report(update) {
                        self.fleet.update(agent, connection, (job, epoch), report).await;
                    }
                }
                Ok(Some(from_agent::Message::Register(_)) | None) => return,
                Ok(Some(answered)) => {
                    if let Some((job, answer)) = answer(answered) {
                        self.fleet.answer(agent, connection, job, answer).await;
                    }
                }
                Err(error) => {
                    tracing::debug!(agent, %error, "agent stream broke");
                    return;
                }
            }
        }
    }
}

async fn next(incoming: &mut Streaming<v1::FromAgent>) -> Result<Option<from_agent::Message>, Status> {
    Ok(incoming.message().await?.and_then(|envelope| envelope.message))
}

fn leaving(outgoing: AgentMessage) -> v1::ToAgent {
    let message = match outgoing {
        AgentMessage::Message(message) => message,
        AgentMessage::Heartbeat(mut reply) => {
            reply.replied_wall_ns = wall_ns();
            to_agent::Message::Heartbeat(reply)
        }
    };
    v1::ToAgent {
        message: Some(message),
    }
}

fn introduction(register: v1::Register) -> Result<Introduction, Status> {
    if register.labels.len() > MOST_LABELS || register.jobs.len() > MOST_JOBS {
        return Err(Status::invalid_argument(format!(
            "an agent may have {MOST_LABELS} labels and hold {MOST_JOBS} jobs"
        )));
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

fn no_artifact(error: &artifacts::Error) -> Status {
    let code = match error {
        artifacts::Error::NotAHash(_) => Code::InvalidArgument,
        artifacts::Error::Unknown(_) => Code::NotFound,
        _ => Code::Internal,
    };
    Status::new(code, error.to_string())
}

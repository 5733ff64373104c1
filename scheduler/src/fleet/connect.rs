//! The gRPC service that agents call: their stream, and the binaries.
//!
//! Heartbeats are stamped as close to the socket as this layer can see: on coming in before anything else is done,
//! and on leaving when the transport takes the reply.

use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use futures::{Stream, StreamExt, stream};
use heavy_process::clock::{monotonic_ns, wall_ns};
use heavy_proto::net::CHUNK_BYTES;
use heavy_proto::v1::fleet_server::Fleet as FleetService;
use heavy_proto::v1::{self, from_agent, to_agent};
use tokio::io::AsyncReadExt;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tonic::{Code, Request, Response, Status, Streaming};

use super::hear::introduction;
use super::registry::ConnectionId;
use super::{AgentMessage, Fleet, FleetTime};
use crate::artifacts::{self, Artifacts};

type ToAgentStream = Pin<Box<dyn Stream<Item = Result<v1::ToAgent, Status>> + Send>>;
type Chunks = Pin<Box<dyn Stream<Item = Result<v1::ArtifactChunk, Status>> + Send>>;

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
        let introduction = introduction(register).map_err(Status::invalid_argument)?;
        let agent = introduction.name.clone();
        let (connection, outgoing) = self
            .fleet
            .register(present(), introduction)
            .await
            .map_err(|refused| Status::already_exists(refused.to_string()))?;
        tracing::info!(agent, "agent connected");
        let service = self.clone();
        tokio::spawn(async move {
            service.listen(&agent, connection, incoming).await;
            service.fleet.disconnected(&agent, connection).await;
            tracing::info!(agent, "agent disconnected");
        });
        let registered = to_agent::Message::Registered(v1::Registered {
            lease_ns: self.fleet.lease_ns(),
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
            let time = present();
            match message {
                Ok(Some(said)) => {
                    if !self.fleet.hear(agent, connection, said, time).await {
                        return;
                    }
                }
                Ok(None) => return,
                Err(error) => {
                    tracing::debug!(agent, %error, "agent stream broke");
                    return;
                }
            }
        }
    }
}

fn present() -> FleetTime {
    let (now_ns, wall_ns) = (monotonic_ns(), wall_ns());
    FleetTime { now_ns, wall_ns }
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

fn no_artifact(error: &artifacts::Error) -> Status {
    let code = match error {
        artifacts::Error::NotAHash(_) => Code::InvalidArgument,
        artifacts::Error::Unknown(_) => Code::NotFound,
        _ => Code::Internal,
    };
    Status::new(code, error.to_string())
}

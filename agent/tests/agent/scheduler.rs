//! A scheduler that does what a test says, over real gRPC.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use futures::Stream;
use heavy_proto::v1;
use heavy_proto::v1::fleet_server::{Fleet, FleetServer};
use heavy_proto::v1::from_agent::Message as Said;
use heavy_proto::v1::to_agent::Message as Heard;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status, Streaming};

/// What agents have said.
#[derive(Debug, Clone, Default)]
pub(crate) struct Account {
    pub(crate) registrations: Vec<v1::Register>,
    pub(crate) revised: Vec<v1::RevisionAck>,
    pub(crate) splits: Vec<v1::SplitResult>,
    pub(crate) params: Vec<v1::ParamsResult>,
    pub(crate) heartbeats: Vec<v1::Heartbeat>,
    pub(crate) updates: Vec<v1::AssignmentUpdate>,
}

/// How it behaves.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Manners {
    pub(crate) answers_heartbeats: bool,
    pub(crate) damages_binaries: bool,
    pub(crate) lease_ns: u64,
}

impl Default for Manners {
    fn default() -> Self {
        Self {
            answers_heartbeats: true,
            damages_binaries: false,
            lease_ns: 10_000_000_000,
        }
    }
}

type ToAgent = mpsc::Sender<Result<v1::ToAgent, Status>>;

#[derive(Clone)]
pub(crate) struct Scheduler {
    pub(crate) addr: SocketAddr,
    pub(crate) heard: watch::Sender<Account>,
    pub(crate) manners: watch::Sender<Manners>,
    pub(crate) binaries: Arc<Mutex<HashMap<String, PathBuf>>>,
    agent: Arc<Mutex<Option<ToAgent>>>,
}

pub(crate) fn wall_ns() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.expect("the clock is right").as_nanos() as u64
}

impl Scheduler {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let scheduler = Self {
            addr: listener.local_addr().expect("it is bound"),
            heard: watch::channel(Account::default()).0,
            manners: watch::channel(Manners::default()).0,
            binaries: Arc::default(),
            agent: Arc::default(),
        };
        let server = heavy_proto::net::server().add_service(FleetServer::new(scheduler.clone()));
        tokio::spawn(server.serve_with_incoming(TcpIncoming::from(listener)));
        scheduler
    }

    /// Says something to the agent that registered last.
    pub(crate) async fn say(&self, message: Heard) {
        let agent = self.agent.lock().expect("nobody panics").clone();
        let message = v1::ToAgent {
            message: Some(message),
        };
        agent
            .expect("an agent is registered")
            .send(Ok(message))
            .await
            .expect("the agent is there");
    }

    /// Ends the stream of the agent that registered last.
    pub(crate) fn hang_up(&self) {
        self.agent.lock().expect("nobody panics").take();
    }

    async fn hear(&self, said: Said) {
        match said {
            Said::Register(register) => self.heard.send_modify(|heard| heard.registrations.push(register)),
            Said::Revised(revised) => self.heard.send_modify(|heard| heard.revised.push(revised)),
            Said::Split(split) => self.heard.send_modify(|heard| heard.splits.push(split)),
            Said::Params(params) => self.heard.send_modify(|heard| heard.params.push(params)),
            Said::Update(update) => self.heard.send_modify(|heard| heard.updates.push(update)),
            Said::Heartbeat(heartbeat) => {
                self.heard
                    .send_modify(|heard| heard.heartbeats.push(heartbeat.clone()));
                let connected = self.agent.lock().expect("nobody panics").is_some();
                if connected && self.manners.borrow().answers_heartbeats {
                    let now_ns = wall_ns();
                    self.say(Heard::Heartbeat(v1::HeartbeatReply {
                        sequence: heartbeat.sequence,
                        sent_monotonic_ns: heartbeat.sent_monotonic_ns,
                        received_wall_ns: now_ns,
                        replied_wall_ns: now_ns,
                    }))
                    .await;
                }
            }
        }
    }
}

type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

#[tonic::async_trait]
impl Fleet for Scheduler {
    type ConnectStream = Answers<v1::ToAgent>;
    type FetchArtifactStream = Answers<v1::ArtifactChunk>;

    async fn connect(
        &self,
        request: Request<Streaming<v1::FromAgent>>,
    ) -> Result<Response<Self::ConnectStream>, Status> {
        let mut said = request.into_inner();
        let (to_agent, answers) = mpsc::channel(64);
        let registered = v1::ToAgent {
            message: Some(Heard::Registered(v1::Registered {
                lease_ns: self.manners.borrow().lease_ns,
                boot_id: String::new(),
            })),
        };
        to_agent.send(Ok(registered)).await.expect("there is room");
        self.agent.lock().expect("nobody panics").replace(to_agent);
        let scheduler = self.clone();
        tokio::spawn(async move {
            while let Ok(Some(message)) = said.message().await {
                if let Some(said) = message.message {
                    scheduler.hear(said).await;
                }
            }
        });
        Ok(Response::new(Box::pin(ReceiverStream::new(answers))))
    }

    async fn fetch_artifact(
        &self,
        request: Request<v1::ArtifactRef>,
    ) -> Result<Response<Self::FetchArtifactStream>, Status> {
        let sha256 = request.into_inner().sha256;
        let path = self.binaries.lock().expect("nobody panics").get(&sha256).cloned();
        let path = path.ok_or_else(|| Status::not_found("no such binary"))?;
        let mut bytes = std::fs::read(path).map_err(|error| Status::internal(error.to_string()))?;
        if self.manners.borrow().damages_binaries {
            bytes[100] ^= 1;
        }
        let chunks: Vec<_> = bytes
            .chunks(heavy_proto::net::CHUNK_BYTES)
            .map(|chunk| {
                Ok(v1::ArtifactChunk {
                    data: chunk.to_vec().into(),
                })
            })
            .collect();
        Ok(Response::new(Box::pin(futures::stream::iter(chunks))))
    }
}

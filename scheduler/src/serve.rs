//! The server: one port for agents, clients and people.
//!
//! HTTP/1.1 and HTTP/2 without TLS share it, and so do gRPC and JSON; [`Scheduler::serve`] ends when its token is
//! cancelled, after the jobs that run were stopped and concluded, or a hard limit later.

use std::sync::Arc;
use std::time::Duration;

use axum::middleware::from_fn;
use heavy_proto::net::{CONNECTION_WINDOW_BYTES, MAX_MESSAGE_BYTES, STREAM_WINDOW_BYTES};
use heavy_proto::v1::fleet_server::FleetServer;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};
use tokio::time::{interval, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use crate::api::{self, Api, guard};
use crate::artifacts::Artifacts;
use crate::configs::Configs;
use crate::env_files::EnvFiles;
use crate::fleet::{Fleet, LEASE, connect};
use crate::job::driver::Tools;
use crate::job::late::watch_for_late_results;
use crate::job::service::{Inbox, JobService};
use crate::registration::{Registration, RegistrationError, take_over_dead_commands};
use crate::retention::{RetentionPolicy, keep};
use heavy_client::DataPlace;
use heavy_process::clock::monotonic_ns;
use heavy_process::listen::Listens;
use heavy_process::owners::{OwnerDir, OwnerKind};

/// Jobs that run when the scheduler ends have this long to end.
const JOBS_LIMIT: Duration = Duration::from_secs(10);
/// After that, connections have this long.
const CONNECTIONS_LIMIT: Duration = Duration::from_secs(2);
const EXPIRE_PERIOD: Duration = Duration::from_millis(500);
const NEWS: usize = 4096;
const MOST_CONNECTIONS: usize = 16_384;
const MOST_STREAMS: u32 = 1024;
const HEADERS_LIMIT: Duration = Duration::from_secs(30);
const KEEP_ALIVE: Duration = Duration::from_secs(15);
const KEEP_ALIVE_LIMIT: Duration = Duration::from_secs(10);

/// How the scheduler's address is described in messages.
pub const LISTENS: Listens = Listens {
    example: "127.0.0.1:7700",
    risk: "run programs on the agents",
};

/// Why a scheduler cannot start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The directories of artifacts and of environment variables.
    #[error("cannot use the directories of artifacts and environment variables in the data directory: {0}")]
    Artifacts(#[from] std::io::Error),
    /// Another scheduler has the database.
    #[error(transparent)]
    Registration(#[from] RegistrationError),
    /// The jobs that an earlier scheduler left.
    #[error("cannot resume the jobs of an earlier scheduler: {0}")]
    Jobs(#[from] heavy_store::Error),
}

/// A scheduler that is ready to serve.
#[derive(Debug)]
pub struct Scheduler {
    api: Api,
    retention: RetentionPolicy,
    inbox: Inbox,
    registration: Registration,
    takes_jobs_of_others: bool,
    shutdown: CancellationToken,
}

impl Scheduler {
    /// As [`Self::open_with`], with the default retention.
    ///
    /// # Errors
    /// As [`Self::open_with`].
    pub async fn open(
        registration: Registration,
        owner: &OwnerDir,
        shutdown: CancellationToken,
    ) -> Result<Self, Error> {
        Self::open_with(RetentionPolicy::default(), registration, owner, shutdown).await
    }

    /// Opens the directories in the owner's data directory. One that takes jobs of others resumes those that an earlier
    /// scheduler left; the jobs of a [run](OwnerKind::Run) are its own.
    ///
    /// # Errors
    /// When a directory cannot be used or the database does not answer.
    pub async fn open_with(
        retention: RetentionPolicy,
        registration: Registration,
        owner: &OwnerDir,
        shutdown: CancellationToken,
    ) -> Result<Self, Error> {
        let store = registration.store();
        let data_dir = owner.data_dir();
        let artifacts = Arc::new(Artifacts::open(data_dir, retention.artifacts).await?);
        let configs = Arc::new(Configs::open(data_dir).await?);
        let env_files = Arc::new(EnvFiles::open(data_dir).await?);
        let (news, heard) = mpsc::channel(NEWS);
        let fleet = Arc::new(Fleet::new(news, LEASE));
        let tools = Tools {
            store: Arc::clone(&store),
            fleet: Arc::clone(&fleet),
            artifacts: Arc::clone(&artifacts),
            env_files,
            owner: owner.record().name.as_str().into(),
            epoch: registration.epoch(),
            shutdown: shutdown.clone(),
        };
        let (jobs, inbox) = JobService::new(tools, heard);
        // Before the first request, so that no client sees a job without a driver.
        let takes_jobs_of_others = owner.record().kind == OwnerKind::Scheduler;
        if takes_jobs_of_others {
            jobs.inherit().await?;
        }
        let api = Api {
            jobs,
            store,
            fleet,
            artifacts,
            configs,
            place: DataPlace {
                dir: data_dir.to_owned(),
                retention: retention.info(),
            },
            start_token: Uuid::new_v4().simple().to_string(),
            shutdown: CancellationToken::new(),
        };
        Ok(Self {
            api,
            retention,
            inbox,
            registration,
            takes_jobs_of_others,
            shutdown,
        })
    }

    /// Serves until the token given to [`Self::open_with`] is cancelled.
    ///
    /// # Errors
    /// When another scheduler has taken the database: this one has stopped its jobs and ends.
    pub async fn serve(self, listener: TcpListener) -> Result<(), Error> {
        let Self {
            api,
            retention,
            inbox,
            registration,
            takes_jobs_of_others,
            shutdown,
        } = self;
        let closing = api.shutdown.clone();
        let jobs = Arc::clone(&api.jobs);
        let background = TaskTracker::new();
        let until_closing = |task| {
            let closing = closing.clone();
            background.spawn(async move { closing.run_until_cancelled_owned(task).await });
        };
        until_closing(boxed(Arc::clone(&jobs).run(inbox)));
        until_closing(boxed(expire(Arc::clone(&api.fleet))));
        let (artifacts, store) = (Arc::clone(&api.artifacts), Arc::clone(&api.store));
        if takes_jobs_of_others {
            until_closing(boxed(watch_for_late_results(Arc::clone(&store))));
            let (store, epoch) = (Arc::clone(&store), registration.epoch());
            until_closing(boxed(take_over_dead_commands(store, epoch, Arc::clone(&jobs))));
        }
        until_closing(boxed(keep(retention, Arc::clone(&jobs), artifacts, store)));
        let agents = connect::AgentEndpoint {
            fleet: Arc::clone(&api.fleet),
            artifacts: Arc::clone(&api.artifacts),
            shutdown: closing.clone(),
        };
        let router = router(agents, api);
        let connections = TaskTracker::new();
        until_closing(boxed(accept(
            listener,
            router,
            connections.clone(),
            closing.clone(),
        )));
        tokio::select! {
            () = shutdown.cancelled() => tracing::info!("shutting down"),
            () = registration.lost().cancelled_owned() => {
                tracing::error!("another scheduler has taken over the results database: stopping the load");
                shutdown.cancel();
            }
        }
        if timeout(JOBS_LIMIT, jobs.drivers_ended()).await.is_err() {
            tracing::warn!("jobs did not end in time; the next scheduler closes them");
        }
        closing.cancel();
        connections.close();
        background.close();
        if timeout(CONNECTIONS_LIMIT, connections.wait()).await.is_err() {
            tracing::debug!("connections cut off");
        }
        background.wait().await;
        Ok(registration.release().await?)
    }
}

type Task = std::pin::Pin<Box<dyn Future<Output = ()> + Send>>;

fn boxed(task: impl Future<Output = ()> + Send + 'static) -> Task {
    Box::pin(task)
}

async fn expire(fleet: Arc<Fleet>) {
    let mut ticks = interval(EXPIRE_PERIOD);
    loop {
        ticks.tick().await;
        fleet.expire(monotonic_ns()).await;
    }
}

fn router(agents: connect::AgentEndpoint, api: Api) -> axum::Router {
    let fleet = FleetServer::new(agents)
        .max_decoding_message_size(MAX_MESSAGE_BYTES)
        .max_encoding_message_size(MAX_MESSAGE_BYTES);
    api::router(Arc::new(api))
        .route_service("/heavy.v1.Fleet/{method}", fleet)
        .layer(from_fn(guard::check))
}

async fn accept(
    listener: TcpListener,
    router: axum::Router,
    connections: TaskTracker,
    closing: CancellationToken,
) {
    let slots = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    loop {
        let slot = Arc::clone(&slots).acquire_owned().await;
        match listener.accept().await {
            Ok((stream, _)) => {
                let (router, closing) = (router.clone(), closing.clone());
                connections.spawn(async move {
                    connection(stream, router, closing).await;
                    drop(slot);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                // Out of descriptors, most likely: without a pause this would spin.
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

async fn connection(stream: TcpStream, router: axum::Router, closing: CancellationToken) {
    // Without it, small messages would wait for acknowledgements of earlier ones.
    let _ = stream.set_nodelay(true);
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADERS_LIMIT);
    builder
        .http2()
        .timer(TokioTimer::new())
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .max_concurrent_streams(MOST_STREAMS)
        .keep_alive_interval(KEEP_ALIVE)
        .keep_alive_timeout(KEEP_ALIVE_LIMIT);
    let connection = builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = closing.cancelled() => {
            connection.as_mut().graceful_shutdown();
            timeout(CONNECTIONS_LIMIT, connection).await.unwrap_or(Ok(()))
        }
    };
    if let Err(error) = ended {
        tracing::debug!(error, "connection ended");
    }
}

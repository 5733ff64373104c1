//! A scheduler, a collector, one agent and a demo shop in this process, on loopback ports.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use heavy_agent::command_line::SandboxArgs;
use heavy_demo_target::{Handle, Latency, Options, Target};
use heavy_process::data_dir::create_private;
use heavy_process::listen::bind;
use heavy_process::owners::{OwnerDir, OwnerKind};
use heavy_process::signals::Interrupts;
use heavy_sched::{Registration, RetentionPolicy, Scheduler};
use heavy_store::Store;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::data_location::DataLocation;
use crate::exit::CommandFailure;
use crate::output;
use crate::recovery;

/// Any free port.
const EPHEMERAL: &str = "127.0.0.1:0";

const AGENT: &str = "local";

/// A service that has not stopped after this long is aborted.
const STOP_LIMIT: Duration = Duration::from_secs(15);

/// The running services, until [`Local::stop`] or the end of the process.
#[derive(Debug)]
pub(crate) struct Local {
    /// The directory of these services, below the data directory.
    owner: OwnerDir,
    services: Services,
    store: Arc<dyn Store>,
    /// Runs the collector and the connections of the database.
    background: Background,
}

#[derive(Debug)]
struct Services {
    scheduler: SocketAddr,
    collector: SocketAddr,
    /// In the order in which they are stopped.
    running: Vec<EmbeddedService>,
    /// Cancelled when another scheduler has taken over the jobs of this process.
    lost: CancellationToken,
}

#[derive(Debug)]
struct EmbeddedService {
    shutdown: CancellationToken,
    task: JoinHandle<()>,
}

impl Local {
    /// Starts everything for the jobs of this command, such as `heavy run`. Any number of commands may share a data directory.
    pub(crate) async fn start(data: &DataLocation, command: &str) -> Result<Self, CommandFailure> {
        let listener = bind(EPHEMERAL, heavy_sched::LISTENS).await?;
        Self::start_as(data, OwnerKind::Run, command, listener).await
    }

    /// Starts everything for jobs of others, who reach the scheduler at `listen`.
    pub(crate) async fn start_scheduler(
        data: &DataLocation,
        command: &str,
        listen: &str,
    ) -> Result<Self, CommandFailure> {
        let listener = bind(listen, heavy_sched::LISTENS).await?;
        Self::start_as(data, OwnerKind::Scheduler, command, listener).await
    }

    async fn start_as(
        data: &DataLocation,
        kind: OwnerKind,
        command: &str,
        listener: TcpListener,
    ) -> Result<Self, CommandFailure> {
        let (dir, url, retention) = (data.data_dir()?, data.database_url()?, data.retention()?);
        create_private(&dir)?;
        let database = heavy_store::database_name(&url)?;
        let mut owner = OwnerDir::register(&dir, kind, command, database)?;
        let background = Background::start()?;
        let store = background.spawn(async move { heavy_store::open(&url).await });
        let started = async {
            let store = store.await.context("opening the database was aborted")??;
            let services = serve(listener, &store, &mut owner, &background, retention).await?;
            Ok::<_, CommandFailure>((services, store))
        };
        match Box::pin(started).await {
            Ok((services, store)) => Ok(Self {
                owner,
                services,
                store,
                background,
            }),
            Err(failure) => {
                let _ = owner.remove();
                Err(failure)
            }
        }
    }

    pub(crate) fn scheduler_url(&self) -> String {
        format!("http://{}", self.services.scheduler)
    }

    pub(crate) fn collector_url(&self) -> String {
        format!("http://{}", self.services.collector)
    }

    /// Waits until another scheduler has taken over the jobs of this process, which it may do after a long silence.
    pub(crate) async fn lost(&self) {
        self.services.lost.cancelled().await;
    }

    /// As [`Self::stop`], unless somebody does not want to wait for that.
    pub(crate) async fn stop_or_leave(self, interrupts: &mut Interrupts) {
        tokio::select! {
            () = self.stop() => {}
            () = interrupts.next() => output::note(
                "left before everything was stored: the next `heavy run` or `heavy up` on this data directory goes on with it",
            ),
        }
    }

    /// Stops the services, last started first, so that none loses its peer.
    pub(crate) async fn stop(self) {
        let Self {
            owner,
            services,
            store,
            background,
        } = self;
        for mut service in services.running {
            service.shutdown.cancel();
            if timeout(STOP_LIMIT, &mut service.task).await.is_err() {
                tracing::warn!("a service did not end in time");
                service.task.abort();
            }
        }
        let left = background.spawn(async move { recovery::leave(owner, &*store).await });
        // One that panics leaves the directory to the next command.
        let _ = left.await;
    }
}

/// Starts the services of an owner. What others have left is recovered before there is any load to disturb.
async fn serve(
    listener: TcpListener,
    store: &Arc<dyn Store>,
    owner: &mut OwnerDir,
    background: &Background,
    retention: RetentionPolicy,
) -> Result<Services, CommandFailure> {
    let (collecting, collector) = collector(background, Arc::clone(store)).await?;
    let url = format!("http://{collector}");
    let scheduler = address(&listener)?;
    let scheduler_url = format!("http://{scheduler}");
    let registration = Registration::of_command(store, owner, &scheduler_url).await?;
    recovery::recover(owner, &registration.store(), &url).await;
    let lost = registration.lost();
    let serving = scheduling(listener, registration, owner, retention).await?;
    owner.announce(&scheduler_url)?;
    let agent = agent(scheduler, collector, owner.agent_dir())?;
    Ok(Services {
        scheduler,
        collector,
        running: vec![agent, collecting, serving],
        lost,
    })
}

/// Threads of low priority: storing results must not delay iterations.
#[derive(Debug)]
struct Background {
    /// Taken on drop only.
    runtime: Option<Runtime>,
}

impl Background {
    fn start() -> Result<Self, CommandFailure> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("background")
            .on_thread_start(heavy_process::nice::yield_to_load)
            .enable_all()
            .build()?;
        Ok(Self {
            runtime: Some(runtime),
        })
    }

    fn spawn<T: Send + 'static>(&self, task: impl Future<Output = T> + Send + 'static) -> JoinHandle<T> {
        self.runtime
            .as_ref()
            .expect("is there until the drop")
            .spawn(task)
    }
}

impl Drop for Background {
    /// A runtime must not be waited for within another one.
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn collector(
    background: &Background,
    store: Arc<dyn Store>,
) -> Result<(EmbeddedService, SocketAddr), CommandFailure> {
    let listener = bind(EPHEMERAL, heavy_collector::LISTENS).await?;
    let address = address(&listener)?;
    let shutdown = CancellationToken::new();
    let stopped = shutdown.clone();
    let task = background.spawn(async move {
        if let Err(error) = heavy_collector::serve(listener, store, stopped).await {
            tracing::error!(%error, "the collector cannot serve");
        }
    });
    Ok((EmbeddedService { shutdown, task }, address))
}

async fn scheduling(
    listener: TcpListener,
    registration: Registration,
    owner: &OwnerDir,
    retention: RetentionPolicy,
) -> Result<EmbeddedService, CommandFailure> {
    let shutdown = CancellationToken::new();
    let scheduler = Box::pin(Scheduler::open_with(
        retention,
        registration,
        owner,
        shutdown.clone(),
    ))
    .await;
    let scheduler = scheduler.map_err(|error| CommandFailure::new(error.to_string()))?;
    Ok(EmbeddedService {
        shutdown,
        task: tokio::spawn(async move {
            if let Err(error) = scheduler.serve(listener).await {
                tracing::error!("{error}");
            }
        }),
    })
}

/// What agents read from the environment alone when a command embeds them.
#[derive(Debug, clap::Parser)]
struct AgentVariables {
    #[command(flatten)]
    sandbox: SandboxArgs,
}

fn agent(
    scheduler: SocketAddr,
    collector: SocketAddr,
    data_dir: PathBuf,
) -> Result<EmbeddedService, CommandFailure> {
    let variables: AgentVariables = heavy_process::variables::try_parse_from(["heavy"])
        .map_err(|error| CommandFailure::usage(error.to_string()))?;
    let mut config = heavy_agent::AgentConfig::new(
        AGENT,
        format!("http://{scheduler}"),
        format!("http://{collector}"),
        data_dir,
    );
    config.sandbox = variables.sandbox.options();
    let shutdown = CancellationToken::new();
    let stopped = shutdown.clone();
    let task = tokio::spawn(async move {
        if let Err(error) = heavy_agent::run(config, stopped).await {
            tracing::error!(%error, "the agent cannot run");
        }
    });
    Ok(EmbeddedService { shutdown, task })
}

fn address(listener: &TcpListener) -> Result<SocketAddr, CommandFailure> {
    Ok(listener.local_addr().context("cannot tell the address")?)
}

/// Starts the demo shop; it stops when dropped.
pub(crate) fn start_shop() -> Result<Handle, CommandFailure> {
    let listener = std::net::TcpListener::bind(EPHEMERAL).context("cannot listen for the demo shop")?;
    let options = Options {
        latency: Latency::Lifelike,
        ..Options::default()
    };
    Ok(Target::start(listener, options).context("cannot start the demo shop")?)
}

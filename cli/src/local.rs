//! A scheduler, a collector, one agent and a demo shop in this process, on loopback ports.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use heavy_demo_target::{Handle, Latency, Options, Target};
use heavy_process::data_dir::{self, DataDir};
use heavy_process::listen::bind;
use heavy_sched::Scheduler;
use heavy_store::Store;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::data_location::DataLocation;
use crate::exit::CommandFailure;

/// Any free port.
pub(crate) const EPHEMERAL: &str = "127.0.0.1:0";

const AGENT: &str = "local";

/// A service that has not stopped after this long is aborted.
const STOP_LIMIT: Duration = Duration::from_secs(15);

/// The running services, until [`Local::stop`] or the end of the process.
#[derive(Debug)]
pub(crate) struct Local {
    scheduler: SocketAddr,
    collector: SocketAddr,
    /// In the order in which they are stopped.
    services: Vec<EmbeddedService>,
    /// Runs the collector and the connections of the database.
    _background: Background,
}

#[derive(Debug)]
struct EmbeddedService {
    shutdown: CancellationToken,
    task: JoinHandle<()>,
}

impl Local {
    /// Starts everything; the scheduler listens on `listen`.
    pub(crate) async fn start(data: &DataLocation, listen: &str) -> Result<Self, CommandFailure> {
        let listener = bind(listen, heavy_sched::LISTENS).await?;
        let directory = data.data_dir()?;
        let data_dir = heavy_sched::open_data_dir(&directory).map_err(in_use)?;
        let background = Background::start()?;
        let url = data.database_url()?;
        let store = background.spawn(async move { heavy_store::open(&url).await });
        let store = store.await.context("opening the database was aborted")??;
        let (collecting, collector) = collector(&background, store.clone()).await?;
        let scheduler = address(&listener)?;
        let serving = scheduling(listener, store, data_dir).await?;
        let agent = agent(scheduler, collector, &directory);
        Ok(Self {
            scheduler,
            collector,
            services: vec![agent, collecting, serving],
            _background: background,
        })
    }

    pub(crate) fn scheduler_url(&self) -> String {
        format!("http://{}", self.scheduler)
    }

    pub(crate) fn collector_url(&self) -> String {
        format!("http://{}", self.collector)
    }

    /// Stops the services, last started first, so that none loses its peer.
    pub(crate) async fn stop(self) {
        for mut service in self.services {
            service.shutdown.cancel();
            if timeout(STOP_LIMIT, &mut service.task).await.is_err() {
                tracing::warn!("a service did not end in time");
                service.task.abort();
            }
        }
    }
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
    store: Arc<dyn Store>,
    data_dir: DataDir,
) -> Result<EmbeddedService, CommandFailure> {
    let shutdown = CancellationToken::new();
    let scheduler = Box::pin(Scheduler::open(store, data_dir, shutdown.clone())).await;
    let scheduler = scheduler.map_err(|error| CommandFailure::new(error.to_string()))?;
    Ok(EmbeddedService {
        shutdown,
        task: tokio::spawn(scheduler.serve(listener)),
    })
}

fn agent(scheduler: SocketAddr, collector: SocketAddr, directory: &Path) -> EmbeddedService {
    let directory = heavy_agent::data_dir_of(AGENT, directory);
    let config = heavy_agent::AgentConfig::new(
        AGENT,
        format!("http://{scheduler}"),
        format!("http://{collector}"),
        directory,
    );
    let shutdown = CancellationToken::new();
    let stopped = shutdown.clone();
    let task = tokio::spawn(async move {
        if let Err(error) = heavy_agent::run(config, stopped).await {
            tracing::error!(%error, "the agent cannot run");
        }
    });
    EmbeddedService { shutdown, task }
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

/// Explains a data directory that another process uses.
fn in_use(error: data_dir::Error) -> CommandFailure {
    let hint = match error {
        data_dir::Error::Locked { .. } => {
            "; if that process is `heavy up` or `heavy-sched serve`, add --scheduler http://127.0.0.1:7700 to use it"
        }
        data_dir::Error::Unusable { .. } | data_dir::Error::NoHome => "",
    };
    CommandFailure::new(error.to_string()).and(hint)
}

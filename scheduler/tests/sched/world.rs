//! A scheduler in this process, on an ephemeral port, a SQLite file and a folder of its own.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use heavy_api::operation::ListAgents;
use heavy_client::{JobHome as _, Program, Remote};
use heavy_load::span::Span;
use heavy_process::owners::{OwnerDir, OwnerKind};
use heavy_results::job::{AgentInfo, JobSpec, JobState, JobView};
use heavy_results::progress::Progress;
use heavy_sched::{LISTENS, Registration, Scheduler};
use heavy_store::Store;
use heavy_testkit::TempDir;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// No wait in these tests takes longer unless something is broken.
pub(crate) const LIMIT: Duration = Duration::from_secs(60);

/// A program that is on every Linux and small.
pub(crate) const PROGRAM: &str = "/bin/true";

pub(crate) struct World {
    pub(crate) dir: TempDir,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) addr: SocketAddr,
    pub(crate) remote: Remote,
    shutdown: CancellationToken,
    served: JoinHandle<()>,
}

impl World {
    pub(crate) async fn new() -> Self {
        let dir = TempDir::new("sched");
        let url = format!("sqlite://{}", dir.join("heavy.db").display());
        let store = heavy_store::open(&url).await.unwrap();
        Self::on(dir, store).await
    }

    /// A scheduler on what another one has left.
    pub(crate) async fn on(dir: TempDir, store: Arc<dyn Store>) -> Self {
        let listener = heavy_process::listen::bind("127.0.0.1:0", LISTENS).await.unwrap();
        let addr = listener.local_addr().unwrap();
        let owner = OwnerDir::register(dir.path(), OwnerKind::Scheduler, "test", String::new()).unwrap();
        let shutdown = CancellationToken::new();
        let registration = Registration::of_database(&store, &owner, &format!("http://{addr}")).await;
        let scheduler = Scheduler::open(registration.unwrap(), &owner, shutdown.clone()).await;
        let scheduler = scheduler.unwrap();
        let served = tokio::spawn(async move {
            scheduler.serve(listener).await.unwrap();
            drop(owner);
        });
        let remote = Remote::connect(&format!("http://{addr}")).await.unwrap();
        Self {
            dir,
            store,
            addr,
            remote,
            shutdown,
            served,
        }
    }

    /// Shuts the scheduler down and returns what it leaves.
    pub(crate) async fn end(self) -> (TempDir, Arc<dyn Store>) {
        self.shutdown.cancel();
        tokio::time::timeout(LIMIT, self.served).await.unwrap().unwrap();
        (self.dir, self.store)
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// A job of 100/s for 1 s with an uploaded program.
    pub(crate) async fn spec(&self) -> JobSpec {
        let program = Program::open(Path::new(PROGRAM)).unwrap();
        self.remote.upload(&program).await.unwrap();
        let mut spec = JobSpec::new(program.sha256, "100".parse().unwrap(), Span::from_s(1));
        spec.binary_name = program.name;
        spec
    }

    pub(crate) async fn agents(&self) -> Vec<AgentInfo> {
        self.remote.ask(ListAgents, "").await.unwrap()
    }

    pub(crate) async fn submit(&self, spec: &JobSpec) -> Uuid {
        self.remote.submit(spec).await.unwrap()
    }

    /// Waits until the job's progress is as wanted.
    pub(crate) async fn wait(&self, job: Uuid, what: &str, wanted: impl Fn(&Progress) -> bool) -> Progress {
        let waiting = async {
            let mut watch = self.remote.watch(&job.to_string(), None).await.unwrap();
            let mut last = None;
            while let Some(progress) = watch.next().await.unwrap() {
                if wanted(&progress) {
                    return progress;
                }
                last = Some(progress);
            }
            panic!("the job ended without {what}: {last:?}");
        };
        tokio::time::timeout(LIMIT, waiting)
            .await
            .unwrap_or_else(|_| panic!("waited too long for {what}"))
    }

    /// Waits for the job's end.
    pub(crate) async fn ended(&self, job: Uuid) -> JobView {
        self.wait(job, "a final state", |progress| progress.state.is_final())
            .await;
        self.remote.get(&job.to_string()).await.unwrap()
    }

    pub(crate) async fn in_state(&self, job: Uuid, state: JobState) {
        self.wait(job, state.as_str(), |progress| progress.state == state)
            .await;
    }
}

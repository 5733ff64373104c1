//! One agent, its scheduler and its collector.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use heavy_agent::{AgentConfig, Error};
use heavy_load::revision::Revision;
use heavy_load::span::Span;
use heavy_load::vocabulary::SandboxLevel;
use heavy_proto::v1;
use heavy_proto::v1::to_agent::Message as Heard;
use heavy_results::job::{JobSpec, WorkflowSpec};
use heavy_testkit::FaultProxy;
use serde_json::json;
use sha2::{Digest, Sha256};
use tempfile::TempDir;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::collector::{Collector, Delivered};
use crate::scheduler::{Scheduler, wall_ns};

/// No test should come near it, however busy the machine.
const PATIENCE: Duration = Duration::from_secs(40);

pub(crate) struct World {
    pub(crate) scheduler: Scheduler,
    pub(crate) collector: Collector,
    pub(crate) dir: TempDir,
    /// Where agents that start from now on find the scheduler.
    reached_at: SocketAddr,
    pub(crate) shutdown: CancellationToken,
    /// Whether load tests get no PID namespace.
    pub(crate) shares_pids: bool,
    /// The highest sandbox level of load tests.
    pub(crate) sandbox: SandboxLevel,
    agent: Option<JoinHandle<Result<(), Error>>>,
}

/// The path of the fixture, which cargo builds with the tests.
pub(crate) fn fixture() -> PathBuf {
    heavy_testkit::example("fixture")
}

impl World {
    pub(crate) async fn new() -> Self {
        let mut world = Self::without_agent().await;
        world.start_agent();
        world.registered(1).await;
        world
    }

    pub(crate) async fn without_agent() -> Self {
        let scheduler = Scheduler::start().await;
        Self {
            reached_at: scheduler.addr,
            scheduler,
            collector: Collector::start().await,
            dir: TempDir::new().expect("a temporary directory"),
            shutdown: CancellationToken::new(),
            shares_pids: false,
            sandbox: SandboxLevel::Files,
            agent: None,
        }
    }

    pub(crate) fn config(&self) -> AgentConfig {
        let url = |addr| format!("http://{addr}");
        let mut config = AgentConfig::new(
            "agent-1",
            url(self.reached_at),
            url(self.collector.addr),
            self.dir.path().join("agent"),
        );
        config.launcher.program = env!("CARGO_BIN_EXE_heavy-agent").into();
        config.sandbox.most = self.sandbox;
        if self.shares_pids {
            config.launcher.args.push("--shared-pids".into());
        }
        config
    }

    /// Puts a proxy between the scheduler and agents that start from now on.
    pub(crate) fn put_proxy(&mut self) -> FaultProxy {
        let proxy = FaultProxy::start(self.scheduler.addr);
        self.reached_at = proxy.addr();
        proxy
    }

    pub(crate) fn start_agent(&mut self) {
        self.shutdown = CancellationToken::new();
        let agent = heavy_agent::run(self.config(), self.shutdown.clone());
        self.agent = Some(tokio::spawn(agent));
    }

    pub(crate) async fn stop_agent(&mut self) {
        self.shutdown.cancel();
        let agent = self.agent.take().expect("an agent runs");
        agent.await.expect("it does not panic").expect("it ends well");
    }

    pub(crate) async fn registered(&self, times: usize) {
        let heard = self.scheduler.heard.subscribe();
        wait("a registration", heard, |heard| {
            heard.registrations.len() >= times
        })
        .await;
    }

    /// Submits a program and gives the assignment to the agent.
    pub(crate) async fn assign(&self, job: &str, program: &Path, spec: JobSpec) {
        let bytes = std::fs::read(program).expect("the program is there");
        let sha256: String = Sha256::digest(&bytes)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let binaries = &self.scheduler.binaries;
        binaries
            .lock()
            .expect("nobody panics")
            .insert(sha256.clone(), program.to_owned());
        let assign = v1::Assign {
            job: job.to_owned(),
            epoch: 1,
            spec: serde_json::to_string(&spec).expect("a spec is JSON"),
            artifact_sha256: sha256,
            artifact_bytes: bytes.len() as u64,
            artifact_name: "test".to_owned(),
            revision: revision(&spec),
            seat: 0,
            split_params: String::new(),
            artifact_dir: String::new(),
        };
        self.scheduler.say(Heard::Assign(assign)).await;
    }

    /// Starts a job a little later, as a scheduler does.
    pub(crate) async fn start(&self, job: &str) {
        let start = v1::Start {
            job: job.to_owned(),
            start_wall_ns: wall_ns() + 200_000_000,
        };
        self.scheduler.say(Heard::Start(start)).await;
    }

    pub(crate) async fn stop(&self, job: &str, grace: Duration, end_ns: u64) {
        let stop = v1::Stop {
            job: job.to_owned(),
            grace_ns: grace.as_nanos() as u64,
            end_ns,
        };
        self.scheduler.say(Heard::Stop(stop)).await;
    }

    /// Waits until the agent says that an assignment is in a state, and returns what it said.
    pub(crate) async fn state(&self, job: &str, state: v1::AssignmentState) -> v1::AssignmentUpdate {
        let is = |update: &v1::AssignmentUpdate| update.job == job && update.state() == state;
        let heard = self.scheduler.heard.subscribe();
        let heard = wait(state.as_str_name(), heard, |heard| {
            heard.updates.iter().any(|update| {
                let failed = update.job == job && update.state() == v1::AssignmentState::Failed;
                assert!(!failed || is(update), "{update:?}");
                is(update)
            })
        })
        .await;
        heard.updates.into_iter().find(is).expect("it was just there")
    }

    /// Assigns the fixture, starts it, waits for its end, and returns what was delivered.
    pub(crate) async fn run_fixture(&self, job: &str, spec: JobSpec) -> Delivered {
        self.assign(job, &fixture(), spec).await;
        self.state(job, v1::AssignmentState::Prepared).await;
        self.start(job).await;
        self.state(job, v1::AssignmentState::Finished).await;
        self.delivered(job)
    }

    pub(crate) fn delivered(&self, job: &str) -> Delivered {
        self.collector
            .stored
            .borrow()
            .jobs
            .get(job)
            .cloned()
            .unwrap_or_default()
    }

    /// Waits until everything of a job is delivered.
    pub(crate) async fn closed(&self, job: &str) -> Delivered {
        self.wait_delivered(job, "the closing and all rows", |delivered| {
            let closing = delivered.closing.as_ref();
            closing.is_some_and(|closing| closing.last_rows_sequence == delivered.last_rows_sequence)
        })
        .await
    }

    /// Waits until something is true of what a job has delivered.
    pub(crate) async fn wait_delivered(
        &self,
        job: &str,
        what: &str,
        condition: impl Fn(&Delivered) -> bool,
    ) -> Delivered {
        let stored = self.collector.stored.subscribe();
        let stored = wait(what, stored, |stored| {
            stored.jobs.get(job).is_some_and(&condition)
        })
        .await;
        stored.jobs[job].clone()
    }
}

/// Waits until something is true of a watched value.
pub(crate) async fn wait<T: Clone>(
    what: &str,
    mut receiver: watch::Receiver<T>,
    condition: impl FnMut(&T) -> bool,
) -> T {
    match tokio::time::timeout(PATIENCE, receiver.wait_for(condition)).await {
        Ok(Ok(value)) => value.clone(),
        _ => panic!("waited {PATIENCE:?} for {what}"),
    }
}

/// The first revision of a job with one agent.
fn revision(spec: &JobSpec) -> String {
    let revision = Revision::first(&spec.load(), [("agent-1".to_owned(), 1)]);
    serde_json::to_string(&revision).expect("a revision is JSON")
}

/// A job for the fixture.
pub(crate) fn spec(rate: &str, duration_ms: u64, mode: &str) -> JobSpec {
    let rate = rate.parse().expect("it is a rate");
    let mut spec = JobSpec::new("a".repeat(64), rate, Span::from_ns(duration_ms * 1_000_000));
    spec.workflows = vec![WorkflowSpec::new("one")];
    spec.params = json!({ "mode": mode, "at": 25 });
    spec
}

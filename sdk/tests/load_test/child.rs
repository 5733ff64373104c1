//! A load test as a child process, at the agent's end of its stdin and stdout.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child as Process, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use heavy_load::vocabulary::{Connections, WhenFull};
use heavy_plugin::codec;
use heavy_plugin::line::{DroppedLine, IterationLine, Line, MetricLine, RequestLine};
use heavy_plugin::rpc::{
    Anchor, LoadTestClient, Release, Setup, Stopped, WorkflowSetup, client_config, deadline_in,
};
use heavy_sdk::http::monotonic_ns;
use serde_json::Value;
use tarpc::context::Context;

/// Any wait of a test ends after this long, as a failure.
const LIMIT: Duration = Duration::from_secs(30);

/// The load test of the tests.
pub(crate) fn behaviours() -> PathBuf {
    heavy_testkit::example("behaviours")
}

/// A running load test.
pub(crate) struct Child {
    pub(crate) client: LoadTestClient,
    pub(crate) anchor: Anchor,
    connection: tokio::task::JoinHandle<()>,
    process: Process,
    lines: Arc<Lines>,
    stdout: JoinHandle<()>,
    stderr: JoinHandle<String>,
}

#[derive(Default)]
struct Lines {
    so_far: Mutex<Vec<String>>,
    more: Condvar,
}

/// What a load test left behind.
pub(crate) struct Leavings {
    pub(crate) status: ExitStatus,
    pub(crate) lines: Vec<String>,
    pub(crate) stderr: String,
}

impl Child {
    /// Spawns the load test as an agent does.
    pub(crate) fn spawn() -> Self {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let mut process = Command::new(behaviours())
            .env("HEAVY_RPC_FD", "0")
            .env("HEAVY_THREADS", "2")
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = Arc::new(Lines::default());
        let (stdout, of_reader) = (process.stdout.take().unwrap(), Arc::clone(&lines));
        let stdout = thread::spawn(move || {
            for line in BufReader::new(stdout).lines() {
                // Each write begins on a fresh line.
                let Some(line) = Some(line.unwrap()).filter(|line| !line.is_empty()) else {
                    continue;
                };
                of_reader.so_far.lock().unwrap().push(line);
                of_reader.more.notify_all();
            }
        });
        let mut pipe = process.stderr.take().unwrap();
        let stderr = thread::spawn(move || {
            let mut text = String::new();
            pipe.read_to_string(&mut text).unwrap();
            text
        });
        ours.set_nonblocking(true).unwrap();
        let transport = codec::transport(tokio::net::UnixStream::from_std(ours).unwrap());
        let new = LoadTestClient::new(client_config(), transport);
        let connection = tokio::spawn(async move {
            // How the connection ends is seen by the calls.
            let _ = new.dispatch.await;
        });
        let anchor = Anchor {
            monotonic_ns: monotonic_ns(),
            wall_ns: 1_800_000_000_000_000_000,
        };
        Self {
            client: new.client,
            anchor,
            connection,
            process,
            lines,
            stdout,
            stderr,
        }
    }

    /// Spawns the load test and prepares one workflow.
    pub(crate) async fn prepared(workflow: &str, params: Value) -> Self {
        Self::prepared_with(workflow, params, |_| ()).await
    }

    /// The same with a setup that is changed first.
    pub(crate) async fn prepared_with(
        workflow: &str,
        params: Value,
        change: impl FnOnce(&mut Setup),
    ) -> Self {
        let mut child = Self::spawn();
        let mut setup = child.setup(workflow, params);
        change(&mut setup);
        child.anchor = setup.anchor;
        child.client.prepare(deadline(), setup).await.unwrap().unwrap();
        child
    }

    /// A setup for one workflow.
    pub(crate) fn setup(&self, workflow: &str, params: Value) -> Setup {
        Setup {
            job: "job".to_owned(),
            agent: "agent".to_owned(),
            agent_index: 4,
            agents: 5,
            workflows: vec![WorkflowSetup {
                name: workflow.to_owned(),
                params,
                ..WorkflowSetup::default()
            }],
            env: BTreeMap::new(),
            anchor: self.anchor,
            max_in_flight: 64,
            when_full: WhenFull::Drop,
            timeout_ns: None,
            connections: Connections::Shared,
            traceparent: false,
        }
    }

    /// Releases iterations from 0 that are due now.
    pub(crate) async fn run_now(&self, workflow: &str, count: u64) {
        let now_ns = monotonic_ns() - self.anchor.monotonic_ns;
        self.release(workflow, (0..count).map(|n| (n, now_ns)).collect())
            .await;
    }

    /// Releases iterations.
    pub(crate) async fn release(&self, workflow: &str, due: Vec<(u64, u64)>) {
        let expected = due.len() as u64;
        let release = Release {
            workflow: workflow.to_owned(),
            due,
            ..Release::default()
        };
        let accepted = self.client.run(deadline(), release).await.unwrap().unwrap();
        assert_eq!(accepted.accepted, expected);
    }

    /// Waits until this number of iterations run.
    pub(crate) async fn running(&self, workflow: &str, count: u32) {
        let wait = async {
            loop {
                let release = Release {
                    workflow: workflow.to_owned(),
                    due: Vec::new(),
                    ..Release::default()
                };
                if self
                    .client
                    .run(deadline(), release)
                    .await
                    .unwrap()
                    .unwrap()
                    .in_flight
                    == count
                {
                    return;
                }
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(LIMIT, wait)
            .await
            .expect("the iterations run");
    }

    /// Waits for a line with this text in it.
    pub(crate) fn wait_for_line(&self, text: &str) {
        let lines = self.lines.so_far.lock().unwrap();
        let absent = |lines: &mut Vec<String>| !lines.iter().any(|line| line.contains(text));
        let (lines, waited) = self.lines.more.wait_timeout_while(lines, LIMIT, absent).unwrap();
        assert!(!waited.timed_out(), "no line with {text:?} among {lines:#?}");
    }

    pub(crate) async fn stop(&self, grace: Duration) -> Stopped {
        self.client
            .stop(deadline(), grace.as_nanos() as u64)
            .await
            .unwrap()
    }

    /// Stops with ample grace, cleans up, closes the socket, and waits for the process to exit.
    pub(crate) async fn finish(self) -> Leavings {
        self.stop(LIMIT).await;
        self.client.cleanup(deadline()).await.unwrap().unwrap();
        self.leave().await
    }

    /// Closes the socket and waits for the process to exit.
    pub(crate) async fn leave(mut self) -> Leavings {
        self.connection.abort();
        drop(self.client);
        let _ = self.connection.await;
        let exit = tokio::task::spawn_blocking(move || {
            let status = self.process.wait().unwrap();
            self.stdout.join().unwrap();
            (status, self.stderr.join().unwrap())
        });
        let (status, stderr) = tokio::time::timeout(LIMIT, exit)
            .await
            .expect("the process exits")
            .unwrap();
        let lines = std::mem::take(&mut *self.lines.so_far.lock().unwrap());
        Leavings {
            status,
            lines,
            stderr,
        }
    }
}

/// A deadline that no call of these tests meets.
pub(crate) fn deadline() -> Context {
    deadline_in(2 * LIMIT)
}

impl Leavings {
    pub(crate) fn iterations(&self) -> Vec<IterationLine<'_>> {
        let lines = self.results().filter_map(|line| match line {
            Line::Iteration(line) => Some(line),
            Line::Request(_) | Line::Dropped(_) | Line::Metric(_) | Line::Log(_) => None,
        });
        let mut lines: Vec<_> = lines.collect();
        lines.sort_by_key(|line| line.iteration);
        lines
    }

    pub(crate) fn requests(&self) -> Vec<RequestLine<'_>> {
        let lines = self.results().filter_map(|line| match line {
            Line::Request(line) => Some(line),
            Line::Iteration(_) | Line::Dropped(_) | Line::Metric(_) | Line::Log(_) => None,
        });
        lines.collect()
    }

    pub(crate) fn dropped(&self) -> Vec<DroppedLine<'_>> {
        let lines = self.results().filter_map(|line| match line {
            Line::Dropped(line) => Some(line),
            Line::Iteration(_) | Line::Request(_) | Line::Metric(_) | Line::Log(_) => None,
        });
        lines.collect()
    }

    pub(crate) fn metrics(&self, name: &str) -> Vec<MetricLine<'_>> {
        let lines = self.results().filter_map(|line| match line {
            Line::Metric(line) if line.name == name => Some(line),
            _ => None,
        });
        lines.collect()
    }

    /// What the load test printed, as lines of its log.
    pub(crate) fn printed(&self) -> Vec<String> {
        let lines = self.results().filter_map(|line| match line {
            Line::Log(line) => Some(line.text.into_owned()),
            _ => None,
        });
        lines.collect()
    }

    /// Every line after the hello is a result or log output.
    fn results(&self) -> impl Iterator<Item = Line<'_>> {
        let lines = self.lines.iter().skip(1);
        lines.map(|line| Line::decode(line.as_bytes()).unwrap_or_else(|reason| panic!("{reason:?}: {line}")))
    }
}

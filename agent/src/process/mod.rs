//! A load test's process: spawned under a supervisor ([`crate::launch`]), watched through it, ended with all its children.

pub(crate) mod control;
pub(crate) mod exit;
pub(crate) mod leftovers;
mod spawn;
pub(crate) mod table;
pub(crate) mod usage;

use std::io::{self, BufRead, BufReader, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, ChildStderr, ChildStdout};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::sync::{oneshot, watch};
use tokio::task::spawn_blocking;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use control::{CANNOT_RUN, KILL, LET_GO, SupervisorReport};
use exit::Exit;
pub(crate) use spawn::SpawnOrder;
pub use spawn::{LOAD_TEST_DIRECTORIES, LOAD_TEST_ENVIRONMENT};

/// What a load test's output may wait in, unread, before its writing blocks.
const PIPE_BYTES: usize = 1 << 20;

/// How long a load test may take to exit by itself after its socket was closed, before it is killed.
const EXIT_GRACE: Duration = Duration::from_millis(700);

/// How long a supervisor may take to do what it is told, before it is killed itself.
const SUPERVISOR_LIMIT: Duration = Duration::from_secs(8);

/// The stages of ending a process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Life {
    Running,
    /// It has exited; children of it may be left.
    Exited(Exit),
    /// It and all its children are gone.
    Gone(Exit),
}

impl Life {
    /// How it exited, once it has.
    pub(crate) fn exit(&self) -> Option<&Exit> {
        match self {
            Self::Running => None,
            Self::Exited(exit) | Self::Gone(exit) => Some(exit),
        }
    }
}

/// A spawned load test. Dropping it kills it with all its children at once.
#[derive(Debug)]
pub(crate) struct LoadTestProcess {
    id: String,
    supervisor: SupervisorHandle,
    life: watch::Receiver<Life>,
    /// Cancelled when the supervisor has ended.
    over: CancellationToken,
}

/// The agent's end of the control socket.
#[derive(Debug, Clone)]
pub(crate) struct SupervisorHandle {
    socket: Arc<UnixStream>,
    id: Pid,
}

impl SupervisorHandle {
    /// Has the load test killed.
    pub(crate) fn kill(&self) {
        self.say(KILL);
    }

    fn say(&self, byte: u8) {
        // One that has ended needs to hear nothing.
        let _ = (&*self.socket).write_all(&[byte]);
    }
}

/// The agent's ends of what connects it with a load test.
#[derive(Debug)]
pub(crate) struct Ends {
    pub(crate) rpc: UnixStream,
    pub(crate) stdout: ChildStdout,
    pub(crate) stderr: ChildStderr,
}

impl LoadTestProcess {
    pub(crate) async fn spawn(order: SpawnOrder) -> io::Result<(Self, Ends)> {
        let (mut process, ends, started) = spawn_blocking(move || Self::start(&order))
            .await
            .map_err(io::Error::other)??;
        // Without an id it has ended, which shows where its life is watched.
        process.id = started.await.map(|id| id.to_string()).unwrap_or_default();
        Ok((process, ends))
    }

    /// The receiver gets the load test's process id.
    fn start(order: &SpawnOrder) -> io::Result<(Self, Ends, oneshot::Receiver<u32>)> {
        let (rpc, theirs) = UnixStream::pair()?;
        rpc.set_nonblocking(true)?;
        let (socket, supervisors) = UnixStream::pair()?;
        let reports = socket.try_clone()?;
        let mut child = spawn::spawn(order, supervisors)?;
        let stdout = child.stdout.take().expect("stdout is piped");
        let stderr = child.stderr.take().expect("stderr is piped");
        widen(&stdout);
        widen(&stderr);
        let (life_sender, life) = watch::channel(Life::Running);
        let (started_sender, started) = oneshot::channel();
        let over = CancellationToken::new();
        let process = Self {
            id: String::new(),
            supervisor: SupervisorHandle {
                socket: Arc::new(socket),
                id: Pid::from_child(&child),
            },
            life,
            over: over.clone(),
        };
        // One that does not get them has ended.
        let sent = [OwnedFd::from(theirs)];
        let _ = control::send(
            &process.supervisor.socket,
            [sent[0].as_fd(), stdout.as_fd(), stderr.as_fd()],
        );
        let watch = SupervisorWatch {
            child,
            dir: order.dir.clone(),
            life: life_sender,
            started: Some(started_sender),
        };
        thread::Builder::new().name("wait".into()).spawn(move || {
            watch.see_off(reports);
            over.cancel();
        })?;
        let ends = Ends { rpc, stdout, stderr };
        Ok((process, ends, started))
    }

    /// Its process id.
    pub(crate) fn id(&self) -> String {
        self.id.clone()
    }

    pub(crate) fn life(&self) -> watch::Receiver<Life> {
        self.life.clone()
    }

    pub(crate) fn supervisor(&self) -> SupervisorHandle {
        self.supervisor.clone()
    }

    /// Ends it and its children: by itself if its socket is closed, then killed. Returns when all are gone.
    pub(crate) async fn end(&self) {
        let mut life = self.life();
        let exited = life.wait_for(|life| life.exit().is_some());
        if timeout(EXIT_GRACE, exited).await.is_err() {
            self.supervisor.kill();
        }
        self.gone().await;
    }

    /// Kills it and its children; returns when all are gone.
    pub(crate) async fn kill(self) {
        self.supervisor.kill();
        self.gone().await;
        self.let_go().await;
    }

    /// Ends its supervisor too: nothing that it wrote is needed any more, or all of it is read.
    pub(crate) async fn let_go(self) {
        self.supervisor.say(LET_GO);
        if timeout(SUPERVISOR_LIMIT, self.over.cancelled()).await.is_err() {
            self.kill_supervisor();
            self.over.cancelled().await;
        }
    }

    async fn gone(&self) {
        let mut life = self.life();
        let gone = life.wait_for(|life| matches!(life, Life::Gone(_)));
        if timeout(SUPERVISOR_LIMIT, gone).await.is_err() {
            tracing::error!("the supervisor of a load test does not answer and is killed");
            self.kill_supervisor();
            self.over.cancelled().await;
        }
    }

    fn kill_supervisor(&self) {
        // Its id cannot have been given to others before it was waited for.
        if !self.over.is_cancelled() {
            let _ = kill_process(self.supervisor.id, Signal::KILL);
        }
    }
}

impl Drop for LoadTestProcess {
    fn drop(&mut self) {
        self.supervisor.kill();
        self.supervisor.say(LET_GO);
    }
}

/// Widening fails where a user's pipes take too much memory already; the load test then blocks earlier.
fn widen(pipe: impl AsFd) {
    if let Err(error) = rustix::pipe::fcntl_setpipe_size(pipe, PIPE_BYTES) {
        tracing::debug!(%error, "cannot widen a pipe");
    }
}

struct SupervisorWatch {
    child: Child,
    dir: PathBuf,
    life: watch::Sender<Life>,
    started: Option<oneshot::Sender<u32>>,
}

impl SupervisorWatch {
    /// Follows what the supervisor reports to its end.
    fn see_off(mut self, reports: UnixStream) {
        for line in BufReader::new(reports).lines().map_while(Result::ok) {
            match SupervisorReport::parse(&line) {
                Some(SupervisorReport::Running { id, owns_namespace }) => {
                    tracing::debug!(id, owns_namespace, "a load test runs");
                    let _ = self.started.take().map(|started| started.send(id));
                }
                Some(SupervisorReport::Exited(exit)) => drop(self.life.send(Life::Exited(exit))),
                Some(SupervisorReport::Gone) => {
                    let exit = self.life.borrow().exit().cloned().unwrap_or_default();
                    let _ = self.life.send(Life::Gone(exit));
                }
                None => tracing::warn!(line, "a supervisor reports what this agent does not know"),
            }
        }
        let status = self.child.wait();
        if !matches!(*self.life.borrow(), Life::Gone(_)) {
            // It ended too early, and could not see to it.
            leftovers::kill_below(&self.dir);
            let status = status.ok().and_then(|status| status.code());
            let exit = match status.filter(|status| *status == i32::from(CANNOT_RUN)) {
                Some(status) => Exit::Status(status),
                None => Exit::Vanished("its supervisor has ended".to_owned()),
            };
            let exit = self.life.borrow().exit().cloned().unwrap_or(exit);
            let _ = self.life.send(Life::Gone(exit));
        }
    }
}

//! A load test's process: spawned with its RPC socket as stdin, watched without signals, ended with its whole group.

mod spawner;
pub(crate) mod usage;

use std::fmt;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, ChildStderr, ChildStdout};
use std::thread;
use std::time::Duration;

use rustix::process::{
    Pid, Signal, WaitId, WaitIdOptions, WaitIdStatus, kill_process_group, test_kill_process_group, waitid,
};
use tokio::sync::watch;

pub use spawner::LOAD_TEST_ENVIRONMENT;
pub(crate) use spawner::{SpawnOrder, Spawner};

/// What a load test's output may wait in, unread, before its writing blocks.
const PIPE_BYTES: usize = 1 << 20;

/// How long a load test may take to exit by itself after its socket was closed, and then after it was asked to.
const EXIT_GRACE: Duration = Duration::from_secs(2);

/// How long a killed group may take to vanish before it is left alone.
const VANISH_STEPS: u32 = 1000;
const VANISH_STEP: Duration = Duration::from_millis(2);

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Exit {
    /// By itself, with a status.
    Status(i32),
    Signal(i32),
    /// Unseen, for this reason.
    Vanished(String),
    /// The system did not tell.
    #[default]
    Unknown,
}

impl From<&WaitIdStatus> for Exit {
    fn from(status: &WaitIdStatus) -> Self {
        match (status.exit_status(), status.terminating_signal()) {
            (Some(code), _) => Self::Status(code),
            (None, Some(signal)) => Self::Signal(signal),
            (None, None) => Self::Unknown,
        }
    }
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(code) => write!(f, "exited with status {code}"),
            Self::Signal(signal) => {
                let name = match signal {
                    6 => " (aborted)",
                    9 => " (killed; out of memory?)",
                    11 => " (segmentation fault)",
                    15 => " (terminated)",
                    _ => "",
                };
                write!(f, "died of signal {signal}{name}")
            }
            Self::Vanished(error) => write!(f, "vanished ({error})"),
            Self::Unknown => f.write_str("ended"),
        }
    }
}

/// The stages of ending a process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Life {
    Running,
    /// It has exited; others of its group may be left.
    Exited(Exit),
    /// It and its group are gone.
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

/// A spawned load test. Dropping it kills its group at once.
#[derive(Debug)]
pub(crate) struct LoadTestProcess {
    group: Pid,
    life: watch::Receiver<Life>,
}

/// The agent's ends of what connects it with a load test.
#[derive(Debug)]
pub(crate) struct Ends {
    pub(crate) rpc: UnixStream,
    pub(crate) stdout: ChildStdout,
    pub(crate) stderr: ChildStderr,
}

impl LoadTestProcess {
    pub(crate) async fn spawn(spawner: &Spawner, program: &Path, dir: &Path) -> io::Result<(Self, Ends)> {
        let (ours, theirs) = UnixStream::pair()?;
        ours.set_nonblocking(true)?;
        let mut child = spawner
            .spawn(SpawnOrder {
                program: program.to_owned(),
                dir: dir.to_owned(),
                rpc: OwnedFd::from(theirs),
            })
            .await?;
        let stdout = child.stdout.take().expect("stdout is piped");
        let stderr = child.stderr.take().expect("stderr is piped");
        widen(&stdout);
        widen(&stderr);
        let group = Pid::from_child(&child);
        let (sender, life) = watch::channel(Life::Running);
        thread::Builder::new()
            .name("wait".into())
            .spawn(move || see_off(child, group, &sender))?;
        let process = Self { group, life };
        Ok((
            process,
            Ends {
                rpc: ours,
                stdout,
                stderr,
            },
        ))
    }

    /// Its process id, which is its group's too.
    pub(crate) fn id(&self) -> String {
        self.group.as_raw_nonzero().to_string()
    }

    pub(crate) fn life(&self) -> watch::Receiver<Life> {
        self.life.clone()
    }

    /// Ends it and its group: by itself if its socket is closed, then asked, then killed. Returns when all are gone.
    pub(crate) async fn end(self) {
        let mut life = self.life();
        for signal in [None, Some(Signal::TERM), Some(Signal::KILL)] {
            if let Some(signal) = signal {
                let _ = kill_process_group(self.group, signal);
            }
            let exited = life.wait_for(|life| life.exit().is_some());
            if tokio::time::timeout(EXIT_GRACE, exited).await.is_ok() {
                break;
            }
        }
        let _ = life.wait_for(|life| matches!(life, Life::Gone(_))).await;
    }

    /// Kills it and its group; returns when all are gone.
    pub(crate) async fn kill(self) {
        let mut life = self.life();
        drop(self);
        let _ = life.wait_for(|life| matches!(life, Life::Gone(_))).await;
    }
}

impl Drop for LoadTestProcess {
    fn drop(&mut self) {
        // Until the waiting thread has reaped it, its id cannot have been given to others.
        if matches!(*self.life.borrow(), Life::Running) {
            let _ = rustix::process::kill_process(self.group, Signal::KILL);
            let _ = kill_process_group(self.group, Signal::KILL);
        }
    }
}

/// Widening fails where a user's pipes take too much memory already; the load test then blocks earlier.
fn widen(pipe: impl AsFd) {
    if let Err(error) = rustix::pipe::fcntl_setpipe_size(pipe, PIPE_BYTES) {
        tracing::debug!(%error, "cannot widen a pipe");
    }
}

/// Waits for the exit, kills what is left of the group, and only then reaps: the unreaped leader keeps the group's id
/// from being given to others.
fn see_off(mut child: Child, group: Pid, life: &watch::Sender<Life>) {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
    let exit = loop {
        match waitid(WaitId::Pid(group), options) {
            Ok(Some(status)) => break Exit::from(&status),
            Ok(None) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => break Exit::Vanished(error.to_string()),
        }
    };
    let _ = life.send(Life::Exited(exit.clone()));
    let _ = kill_process_group(group, Signal::KILL);
    let _ = child.wait();
    for _ in 0..VANISH_STEPS {
        if test_kill_process_group(group).is_err() {
            break;
        }
        thread::sleep(VANISH_STEP);
    }
    let _ = life.send(Life::Gone(exit));
}

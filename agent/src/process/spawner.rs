//! The one thread that spawns load tests. A child's death signal fires when the *thread* that made it ends, so it
//! must be a thread that lives as long as the agent, and not one of a pool.

use std::io;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

use tokio::sync::oneshot;

use crate::config::Launcher;

/// The variables of its environment that an agent passes to load tests.
pub const LOAD_TEST_ENVIRONMENT: [&str; 11] = [
    "PATH",
    "HOME",
    "USER",
    "LANG",
    "LC_ALL",
    "TZ",
    "TMPDIR",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "RUST_BACKTRACE",
    "RUST_LOG",
];

/// More load tests than this are never spawned at once.
const QUEUE: usize = 16;

#[derive(Debug)]
pub(crate) struct SpawnOrder {
    pub(crate) program: PathBuf,
    /// Its working directory, which it shares with nobody.
    pub(crate) dir: PathBuf,
    pub(crate) rpc: OwnedFd,
}

/// A handle to the thread. When the last one is dropped the thread ends, and with it every load test.
#[derive(Debug, Clone)]
pub(crate) struct Spawner {
    orders: SyncSender<(SpawnOrder, oneshot::Sender<io::Result<Child>>)>,
}

impl Spawner {
    pub(crate) fn start(launcher: Launcher) -> io::Result<(Self, JoinHandle<()>)> {
        let (orders, receiver) = sync_channel(QUEUE);
        let thread = thread::Builder::new()
            .name("spawner".into())
            .spawn(move || serve(&launcher, &receiver))?;
        Ok((Self { orders }, thread))
    }

    pub(crate) async fn spawn(&self, order: SpawnOrder) -> io::Result<Child> {
        let (reply, answer) = oneshot::channel();
        self.orders
            .try_send((order, reply))
            .map_err(|_| io::Error::other("too many load tests are being spawned at once"))?;
        answer
            .await
            .map_err(|_| io::Error::other("the spawning thread is gone"))?
    }
}

type SpawnOrders = Receiver<(SpawnOrder, oneshot::Sender<io::Result<Child>>)>;

fn serve(launcher: &Launcher, orders: &SpawnOrders) {
    while let Ok((order, reply)) = orders.recv() {
        if let Err(Ok(mut orphan)) = reply.send(spawn(launcher, order)) {
            // Nobody waits for it any more.
            let _ = orphan.kill();
            let _ = orphan.wait();
        }
    }
}

fn spawn(launcher: &Launcher, order: SpawnOrder) -> io::Result<Child> {
    let mut command = Command::new(&launcher.program);
    command
        .args(&launcher.args)
        .arg(std::process::id().to_string())
        .arg("--")
        .arg(&order.program)
        .env_clear()
        .env(heavy_plugin::ENV_RPC_FD, "0")
        .current_dir(&order.dir)
        .stdin(Stdio::from(order.rpc))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    for name in LOAD_TEST_ENVIRONMENT {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    command.spawn()
}

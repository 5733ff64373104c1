//! Starts the supervisor of a load test, and with it the load test.

use std::ffi::OsStr;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use super::leftovers::ENV_ASSIGNMENT;
use crate::config::Launcher;
use crate::sandbox::LaunchSandbox;

/// The variables of its environment that an agent passes to load tests.
pub const LOAD_TEST_ENVIRONMENT: [&str; 9] = [
    "PATH",
    "USER",
    "LANG",
    "LC_ALL",
    "TZ",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "RUST_BACKTRACE",
    "RUST_LOG",
];

/// The variables that name the load test's own directory: what it puts there is removed with it.
pub const LOAD_TEST_DIRECTORIES: [&str; 2] = ["HOME", "TMPDIR"];

/// What is to be run.
#[derive(Debug)]
pub(crate) struct SpawnOrder {
    pub(crate) launcher: Launcher,
    pub(crate) program: PathBuf,
    /// Its working directory, which it shares with nobody.
    pub(crate) dir: PathBuf,
    /// Where the output goes that it writes when the agent is gone.
    pub(crate) journal: PathBuf,
    pub(crate) sandbox: LaunchSandbox,
}

/// Starts the supervisor, which waits at its end of the control socket for the load test's descriptors.
pub(super) fn spawn(order: &SpawnOrder, control: UnixStream) -> io::Result<Child> {
    let mut command = Command::new(&order.launcher.program);
    command
        .args(&order.launcher.args)
        .args(["--journal".as_ref(), order.journal.as_os_str()])
        .args(["--dir".as_ref(), order.dir.as_os_str()])
        .args(order.sandbox.options())
        .args(["guard", "--"].map(OsStr::new))
        .arg(&order.program)
        .env_clear()
        .env(heavy_plugin::ENV_RPC_FD, "0")
        .env(ENV_ASSIGNMENT, &order.dir)
        .current_dir(&order.dir)
        .stdin(Stdio::from(OwnedFd::from(control)))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    for name in LOAD_TEST_ENVIRONMENT {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    for name in LOAD_TEST_DIRECTORIES {
        command.env(name, &order.dir);
    }
    command.spawn()
}

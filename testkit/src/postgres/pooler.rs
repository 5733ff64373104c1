//! PgBouncer in front of a cluster: each transaction may get another connection.

use std::os::unix::fs::chown;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::locate::account;
use super::{Database, PASSWORD, Postgres, START_LIMIT, USER, as_account};
use crate::port::free_port;
use crate::process::Process;
use crate::temp::TempDir;

/// A running PgBouncer in transaction mode; ended on drop.
#[derive(Debug)]
pub struct Pooler {
    _process: Process,
    _folder: TempDir,
    port: u16,
}

impl Pooler {
    /// Starts one in front of a cluster. It refuses the settings of sessions that it does not know, or ignores those named.
    ///
    /// # Panics
    /// When PgBouncer is not installed or does not start.
    pub fn start(postgres: &Postgres, ignoring: &str) -> Self {
        let folder = TempDir::new("pooler");
        let port = free_port();
        let config = folder.join("pgbouncer.ini");
        let settings = format!(
            "[databases]\n* = host=127.0.0.1 port={} user={USER} password={PASSWORD}\n[pgbouncer]\n\
             listen_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\nauth_type = any\n\
             pool_mode = transaction\ndefault_pool_size = 3\nmax_client_conn = 200\nignore_startup_parameters = {ignoring}\n",
            postgres.port()
        );
        std::fs::write(&config, settings).expect("the temporary directory is writable");
        if let Some(account) = account() {
            for path in [folder.path(), &config] {
                chown(path, Some(account.uid), Some(account.gid))
                    .expect("root may change the owner of a file");
            }
        }
        let log = std::fs::File::create(folder.join("log")).expect("the temporary directory is writable");
        let mut command = as_account(program(), account());
        command
            .arg(&config)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log);
        let mut process = Process::spawn(&mut command, Signal::KILL).expect("PgBouncer can be run");
        let deadline = Instant::now() + START_LIMIT;
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            let ended = process.wait_until(Instant::now() + Duration::from_millis(10));
            let log = || std::fs::read_to_string(folder.join("log")).unwrap_or_default();
            assert!(
                ended.is_none() && Instant::now() < deadline,
                "PgBouncer did not start\n{}",
                log()
            );
        }
        Self {
            _process: process,
            _folder: folder,
            port,
        }
    }

    /// The one of this test process, in front of its cluster.
    pub fn shared() -> &'static Self {
        static SHARED: std::sync::OnceLock<Pooler> = std::sync::OnceLock::new();
        SHARED.get_or_init(|| Self::start(Postgres::shared(), ""))
    }

    /// The URL of a database through the pooler.
    pub fn url(&self, database: &Database) -> String {
        format!(
            "postgres://{USER}:{PASSWORD}@127.0.0.1:{}/{}",
            self.port,
            database.name()
        )
    }
}

/// `PATH` of an account often lacks it.
fn program() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin".into()])
        .map(|folder| folder.join("pgbouncer"))
        .find(|program| program.is_file())
        .expect("no PgBouncer: run `scripts/test` as root, or install the package pgbouncer")
}

//! A throwaway Postgres cluster: real, on a free loopback port, without durability, gone with the test.

mod faults;
mod locate;
mod pooler;
mod replica;
mod wire;

use std::fs::Permissions;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::port::free_port;
use crate::process::Process;
use crate::temp::TempDir;
use locate::{Account, account, bin_folder};
use wire::Connection;

pub use pooler::Pooler;
pub use wire::Row;

/// The superuser of the cluster and its password over TCP.
const USER: &str = "heavy";
const PASSWORD: &str = "heavy-test-only";
const START_LIMIT: Duration = Duration::from_secs(60);
/// Another process may take the port between our look and the server's.
const START_TRIES: usize = 3;

/// A running cluster; stopped and removed on drop.
#[derive(Debug)]
pub struct Postgres {
    // Before the folder, so that it has ended when the folder is removed. None while it is killed.
    process: Option<Process>,
    folder: TempDir,
    port: u16,
}

impl Postgres {
    /// The cluster of this test process, started when first asked for (about 0.7 s) and ended with it.
    ///
    /// # Panics
    /// As [`Postgres::start`].
    pub fn shared() -> &'static Postgres {
        static SHARED: OnceLock<Postgres> = OnceLock::new();
        SHARED.get_or_init(Postgres::start)
    }

    /// Starts a cluster of its own, for tests that stop or break it.
    ///
    /// # Panics
    /// When Postgres is not installed or does not start; the message says what to do.
    pub fn start() -> Postgres {
        let bin = bin_folder();
        let account = account();
        let folder = TempDir::new("pg");
        if let Some(account) = account {
            chown(folder.path(), Some(account.uid), Some(account.gid))
                .expect("root may change the owner of a directory");
        }
        initialise(&bin, account, folder.path());
        let mut tries = 1;
        loop {
            let port = free_port();
            match Postgres::serve(&bin, account, &folder, port) {
                Ok(process) => {
                    return Postgres {
                        process: Some(process),
                        folder,
                        port,
                    };
                }
                Err(_) if tries < START_TRIES => tries += 1,
                Err(log) => panic!("Postgres did not start\n{log}"),
            }
        }
    }

    /// Creates a fresh empty database.
    ///
    /// # Panics
    /// When the cluster does not answer.
    pub fn database(&self) -> Database {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let name = format!("test_{}", NEXT.fetch_add(1, Ordering::Relaxed));
        self.connect("postgres")
            .query(&format!("CREATE DATABASE {name}"))
            .expect("the name is new");
        let url = format!("postgres://{USER}:{PASSWORD}@127.0.0.1:{}/{name}", self.port);
        Database {
            url,
            name,
            socket: self.socket(),
        }
    }

    /// The TCP port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    fn connect(&self, database: &str) -> Connection {
        connect(&self.socket(), database)
    }

    fn socket(&self) -> PathBuf {
        socket(self.folder.path(), self.port)
    }

    fn serve(bin: &Path, account: Option<Account>, folder: &TempDir, port: u16) -> Result<Process, String> {
        let log = folder.join("log");
        let mut command = as_account(bin.join("postgres"), account);
        command
            .arg("-D")
            .arg(folder.join("data"))
            .arg("-k")
            .arg(folder.path())
            .args(["-p", &port.to_string()]);
        for setting in [
            "listen_addresses=127.0.0.1",
            "max_connections=200",
            "fsync=off",
            "full_page_writes=off",
            "max_wal_size=4GB",
            "shared_buffers=128MB",
            &format!("cluster_name={}", name_of(port)),
        ] {
            command.args(["-c", setting]);
        }
        let file = std::fs::File::create(&log).expect("the temporary directory is writable");
        let stdout = file.try_clone().expect("a file can be cloned");
        command
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(stdout)
            .stderr(file);
        // SIGQUIT is Postgres's immediate stop: it ends its children, which are not in its process group.
        let mut process = Process::spawn(&mut command, Signal::QUIT)
            .map_err(|error| format!("cannot run {}: {error}", bin.join("postgres").display()))?;
        let deadline = Instant::now() + START_LIMIT;
        let socket = socket(folder.path(), port);
        loop {
            if Connection::open(&socket, USER, "postgres").is_ok() {
                return Ok(process);
            }
            let ended = process.wait_until(Instant::now() + Duration::from_millis(10));
            if ended.is_some() || Instant::now() > deadline {
                let log = std::fs::read_to_string(&log).unwrap_or_default();
                return Err(format!("it ended with {ended:?}\n{log}"));
            }
        }
    }
}

/// A database of a throwaway cluster. It lives as long as the cluster does.
#[derive(Debug, Clone)]
pub struct Database {
    url: String,
    name: String,
    socket: PathBuf,
}

impl Database {
    /// `postgres://heavy:PASSWORD@127.0.0.1:PORT/NAME`
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The database's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Runs SQL, several statements if need be, and returns the rows of all of them, every value as text.
    ///
    /// # Panics
    /// When the database refuses it; the message holds the SQL.
    #[track_caller]
    pub fn query(&self, sql: &str) -> Vec<Row> {
        self.try_query(sql)
            .unwrap_or_else(|error| panic!("{error}\n{sql}"))
    }

    /// As [`Database::query`].
    ///
    /// # Errors
    /// The database's message when it refuses.
    pub fn try_query(&self, sql: &str) -> Result<Vec<Row>, String> {
        connect(&self.socket, &self.name).query(sql)
    }

    /// The single value that `sql` returns.
    ///
    /// # Panics
    /// When it is not one value, is NULL or cannot be parsed.
    #[track_caller]
    pub fn value<T: std::str::FromStr>(&self, sql: &str) -> T {
        let rows = self.query(sql);
        match &rows[..] {
            [row] if row.len() == 1 => row[0]
                .as_deref()
                .and_then(|text| text.parse().ok())
                .unwrap_or_else(|| panic!("{row:?} from\n{sql}")),
            _ => panic!("wanted one value, got {rows:?} from\n{sql}"),
        }
    }
}

/// The `cluster_name` of a cluster, by which a replica is known.
fn name_of(port: u16) -> String {
    format!("port{port}")
}

/// Runs initdb: local connections are trusted (only we can reach the socket's folder by name), TCP ones need
/// the password.
fn initialise(bin: &Path, account: Option<Account>, folder: &Path) {
    let secret = folder.join("password");
    std::fs::write(&secret, PASSWORD).expect("the temporary directory is writable");
    if let Some(account) = account {
        chown(&secret, Some(account.uid), Some(account.gid)).expect("root may change the owner of a file");
    }
    std::fs::set_permissions(&secret, Permissions::from_mode(0o600))
        .expect("the file is ours or we are root");
    let mut command = as_account(bin.join("initdb"), account);
    command
        .arg("-D")
        .arg(folder.join("data"))
        .args(["-U", USER])
        .arg("--pwfile")
        .arg(&secret);
    command.args([
        "--auth-local=trust",
        "--auth-host=scram-sha-256",
        "--encoding=UTF8",
        "--locale=C",
        "--no-sync",
    ]);
    let output = command.current_dir(folder).stdin(Stdio::null()).output();
    let output =
        output.unwrap_or_else(|error| panic!("cannot run {}: {error}", bin.join("initdb").display()));
    let log = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "initdb failed\n{log}");
}

fn as_account(program: PathBuf, account: Option<Account>) -> Command {
    let mut command = Command::new(program);
    if let Some(account) = account {
        command.uid(account.uid).gid(account.gid);
    }
    command
}

fn socket(folder: &Path, port: u16) -> PathBuf {
    folder.join(format!(".s.PGSQL.{port}"))
}

fn connect(socket: &Path, database: &str) -> Connection {
    Connection::open(socket, USER, database)
        .unwrap_or_else(|error| panic!("cannot connect to the test cluster's database {database}: {error}"))
}

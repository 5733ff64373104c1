//! nginx as a target that is not ours, with its own count of what it served as the independent truth.

use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::http;
use crate::port::free_port;
use crate::process::Process;
use crate::temp::TempDir;

const START_LIMIT: Duration = Duration::from_secs(20);

/// A running nginx with one worker that answers `200` and the 12 bytes `hello heavy\n` to every request.
#[derive(Debug)]
pub struct Nginx {
    // Before the folder, so that it has ended when the folder is removed.
    _process: Process,
    _folder: TempDir,
    port: u16,
    status_port: u16,
    /// Status reads so far: each is a connection and a request that nginx counts as well.
    reads: Mutex<u64>,
}

/// What nginx counted, its status reads included.
struct Counted {
    connections: u64,
    requests: u64,
}

impl Nginx {
    /// Starts nginx on free loopback ports.
    ///
    /// # Panics
    /// When nginx is not installed or does not start; the message says what to do.
    pub fn start() -> Nginx {
        let program = find();
        let folder = TempDir::new("nginx");
        let (port, status_port) = (free_port(), free_port());
        let config = include_str!("nginx.conf")
            .replace("@PORT@", &port.to_string())
            .replace("@STATUS_PORT@", &status_port.to_string())
            .replace("@PREFIX@", &folder.path().display().to_string());
        std::fs::write(folder.join("nginx.conf"), config).expect("the temporary directory is writable");
        let mut command = Command::new(program);
        command
            .arg("-p")
            .arg(folder.path())
            .arg("-c")
            .arg(folder.join("nginx.conf"));
        command.arg("-e").arg(folder.join("error.log"));
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let mut process = Process::spawn(&mut command, Signal::KILL)
            .unwrap_or_else(|error| panic!("cannot run nginx: {error}"));
        wait_ready(&mut process, status_port, &folder.join("error.log"));
        Nginx {
            _process: process,
            _folder: folder,
            port,
            status_port,
            reads: Mutex::new(0),
        }
    }

    /// The address that answers.
    pub fn addr(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.port))
    }

    /// `http://ADDRESS/`.
    pub fn url(&self) -> String {
        format!("http://{}/", self.addr())
    }

    /// Requests served since the start, without the reads of this counter itself, exactly. A request counts
    /// from its first byte on.
    ///
    /// # Panics
    /// When nginx does not answer.
    pub fn requests(&self) -> u64 {
        let (counted, reads) = self.counted();
        counted.requests - reads
    }

    /// Connections accepted since the start, without those of this counter itself.
    ///
    /// # Panics
    /// As [`Nginx::requests`].
    pub fn connections(&self) -> u64 {
        let (counted, reads) = self.counted();
        // Waiting for the start took one connection that sent nothing.
        counted.connections - reads - 1
    }

    fn counted(&self) -> (Counted, u64) {
        let mut reads = self.reads.lock().unwrap_or_else(PoisonError::into_inner);
        *reads += 1;
        let addr = SocketAddr::from((Ipv4Addr::LOCALHOST, self.status_port));
        let response = http::get(addr, "/nginx_status");
        let counted = parse(response.text()).unwrap_or_else(|| panic!("no nginx status: {response:?}"));
        (counted, *reads)
    }
}

/// The third line holds the totals: accepts, handled, requests.
fn parse(status: &str) -> Option<Counted> {
    let mut totals = status.lines().nth(2)?.split_whitespace();
    let connections = totals.next()?.parse().ok()?;
    let requests = totals.nth(1)?.parse().ok()?;
    Some(Counted {
        connections,
        requests,
    })
}

/// Waits until nginx accepts. The listening sockets exist before the worker does, so exactly one connection
/// succeeds here, and it is accepted before any later one.
fn wait_ready(process: &mut Process, status_port: u16, log: &Path) {
    let deadline = Instant::now() + START_LIMIT;
    while TcpStream::connect((Ipv4Addr::LOCALHOST, status_port)).is_err() {
        let ended = process.wait_until(Instant::now());
        if ended.is_some() || Instant::now() > deadline {
            let log = std::fs::read_to_string(log).unwrap_or_default();
            panic!("nginx did not start ({ended:?})\n{log}");
        }
        std::thread::yield_now();
    }
}

fn find() -> &'static str {
    [
        "/usr/sbin/nginx",
        "/usr/bin/nginx",
        "/usr/local/sbin/nginx",
        "/usr/local/bin/nginx",
    ]
    .into_iter()
    .find(|path| Path::new(path).is_file())
    .unwrap_or_else(|| {
        panic!("no nginx: run `scripts/test` as root, or install the package nginx-light (or nginx)")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn totals_are_read_from_the_status_page() {
        let page =
            "Active connections: 1 \nserver accepts handled requests\n 16 16 31 \nReading: 0 Writing: 1\n";
        let counted = parse(page).unwrap();
        assert_eq!((counted.connections, counted.requests), (16, 31));
    }
}

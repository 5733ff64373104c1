//! A long-running program of the workspace that other parts of a test talk to.

use std::net::SocketAddr;
use std::time::Duration;

use rustix::process::Signal;

use crate::run::{Finished, Run, Running};

/// How long a service may live; it only bounds a test that hangs.
const LIFE_LIMIT: Duration = Duration::from_secs(600);
/// How long a service may take to end when asked to.
const STOP_LIMIT: Duration = Duration::from_secs(30);

/// A running service. Its process group is killed on drop, and what it logged is printed when a test fails.
#[derive(Debug)]
pub struct ServiceProcess {
    running: Option<Running>,
    addr: Option<SocketAddr>,
    name: String,
}

impl ServiceProcess {
    /// Starts a service that listens, and waits for its line `listening on http://ADDRESS`.
    ///
    /// # Panics
    /// When it ends without such a line; the message holds its output.
    #[track_caller]
    pub fn start(name: &str, run: Run) -> ServiceProcess {
        let mut addr = None;
        let mut service = ServiceProcess::start_when(name, run, |line| {
            addr = listening_on(line);
            addr.is_some()
        });
        service.addr = addr;
        service
    }

    /// Starts a service and waits for a line for which `ready` holds.
    ///
    /// # Panics
    /// As [`ServiceProcess::start`].
    #[track_caller]
    pub fn start_when(name: &str, run: Run, ready: impl FnMut(&str) -> bool) -> ServiceProcess {
        let running = run.timeout(LIFE_LIMIT).start();
        running.wait_line(ready);
        ServiceProcess {
            running: Some(running),
            addr: None,
            name: name.to_owned(),
        }
    }

    /// The address it listens on.
    ///
    /// # Panics
    /// When it was started with [`ServiceProcess::start_when`].
    #[track_caller]
    pub fn addr(&self) -> SocketAddr {
        self.addr
            .expect("the service was started with ServiceProcess::start")
    }

    /// `http://ADDRESS`, as flags such as `--scheduler` take it.
    ///
    /// # Panics
    /// As [`ServiceProcess::addr`].
    #[track_caller]
    pub fn url(&self) -> String {
        format!("http://{}", self.addr())
    }

    /// Process id.
    pub fn id(&self) -> u32 {
        self.running().id()
    }

    /// Waits for a line of its log for which `wanted` holds; lines that came before count too.
    ///
    /// # Panics
    /// When the service ends first.
    #[track_caller]
    pub fn wait_line(&self, wanted: impl FnMut(&str) -> bool) -> String {
        self.running().wait_line(wanted)
    }

    /// What it has written to stderr.
    pub fn log(&self) -> String {
        self.running().stderr()
    }

    /// Whether it has not ended by itself.
    pub fn is_alive(&mut self) -> bool {
        self.running.as_mut().is_some_and(Running::is_alive)
    }

    /// Sends it a signal.
    pub fn signal(&mut self, signal: Signal) {
        self.running
            .as_mut()
            .expect("running until it is stopped")
            .signal(signal);
    }

    /// Asks it to end (SIGTERM) and waits until it has.
    ///
    /// # Panics
    /// When it does not end within 30 s.
    #[track_caller]
    pub fn stop(mut self) -> Finished {
        let mut running = self.running.take().expect("running until it is stopped");
        running.signal(Signal::TERM);
        running.limit(STOP_LIMIT);
        running.finish()
    }

    /// Kills its whole process group at once, as a crash would.
    pub fn kill(mut self) {
        self.running.as_mut().expect("running until it is stopped").kill();
    }

    fn running(&self) -> &Running {
        self.running.as_ref().expect("running until it is stopped")
    }
}

impl Drop for ServiceProcess {
    #[expect(
        clippy::print_stderr,
        reason = "the test harness shows it beside the failed test"
    )]
    fn drop(&mut self) {
        if let Some(running) = self.running.take()
            && std::thread::panicking()
        {
            eprintln!("=== {} ===\n{}{}", self.name, running.stdout(), running.stderr());
        }
    }
}

/// The address in a line that says `listening on http://ADDRESS`, with anything around it.
fn listening_on(line: &str) -> Option<SocketAddr> {
    let (_, rest) = line.split_once("listening on http://")?;
    let end = rest
        .find(|c: char| c.is_whitespace() || c == '/' || c == '\u{1b}')
        .unwrap_or(rest.len());
    rest[..end].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_found_in_a_log_line() {
        let addr = Some("127.0.0.1:7700".parse().unwrap());
        assert_eq!(listening_on("listening on http://127.0.0.1:7700"), addr);
        assert_eq!(
            listening_on("12:00 INFO listening on http://127.0.0.1:7700/ data_dir=/x"),
            addr
        );
        assert_eq!(listening_on("listening on http://\u{1b}[0m"), None);
        assert_eq!(listening_on("connected to http://127.0.0.1:7700"), None);
    }
}

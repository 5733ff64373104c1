//! A cluster that is killed, started again and frozen, with all its processes.

use std::fs;

use rustix::process::{Pid, Signal, kill_process};

use super::Postgres;
use super::locate::{account, bin_folder};

impl Postgres {
    /// Kills the server and all its children at once. What they had written is in the page cache, so that no committed
    /// transaction is lost; clients see their connections end.
    pub fn kill(&mut self) {
        self.signal(Signal::KILL);
        // Waits for the server; its children were killed with it.
        self.process = None;
    }

    /// Starts a killed server again, on the same port and data; it recovers as after a crash.
    ///
    /// # Panics
    /// When it does not start; the message holds its log.
    pub fn start_again(&mut self) {
        assert!(self.process.is_none(), "the server is running");
        match Self::serve(&bin_folder(), account(), &self.folder, self.port) {
            Ok(process) => self.process = Some(process),
            Err(log) => panic!("Postgres did not start again\n{log}"),
        }
    }

    /// Whether the server was killed and not started again.
    #[must_use]
    pub const fn is_killed(&self) -> bool {
        self.process.is_none()
    }

    /// Sends a signal to the server and all its children; `STOP` and `CONT` freeze and thaw the whole cluster.
    pub fn signal(&mut self, signal: Signal) {
        let Some(server) = self.process.as_mut() else {
            return;
        };
        // The children of a dead server cannot be told from others any more, and a frozen one starts no more of them.
        if signal == Signal::KILL {
            server.signal(Signal::STOP);
        }
        let children = children(server.id());
        server.signal(signal);
        for child in children {
            // It may have ended by itself.
            let _ = kill_process(child, signal);
        }
    }
}

/// The processes whose parent is `parent`.
fn children(parent: u32) -> Vec<Pid> {
    let entries = fs::read_dir("/proc").expect("/proc is mounted");
    let pids = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<i32>().ok());
    pids.filter(|pid| parent_of(*pid) == Some(parent))
        .filter_map(Pid::from_raw)
        .collect()
}

/// The fourth field of `stat`; the second is a name in parentheses that may hold anything.
fn parent_of(pid: i32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let after_name = &stat[stat.rfind(')')? + 1..];
    after_name.split_ascii_whitespace().nth(1)?.parse().ok()
}

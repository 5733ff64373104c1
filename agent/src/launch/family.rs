//! All processes of a load test: what they are is known to their supervisor alone, whatever they did to hide.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitOptions, getpid, kill_process, kill_process_group, wait};

use super::program::MOST_PROCESSES;
use crate::process::exit::Exit;
use crate::process::table;

/// How often those that were killed are looked at, and for how long: one that waits for a disk ends when that answers.
const VANISH_STEP: Duration = Duration::from_millis(1);
const VANISH_LIMIT: Duration = Duration::from_secs(5);

/// The load test with its children, and theirs.
#[derive(Debug)]
pub(super) struct Family {
    load_test: Pid,
    /// This process is the first of a PID namespace.
    owns_namespace: bool,
    exit: Option<Exit>,
}

impl Family {
    pub(super) fn new(load_test: Pid, owns_namespace: bool) -> Self {
        Self {
            load_test,
            owns_namespace,
            exit: None,
        }
    }

    /// How the load test exited, once it was [reaped](Self::reap).
    pub(super) const fn exit(&self) -> Option<&Exit> {
        self.exit.as_ref()
    }

    /// Takes leave of all that have exited and are children of this process, as those become that lose their parent.
    /// Returns whether there are others.
    pub(super) fn reap(&mut self) -> bool {
        loop {
            match wait(WaitOptions::NOHANG) {
                Ok(Some((pid, status))) if pid == self.load_test => self.exit = Some(Exit::from(status)),
                Ok(Some(_)) | Err(rustix::io::Errno::INTR) => {}
                Ok(None) => return true,
                Err(_) => return false,
            }
        }
    }

    /// Kills all, again and again until none is left.
    pub(super) fn kill(&mut self) {
        let end = Instant::now() + VANISH_LIMIT;
        loop {
            if self.owns_namespace {
                kill_namespace();
            } else {
                kill_descendants();
            }
            if !self.reap() || Instant::now() >= end {
                return;
            }
            std::thread::sleep(VANISH_STEP);
        }
    }
}

/// Kills all other processes of the namespace at once: none can fork meanwhile.
fn kill_namespace() {
    // Anywhere else this would be all processes of the host.
    if getpid() == Pid::INIT {
        let _ = kill_process_group(Pid::INIT, Signal::KILL);
    }
}

fn kill_descendants() {
    let mut children: HashMap<Pid, Vec<Pid>> = HashMap::new();
    for pid in table::all() {
        if let Some(parent) = table::parent(pid) {
            children.entry(parent).or_default().push(pid);
        }
    }
    let mut found = HashSet::new();
    let mut left = vec![getpid()];
    while let Some(parent) = left.pop() {
        for &child in children.get(&parent).into_iter().flatten() {
            if found.insert(child) {
                let _ = kill_process(child, Signal::KILL);
                left.push(child);
            }
        }
    }
}

/// Limits how many processes a fork bomb can make, where PID namespaces have limits of their own; the host's is left as
/// it is.
pub(super) fn limit_namespace() {
    let release = rustix::system::uname().release().to_string_lossy().into_owned();
    if getpid() == Pid::INIT && limits_namespaces(&release) {
        // Forbidden in containers, for example.
        let _ = fs::write("/proc/sys/kernel/pid_max", MOST_PROCESSES.to_string());
    }
}

/// Linux does so from 6.14 on.
fn limits_namespaces(release: &str) -> bool {
    let mut parts = release.split(|c: char| !c.is_ascii_digit());
    let mut number = || parts.next().and_then(|part| part.parse::<u32>().ok());
    number().zip(number()).is_some_and(|version| version >= (6, 14))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_kernels_are_asked_that_limit_namespaces_apart() {
        for (release, does) in [
            ("6.14.0-generic", true),
            ("6.18.44-fc-v669", true),
            ("7.0", true),
            ("6.13.9", false),
            ("6.9-rc14", false),
            ("5.15.0", false),
            ("4.4.0", false),
            ("", false),
            ("linux", false),
        ] {
            assert_eq!(limits_namespaces(release), does, "{release}");
        }
    }
}

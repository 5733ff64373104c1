//! Processes of load tests, found in `/proc`.

use std::fs;
use std::path::{Path, PathBuf};

use rustix::process::{Pid, Signal, kill_process};

/// The load tests of an agent: what runs from its cache of binaries.
#[must_use]
pub fn load_tests(agent_dir: &Path) -> Vec<Pid> {
    let cache = agent_dir.join("cache");
    all()
        .filter(|pid| link(*pid, "exe").is_some_and(|exe| exe.starts_with(&cache)))
        .collect()
}

/// Living processes with this text among their arguments.
#[must_use]
pub fn with_argument(text: &str) -> Vec<Pid> {
    all()
        .filter(|pid| {
            let path = proc_path(*pid, "cmdline");
            let is_it = fs::read(path).is_ok_and(|args| String::from_utf8_lossy(&args).contains(text));
            is_it && !is_zombie(*pid)
        })
        .collect()
}

/// Sends a signal to all; those that have ended get none.
pub fn signal_all(pids: &[Pid], signal: Signal) {
    for pid in pids {
        let _ = kill_process(*pid, signal);
    }
}

fn all() -> impl Iterator<Item = Pid> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| Pid::from_raw(entry.file_name().to_str()?.parse().ok()?))
}

fn link(pid: Pid, name: &str) -> Option<PathBuf> {
    fs::read_link(proc_path(pid, name)).ok()
}

fn proc_path(pid: Pid, name: &str) -> PathBuf {
    PathBuf::from(format!("/proc/{}/{name}", pid.as_raw_nonzero()))
}

fn is_zombie(pid: Pid) -> bool {
    let stat = fs::read_to_string(proc_path(pid, "stat")).unwrap_or_default();
    stat.rfind(')').is_none_or(|end| stat[end..].starts_with(") Z"))
}

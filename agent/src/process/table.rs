//! The processes of the host, from `/proc`.

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

use rustix::process::Pid;

/// All processes of this moment.
pub(crate) fn all() -> impl Iterator<Item = Pid> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| Pid::from_raw(entry.file_name().to_str()?.parse().ok()?))
}

/// The parent of a process that has not ended, or has not been reaped.
pub(crate) fn parent(pid: Pid) -> Option<Pid> {
    let stat = fs::read_to_string(path(pid, "stat")).ok()?;
    Pid::from_raw(field_after_name(&stat, 1)?.parse().ok()?)
}

/// Where a process works; `None` if it has ended, or is somebody else's.
pub(crate) fn working_dir(pid: Pid) -> Option<PathBuf> {
    fs::read_link(path(pid, "cwd")).ok()
}

/// A variable of the environment that a process was started with.
pub(crate) fn variable(pid: Pid, name: &str) -> Option<OsString> {
    let environment = fs::read(path(pid, "environ")).ok()?;
    let mut variables = environment.split(|byte| *byte == 0);
    let value = variables.find_map(|variable| variable.strip_prefix(name.as_bytes())?.strip_prefix(b"="));
    value.map(|value| OsString::from_vec(value.to_vec()))
}

/// The arguments that a process was started with, its own name among them.
pub(crate) fn arguments(pid: Pid) -> Vec<OsString> {
    let line = fs::read(path(pid, "cmdline")).unwrap_or_default();
    let arguments = line.strip_suffix(b"\0").unwrap_or(&line).split(|byte| *byte == 0);
    arguments
        .map(|argument| OsString::from_vec(argument.to_vec()))
        .collect()
}

/// A field of `stat` by its place after the name, which stands in parentheses and may hold anything.
pub(super) fn field_after_name(stat: &str, place: usize) -> Option<&str> {
    let after_name = &stat[stat.rfind(')')? + 1..];
    after_name.split_ascii_whitespace().nth(place)
}

fn path(pid: Pid, name: &str) -> String {
    format!("/proc/{}/{name}", pid.as_raw_nonzero())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_is_among_them() {
        let own = rustix::process::getpid();
        assert!(all().any(|pid| pid == own));
        assert_eq!(parent(own), rustix::process::getppid());
        assert_eq!(working_dir(own), std::env::current_dir().ok());
        assert_eq!(variable(own, "PATH"), std::env::var_os("PATH"));
        assert_eq!(variable(own, "PAT"), None);
        assert_eq!(arguments(own), std::env::args_os().collect::<Vec<_>>());
    }
}

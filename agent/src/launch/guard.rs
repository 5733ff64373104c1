//! The first stage: gives the supervisor a PID namespace, whose processes the kernel kills when the supervisor ends.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::process::ExitCode;

use heavy_load::vocabulary::SandboxLevel;
use nix::sched::{CloneFlags, unshare};
use rustix::process::{getegid, geteuid, setsid};

use super::{Launch, let_go_of_output, said, supervisor};
use crate::journal::drain;
use crate::sandbox::privileges::keep_descriptors;

/// Holds the journal until nothing of the load test is left.
pub(super) fn run(launch: &Launch) -> Result<ExitCode, String> {
    setsid().map_err(said("no session of its own"))?;
    let _lock = match &launch.journal {
        Some(dir) => {
            Some(drain::hold(dir).map_err(|error| format!("cannot lock {}: {error}", dir.display()))?)
        }
        None => None,
    };
    if launch.sandbox.level >= SandboxLevel::Basic {
        keep_descriptors();
    }
    let namespace = Namespace::enter(launch.shares_pids);
    // One that is hidden could not have made it: its files in /proc are root's.
    launch.sandbox.hide_this_process()?;
    let Some(namespace) = namespace else {
        return supervisor::run(launch, false);
    };
    let launch = Launch {
        owns_users: namespace == Namespace::UsersAndPids,
        ..launch.clone()
    };
    let mut options: Vec<&OsStr> = Vec::new();
    if let Some(dir) = &launch.journal {
        options.extend(["--journal".as_ref(), dir.as_os_str()]);
    }
    let mut init = launch
        .stage("init", &options)
        .spawn()
        .map_err(|error| format!("cannot start its supervisor: {error}"))?;
    let_go_of_output()?;
    // When it has ended, so has all of its namespace.
    let status = init.wait().map_err(|error| format!("no supervisor: {error}"))?;
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Namespace {
    Pids,
    UsersAndPids,
}

impl Namespace {
    /// Makes a namespace for the next child; `None` where that is forbidden.
    fn enter(shares_pids: bool) -> Option<Self> {
        if shares_pids {
            return None;
        }
        // Both leave this process what it was: its own PID and the rights to its files.
        if unshare(CloneFlags::CLONE_NEWPID).is_ok() {
            return Some(Self::Pids);
        }
        let (user, group) = (geteuid().as_raw(), getegid().as_raw());
        unshare(CloneFlags::CLONE_NEWUSER | CloneFlags::CLONE_NEWPID).ok()?;
        // What cannot be mapped shows as nobody's.
        let _ = keep_ids(user, group);
        Some(Self::UsersAndPids)
    }
}

/// Has the new namespace show user and group as they were.
fn keep_ids(user: u32, group: u32) -> io::Result<()> {
    fs::write("/proc/self/setgroups", "deny")?;
    fs::write("/proc/self/uid_map", format!("{user} {user} 1"))?;
    fs::write("/proc/self/gid_map", format!("{group} {group} 1"))
}

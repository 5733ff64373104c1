//! The last stage: prepares its process and becomes the load test.

use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::Duration;

use heavy_load::vocabulary::SandboxLevel;
use rustix::process::{
    Resource, Rlimit, Signal, getppid, getrlimit, set_parent_process_death_signal, setrlimit, setsid,
};

use super::{Launch, said};
use crate::sandbox::{LaunchSandbox, files, privileges, readable};

/// A file that was just written may be open for writing in a process that is being forked at this moment.
const BUSY_TRIES: u32 = 20;
const BUSY_PAUSE: Duration = Duration::from_millis(5);

/// How many processes and threads a load test may have, where that can be limited.
pub(super) const MOST_PROCESSES: u64 = 4096;

/// Returns only when that failed.
pub(super) fn become_load_test(launch: &Launch) -> Result<ExitCode, String> {
    setsid().map_err(said("no session of its own"))?;
    set_parent_process_death_signal(Some(Signal::KILL)).map_err(said("no death signal"))?;
    // The supervisor may have gone before the death signal was set.
    if getppid() != launch.parent {
        return Err("its supervisor is gone".to_owned());
    }
    let files = getrlimit(Resource::Nofile).maximum;
    limit(Resource::Nofile, files).map_err(said("cannot raise the limit of open files"))?;
    limit(Resource::Core, Some(0)).map_err(said("cannot forbid core dumps"))?;
    if launch.owns_users {
        // Elsewhere all processes of the user would count.
        let most = getrlimit(Resource::Nproc).maximum;
        let most = most.map_or(MOST_PROCESSES, |most| most.min(MOST_PROCESSES));
        limit(Resource::Nproc, Some(most)).map_err(said("cannot limit processes"))?;
    }
    enter_sandbox(launch)?;
    let mut command = Command::new(&launch.program);
    command.args(&launch.args);
    for _ in 1..BUSY_TRIES {
        let error = command.exec();
        if error.kind() != io::ErrorKind::ExecutableFileBusy {
            return Err(error.to_string());
        }
        std::thread::sleep(BUSY_PAUSE);
    }
    Err(command.exec().to_string())
}

/// Puts up what keeps the load test from other things; what fails is the end of it.
fn enter_sandbox(launch: &Launch) -> Result<(), String> {
    let LaunchSandbox { level, allow_read } = &launch.sandbox;
    if *level >= SandboxLevel::Files {
        let dir = launch.dir.as_deref().ok_or("its directory is not known")?;
        files::restrict(&readable::of_load_test(
            Path::new(&launch.program),
            dir,
            allow_read,
        ))?;
    }
    if *level >= SandboxLevel::Basic {
        privileges::give_up()?;
    }
    Ok(())
}

fn limit(resource: Resource, most: Option<u64>) -> rustix::io::Result<()> {
    let limit = Rlimit {
        current: most,
        maximum: most,
    };
    setrlimit(resource, limit)
}

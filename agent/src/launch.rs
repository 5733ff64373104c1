//! The hidden subcommand that becomes a load test: single-threaded, so that it can prepare its own process without
//! `unsafe` code between fork and exec.
//!
//! Its arguments are the agent's process id, `--`, and the program with its arguments. Stdin (the RPC socket),
//! stdout, stderr, environment and working directory are those that the agent gave; this adds a session of its own, a
//! death signal for when the agent is gone, and limits.

use std::ffi::OsString;
use std::io::{self, Write};
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};
use std::time::Duration;

use rustix::process::{
    Pid, Resource, Rlimit, Signal, getppid, getrlimit, set_parent_process_death_signal, setrlimit, setsid,
};

/// The exit status when the load test could not be started, the same as in shells.
pub const CANNOT_RUN: u8 = 126;

/// A file that was just written may be open for writing in a process that is being forked at this moment.
const BUSY_TRIES: u32 = 20;
const BUSY_PAUSE: Duration = Duration::from_millis(5);

/// Becomes the load test; returns only when that failed, having said why on stderr.
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let problem = match launch(args) {
        Ok(never) => match never {},
        Err(problem) => problem,
    };
    let _ = writeln!(io::stderr(), "cannot start the load test: {problem}");
    ExitCode::from(CANNOT_RUN)
}

enum Never {}

fn launch(args: impl IntoIterator<Item = OsString>) -> Result<Never, String> {
    const USAGE: &str = "this command is for agents: launch PID -- PROGRAM [ARGUMENTS]";
    let mut args = args.into_iter();
    let agent = args
        .next()
        .and_then(|pid| Pid::from_raw(pid.to_str()?.parse().ok()?))
        .ok_or(USAGE)?;
    let program = args
        .next()
        .filter(|dashes| dashes == "--")
        .and_then(|_| args.next())
        .ok_or(USAGE)?;
    let said = |what: &'static str| move |error: rustix::io::Errno| format!("{what}: {error}");
    setsid().map_err(said("no session of its own"))?;
    set_parent_process_death_signal(Some(Signal::KILL)).map_err(said("no death signal"))?;
    // The agent may have gone before the death signal was set.
    if getppid() != Some(agent) {
        return Err("the agent is gone".to_owned());
    }
    let files = getrlimit(Resource::Nofile);
    let all_files = Rlimit {
        current: files.maximum,
        maximum: files.maximum,
    };
    setrlimit(Resource::Nofile, all_files).map_err(said("cannot raise the limit of open files"))?;
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    setrlimit(Resource::Core, none).map_err(said("cannot forbid core dumps"))?;
    let mut command = Command::new(&program);
    command.args(args);
    for _ in 1..BUSY_TRIES {
        let error = command.exec();
        if error.kind() != io::ErrorKind::ExecutableFileBusy {
            return Err(error.to_string());
        }
        std::thread::sleep(BUSY_PAUSE);
    }
    Err(command.exec().to_string())
}

//! The hidden subcommand by which an agent runs a load test: a chain of single-threaded processes of the agent's own
//! program, so that each can prepare itself without `unsafe` code between fork and exec.
//!
//! ```text
//! agent --control socket--> guard -> init -> exec = the load test
//!                           |        |
//!                           |        supervisor: process 1 of a PID namespace of its own
//!                           holds the lock of the journal, waits
//! ```
//! The guard makes the namespace; where that is forbidden, it is the supervisor itself, and the parent of all that lose
//! theirs. The supervisor owns the load test's death: when it ends, nothing of the load test is left. The load test
//! ends when the agent says so, and when the agent is gone; then the rest of its output goes into the journal first.
//!
//! The first stage has the control socket as stdin, and the write ends of the load test's pipes as stdout and stderr.

mod family;
mod guard;
mod program;
mod rest;
mod supervisor;

use std::ffi::{OsStr, OsString};
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use rustix::process::Pid;

use crate::process::control::CANNOT_RUN;
use crate::sandbox::LaunchSandbox;

const USAGE: &str = "this command is for agents: launch [OPTIONS] STAGE -- PROGRAM [ARGUMENTS]";

/// Runs a stage. One that becomes the load test returns only when that failed, having said why on stderr.
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    run(args).unwrap_or_else(|problem| {
        let _ = writeln!(io::stderr(), "cannot start the load test: {problem}");
        ExitCode::from(CANNOT_RUN)
    })
}

fn run(args: impl IntoIterator<Item = OsString>) -> Result<ExitCode, String> {
    let (stage, launch) = parse(args.into_iter()).ok_or(USAGE)?;
    match stage {
        LaunchStage::Guard => guard::run(&launch),
        LaunchStage::Init => supervisor::run(&launch, true),
        LaunchStage::Exec => program::become_load_test(&launch),
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LaunchStage {
    Guard,
    Init,
    Exec,
}

/// What all stages are told, on their command lines.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Launch {
    /// Make no PID namespace.
    shares_pids: bool,
    /// The PID namespace belongs to a user namespace of its own.
    owns_users: bool,
    /// The directory of the assignment's journal.
    journal: Option<PathBuf>,
    /// The load test's own directory. It works there, and so do all stages: by this they are known as its own, too, when
    /// nobody may look into them.
    dir: Option<PathBuf>,
    /// What the load test is kept from.
    sandbox: LaunchSandbox,
    /// The process before this one, as this one sees it.
    parent: Option<Pid>,
    /// The load test and its arguments.
    program: OsString,
    args: Vec<OsString>,
}

fn parse(mut args: impl Iterator<Item = OsString>) -> Option<(LaunchStage, Launch)> {
    let mut launch = Launch::default();
    let stage = loop {
        match args.next()?.to_str()? {
            "--shared-pids" => launch.shares_pids = true,
            "--own-users" => launch.owns_users = true,
            "--journal" => launch.journal = Some(args.next()?.into()),
            "--dir" => launch.dir = Some(args.next()?.into()),
            "--sandbox" => launch.sandbox.level = args.next()?.to_str()?.parse().ok()?,
            "--allow-read" => launch.sandbox.allow_read.push(args.next()?.into()),
            "--parent" => launch.parent = Some(Pid::from_raw(args.next()?.to_str()?.parse().ok()?)?),
            "guard" => break LaunchStage::Guard,
            "init" => break LaunchStage::Init,
            "exec" => break LaunchStage::Exec,
            _ => return None,
        }
    };
    if args.next()? != "--" {
        return None;
    }
    launch.program = args.next()?;
    launch.args = args.collect();
    Some((stage, launch))
}

impl Launch {
    /// The command of another stage.
    fn stage(&self, stage: &str, options: &[&OsStr]) -> Command {
        // Even if the file was replaced meanwhile, this is the same program.
        let mut command = Command::new("/proc/self/exe");
        command.arg("launch").args(options).args(self.sandbox.options());
        if let Some(dir) = &self.dir {
            command.arg("--dir").arg(dir);
        }
        if self.owns_users {
            command.arg("--own-users");
        }
        command.arg(stage).arg("--").arg(&self.program).args(&self.args);
        command
    }
}

/// Says what a step was for whose error follows.
fn said(what: &'static str) -> impl FnOnce(rustix::io::Errno) -> String {
    move |error| format!("{what}: {error}")
}

/// Lets go of the write ends of the load test's pipes, so that they end with the load test.
fn let_go_of_output() -> Result<(), String> {
    let nowhere = std::fs::File::options()
        .write(true)
        .open("/dev/null")
        .map_err(|error| format!("cannot open /dev/null: {error}"))?;
    rustix::stdio::dup2_stdout(&nowhere).map_err(said("cannot let go of stdout"))?;
    rustix::stdio::dup2_stderr(&nowhere).map_err(said("cannot let go of stderr"))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use heavy_load::vocabulary::SandboxLevel;

    use super::*;

    fn parsed(line: &str) -> Option<(LaunchStage, Launch)> {
        parse(line.split_whitespace().map(OsString::from))
    }

    #[test]
    fn stages_are_told_what_to_do() {
        let line = "--journal /j --shared-pids --sandbox basic+files --allow-read /a --allow-read /b guard -- /bin/x a --journal";
        let (stage, launch) = parsed(line).unwrap();
        assert_eq!(stage, LaunchStage::Guard);
        assert!(launch.shares_pids && !launch.owns_users);
        assert_eq!(launch.journal, Some(PathBuf::from("/j")));
        assert_eq!((launch.program, launch.args.len()), ("/bin/x".into(), 2));
        assert_eq!(launch.sandbox.level, SandboxLevel::Files);
        assert_eq!(launch.sandbox.allow_read, [Path::new("/a"), Path::new("/b")]);
        for wrong in [
            "",
            "guard",
            "guard --",
            "guard /bin/x",
            "x -- y",
            "--parent 0 exec -- y",
            "--parent",
            "--sandbox all guard -- y",
        ] {
            assert_eq!(parsed(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_stage_is_understood_by_the_next() {
        let launch = Launch {
            owns_users: true,
            dir: Some("/work".into()),
            sandbox: LaunchSandbox {
                level: SandboxLevel::Basic,
                allow_read: vec!["/data".into()],
            },
            program: "/bin/x".into(),
            args: vec!["--".into()],
            ..Launch::default()
        };
        let command = launch.stage("exec", &["--parent".as_ref(), "7".as_ref()]);
        let args = command.get_args().skip(1).map(OsStr::to_owned);
        let parent = Pid::from_raw(7);
        assert_eq!(
            parse(args),
            Some((LaunchStage::Exec, Launch { parent, ..launch }))
        );
    }
}

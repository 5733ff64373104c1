//! The supervisor: starts the load test, and sees to it that nothing of it is left when it ends.

use std::fs;
use std::io::{self, Read};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::process::{ExitCode, Stdio};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags};
use rustix::process::{
    Pid, PidfdFlags, Signal, getpid, pidfd_open, set_child_subreaper, set_parent_process_death_signal,
};

use super::family::{Family, limit_namespace};
use super::{Launch, let_go_of_output, rest, said};
use crate::process::control::{self, KILL, LET_GO, Supervised, SupervisorReport};
use crate::process::exit::Exit;

/// How often processes are reaped that lost their parents.
const REAP_EVERY: Timespec = Timespec {
    tv_sec: 1,
    tv_nsec: 0,
};

/// How the agent's part ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum AgentEnd {
    /// It has all that it wants.
    LetGo,
    Gone,
}

/// Supervises a load test until the agent lets go of it, or is gone.
pub(super) fn run(launch: &Launch, is_init: bool) -> Result<ExitCode, String> {
    if is_init {
        if getpid() != Pid::INIT {
            return Err(super::USAGE.to_owned());
        }
        set_parent_process_death_signal(Some(Signal::KILL)).map_err(said("no death signal"))?;
        launch.sandbox.hide_this_process()?;
        limit_namespace();
    } else {
        set_child_subreaper(Some(getpid())).map_err(said("no orphans"))?;
    }
    let unusable = |error: io::Error| format!("no control socket: {error}");
    let socket = io::stdin().as_fd().try_clone_to_owned().map_err(unusable)?;
    let socket = UnixStream::from(socket);
    let Some(ends) = control::receive(&socket).map_err(unusable)? else {
        // The agent has gone before there was anything to supervise.
        return Ok(ExitCode::SUCCESS);
    };
    let mut supervisor = Supervisor::start(launch, is_init, socket, ends)?;
    if supervisor.attend() == AgentEnd::Gone {
        let Supervisor {
            family,
            pidfd,
            output,
            ..
        } = &mut supervisor;
        rest::drain(launch.journal.as_deref(), family, pidfd, output);
    }
    supervisor.family.kill();
    Ok(ExitCode::SUCCESS)
}

struct Supervisor {
    socket: UnixStream,
    family: Family,
    /// Readable when the load test has exited.
    pidfd: OwnedFd,
    output: rest::OutputEnds,
    /// The load test's directory in /proc: rules that let it read that hold for as long as the kernel keeps it.
    _proc: Option<OwnedFd>,
}

impl Supervisor {
    fn start(launch: &Launch, is_init: bool, socket: UnixStream, ends: Supervised) -> Result<Self, String> {
        let own = getpid().as_raw_nonzero().to_string();
        let load_test = launch
            .stage("exec", &["--parent".as_ref(), own.as_ref()])
            .stdin(Stdio::from(ends.rpc))
            .spawn()
            .map_err(|error| error.to_string())?;
        let_go_of_output()?;
        let pid = Pid::from_child(&load_test);
        let pidfd = pidfd_open(pid, PidfdFlags::empty()).map_err(said("cannot watch the load test"))?;
        let id = outer_id(&pidfd).unwrap_or_else(|| pid.as_raw_nonzero().get().unsigned_abs());
        let supervisor = Self {
            socket,
            _proc: rustix::fs::open(
                format!("/proc/{id}"),
                OFlags::PATH | OFlags::CLOEXEC,
                Mode::empty(),
            )
            .ok(),
            family: Family::new(pid, is_init),
            output: rest::OutputEnds {
                stdout: ends.stdout,
                stderr: ends.stderr,
            },
            pidfd,
        };
        supervisor.report(&SupervisorReport::Running {
            id,
            owns_namespace: is_init,
        });
        Ok(supervisor)
    }

    /// Does what the agent says; tells it when the load test has exited, and when nothing of it is left.
    fn attend(&mut self) -> AgentEnd {
        let mut alive = true;
        loop {
            let [exited, spoken] = self.wait(alive);
            if spoken {
                match self.hear() {
                    Some(KILL) => self.family.kill(),
                    Some(LET_GO) => return AgentEnd::LetGo,
                    Some(_) => {}
                    None => return AgentEnd::Gone,
                }
            }
            let others = self.family.reap();
            if alive && (exited || self.family.exit().is_some()) {
                alive = false;
                let exit = self.family.exit().cloned().unwrap_or(Exit::Unknown);
                self.report(&SupervisorReport::Exited(exit));
                if others {
                    self.family.kill();
                }
                self.report(&SupervisorReport::Gone);
            }
        }
    }

    /// Waits until the load test has exited or the agent says something.
    fn wait(&self, alive: bool) -> [bool; 2] {
        let mut ends = [
            PollFd::new(&self.socket, PollFlags::IN),
            PollFd::new(&self.pidfd, PollFlags::IN),
        ];
        let watched = if alive { 2 } else { 1 };
        // What is wrong shows when the socket is read.
        let _ = poll(&mut ends[..watched], Some(&REAP_EVERY));
        let [spoken, exited] = ends.map(|end| !end.revents().is_empty());
        [alive && exited, spoken]
    }

    fn hear(&self) -> Option<u8> {
        let mut byte = [0];
        loop {
            match (&self.socket).read(&mut byte) {
                Ok(0) => return None,
                Ok(_) => return Some(byte[0]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return None,
            }
        }
    }

    /// An agent that is gone is noticed when the socket is read.
    fn report(&self, report: &SupervisorReport) {
        let _ = report.write(&self.socket);
    }
}

/// The id of a process as the agent sees it, which sees the same `/proc`.
fn outer_id(pidfd: &OwnedFd) -> Option<u32> {
    let info = fs::read_to_string(format!("/proc/self/fdinfo/{}", pidfd.as_raw_fd())).ok()?;
    let id = info.lines().find_map(|line| line.strip_prefix("Pid:"))?;
    id.trim().parse().ok().filter(|id| *id > 0)
}

//! A child process in a process group of its own that cannot outlive the test process.

use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use crate::eventually::LOOK_EVERY;
use crate::watchdog::watchdog;

/// How long a process may take to obey the signal that ends it before it is killed.
const PATIENCE: Duration = Duration::from_secs(10);

/// A spawned process; its group is ended on drop.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    ends_with: Signal,
}

impl Process {
    /// Spawns `command` as the leader of a new process group, which `ends_with` ends on drop, or when the
    /// test process is gone.
    pub(crate) fn spawn(command: &mut Command, ends_with: Signal) -> io::Result<Process> {
        let watchdog = watchdog();
        let child = command.process_group(0).spawn()?;
        let name = if ends_with == Signal::QUIT { "QUIT" } else { "KILL" };
        watchdog.watch(child.id(), name);
        Ok(Process { child, ends_with })
    }

    pub(crate) fn child_mut(&mut self) -> &mut Child {
        &mut self.child
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// How it ended, if it has.
    pub(crate) fn try_wait(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("the child is ours to wait for")
    }

    /// Waits until it ends or the deadline has passed.
    pub(crate) fn wait_until(&mut self, deadline: Instant) -> Option<ExitStatus> {
        loop {
            let status = self.try_wait();
            if status.is_some() || Instant::now() >= deadline {
                return status;
            }
            std::thread::sleep(LOOK_EVERY);
        }
    }

    /// Sends a signal to the process alone; one that has ended gets none.
    pub(crate) fn signal(&mut self, signal: Signal) {
        if self.try_wait().is_none() {
            kill_process(self.pid(), signal).expect("the process is ours and was not waited for yet");
        }
    }

    /// Kills what is left of its process group, and waits for the process.
    pub(crate) fn kill_group(&mut self) {
        // Fails only when the whole group is gone, which is what is wanted.
        let _ = kill_process_group(self.pid(), Signal::KILL);
        let _ = self.child.wait();
    }

    fn pid(&self) -> Pid {
        let raw = i32::try_from(self.child.id()).expect("a process id fits in an i32");
        Pid::from_raw(raw).expect("a process id is not zero")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if self.ends_with != Signal::KILL {
            self.signal(self.ends_with);
            self.wait_until(Instant::now() + PATIENCE);
        }
        self.kill_group();
        watchdog().forget(self.child.id());
    }
}

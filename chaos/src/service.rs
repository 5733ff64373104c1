//! A program of heavy that is killed, frozen and started again, with its output in a file.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};

/// How long a program may take until it is ready, on a busy machine.
const READY_LIMIT: Duration = Duration::from_secs(60);

const LOOK_EVERY: Duration = Duration::from_millis(10);

/// The pause between looks for something that takes its time.
const LOOK_SELDOM: Duration = Duration::from_millis(250);

/// One program and its process, if it runs.
#[derive(Debug)]
pub struct FaultedService {
    program: PathBuf,
    args: Vec<String>,
    log: PathBuf,
    home: PathBuf,
    /// What it says when it is ready.
    ready: &'static str,
    child: Option<Child>,
    is_stopped: bool,
    /// The length of its log when its process was started.
    log_start: usize,
    /// How processes ended that nobody killed, since somebody asked.
    ends: Vec<ExitStatus>,
}

impl FaultedService {
    /// A program that is not started yet.
    #[must_use]
    pub fn new(program: PathBuf, args: Vec<String>, log: PathBuf, home: &Path, ready: &'static str) -> Self {
        Self {
            program,
            args,
            log,
            home: home.to_owned(),
            ready,
            child: None,
            is_stopped: false,
            log_start: 0,
            ends: Vec::new(),
        }
    }

    /// Starts it, without waiting until it is ready; does nothing if it runs.
    ///
    /// # Errors
    /// When it cannot be spawned.
    pub fn spawn(&mut self) -> anyhow::Result<()> {
        if self.is_alive() {
            return Ok(());
        }
        self.note_end();
        self.log_start = self.log_bytes();
        let output = OpenOptions::new().create(true).append(true).open(&self.log)?;
        let child = command(&self.program, &self.home)
            .args(&self.args)
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .spawn()
            .with_context(|| format!("cannot run {}", self.program.display()))?;
        self.child = Some(child);
        self.is_stopped = false;
        Ok(())
    }

    /// Starts it so that the `nth` of these system calls in a thread kills it, at its begin. Programs that it executes are
    /// left alone.
    ///
    /// # Errors
    /// When there is no `strace`, or it cannot be spawned.
    pub fn spawn_dying_at(&mut self, calls: &str, nth: u64) -> anyhow::Result<()> {
        let output = OpenOptions::new().create(true).append(true).open(&self.log)?;
        let child = command(Path::new("strace"), &self.home)
            // Not with `--seccomp-bpf`: with it, strace 6.1 injects nothing after the first call.
            .args(["-f", "-qqq", "-b", "execve", "-o", "/dev/null"])
            .args(["-e", &format!("trace={calls}")])
            .args(["-e", &format!("inject={calls}:signal=SIGKILL:when={nth}")])
            .arg(&self.program)
            .args(&self.args)
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .spawn()
            .context("cannot run strace: install it")?;
        self.child = Some(child);
        Ok(())
    }

    /// Starts it and waits until it is ready.
    ///
    /// # Errors
    /// When it ends, or is not ready within a minute; the message holds the end of its log.
    pub fn start(&mut self) -> anyhow::Result<()> {
        let written = self.log_bytes();
        self.spawn()?;
        let deadline = Instant::now() + READY_LIMIT;
        loop {
            let log = std::fs::read(&self.log)?;
            let new = log.get(written..).unwrap_or_default();
            if String::from_utf8_lossy(new).contains(self.ready) {
                return Ok(());
            }
            if !self.is_alive() || Instant::now() > deadline {
                let excerpt = String::from_utf8_lossy(new).into_owned();
                bail!("{} did not start:\n{excerpt}", self.program.display());
            }
            std::thread::sleep(LOOK_EVERY);
        }
    }

    /// Whether it runs or is frozen.
    pub fn is_alive(&mut self) -> bool {
        self.child
            .as_mut()
            .is_some_and(|child| matches!(child.try_wait(), Ok(None)))
    }

    /// Whether its process has ended by a SIGKILL that came from elsewhere; `strace` ends as what it runs.
    pub fn was_killed(&mut self) -> bool {
        let child = self.child.as_mut();
        let end = child.and_then(|child| child.try_wait().ok().flatten());
        end.is_some_and(|end| end.signal() == Some(Signal::KILL.as_raw()))
    }

    /// Its process id, if it runs.
    #[must_use]
    pub fn id(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// How its processes ended that nobody killed, since this was asked last.
    pub fn take_ends(&mut self) -> Vec<ExitStatus> {
        if !self.is_alive() {
            self.note_end();
        }
        std::mem::take(&mut self.ends)
    }

    /// Notes the end of a process that nobody has killed. One that says why it cannot start may do so: its database may be away.
    fn note_end(&mut self) {
        let Some(Ok(end)) = self.child.take().map(|mut child| child.wait()) else {
            return;
        };
        let log = std::fs::read(&self.log).unwrap_or_default();
        let said = String::from_utf8_lossy(log.get(self.log_start..).unwrap_or_default());
        if end.code() != Some(1) || said.contains(self.ready) {
            self.ends.push(end);
        }
    }

    /// Kills it and nothing else, and waits until it is gone.
    pub fn kill(&mut self) {
        if !self.is_alive() {
            self.note_end();
        }
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
        self.is_stopped = false;
    }

    /// Kills it with all processes of its group, and waits until it is gone.
    pub fn kill_group(&mut self) {
        if let Some(pid) = self.child.as_ref().map(Pid::from_child) {
            // Fails when all have ended.
            let _ = kill_process_group(pid, Signal::KILL);
        }
        self.kill();
    }

    /// Freezes it.
    pub fn stop(&mut self) {
        self.is_stopped = true;
        self.signal(Signal::STOP);
    }

    /// Thaws it.
    pub fn go_on(&mut self) {
        if std::mem::take(&mut self.is_stopped) {
            self.signal(Signal::CONT);
        }
    }

    /// Sends it a signal, if it runs.
    pub fn signal(&mut self, signal: Signal) {
        if self.is_alive()
            && let Some(pid) = self.child.as_ref().map(Pid::from_child)
        {
            let _ = kill_process(pid, signal);
        }
    }

    /// Its log so far.
    #[must_use]
    pub fn log(&self) -> String {
        let bytes = std::fs::read(&self.log).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Its resident memory in bytes, if it runs.
    #[must_use]
    pub fn rss_bytes(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.id()?)).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
        Some(kib << 10)
    }

    fn log_bytes(&self) -> usize {
        File::open(&self.log)
            .and_then(|file| file.metadata())
            .map_or(0, |metadata| usize::try_from(metadata.len()).unwrap_or(0))
    }
}

impl Drop for FaultedService {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A command in a process group of its own, without heavy's variables and with a data directory of its own.
#[must_use]
pub fn command(program: &Path, home: &Path) -> Command {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os() {
        if name.as_encoded_bytes().starts_with(b"HEAVY_") || name == "TARGET_URL" {
            command.env_remove(name);
        }
    }
    command.env("XDG_DATA_HOME", home).process_group(0);
    command
}

/// Waits until `look` returns a value.
///
/// # Errors
/// When `limit` has passed without one; the message says `what` was waited for.
pub fn wait_for<T>(what: &str, limit: Duration, mut look: impl FnMut() -> Option<T>) -> anyhow::Result<T> {
    let start = Instant::now();
    loop {
        if let Some(value) = look() {
            return Ok(value);
        }
        let waited = start.elapsed();
        if waited > limit {
            bail!("{what}: not within {} s", limit.as_secs());
        }
        // A look may open a database.
        std::thread::sleep((waited / 16).clamp(LOOK_EVERY, LOOK_SELDOM));
    }
}

/// The end of a child within a limit; one that takes longer is killed.
///
/// # Errors
/// When the child cannot be waited for.
pub fn end_of(child: &mut Child, limit: Duration) -> io::Result<Option<i32>> {
    let deadline = Instant::now() + limit;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status.code());
        }
        if Instant::now() > deadline {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        std::thread::sleep(LOOK_EVERY);
    }
}

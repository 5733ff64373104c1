//! A program run under a time limit with its output collected.

use std::ffi::{OsStr, OsString};
use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::output::Output;
use crate::process::Process;
use crate::temp::TempDir;

/// How long output may still come once the program has ended.
const OUTPUT_LIMIT: Duration = Duration::from_secs(5);

/// A program to run: its arguments, environment and time limit.
///
/// The environment is the test's without any `HEAVY_*` and `TARGET_URL`, and with an `XDG_DATA_HOME` of its
/// own, so that nothing of the developer's machine is seen or changed. Processes that are to share a default
/// data folder need the same `.env("XDG_DATA_HOME", ...)`.
///
/// ```
/// use heavy_testkit::Run;
/// let finished = Run::new("sh").args(["-c", "echo hello; exit 3"]).finish();
/// assert_eq!((finished.code, finished.stdout.as_str()), (Some(3), "hello\n"));
/// ```
#[derive(Debug, Clone)]
pub struct Run {
    program: PathBuf,
    args: Vec<OsString>,
    env: Vec<(OsString, OsString)>,
    folder: Option<PathBuf>,
    stdin: Vec<u8>,
    timeout: Duration,
}

impl Run {
    /// A program, by path or by a name in `PATH`, with a time limit of 60 s and nothing on its stdin.
    pub fn new(program: impl AsRef<Path>) -> Run {
        Run {
            program: program.as_ref().to_owned(),
            args: Vec::new(),
            env: Vec::new(),
            folder: None,
            stdin: Vec::new(),
            timeout: Duration::from_secs(60),
        }
    }

    /// A program of the workspace: see [`binary`](crate::binary()).
    pub fn binary(name: &str) -> Run {
        Run::new(crate::binary(name))
    }

    /// Adds an argument.
    #[must_use]
    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Run {
        self.args.push(arg.as_ref().to_owned());
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<S: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = S>) -> Run {
        self.args
            .extend(args.into_iter().map(|arg| arg.as_ref().to_owned()));
        self
    }

    /// Sets an environment variable.
    #[must_use]
    pub fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Run {
        self.env
            .push((name.as_ref().to_owned(), value.as_ref().to_owned()));
        self
    }

    /// Sets the working directory.
    #[must_use]
    pub fn current_dir(mut self, folder: impl AsRef<Path>) -> Run {
        self.folder = Some(folder.as_ref().to_owned());
        self
    }

    /// Gives it `bytes` on stdin.
    #[must_use]
    pub fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Run {
        self.stdin = bytes.into();
        self
    }

    /// Sets the time after which a wait for its end is given up and its process group killed.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Run {
        self.timeout = timeout;
        self
    }

    /// Starts it.
    ///
    /// # Panics
    /// When it cannot be spawned.
    #[track_caller]
    pub fn start(self) -> Running {
        let home = TempDir::new("home");
        let mut command = Command::new(&self.program);
        command
            .args(&self.args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        for (name, _) in std::env::vars_os() {
            if name.as_encoded_bytes().starts_with(b"HEAVY_") || name == "TARGET_URL" {
                command.env_remove(name);
            }
        }
        command.env("XDG_DATA_HOME", home.path()).envs(self.env);
        if let Some(folder) = &self.folder {
            command.current_dir(folder);
        }
        let shown = shown(&self.program, &self.args);
        let deadline = Instant::now() + self.timeout;
        let mut process = Process::spawn(&mut command, Signal::KILL)
            .unwrap_or_else(|error| panic!("cannot run {shown}: {error}"));
        let child = process.child_mut();
        let mut stdin = child.stdin.take().expect("stdin is piped");
        let bytes = self.stdin;
        // In a thread because the program may not read it, and closes the pipe at its end in any case.
        std::thread::spawn(move || stdin.write_all(&bytes));
        let stdout = child.stdout.take().expect("stdout is piped");
        let stderr = child.stderr.take().expect("stderr is piped");
        let output = Output::collect(stdout, stderr);
        Running {
            process,
            output,
            deadline,
            shown,
            _home: home,
        }
    }

    /// Runs it to its end.
    ///
    /// # Panics
    /// When it cannot be spawned or takes longer than its time limit.
    #[track_caller]
    pub fn finish(self) -> Finished {
        self.start().finish()
    }
}

/// A program that was started; its process group is killed on drop.
#[derive(Debug)]
pub struct Running {
    process: Process,
    output: Output,
    deadline: Instant,
    shown: String,
    _home: TempDir,
}

impl Running {
    /// Process id, which is also that of its process group.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Whether it has not ended yet.
    pub fn is_alive(&mut self) -> bool {
        self.process.try_wait().is_none()
    }

    /// The first whole line of stdout or stderr for which `wanted` holds; waits for it, and looks at lines
    /// that came before the call too.
    ///
    /// # Panics
    /// When the program ends or reaches its time limit first; the message holds its output.
    #[track_caller]
    pub fn wait_line(&self, wanted: impl FnMut(&str) -> bool) -> String {
        self.output.wait_line(self.deadline, wanted).unwrap_or_else(|| {
            panic!(
                "{} did not write the line waited for\n{}",
                self.shown,
                self.output.dump()
            )
        })
    }

    /// Sends it a signal: to the process alone, not its group. One that has ended gets none.
    pub fn signal(&mut self, signal: Signal) {
        self.process.signal(signal);
    }

    /// Kills its whole process group at once, as a crash would.
    pub fn kill(&mut self) {
        self.process.kill_group();
    }

    /// Sets the time limit anew, from now.
    pub(crate) fn limit(&mut self, limit: Duration) {
        self.deadline = Instant::now() + limit;
    }

    /// Stdout so far.
    pub fn stdout(&self) -> String {
        self.output.stdout()
    }

    /// Stderr so far.
    pub fn stderr(&self) -> String {
        self.output.stderr()
    }

    /// Waits for its end.
    ///
    /// # Panics
    /// When it takes longer than its time limit; the message holds its output.
    #[track_caller]
    pub fn finish(mut self) -> Finished {
        let status = self.process.wait_until(self.deadline);
        let Some(status) = status else {
            self.process.kill_group();
            self.output.wait_end(OUTPUT_LIMIT);
            panic!(
                "{} did not end within its time limit\n{}",
                self.shown,
                self.output.dump()
            );
        };
        self.output.wait_end(OUTPUT_LIMIT);
        Finished::new(status, &self.output)
    }
}

/// How a program ended and what it wrote.
#[derive(Debug, Clone)]
pub struct Finished {
    /// Exit code; none when a signal ended it.
    pub code: Option<i32>,
    /// Number of the signal that ended it.
    pub signal: Option<i32>,
    /// All of stdout, broken UTF-8 replaced; the first 64 MiB.
    pub stdout: String,
    /// All of stderr, in the same way.
    pub stderr: String,
}

impl Finished {
    fn new(status: ExitStatus, output: &Output) -> Finished {
        Finished {
            code: status.code(),
            signal: status.signal(),
            stdout: output.stdout(),
            stderr: output.stderr(),
        }
    }

    /// Itself, if it ended with this exit code.
    ///
    /// # Panics
    /// When it ended in another way; the message holds its output.
    #[track_caller]
    pub fn expect_code(self, code: i32) -> Finished {
        assert!(
            self.code == Some(code),
            "expected exit code {code}, got {:?} (signal {:?})\n--- stdout ---\n{}\n--- stderr ---\n{}",
            self.code,
            self.signal,
            self.stdout,
            self.stderr
        );
        self
    }
}

fn shown(program: &Path, args: &[OsString]) -> String {
    let mut shown = program.display().to_string();
    for arg in args {
        shown.push(' ');
        shown.push_str(&arg.to_string_lossy());
    }
    shown
}

//! Prints what happens as it happens, together with what the load test prints itself, in the order of both.

use std::fs::File;
use std::io::{self, PipeReader, Read as _, Write as _};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustix::io::ioctl_fionbio;
use tokio::sync::mpsc::Sender;

use super::render::Look;
use crate::harness::printed::LineCutter;
use crate::observer::{Observed, Observer, Whereabouts};

/// Bytes of output that are shown; beyond them, only the ends of iterations.
const MAX_SHOWN_BYTES: usize = 4 << 20;

/// What fits in a pipe, and so all that was printed before a look at it. A load test that goes on printing cannot keep the look
/// from its end.
const PIPE_BYTES: usize = 64 << 10;

/// The observer of a trial.
#[derive(Debug)]
pub(super) struct Printer {
    look: Look,
    screen: Mutex<Screen>,
    numbers: AtomicU32,
    /// Whether an error was shown that ends the trial.
    has_failed: AtomicBool,
    /// Whether each iteration was ok, as it ends.
    outcomes: Sender<bool>,
}

#[derive(Debug)]
struct Screen {
    out: File,
    /// What the load test prints; reading it never waits.
    printed: Arc<PipeReader>,
    lines: LineCutter,
    /// The title of a call that has done nothing yet.
    title: Option<String>,
    bytes: usize,
    /// What was not shown: it is too much.
    left_out: u64,
}

impl Printer {
    /// Shows on `out`, with what comes out of `printed`.
    pub(super) fn new(
        out: File,
        printed: PipeReader,
        look: Look,
        outcomes: Sender<bool>,
    ) -> io::Result<Self> {
        ioctl_fionbio(&printed, true)?;
        let screen = Screen {
            out,
            printed: Arc::new(printed),
            lines: LineCutter::default(),
            title: None,
            bytes: 0,
            left_out: 0,
        };
        Ok(Self {
            look,
            screen: Mutex::new(screen),
            numbers: AtomicU32::new(1),
            has_failed: AtomicBool::new(false),
            outcomes,
        })
    }

    /// Shows what the load test has printed so far, which `read` gets out of the pipe without waiting.
    pub(super) fn show_printed(&self, read: impl FnMut(&mut [u8]) -> io::Result<usize>) {
        self.lock().take_all(&self.look, read);
    }

    /// Shows the rest of what the load test has printed, and says how much was too much.
    pub(super) fn finish(&self) {
        // Half a line may be left in std's buffer.
        let _ = io::stdout().flush();
        let mut screen = self.lock();
        screen.drain(&self.look);
        let mut rest = String::new();
        screen
            .lines
            .rest(|line| rest = self.look.printed(&String::from_utf8_lossy(line)));
        screen.show(&rest, false);
        if screen.left_out > 0 {
            let note = format!("{} more lines were not shown\n", screen.left_out);
            screen.show(&note, true);
        }
    }

    pub(super) fn has_failed(&self) -> bool {
        self.has_failed.load(Ordering::Relaxed)
    }

    fn lock(&self) -> MutexGuard<'_, Screen> {
        self.screen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Observer for Printer {
    fn next_number(&self) -> u32 {
        self.numbers.fetch_add(1, Ordering::Relaxed)
    }

    fn observe(&self, place: Whereabouts<'_>, what: &Observed<'_>) {
        let mut screen = self.lock();
        screen.drain(&self.look);
        match what {
            Observed::CallBegan {
                workflow,
                function,
                iteration,
                user,
            } => {
                let title = self.look.title(workflow, function, *iteration, user);
                screen.title = Some(title);
                if *function == "run" {
                    screen.show("", true);
                }
            }
            what => {
                let is_end = matches!(
                    what,
                    Observed::CallEnded { error: Some(_), .. } | Observed::IterationEnded(_)
                );
                let lines = self.look.lines(place, what);
                screen.show(&lines, is_end);
                if let Observed::CallEnded { error, .. } = what {
                    screen.title = None;
                    self.has_failed.fetch_or(error.is_some(), Ordering::Relaxed);
                }
            }
        }
        if let Observed::IterationEnded(line) = what {
            // Nobody waits for it any more if the trial was given up.
            let _ = self.outcomes.try_send(line.ok);
        }
    }
}

impl Screen {
    /// Shows the lines that the load test has printed since the last time.
    fn drain(&mut self, look: &Look) {
        let printed = Arc::clone(&self.printed);
        self.take_all(look, |bytes| (&*printed).read(bytes));
    }

    fn take_all(&mut self, look: &Look, mut read: impl FnMut(&mut [u8]) -> io::Result<usize>) {
        let mut bytes = [0; 8 << 10];
        let mut left = PIPE_BYTES;
        // Without anything to read the pipe says that reading would block.
        while left > 0
            && let Ok(length @ 1..) = read(&mut bytes)
        {
            left = left.saturating_sub(length);
            let mut lines = Vec::new();
            self.lines.push(&bytes[..length], |line| {
                lines.push(look.printed(&String::from_utf8_lossy(line)));
            });
            for line in lines {
                self.show(&line, false);
            }
        }
    }

    /// Writes lines below the title that they belong to. Whoever does not read them need not be told.
    fn show(&mut self, lines: &str, always: bool) {
        if self.bytes > MAX_SHOWN_BYTES && !always {
            self.left_out += lines.lines().count() as u64;
            return;
        }
        if lines.is_empty() && !always {
            return;
        }
        if let Some(title) = self.title.take() {
            let _ = self.out.write_all(title.as_bytes());
        }
        self.bytes += lines.len();
        let _ = self.out.write_all(lines.as_bytes());
    }
}

//! The way of an oracle's results to its true stdout: through a pipe of its own, so that each write can be noted in a
//! ledger before and after.

use std::fs::File;
use std::io::{self, PipeReader, PipeWriter, Read as _, Write as _};
use std::os::fd::AsFd as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use rustix::stdio::dup2_stdout;

use crate::ledger::LedgerWriter;
use crate::random::SeededRandom;

/// Writes of up to this many bytes to a pipe happen as a whole or not at all (`PIPE_BUF`).
const ATOMIC_BYTES: usize = 4096;

/// The most that one read brings.
const READ_BYTES: usize = 64 << 10;

/// The noise before each write.
const NOISE_BYTES: usize = 300;

/// A line that no load test writes: everything before it has passed.
const LAST_LINE: &[u8] = b"\0the oracle has ended\n";

/// What the pump does besides passing lines on.
#[derive(Debug, Default)]
struct PumpState {
    /// Lines that pass before there is a ledger, such as the hello, are not noted.
    ledger: Option<LedgerWriter>,
    /// After this many bytes of results it closes stdout.
    close_after_bytes: Option<u64>,
    passed_bytes: u64,
    /// Passes on what it reads as it comes, with noise before it.
    noise: Option<SeededRandom>,
}

/// A handle to the pump's options.
#[derive(Debug, Clone, Default)]
pub struct PumpControl {
    state: Arc<Mutex<PumpState>>,
}

impl PumpControl {
    /// Notes all writes from now on.
    pub fn note_in(&self, ledger: LedgerWriter) {
        self.lock().ledger = Some(ledger);
    }

    /// Closes stdout after this many more bytes; the load test goes on and does not notice.
    pub fn close_after(&self, bytes: u64) {
        let mut state = self.lock();
        state.close_after_bytes = Some(state.passed_bytes + bytes);
    }

    /// From now on, writes binary noise without a newline before what it passes on, which it no longer regroups: as a
    /// child of the load test would that writes to its stdout too.
    pub fn add_noise(&self, seed: u64) {
        self.lock().noise = Some(SeededRandom::new(seed, 0));
    }

    fn lock(&self) -> MutexGuard<'_, PumpState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl PumpControl {
    /// Writes some noise, if there is to be any.
    fn noise(&self, stdout: &mut Option<File>) -> bool {
        let mut state = self.lock();
        let (Some(random), Some(file)) = (&mut state.noise, stdout) else {
            return false;
        };
        let bytes: Vec<u8> = (0..NOISE_BYTES)
            .map(|_| (random.next_u64() as u8).max(b'\n' + 1))
            .collect();
        let _ = file.write_all(&bytes);
        true
    }
}

/// A running pump.
#[derive(Debug)]
pub struct Pump {
    thread: JoinHandle<io::Result<()>>,
    into: PipeWriter,
    /// Its options.
    pub control: PumpControl,
}

impl Pump {
    /// Puts a pipe where stdout was, and starts to pass on what comes out of it.
    ///
    /// # Errors
    /// When there are no file descriptors left.
    pub fn start() -> io::Result<Self> {
        let stdout = File::from(io::stdout().as_fd().try_clone_to_owned()?);
        let (from, into) = io::pipe()?;
        dup2_stdout(&into)?;
        let control = PumpControl::default();
        let of_thread = control.clone();
        let thread = thread::Builder::new()
            .name("pump".to_owned())
            .spawn(move || pass_on(from, stdout, &of_thread))?;
        Ok(Self {
            thread,
            into,
            control,
        })
    }

    /// Waits until everything written so far has passed.
    ///
    /// # Errors
    /// When a ledger could not be written.
    pub fn finish(mut self) -> io::Result<()> {
        self.into.write_all(LAST_LINE)?;
        self.thread
            .join()
            .unwrap_or_else(|_| Err(io::Error::other("the pump panicked")))
    }
}

fn pass_on(mut from: PipeReader, stdout: File, control: &PumpControl) -> io::Result<()> {
    let mut stdout = Some(stdout);
    let mut buffer = vec![0; READ_BYTES];
    let mut lines: Vec<u8> = Vec::new();
    loop {
        let read = match from.read(&mut buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            read => read?,
        };
        lines.extend_from_slice(&buffer[..read]);
        let whole = lines
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |end| end + 1);
        let ended = lines[..whole].ends_with(LAST_LINE);
        let results = if ended { whole - LAST_LINE.len() } else { whole };
        if control.noise(&mut stdout) {
            pass(&lines[..results], &mut stdout, control)?;
        } else {
            for write in writes(&lines[..results]) {
                pass(write, &mut stdout, control)?;
            }
        }
        lines.drain(..whole);
        if ended || read == 0 {
            return Ok(());
        }
    }
}

/// Groups whole lines into writes of at most [`ATOMIC_BYTES`]; a longer line is a write of its own.
fn writes(mut lines: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let bound = lines.len().min(ATOMIC_BYTES);
        let last = lines[..bound].iter().rposition(|byte| *byte == b'\n');
        let end = match last {
            Some(last) => last + 1,
            None => lines.iter().position(|byte| *byte == b'\n')? + 1,
        };
        let (write, rest) = lines.split_at(end);
        lines = rest;
        Some(write)
    })
}

fn pass(write: &[u8], stdout: &mut Option<File>, control: &PumpControl) -> io::Result<()> {
    let mut state = control.lock();
    if state.ledger.is_some() {
        state.passed_bytes += write.len() as u64;
    }
    if state
        .close_after_bytes
        .is_some_and(|bytes| state.passed_bytes > bytes)
    {
        *stdout = None;
    }
    let Some(file) = stdout else {
        return Ok(());
    };
    match &mut state.ledger {
        None => {
            drop(state);
            let _ = file.write_all(write);
        }
        Some(ledger) => {
            ledger.begin(write)?;
            let written = file.write_all(write).is_ok();
            ledger.end(written)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_grouped_into_writes_that_happen_as_a_whole() {
        let long = format!("{}\n", "x".repeat(ATOMIC_BYTES));
        let text = format!("{}{long}{}", "one\n".repeat(1500), "two\n".repeat(3));
        let all: Vec<&[u8]> = writes(text.as_bytes()).collect();
        assert_eq!(all.concat(), text.as_bytes());
        assert!(all.iter().all(|write| write.ends_with(b"\n")));
        let over: Vec<_> = all.iter().filter(|write| write.len() > ATOMIC_BYTES).collect();
        assert_eq!(over, [&long.as_bytes()], "only a line that is longer by itself");
        assert!(all.len() <= 5, "{}", all.len());
    }
}

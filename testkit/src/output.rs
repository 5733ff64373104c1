//! What a program wrote to stdout and stderr, collected while it runs.

use std::io::Read;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Bytes kept of each stream; the rest is read and discarded.
const KEPT_BYTES: usize = 64 << 20;

/// Both streams of one program; clones look at the same bytes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Output {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// Stdout and stderr.
    bytes: [Vec<u8>; 2],
    open: usize,
}

impl Output {
    /// Reads `stdout` and `stderr` to their ends in threads of their own.
    pub(crate) fn collect(stdout: impl Read + Send + 'static, stderr: impl Read + Send + 'static) -> Output {
        let output = Output::default();
        output.state().open = 2;
        output.read(0, stdout);
        output.read(1, stderr);
        output
    }

    fn read(&self, stream: usize, mut source: impl Read + Send + 'static) {
        let output = self.clone();
        std::thread::spawn(move || {
            let mut buffer = [0; 16 << 10];
            // An error of a pipe means the same as its end: nothing more will come.
            while let Ok(count @ 1..) = source.read(&mut buffer) {
                let bytes = &mut output.state().bytes[stream];
                let room = KEPT_BYTES.saturating_sub(bytes.len());
                bytes.extend_from_slice(&buffer[..count.min(room)]);
                output.shared.changed.notify_all();
            }
            output.state().open -= 1;
            output.shared.changed.notify_all();
        });
    }

    /// Stdout so far.
    pub(crate) fn stdout(&self) -> String {
        String::from_utf8_lossy(&self.state().bytes[0]).into_owned()
    }

    /// Stderr so far.
    pub(crate) fn stderr(&self) -> String {
        String::from_utf8_lossy(&self.state().bytes[1]).into_owned()
    }

    /// Waits for both streams to end; a grandchild may hold them open longer than the program lived.
    pub(crate) fn wait_end(&self, limit: Duration) {
        let deadline = Instant::now() + limit;
        let mut state = self.state();
        while state.open > 0 {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            state = self
                .shared
                .changed
                .wait_timeout(state, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }

    /// The first whole line of either stream for which `wanted` holds; waits for it until the deadline or
    /// the end of both streams. Lines that came before the call count too.
    pub(crate) fn wait_line(
        &self,
        deadline: Instant,
        mut wanted: impl FnMut(&str) -> bool,
    ) -> Option<String> {
        let mut seen = [0, 0];
        let mut state = self.state();
        loop {
            for (bytes, seen) in state.bytes.iter().zip(&mut seen) {
                while let Some(length) = bytes[*seen..].iter().position(|byte| *byte == b'\n') {
                    let line = String::from_utf8_lossy(&bytes[*seen..*seen + length]).into_owned();
                    *seen += length + 1;
                    if wanted(&line) {
                        return Some(line);
                    }
                }
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() || state.open == 0 {
                return None;
            }
            state = self
                .shared
                .changed
                .wait_timeout(state, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }

    /// Both streams for the message of a failed test.
    pub(crate) fn dump(&self) -> String {
        format!(
            "--- stdout ---\n{}\n--- stderr ---\n{}\n",
            self.stdout(),
            self.stderr()
        )
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

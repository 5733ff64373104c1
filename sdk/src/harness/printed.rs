//! What the load test prints: it goes to a pipe, and from there, as log lines, the way of the results.

use std::io::{self, BufRead, BufReader, PipeReader, Write as _};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use heavy_plugin::line::{LOG_LINES_PER_SECOND, MAX_LOG_BYTES, PrintedLine};
use rustix::stdio::dup2_stdout;
use tokio::sync::oneshot;

use super::writer::Writer;

/// The rate of lines is bounded over this time.
const WINDOW: Duration = Duration::from_secs(1);

/// Forwards what is printed until [`Printed::end`].
#[derive(Debug)]
pub(crate) struct Printed {
    /// Closed when everything is with the writer.
    forwarded: oneshot::Receiver<()>,
}

impl Printed {
    /// Starts the thread that reads `pipe`, the other end of what the process has as stdout.
    pub(crate) fn forward(pipe: PipeReader, writer: Arc<Writer>) -> io::Result<Self> {
        let (done, forwarded) = oneshot::channel::<()>();
        thread::Builder::new()
            .name("heavy-printed".to_owned())
            .spawn(move || {
                forward_all(BufReader::new(pipe), &writer);
                drop(done);
            })?;
        Ok(Self { forwarded })
    }

    /// Hands everything printed so far to the writer. What is printed from now on goes to stderr. A process that the load
    /// test started may keep the pipe open; the caller limits the wait.
    pub(crate) async fn end(self) {
        // Half a line may be left in std's buffer.
        let _ = io::stdout().flush();
        if dup2_stdout(io::stderr()).is_ok() {
            let _ = self.forwarded.await;
        }
    }
}

/// Hands the lines of a stream to the writer until it ends.
fn forward_all(mut stream: impl BufRead, writer: &Writer) {
    let (mut lines, mut limiter, mut out) = (LineCutter::default(), Limiter::default(), Vec::new());
    loop {
        let read = match stream.fill_buf() {
            Ok([]) => break,
            Ok(bytes) => {
                let (now, is_full) = (Instant::now(), writer.is_full());
                lines.push(bytes, |line| limiter.take(line, is_full, now, &mut out));
                bytes.len()
            }
            // A load test may have signal handlers. Without a reader, its next `println!` would panic.
            Err(error) if error.kind() == io::ErrorKind::Interrupted => 0,
            Err(_) => break,
        };
        stream.consume(read);
        writer.hand_over(&mut out);
    }
    lines.rest(|line| limiter.take(line, writer.is_full(), Instant::now(), &mut out));
    limiter.end(&mut out);
    writer.hand_over(&mut out);
}

/// Cuts a stream into lines in bounded memory: of a long line it gives the start.
#[derive(Debug, Default)]
pub(crate) struct LineCutter {
    line: Vec<u8>,
}

impl LineCutter {
    /// Calls `each` for every line that ends in these bytes.
    pub(crate) fn push(&mut self, mut bytes: &[u8], mut each: impl FnMut(&[u8])) {
        while let Some(newline) = bytes.iter().position(|byte| *byte == b'\n') {
            self.add(&bytes[..newline]);
            each(&self.line);
            self.line.clear();
            bytes = &bytes[newline + 1..];
        }
        self.add(bytes);
    }

    /// Calls `each` for what follows the last newline, if anything does.
    pub(crate) fn rest(&mut self, each: impl FnOnce(&[u8])) {
        if !self.line.is_empty() {
            each(&self.line);
            self.line.clear();
        }
    }

    fn add(&mut self, bytes: &[u8]) {
        let room = MAX_LOG_BYTES - self.line.len();
        self.line.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }
}

/// Keeps as many lines each second as agents do, and counts the others.
#[derive(Debug, Default)]
struct Limiter {
    window: Option<Instant>,
    kept: u32,
    dropped: u64,
}

impl Limiter {
    /// Appends the log line of a printed line to `out`, or counts it.
    fn take(&mut self, line: &[u8], is_full: bool, now: Instant, out: &mut Vec<u8>) {
        if self.window.is_none_or(|since| now - since >= WINDOW) {
            self.window = Some(now);
            self.kept = 0;
        }
        if is_full || self.kept >= LOG_LINES_PER_SECOND {
            self.dropped += 1;
            return;
        }
        self.kept += 1;
        let text = String::from_utf8_lossy(line);
        self.write(text.trim_end_matches('\r'), out);
    }

    /// Appends the count of what was dropped last, if any.
    fn end(&mut self, out: &mut Vec<u8>) {
        if self.dropped > 0 {
            self.write("", out);
        }
    }

    fn write(&mut self, text: &str, out: &mut Vec<u8>) {
        let dropped = std::mem::take(&mut self.dropped);
        PrintedLine {
            text: text.into(),
            dropped,
        }
        .write(out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_bounded_and_what_is_dropped_is_counted() {
        let (mut limiter, mut out, now) = (Limiter::default(), Vec::new(), Instant::now());
        for _ in 0..150 {
            limiter.take(b"x\r", false, now, &mut out);
        }
        let lines = String::from_utf8(out).unwrap();
        assert_eq!(
            lines.matches(r#"{"type":"log","text":"x"}"#).count(),
            100,
            "{lines}"
        );
        let mut out = Vec::new();
        limiter.take(b"later", false, now + WINDOW, &mut out);
        limiter.take(b"no room", true, now + WINDOW, &mut out);
        limiter.end(&mut out);
        let expected = concat!(
            r#"{"type":"log","text":"later","dropped":50}"#,
            "\n",
            r#"{"type":"log","text":"","dropped":1}"#,
            "\n"
        );
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }

    /// Is interrupted by a signal before every piece.
    struct Interrupted<'a> {
        pieces: &'a [&'a [u8]],
        next: bool,
    }

    impl io::Read for Interrupted<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.next = !self.next;
            if self.next {
                return Err(io::ErrorKind::Interrupted.into());
            }
            let Some((first, rest)) = self.pieces.split_first() else {
                return Ok(0);
            };
            self.pieces = rest;
            buffer[..first.len()].copy_from_slice(first);
            Ok(first.len())
        }
    }

    #[tokio::test]
    async fn signals_end_nothing() {
        let (sender, receiver) = std::sync::mpsc::sync_channel(16);
        let writer = Writer::start(Box::new(move |lines| {
            sender.send(lines.to_vec()).map_err(io::Error::other)
        }))
        .unwrap();
        let pieces: [&[u8]; 2] = [b"one\ntw", b"o\nthree"];
        let stream = Interrupted {
            pieces: &pieces,
            next: false,
        };
        forward_all(BufReader::new(stream), &writer);
        writer.flush().await;
        let lines: Vec<u8> = receiver.try_iter().flatten().collect();
        let line = |text: &str| format!("{{\"type\":\"log\",\"text\":\"{text}\"}}\n");
        assert_eq!(
            String::from_utf8(lines).unwrap(),
            [line("one"), line("two"), line("three")].concat()
        );
    }

    #[test]
    fn lines_are_whole_however_they_come_and_long_ones_are_cut() {
        let long = "x".repeat(2 * MAX_LOG_BYTES);
        let stream = format!("one\n\n{long}\nrest");
        for size in [1, 2, 1_000, stream.len()] {
            let (mut cutter, mut lines) = (LineCutter::default(), Vec::new());
            for bytes in stream.as_bytes().chunks(size) {
                cutter.push(bytes, |line| lines.push(line.to_vec()));
            }
            cutter.rest(|line| lines.push(line.to_vec()));
            assert_eq!(
                lines,
                [b"one", &b""[..], &long.as_bytes()[..MAX_LOG_BYTES], b"rest"],
                "{size}"
            );
        }
    }
}

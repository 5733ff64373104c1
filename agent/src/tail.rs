//! Reads what a load test writes, on threads of its own that never wait for anything but the output: a reader that
//! stops would block the load test.

use std::io::{self, Read};
use std::process::ChildStdout;
use std::sync::Arc;
use std::thread;

use heavy_plugin::hello::Hello;
use heavy_plugin::lines::{Filled, LineBuffer, LinePiece};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use crate::journal::output::JournaledOutput;
use crate::process::Ends;
use crate::results::AssignmentResults;

#[derive(Debug)]
pub(crate) struct Tail {
    /// The load test's hello; closed without one if its output ended before.
    pub(crate) hello: oneshot::Receiver<Hello>,
    /// Cancelled when all of stdout was read.
    pub(crate) stdout_ended: CancellationToken,
    /// Cancelled when all output was read.
    pub(crate) ended: CancellationToken,
}

/// Starts reading, and returns the RPC socket.
pub(crate) fn start(
    ends: Ends,
    results: &Arc<AssignmentResults>,
) -> io::Result<(Tail, std::os::unix::net::UnixStream)> {
    let (said, hello) = oneshot::channel();
    let ended = CancellationToken::new();
    let end = ended.clone();
    let stdout_ended = CancellationToken::new();
    let stdout_end = stdout_ended.clone();
    let for_stderr = Arc::clone(results);
    let mut stderr = ends.stderr;
    let reader = thread::Builder::new()
        .name("stderr".into())
        .spawn(move || read_stderr(&mut stderr, &for_stderr))?;
    let for_stdout = Arc::clone(results);
    let mut stdout = JournaledOutput::new(ends.stdout, Arc::clone(results.journal()));
    thread::Builder::new().name("tail".into()).spawn(move || {
        read_stdout(&mut stdout, &for_stdout, said);
        stdout_end.cancel();
        let _ = reader.join();
        end.cancel();
    })?;
    let tail = Tail {
        hello,
        stdout_ended,
        ended,
    };
    Ok((tail, ends.rpc))
}

fn read_stdout(
    output: &mut JournaledOutput<ChildStdout>,
    results: &AssignmentResults,
    said: oneshot::Sender<Hello>,
) {
    let mut said = Some(said);
    let mut lines = LineBuffer::default();
    loop {
        results.reader.waits();
        let filled = read(&mut lines, output);
        results.reader.got(filled != Filled::Full);
        if filled == Filled::End {
            break;
        }
        if said.is_some() {
            read_hello(&mut lines, results, &mut said);
        }
        results.stdout(&mut lines, LineBuffer::next_piece, output.mark());
    }
    results.stdout(&mut lines, LineBuffer::rest, output.mark());
    results.reader.waits();
}

/// Looks for the hello; what precedes it is log output.
fn read_hello(
    lines: &mut LineBuffer,
    results: &AssignmentResults,
    said: &mut Option<oneshot::Sender<Hello>>,
) {
    while let Some(piece) = lines.next_piece() {
        if let LinePiece::Line(line) = piece
            && let Some(hello) = Hello::parse(line)
        {
            // The receiver may be gone.
            let _ = said.take().map(|said| said.send(hello));
            return;
        }
        results.early(&piece);
    }
}

fn read_stderr(output: &mut impl Read, results: &AssignmentResults) {
    let mut lines = LineBuffer::default();
    loop {
        let filled = read(&mut lines, output);
        while let Some(piece) = lines.next_piece() {
            results.stderr(piece.bytes());
        }
        if filled == Filled::End {
            break;
        }
    }
    if let Some(piece) = lines.rest() {
        results.stderr(piece.bytes());
    }
}

/// Reads once; an output that cannot be read has ended.
fn read(lines: &mut LineBuffer, output: &mut impl Read) -> Filled {
    lines.read_from(output).unwrap_or_else(|error| {
        tracing::warn!(%error, "cannot read a load test's output");
        Filled::End
    })
}

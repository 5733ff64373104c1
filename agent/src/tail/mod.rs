//! Reads what a load test writes, on threads of its own that never wait for anything but the output: a reader that
//! stops would block the load test.

mod excerpt;
mod lines;

use std::io::{self, Read};
use std::sync::Arc;
use std::thread;

use heavy_plugin::hello::Hello;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use crate::process::Ends;
use crate::results::Results;
pub(crate) use excerpt::Excerpt;
pub(crate) use lines::{Lines, Piece};

/// What the readers have to say.
#[derive(Debug)]
pub(crate) struct Tail {
    /// The load test's hello; closed without one if its output ended before.
    pub(crate) hello: oneshot::Receiver<Hello>,
    /// Cancelled when all output was read.
    pub(crate) ended: CancellationToken,
}

/// Starts reading, and gives back the RPC socket.
pub(crate) fn start(
    ends: Ends,
    results: &Arc<Results>,
) -> io::Result<(Tail, std::os::unix::net::UnixStream)> {
    let (said, hello) = oneshot::channel();
    let ended = CancellationToken::new();
    let end = ended.clone();
    let for_stderr = Arc::clone(results);
    let mut stderr = ends.stderr;
    let reader = thread::Builder::new()
        .name("stderr".into())
        .spawn(move || read_stderr(&mut stderr, &for_stderr))?;
    let for_stdout = Arc::clone(results);
    let mut stdout = ends.stdout;
    thread::Builder::new().name("tail".into()).spawn(move || {
        read_stdout(&mut stdout, &for_stdout, said);
        let _ = reader.join();
        end.cancel();
    })?;
    Ok((Tail { hello, ended }, ends.rpc))
}

fn read_stdout(output: &mut impl Read, results: &Results, said: oneshot::Sender<Hello>) {
    let mut said = Some(said);
    let mut lines = Lines::default();
    loop {
        results.reader_waits();
        let space = lines.space();
        let room = space.len();
        let read = read(output, space);
        results.reader_got(read < room);
        if read == 0 {
            break;
        }
        lines.filled(read);
        if said.is_some() {
            read_hello(&mut lines, results, &mut said);
        }
        results.stdout(&mut lines, Lines::next);
    }
    results.stdout(&mut lines, Lines::rest);
    results.reader_waits();
}

/// Looks for the hello; what stands before it is log output.
fn read_hello(lines: &mut Lines, results: &Results, said: &mut Option<oneshot::Sender<Hello>>) {
    while let Some(piece) = lines.next() {
        if let Piece::Line(line) = piece
            && let Some(hello) = Hello::parse(line)
        {
            // Who waited for it may have given up.
            let _ = said.take().map(|said| said.send(hello));
            return;
        }
        results.early(&piece);
    }
}

fn read_stderr(output: &mut impl Read, results: &Results) {
    let mut lines = Lines::default();
    loop {
        let read = read(output, lines.space());
        lines.filled(read);
        while let Some(piece) = lines.next() {
            stderr_piece(&piece, results);
        }
        if read == 0 {
            break;
        }
    }
    if let Some(piece) = lines.rest() {
        stderr_piece(&piece, results);
    }
}

fn stderr_piece(piece: &Piece<'_>, results: &Results) {
    match piece {
        Piece::Line(line) | Piece::TooLong(line) | Piece::Rest(line) => results.stderr(line),
    }
}

/// Reads some bytes; 0 at the end, and a broken pipe is an end.
fn read(output: &mut impl Read, space: &mut [u8]) -> usize {
    loop {
        match output.read(space) {
            Ok(read) => return read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => {
                tracing::warn!(%error, "cannot read a load test's output");
                return 0;
            }
        }
    }
}

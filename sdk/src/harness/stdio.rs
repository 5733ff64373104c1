//! The standard streams of a load test: what the agent connected to them is taken away from the load test's own code.

use std::fs::File;
use std::io::{self, ErrorKind, IoSlice, PipeReader, Write};
use std::os::fd::AsFd as _;
use std::os::unix::net::UnixStream;

use rustix::stdio::{dup2_stdin, dup2_stdout};

/// Takes the results' way out: the stdout that the process was started with. From then on, what is printed goes to the
/// pipe that is returned, so that a `println!` cannot touch a result.
pub(crate) fn take_stdout() -> io::Result<(File, PipeReader)> {
    let results = io::stdout().as_fd().try_clone_to_owned()?;
    let (printed, stdout) = io::pipe()?;
    dup2_stdout(stdout)?;
    Ok((results.into(), printed))
}

/// Writes whole lines, with a newline before them: whatever else writes to the same pipe may have left half a line, which
/// would take the first of these with it. Readers skip the empty line that it makes otherwise.
pub(crate) fn write_on_fresh_line(out: &mut impl Write, lines: &[u8]) -> io::Result<()> {
    let written = loop {
        match out.write_vectored(&[IoSlice::new(b"\n"), IoSlice::new(lines)]) {
            Ok(written) => break written,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    };
    match written.checked_sub(1) {
        Some(written) => out.write_all(&lines[written..]),
        None => Err(ErrorKind::WriteZero.into()),
    }
}

/// Takes the RPC socket: the stdin that the process was started with. From then on, stdin is empty.
pub(crate) fn take_stdin_socket() -> io::Result<UnixStream> {
    let socket = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
    socket.local_addr()?;
    dup2_stdin(File::open("/dev/null")?)?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

/// Prints an error to stderr, which an agent keeps as log output.
pub(crate) fn complain(message: impl std::fmt::Display) {
    // Without a stderr the message is lost.
    let _ = writeln!(io::stderr(), "error: {message}");
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes at most this number of bytes a write, and is interrupted before the first.
    struct Narrow {
        written: Vec<u8>,
        room: usize,
        interrupted: bool,
    }

    impl Write for Narrow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.write_vectored(&[IoSlice::new(bytes)])
        }

        fn write_vectored(&mut self, parts: &[IoSlice<'_>]) -> io::Result<usize> {
            if !std::mem::replace(&mut self.interrupted, true) {
                return Err(ErrorKind::Interrupted.into());
            }
            let bytes: Vec<u8> = parts.iter().flat_map(|part| part.iter().copied()).collect();
            let taken = bytes.len().min(self.room);
            self.written.extend_from_slice(&bytes[..taken]);
            Ok(taken)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn each_write_begins_on_a_fresh_line_however_little_is_taken_at_once() {
        for room in [1, 2, 5, 100] {
            let mut out = Narrow {
                written: b"\0noise".to_vec(),
                room,
                interrupted: false,
            };
            write_on_fresh_line(&mut out, b"{\"a\":1}\n").unwrap();
            write_on_fresh_line(&mut out, b"{}\n").unwrap();
            assert_eq!(out.written, b"\0noise\n{\"a\":1}\n\n{}\n", "{room}");
        }
        let mut full = Narrow {
            written: Vec::new(),
            room: 0,
            interrupted: true,
        };
        let error = write_on_fresh_line(&mut full, b"{}\n").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::WriteZero);
    }
}

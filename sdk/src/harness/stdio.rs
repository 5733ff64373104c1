//! The standard streams of a load test: what the agent connected to them is taken away from the load test's own code.

use std::fs::File;
use std::io::{self, PipeReader, Write as _};
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

//! What an agent and the supervisor of a load test say to each other, by a socket whose end means that the agent is gone.
//!
//! The agent first sends the descriptors of the load test, then single bytes. The supervisor sends lines.

use std::fmt;
use std::io::{self, IoSlice, IoSliceMut, Write};
use std::mem::MaybeUninit;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage,
    SendFlags, recvmsg, sendmsg,
};

use super::exit::Exit;

/// The exit status when the load test could not be started, the same as in shells.
pub(crate) const CANNOT_RUN: u8 = 126;

/// Kill the load test.
pub(crate) const KILL: u8 = b'k';
/// The agent has read everything: kill what is left, and end.
pub(crate) const LET_GO: u8 = b'g';
/// Goes with the descriptors.
const BEGIN: u8 = b'b';

/// How many descriptors there are.
const ENDS: usize = 3;

/// The descriptors of a load test that its supervisor gets.
#[derive(Debug)]
pub(crate) struct Supervised {
    /// The load test's end of the RPC socket.
    pub(crate) rpc: OwnedFd,
    /// The read ends of its pipes.
    pub(crate) stdout: OwnedFd,
    pub(crate) stderr: OwnedFd,
}

/// Sends the descriptors, in the order of [`Supervised`].
pub(crate) fn send(socket: &UnixStream, ends: [BorrowedFd<'_>; ENDS]) -> io::Result<()> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(ENDS))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    control.push(SendAncillaryMessage::ScmRights(&ends));
    sendmsg(
        socket,
        &[IoSlice::new(&[BEGIN])],
        &mut control,
        SendFlags::NOSIGNAL,
    )?;
    Ok(())
}

/// Receives the descriptors; `None` if the agent is gone.
pub(crate) fn receive(socket: &UnixStream) -> io::Result<Option<Supervised>> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(ENDS))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let mut byte = [0];
    let received = loop {
        let mut into = [IoSliceMut::new(&mut byte)];
        match recvmsg(socket, &mut into, &mut control, RecvFlags::CMSG_CLOEXEC) {
            Err(rustix::io::Errno::INTR) => {}
            received => break received?,
        }
    };
    let ends = control.drain().flat_map(|message| match message {
        RecvAncillaryMessage::ScmRights(ends) => ends.collect::<Vec<_>>(),
        _ => Vec::new(),
    });
    match <[OwnedFd; ENDS]>::try_from(ends.collect::<Vec<_>>()) {
        Ok([rpc, stdout, stderr]) => Ok(Some(Supervised { rpc, stdout, stderr })),
        Err(_) if received.bytes == 0 => Ok(None),
        Err(ends) => Err(io::Error::other(format!(
            "got {} descriptors instead of {ENDS}",
            ends.len()
        ))),
    }
}

/// What a supervisor reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SupervisorReport {
    /// The load test was started.
    Running {
        /// Its process id as the agent sees it.
        id: u32,
        /// Whether it has a PID namespace of its own.
        owns_namespace: bool,
    },
    Exited(Exit),
    /// Nothing of it is left.
    Gone,
}

impl SupervisorReport {
    pub(crate) fn write(&self, mut to: impl Write) -> io::Result<()> {
        to.write_all(format!("{self}\n").as_bytes())
    }

    pub(crate) fn parse(line: &str) -> Option<Self> {
        let mut words = line.split(' ');
        let report = match words.next()? {
            "running" => Self::Running {
                id: words.next()?.parse().ok()?,
                owns_namespace: words.next()? == "true",
            },
            "status" => Self::Exited(Exit::Status(words.next()?.parse().ok()?)),
            "signal" => Self::Exited(Exit::Signal(words.next()?.parse().ok()?)),
            "ended" => Self::Exited(Exit::Unknown),
            "gone" => Self::Gone,
            _ => return None,
        };
        Some(report)
    }
}

impl fmt::Display for SupervisorReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Running { id, owns_namespace } => write!(f, "running {id} {owns_namespace}"),
            Self::Exited(Exit::Status(status)) => write!(f, "status {status}"),
            Self::Exited(Exit::Signal(signal)) => write!(f, "signal {signal}"),
            Self::Exited(Exit::Vanished(_) | Exit::Unknown) => f.write_str("ended"),
            Self::Gone => f.write_str("gone"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::os::fd::AsFd;

    use super::*;

    #[test]
    fn descriptors_arrive_in_their_order() {
        let (agent, supervisor) = UnixStream::pair().unwrap();
        let pipes = [(); ENDS].map(|()| io::pipe().unwrap());
        send(&agent, pipes.each_ref().map(|(reader, _)| reader.as_fd())).unwrap();
        let got = receive(&supervisor).unwrap().unwrap();
        for (text, (_, writer)) in ["rpc", "stdout", "stderr"].iter().zip(pipes) {
            (&writer).write_all(text.as_bytes()).unwrap();
        }
        for (end, text) in [(got.rpc, "rpc"), (got.stdout, "stdout"), (got.stderr, "stderr")] {
            let mut read = String::new();
            std::fs::File::from(end).read_to_string(&mut read).unwrap();
            assert_eq!(read, text);
        }
        drop(agent);
        assert!(receive(&supervisor).unwrap().is_none());
    }

    #[test]
    fn reports_are_read_as_written() {
        for report in [
            SupervisorReport::Running {
                id: 7,
                owns_namespace: true,
            },
            SupervisorReport::Exited(Exit::Status(3)),
            SupervisorReport::Exited(Exit::Signal(9)),
            SupervisorReport::Exited(Exit::Unknown),
            SupervisorReport::Gone,
        ] {
            let mut line = Vec::new();
            report.write(&mut line).unwrap();
            let line = String::from_utf8(line).unwrap();
            assert_eq!(SupervisorReport::parse(line.trim_end()), Some(report));
        }
        assert_eq!(SupervisorReport::parse("status"), None);
    }
}

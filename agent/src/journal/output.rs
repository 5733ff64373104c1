//! A load test's stdout, journaled before it is taken out of the pipe: an agent that dies between the two loses nothing.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;

use heavy_process::clock::monotonic_ns;
use rustix::io::Errno;
use rustix::pipe::{PipeFlags, SpliceFlags, fcntl_getpipe_size, fcntl_setpipe_size, pipe_with, splice, tee};

use super::Journal;

/// Reads a pipe. Each read is in the journal when it returns.
#[derive(Debug)]
pub(crate) struct JournaledOutput<R> {
    pipe: R,
    journal: Arc<Journal>,
    /// A second pipe that takes a copy of what is in the first, and what the first is emptied into.
    copy: Option<(File, OwnedFd, File)>,
    read: OutputMark,
}

/// How far an output was read, and when that was on the monotonic clock.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct OutputMark {
    pub(crate) end: u64,
    pub(crate) at_ns: u64,
}

impl<R: Read + AsFd> JournaledOutput<R> {
    pub(crate) fn new(pipe: R, journal: Arc<Journal>) -> Self {
        let copy = copying(&pipe);
        if let Err(error) = &copy {
            tracing::warn!(%error, "cannot copy pipes: this agent's death may lose what it has just read");
        }
        Self {
            pipe,
            journal,
            copy: copy.ok(),
            read: OutputMark::default(),
        }
    }

    pub(crate) const fn mark(&self) -> OutputMark {
        self.read
    }

    fn take(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some((copied, copy, nowhere)) = &mut self.copy else {
            let bytes = self.pipe.read(buffer)?;
            self.read.at_ns = monotonic_ns();
            self.read.end = self.journal.append_output(&buffer[..bytes], self.read.at_ns);
            return Ok(bytes);
        };
        let bytes = tee(&self.pipe, &*copy, buffer.len(), SpliceFlags::empty())?;
        if bytes == 0 {
            return Ok(0);
        }
        copied.read_exact(&mut buffer[..bytes])?;
        self.read.at_ns = monotonic_ns();
        self.read.end = self.journal.append_output(&buffer[..bytes], self.read.at_ns);
        let mut left = bytes;
        while left > 0 {
            match splice(&self.pipe, None, &*nowhere, None, left, SpliceFlags::empty()) {
                Ok(0) => return Err(io::Error::other("the pipe holds less than it held before")),
                Ok(gone) => left -= gone,
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(bytes)
    }
}

impl<R: Read + AsFd> Read for JournaledOutput<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.take(buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                outcome => return outcome,
            }
        }
    }
}

fn copying(pipe: impl AsFd) -> io::Result<(File, OwnedFd, File)> {
    // Fails for what is no pipe.
    let bytes = fcntl_getpipe_size(pipe)?;
    let (copied, copy) = pipe_with(PipeFlags::CLOEXEC)?;
    // Smaller reads work too.
    let _ = fcntl_setpipe_size(&copy, bytes);
    let nowhere = OpenOptions::new().write(true).open("/dev/null")?;
    Ok((File::from(copied), copy, nowhere))
}

//! The ledger of an oracle's process: what it wrote to stdout, in a file that survives the process.
//!
//! A record before each write holds its bytes, a record after it says that the write returned. Both are in the page
//! cache before the next step, so that after a SIGKILL at most the last write is unknown. A torn record is the start of
//! one that had not been followed by a write.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

use serde::{Deserialize, Serialize};

/// Before a record of a write that begins: its length (u32, little endian) and its bytes follow.
const BEGIN: u8 = b'B';
/// The last write has returned.
const END: u8 = b'E';
/// The last write failed: nothing of it, or not all of it, was written.
const FAILED: u8 = b'F';

/// The files of ledgers end so.
pub const EXTENSION: &str = "ledger";

/// Who wrote a ledger: its first line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerHead {
    /// The name of the stream, which all its results' ids begin with.
    pub stream: String,
    /// The agent's name.
    pub agent: String,
    /// The process.
    pub pid: u32,
}

/// Writes a ledger.
#[derive(Debug)]
pub struct LedgerWriter {
    file: File,
    record: Vec<u8>,
}

impl LedgerWriter {
    /// Creates the ledger of the next process of an agent in a job's directory.
    ///
    /// # Errors
    /// When the directory cannot be written to.
    pub fn create(job_dir: &Path, agent: &str) -> io::Result<(Self, LedgerHead)> {
        let job = job_dir.file_name().unwrap_or_default().to_string_lossy();
        for incarnation in 0.. {
            let path = job_dir.join(format!("{agent}.{incarnation}.{EXTENSION}"));
            let file = match OpenOptions::new().create_new(true).append(true).open(path) {
                Ok(file) => file,
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
                Err(error) => return Err(error),
            };
            let head = LedgerHead {
                stream: format!("{job}/{agent}.{incarnation}"),
                agent: agent.to_owned(),
                pid: std::process::id(),
            };
            let mut ledger = Self {
                file,
                record: Vec::new(),
            };
            let mut line = serde_json::to_vec(&head)?;
            line.push(b'\n');
            ledger.file.write_all(&line)?;
            return Ok((ledger, head));
        }
        Err(io::Error::other("no name is left for a ledger"))
    }

    /// Notes that these bytes will now be written.
    ///
    /// # Errors
    /// When the ledger cannot be written.
    pub fn begin(&mut self, bytes: &[u8]) -> io::Result<()> {
        let length = u32::try_from(bytes.len()).map_err(io::Error::other)?;
        self.record.clear();
        self.record.push(BEGIN);
        self.record.extend_from_slice(&length.to_le_bytes());
        self.record.extend_from_slice(bytes);
        self.file.write_all(&self.record)
    }

    /// Notes that the write returned, and whether it wrote everything.
    ///
    /// # Errors
    /// When the ledger cannot be written.
    pub fn end(&mut self, written: bool) -> io::Result<()> {
        self.file.write_all(&[if written { END } else { FAILED }])
    }
}

/// A ledger that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerContent {
    /// Who wrote it.
    pub head: LedgerHead,
    /// What was written.
    pub written: Vec<u8>,
    /// What may have been written, in part or not at all.
    pub unknown: Vec<u8>,
}

impl LedgerContent {
    /// Reads a ledger; one without a head, of a process that was killed at once, has written nothing.
    ///
    /// # Errors
    /// When the file cannot be read, or its head is not one.
    pub fn read(path: &Path) -> io::Result<Option<Self>> {
        Self::parse(&std::fs::read(path)?)
    }

    fn parse(bytes: &[u8]) -> io::Result<Option<Self>> {
        let Some(end) = bytes.iter().position(|byte| *byte == b'\n') else {
            return Ok(None);
        };
        let mut content = Self {
            head: serde_json::from_slice(&bytes[..end])?,
            written: Vec::new(),
            unknown: Vec::new(),
        };
        let mut rest = &bytes[end + 1..];
        while let Some((write, after)) = record(rest) {
            rest = match after.split_first() {
                Some((&END, after)) => {
                    content.written.extend_from_slice(write);
                    after
                }
                Some((_, after)) => {
                    content.unknown.extend_from_slice(write);
                    after
                }
                None => {
                    content.unknown.extend_from_slice(write);
                    after
                }
            };
        }
        Ok(Some(content))
    }
}

/// The bytes of a whole record of a write that began, and what follows it.
fn record(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (_, rest) = bytes.split_first().filter(|(kind, _)| **kind == BEGIN)?;
    let (length, rest) = rest.split_first_chunk::<4>()?;
    rest.split_at_checked(u32::from_le_bytes(*length) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_begun_and_not_ended_is_unknown() {
        let head = b"{\"stream\":\"job/a.0\",\"agent\":\"a\",\"pid\":1}\n".to_vec();
        let mut ledger = head.clone();
        ledger.extend_from_slice(b"B\x02\0\0\0x\nEB\x02\0\0\0y\nE");
        let whole = LedgerContent::parse(&ledger).unwrap().unwrap();
        assert_eq!((&*whole.written, &*whole.unknown), (&b"x\ny\n"[..], &b""[..]));
        ledger.pop();
        let killed = LedgerContent::parse(&ledger).unwrap().unwrap();
        assert_eq!((&*killed.written, &*killed.unknown), (&b"x\n"[..], &b"y\n"[..]));
        ledger.pop();
        let torn = LedgerContent::parse(&ledger).unwrap().unwrap();
        assert_eq!((&*torn.written, &*torn.unknown), (&b"x\n"[..], &b""[..]));
        assert_eq!(LedgerContent::parse(&head[..5]).unwrap(), None);
    }

    #[test]
    fn each_process_of_an_agent_has_a_ledger_of_its_own() {
        let dir = heavy_testkit::TempDir::new("ledger");
        let job = dir.join("job-1");
        std::fs::create_dir(&job).unwrap();
        let (mut first, head) = LedgerWriter::create(&job, "a1").unwrap();
        let (_, second) = LedgerWriter::create(&job, "a1").unwrap();
        assert_eq!((&*head.stream, &*second.stream), ("job-1/a1.0", "job-1/a1.1"));
        first.begin(b"one\n").unwrap();
        first.end(true).unwrap();
        first.begin(b"two\n").unwrap();
        first.end(false).unwrap();
        let read = LedgerContent::read(&job.join("a1.0.ledger")).unwrap().unwrap();
        assert_eq!((&*read.written, &*read.unknown), (&b"one\n"[..], &b"two\n"[..]));
    }
}

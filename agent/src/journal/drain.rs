//! The end of a journal whose agent is gone, written by the process that holds the load test.
//!
//! That process holds a lock from its start on, for which the next agent [waits](wait) before it reads. Once the
//! agent is gone it opens an [`Appender`], gives it what is left of the output, and says that the load test has ended.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock};

use super::frame::FrameKind;
use super::read::{JournalReader, JournalRecord};
use super::writer::JournalWriter;
use crate::clock::monotonic_ns;
use crate::disk_quota::DiskQuota;

const LOCK: &str = "lock";

/// How often a lock is tried that another process holds.
const LOOK: Duration = Duration::from_millis(5);

/// How far ahead output is put when nobody knows how much of it is missing: ahead of all that a spool may cover.
pub(crate) const UNKNOWN_OUTPUT: u64 = 1 << 40;

/// Tells the next agent to wait, for as long as it exists.
#[derive(Debug)]
#[must_use]
pub(crate) struct DrainLock {
    _file: File,
}

/// Locks a journal for the process that holds the load test. Processes that it executes do not inherit the lock.
pub(crate) fn hold(dir: &Path) -> io::Result<DrainLock> {
    let file = lock_file(dir)?;
    flock(&file, FlockOperation::NonBlockingLockExclusive)?;
    Ok(DrainLock { _file: file })
}

/// Waits until nobody holds a journal; false if somebody still does after `limit`.
pub(crate) fn wait(dir: &Path, limit: Duration) -> io::Result<bool> {
    let file = lock_file(dir)?;
    let end = Instant::now() + limit;
    loop {
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(true),
            Err(rustix::io::Errno::WOULDBLOCK | rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        if Instant::now() >= end {
            return Ok(false);
        }
        thread::sleep(LOOK);
    }
}

/// [Waits](wait) for all journals below a directory, for `limit` in all.
pub(crate) fn wait_for_all(root: &Path, limit: Duration) {
    let end = Instant::now() + limit;
    let entries = fs::read_dir(root).map_or_else(|_| Vec::new(), |entries| entries.flatten().collect());
    for dir in entries.into_iter().map(|entry| entry.path()) {
        match wait(&dir, end.saturating_duration_since(Instant::now())) {
            Ok(true) => {}
            Ok(false) => {
                tracing::error!(dir = %dir.display(), "a load test of an earlier agent has not ended: its last results are lost");
            }
            Err(error) => tracing::warn!(dir = %dir.display(), %error, "cannot lock a journal"),
        }
    }
}

fn lock_file(dir: &Path) -> io::Result<File> {
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(dir.join(LOCK))
}

/// Appends the rest of the output. The agent may have died between appending some and taking it out of the pipe: what
/// comes again is left out. So is output that repeats the last record byte by byte, which no result does.
#[derive(Debug)]
pub(crate) struct Appender {
    writer: JournalWriter,
    /// The last output in the journal, of which it is not known whether it comes again.
    last: Vec<u8>,
    /// What came and may be `last`.
    held: Vec<u8>,
}

impl Appender {
    /// Opens the journal of an agent that is gone.
    pub(crate) fn open(dir: &Path) -> io::Result<Self> {
        let reader = JournalReader::open(dir)?;
        let mut last = (0, Vec::new());
        let outcome = reader.read(&mut |record, _| {
            if let JournalRecord::Output { from, bytes } = record {
                last = (from, bytes.to_vec());
            }
            Ok(())
        })?;
        let (number, cipher) = (reader.next_number(), reader.into_cipher());
        // The next agent counts what is here.
        let quota = DiskQuota::new(u64::MAX);
        let mut writer = JournalWriter::new(dir, cipher, quota, outcome.end, number);
        let (from, mut last) = last;
        if outcome.is_incomplete {
            writer.leave_out(UNKNOWN_OUTPUT, monotonic_ns());
        }
        if outcome.is_incomplete || from + last.len() as u64 != outcome.end.output {
            last.clear();
        }
        Ok(Self {
            writer,
            last,
            held: Vec::new(),
        })
    }

    /// Appends what was read from the load test's stdout.
    pub(crate) fn append_output(&mut self, bytes: &[u8]) {
        if self.last.is_empty() {
            return self.append(bytes);
        }
        self.held.extend_from_slice(bytes);
        let common = self.held.len().min(self.last.len());
        if self.held[..common] != self.last[..common] {
            self.append_held(0);
        } else if common == self.last.len() {
            self.append_held(common);
        }
    }

    /// Says that the load test is gone and its output is read to the end.
    pub(crate) fn ended(mut self) {
        // A pipe that holds less than the last record holds none of it.
        self.append_held(0);
        let output = self.writer.position().output.to_le_bytes();
        self.writer.append(FrameKind::Ended, &output, monotonic_ns());
    }

    fn append_held(&mut self, from: usize) {
        self.last = Vec::new();
        let held = std::mem::take(&mut self.held);
        self.append(&held[from..]);
    }

    fn append(&mut self, bytes: &[u8]) {
        if !bytes.is_empty() {
            self.writer.append(FrameKind::Output, bytes, monotonic_ns());
        }
    }
}

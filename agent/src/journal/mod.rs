//! What an agent was told and what it did, on disk before it has an effect, so that the death of the agent loses nothing.
//!
//! The thread that reads stdout appends what it read before it is parsed; whoever releases iterations appends them before
//! they are sent. Both survive the agent in the page cache, without an fsync. When the spool covers a part of the journal,
//! that part is removed. Once the agent is gone, the process that holds the load test [drains](drain) the rest of its
//! output into the journal, and the next agent reads all of it ([`read`]) and goes on where the spool ends.
//!
//! A journal that cannot be written never stops the load: it is left alone for a second, and shows what it lacks.

mod cipher;
pub(crate) mod drain;
mod frame;
pub(crate) mod note;
pub(crate) mod output;
pub(crate) mod read;
mod segments;
mod writer;

use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use prost::Message;

use crate::disk::{DirBuilderExt, fs};
use crate::disk_quota::DiskQuota;
use cipher::JournalCipher;
use frame::FrameKind;
pub(crate) use frame::JournalPosition;
use note::{JournalOrder, OrderKind, PublishedNote};
use writer::JournalWriter;

/// The journal of one assignment, as long as its agent lives. Dropping it removes it unless the job has started: nothing
/// counts before that.
#[derive(Debug)]
pub(crate) struct Journal {
    writer: Mutex<JournalWriter>,
    started: AtomicBool,
}

impl Journal {
    /// Makes the journal of a new assignment, with a key of its own, in a directory that does not exist yet.
    pub(crate) fn create(dir: &Path, quota: &DiskQuota) -> io::Result<Self> {
        fs::DirBuilder::new().mode(0o700).create(dir)?;
        let cipher = JournalCipher::create(dir)?;
        let writer = JournalWriter::new(dir, cipher, quota.clone(), JournalPosition::default(), 1);
        Ok(Self {
            writer: Mutex::new(writer),
            started: AtomicBool::new(false),
        })
    }

    /// Appends what was read from stdout at an instant of the monotonic clock; returns how much was read by then.
    pub(crate) fn append_output(&self, bytes: &[u8], at_ns: u64) -> u64 {
        let mut writer = self.lock();
        writer.append(FrameKind::Output, bytes, at_ns);
        writer.position().output
    }

    /// Appends what is about to be done; returns the number of orders by then.
    pub(crate) fn append_order(&self, order: OrderKind, at_ns: u64) -> u64 {
        if matches!(order, OrderKind::Start(_)) {
            self.started.store(true, Ordering::Relaxed);
        }
        let content = JournalOrder::from(order).encode_to_vec();
        let mut writer = self.lock();
        writer.append(FrameKind::Order, &content, at_ns);
        writer.position().orders
    }

    /// Appends what of the spool may be sent from now on.
    pub(crate) fn append_published(&self, note: &PublishedNote, at_ns: u64) {
        let content = note.encode_to_vec();
        self.lock().append(FrameKind::Published, &content, at_ns);
    }

    /// Says that the load test is gone and its output is read to the end.
    pub(crate) fn append_ended(&self, at_ns: u64) {
        self.lock().append(FrameKind::Ended, &[], at_ns);
    }

    /// Removes the segments that hold nothing but what the spool covers.
    pub(crate) fn covered(&self, position: JournalPosition) {
        // Removing a file may take a while, so the lock is not held for it.
        let paths = self.lock().take_covered(position);
        for path in paths {
            if let Err(error) = fs::remove_file(&path) {
                tracing::warn!(path = %path.display(), %error, "cannot remove a segment of the journal");
            }
        }
    }

    /// Removes the journal: the spool holds everything, and its closing.
    pub(crate) fn remove(&self) {
        if let Err(error) = self.lock().remove() {
            tracing::warn!(%error, "cannot remove a journal");
        }
    }

    fn lock(&self) -> MutexGuard<'_, JournalWriter> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        if !self.started.load(Ordering::Relaxed) {
            self.remove();
        }
    }
}

#[cfg(test)]
mod tests;

//! One stream of batches on disk: append-only segments, read back by sequence, removed when acknowledged.

mod appending;
pub(crate) mod backlog;
mod reading;
mod recovery;

use std::collections::VecDeque;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;

use super::cover::{RecordCover, RowCounts};
use super::record::SegmentTail;
use crate::disk::{File, fs};
use crate::disk_quota::DiskQuota;
use backlog::BacklogCount;

#[derive(Debug)]
enum RecordPlace {
    /// In a segment, known by its first sequence.
    Disk {
        segment: u64,
        offset: u64,
        length: usize,
    },
    /// What could not be written, or replaces a batch.
    Memory(Bytes),
}

impl RecordPlace {
    /// The length of the batch.
    const fn bytes(&self) -> usize {
        match self {
            Self::Disk { length, .. } => *length,
            Self::Memory(content) => content.len(),
        }
    }
}

#[derive(Debug)]
struct Record {
    crc32c: u32,
    place: RecordPlace,
}

#[derive(Debug)]
struct Segment {
    id: u64,
    file: File,
    bytes: u64,
    dirty: bool,
}

/// A segment that was not removed. It holds nothing from the first sequence of the next one on.
#[derive(Debug)]
struct OnDisk {
    id: u64,
    bytes: u64,
}

/// The batches of one stream that are not acknowledged, in order of sequence.
#[derive(Debug)]
pub(crate) struct SegmentLog {
    dir: PathBuf,
    records: VecDeque<Record>,
    backlog: Arc<BacklogCount>,
    /// The sequence of the first of `records`.
    first: u64,
    /// What is on disk, ascending; the last stays until another follows it, as its name is the place in the stream.
    segments: VecDeque<OnDisk>,
    open: Option<Segment>,
    reader: Option<(u64, File)>,
    quota: DiskQuota,
    recovered: Recovered,
    /// The rows that the last record replaces, as long as more may be added because nobody may send it.
    growing: Option<(u64, u64)>,
}

/// What is known of the segments that an earlier agent left.
#[derive(Debug, Default)]
struct Recovered {
    /// The cover of the newest record that has one.
    newest: Option<RecordCover>,
    /// How the last segment ends, and where its last record does.
    tail: SegmentTail,
    end: u64,
    /// Whether the last segment is of the newest version, and whether it has records.
    is_newest: bool,
    is_empty: bool,
    /// All rows up to the last record of which that is known; never of roll-ups.
    rows: Option<RowCounts>,
    /// The first of the voids whose rows are not counted yet.
    uncounted: Option<u64>,
}

impl SegmentLog {
    /// Opens a directory, and recovers what an earlier agent left in it. With `rows`, batches are rows, and voids tell
    /// how many they replace.
    ///
    /// # Errors
    /// When the disk fails, or when a segment has a version that this agent does not know: it stays as it is.
    pub(crate) fn open(dir: PathBuf, quota: DiskQuota, rows: bool) -> io::Result<Self> {
        fs::create_dir_all(&dir)?;
        let mut log = Self {
            dir,
            records: VecDeque::new(),
            backlog: Arc::default(),
            first: 1,
            segments: VecDeque::new(),
            open: None,
            reader: None,
            quota,
            recovered: Recovered::default(),
            growing: None,
        };
        log.recover(rows)?;
        Ok(log)
    }

    /// The highest sequence there is; 0 if there was none.
    pub(crate) fn last(&self) -> u64 {
        self.first + self.records.len() as u64 - 1
    }

    /// The highest sequence that may be sent.
    pub(crate) fn last_fixed(&self) -> u64 {
        self.last() - u64::from(self.growing.is_some())
    }

    /// The lowest sequence that is not acknowledged.
    pub(crate) const fn first_sequence(&self) -> u64 {
        self.first
    }

    /// What is not acknowledged.
    pub(crate) const fn backlog(&self) -> &Arc<BacklogCount> {
        &self.backlog
    }

    /// Removes all segments; nothing is appended any more.
    pub(crate) fn clear(&mut self) {
        self.acknowledge(self.last());
        self.open = None;
        while let Some(segment) = self.segments.pop_front() {
            self.remove(&segment);
        }
    }

    fn push(&mut self, record: Record) {
        self.backlog.add(record.place.bytes());
        self.records.push_back(record);
    }

    /// Replaces a batch, in memory.
    pub(crate) fn replace(&mut self, sequence: u64, content: Bytes) {
        let place = sequence
            .checked_sub(self.first)
            .and_then(|n| usize::try_from(n).ok());
        if let Some(record) = place.and_then(|place| self.records.get_mut(place)) {
            self.backlog.take(record.place.bytes());
            self.backlog.add(content.len());
            *record = Record {
                crc32c: crc32c::crc32c(&content),
                place: RecordPlace::Memory(content),
            };
        }
    }

    /// Forgets all up to a sequence, and removes segments that hold nothing else.
    pub(crate) fn acknowledge(&mut self, sequence: u64) {
        while self.first <= sequence
            && let Some(record) = self.records.pop_front()
        {
            self.backlog.take(record.place.bytes());
            self.first += 1;
        }
        self.trim();
    }

    /// Removes the segments that hold nothing but what is acknowledged.
    fn trim(&mut self) {
        while self.segments.get(1).is_some_and(|next| next.id <= self.first)
            && let Some(segment) = self.segments.pop_front()
        {
            self.remove(&segment);
        }
    }

    fn record(&self, sequence: u64) -> Option<&Record> {
        self.records
            .get(usize::try_from(sequence.checked_sub(self.first)?).ok()?)
    }

    fn remove(&mut self, segment: &OnDisk) {
        let path = self.path(segment.id);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                tracing::warn!(path = %path.display(), %error, "cannot remove a segment of the spool");
            }
            _ => {
                self.quota.give_back(segment.bytes);
            }
        }
        if self.reader.as_ref().is_some_and(|(id, _)| *id == segment.id) {
            self.reader = None;
        }
    }

    fn path(&self, segment: u64) -> PathBuf {
        self.dir.join(format!("{segment:020}.seg"))
    }
}

#[cfg(test)]
mod tests;

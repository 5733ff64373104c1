//! One stream of batches on disk: append-only segments, read back by sequence, removed when acknowledged.

pub(crate) mod backlog;
mod reading;
mod recovery;

use std::collections::VecDeque;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use prost::Message;

use super::cover::{RecordCover, RowCounts};
use super::record::{self, HEADER_BYTES, START_BYTES, SegmentTail};
use super::void;
use crate::disk::{self, File, OpenOptions, OpenOptionsExt, fs};
use crate::disk_quota::DiskQuota;
use backlog::BacklogCount;

/// The most bytes of batches that the disk did not take.
const MOST_IN_MEMORY_BYTES: usize = 24 << 20;

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
        };
        log.recover(rows)?;
        Ok(log)
    }

    /// The highest sequence there is; 0 if there was none.
    pub(crate) fn last(&self) -> u64 {
        self.first + self.records.len() as u64 - 1
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

    /// Adds a batch and returns its sequence. What cannot be written is kept in memory, or a void of it once there is too
    /// much; the error is given too.
    pub(crate) fn append(&mut self, content: Bytes, cover: &RecordCover) -> (u64, io::Result<()>) {
        let sequence = self.last() + 1;
        let mut crc32c = crc32c::crc32c(&content);
        let written = self.write(sequence, &content, crc32c, &cover.encode_to_vec());
        let (place, result) = match written {
            Ok(place) => (place, Ok(())),
            Err(error) => {
                // Half a record may be at the segment's end: the next record goes into another one.
                if let Some(open) = self.open.take() {
                    let _ = open.file.set_len(open.bytes);
                }
                let kept = if self.memory_bytes() + content.len() > MOST_IN_MEMORY_BYTES {
                    void::instead_of(&content, "disk full")
                } else {
                    content
                };
                crc32c = crc32c::crc32c(&kept);
                (RecordPlace::Memory(kept), Err(error))
            }
        };
        self.push(Record { crc32c, place });
        (sequence, result)
    }

    fn push(&mut self, record: Record) {
        self.backlog.add(record.place.bytes());
        self.records.push_back(record);
    }

    fn memory_bytes(&self) -> usize {
        let in_memory = |record: &Record| match &record.place {
            RecordPlace::Memory(content) => content.len(),
            RecordPlace::Disk { .. } => 0,
        };
        self.records.iter().map(in_memory).sum()
    }

    pub(crate) fn sync(&mut self) -> io::Result<()> {
        match &mut self.open {
            Some(segment) if segment.dirty => {
                segment.dirty = false;
                segment.file.sync_data()
            }
            _ => Ok(()),
        }
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

    fn write(&mut self, sequence: u64, content: &[u8], crc32c: u32, cover: &[u8]) -> io::Result<RecordPlace> {
        if content.len() > record::MAX_BYTES || cover.len() > record::MAX_BYTES {
            return Err(io::Error::other("a batch is too large"));
        }
        if self
            .open
            .as_ref()
            .is_none_or(|open| open.bytes >= disk::segment_bytes())
        {
            self.sync()?;
            self.open = Some(self.begin(sequence)?);
            self.segments.push_back(OnDisk {
                id: sequence,
                bytes: START_BYTES as u64,
            });
            self.quota.take(START_BYTES as u64);
            self.trim();
        }
        let open = self.open.as_mut().expect("a segment was just opened");
        open.file
            .write_all(&record::header(content, crc32c, sequence, cover))?;
        open.file.write_all(content)?;
        open.file.write_all(cover)?;
        let place = RecordPlace::Disk {
            segment: open.id,
            offset: open.bytes + HEADER_BYTES as u64,
            length: content.len(),
        };
        let bytes = (HEADER_BYTES + content.len() + cover.len()) as u64;
        open.bytes += bytes;
        open.dirty = true;
        if let Some(segment) = self.segments.back_mut() {
            segment.bytes = open.bytes;
        }
        self.quota.take(bytes);
        Ok(place)
    }

    fn begin(&self, first: u64) -> io::Result<Segment> {
        let mut file = OpenOptions::new()
            .append(true)
            .create_new(true)
            .mode(0o600)
            .open(self.path(first))?;
        file.write_all(&record::START)?;
        // So that the name survives a power failure as the content does.
        File::open(&self.dir)?.sync_all()?;
        Ok(Segment {
            id: first,
            file,
            bytes: START_BYTES as u64,
            dirty: false,
        })
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

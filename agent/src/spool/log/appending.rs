//! Adds batches to a stream: to its last segment, or to memory if the disk does not take them.

use std::io::{self, Write};

use bytes::Bytes;
use prost::Message;

use super::super::cover::RecordCover;
use super::super::record::{self, HEADER_BYTES, START_BYTES};
use super::super::void;
use super::{OnDisk, Record, RecordPlace, Segment, SegmentLog};
use crate::disk::{self, File, OpenOptions, OpenOptionsExt, fs};

/// Why rows are discarded that the disk did not take.
const DISK_FULL: &str = "disk full";

/// The most bytes of batches that the disk did not take.
const MOST_IN_MEMORY_BYTES: usize = 24 << 20;

impl SegmentLog {
    /// Adds a batch and returns its sequence. What cannot be written is kept in memory, or a void of it once there is too
    /// much; the error is given too.
    pub(crate) fn append(&mut self, content: Bytes, cover: &RecordCover) -> (u64, io::Result<()>) {
        let sequence = self.last() + 1;
        let result = self.append_on_disk(&content, cover);
        if result.is_err() {
            let kept = if self.memory_bytes() + content.len() > MOST_IN_MEMORY_BYTES {
                void::instead_of(&content, DISK_FULL)
            } else {
                content
            };
            self.push_in_memory(kept);
        }
        (sequence, result)
    }

    /// Adds rows. If they cannot be written, they are discarded and counted in a void, which is not on disk either: it
    /// grows until rows are written again, or [`Self::fix`]. So there is one at most that only a [note](super::reserve)
    /// tells of, and who finds that knows its rows.
    pub(crate) fn append_rows(&mut self, content: &Bytes, cover: &RecordCover) -> io::Result<()> {
        let result = self.append_on_disk(content, cover);
        if result.is_err() {
            let (requests, iterations) = self.growing.unwrap_or_default();
            let all = (requests + cover.own_requests, iterations + cover.own_iterations);
            let content = void::encode(DISK_FULL, all.0, all.1);
            if self.growing.is_some() {
                self.replace(self.last(), content);
            } else {
                self.push_in_memory(content);
            }
            self.growing = Some(all);
        }
        result
    }

    /// Whether a void grew until now.
    pub(crate) fn fix(&mut self) -> bool {
        self.growing.take().is_some()
    }

    fn append_on_disk(&mut self, content: &Bytes, cover: &RecordCover) -> io::Result<()> {
        let crc32c = crc32c::crc32c(content);
        let cover = match self.unwritten() {
            0 => cover.encode_to_vec(),
            unwritten => RecordCover {
                unwritten,
                ..cover.clone()
            }
            .encode_to_vec(),
        };
        let place = self
            .write(self.last() + 1, content, crc32c, &cover)
            .inspect_err(|_| self.end_segment())?;
        self.growing = None;
        self.push(Record { crc32c, place });
        Ok(())
    }

    /// Half a record may be at the segment's end: the next record goes into another one.
    fn end_segment(&mut self) {
        let Some(open) = self.open.take() else { return };
        let _ = open.file.set_len(open.bytes);
        if open.bytes == START_BYTES as u64
            && self.segments.len() > 1
            && let Some(empty) = self.segments.pop_back()
        {
            self.remove(&empty);
        }
    }

    fn push_in_memory(&mut self, content: Bytes) {
        self.push(Record {
            crc32c: crc32c::crc32c(&content),
            place: RecordPlace::Memory(content),
        });
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

    /// How many of the last records are in memory only.
    fn unwritten(&self) -> u64 {
        let newest = self.records.iter().rev();
        let unwritten = newest.take_while(|record| matches!(record.place, RecordPlace::Memory(_)));
        unwritten.count() as u64
    }

    fn memory_bytes(&self) -> usize {
        let in_memory = |record: &Record| match &record.place {
            RecordPlace::Memory(content) => content.len(),
            RecordPlace::Disk { .. } => 0,
        };
        self.records.iter().map(in_memory).sum()
    }

    fn write(&mut self, sequence: u64, content: &[u8], crc32c: u32, cover: &[u8]) -> io::Result<RecordPlace> {
        if content.len() > record::MAX_BYTES || cover.len() > record::MAX_BYTES {
            return Err(io::Error::other("a batch is too large"));
        }
        let is_new = self
            .open
            .as_ref()
            .is_none_or(|open| open.bytes >= disk::segment_bytes());
        if is_new {
            self.sync()?;
            self.open = Some(self.begin(sequence)?);
            self.segments.push_back(OnDisk {
                id: sequence,
                bytes: START_BYTES as u64,
            });
            self.quota.take(START_BYTES as u64);
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
        if is_new {
            self.trim();
        }
        Ok(place)
    }

    fn begin(&self, first: u64) -> io::Result<Segment> {
        let mut file = OpenOptions::new()
            .append(true)
            .create_new(true)
            .mode(0o600)
            .open(self.path(first))?;
        // So that the name survives a power failure as the content does.
        let begun = file
            .write_all(&record::START)
            .and_then(|()| File::open(&self.dir)?.sync_all());
        if let Err(error) = begun {
            // Its name would be taken for a place in the stream.
            let _ = fs::remove_file(self.path(first));
            return Err(error);
        }
        Ok(Segment {
            id: first,
            file,
            bytes: START_BYTES as u64,
            dirty: false,
        })
    }
}

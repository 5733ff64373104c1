//! One stream of batches on disk: append-only segments, read back by sequence, removed when acknowledged.

use std::collections::VecDeque;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;

use super::record::{self, HEADER_BYTES};
use super::void;

/// When a segment has this size, the next one is begun.
const SEGMENT_BYTES: u64 = 16 << 20;

/// The reason of voids for records that cannot be read back.
const DAMAGED: &str = "damaged";

#[derive(Debug)]
enum Place {
    /// In a segment, known by its first sequence.
    Disk {
        segment: u64,
        offset: u64,
        length: usize,
    },
    /// What could not be written, or stands for something else.
    Memory(Bytes),
}

#[derive(Debug)]
struct Record {
    crc32c: u32,
    place: Place,
}

#[derive(Debug)]
struct Segment {
    id: u64,
    file: File,
    bytes: u64,
    dirty: bool,
}

/// The batches of one stream that are not acknowledged, in order of sequence.
#[derive(Debug)]
pub(crate) struct Log {
    dir: PathBuf,
    records: VecDeque<Record>,
    /// The sequence of the first of `records`.
    first: u64,
    open: Option<Segment>,
    reader: Option<(u64, File)>,
    /// What all logs of the agent have on disk.
    spooled: Arc<AtomicU64>,
}

impl Log {
    /// Opens a folder, and finds again what an earlier agent left in it.
    pub(crate) fn open(dir: PathBuf, spooled: Arc<AtomicU64>) -> io::Result<Self> {
        fs::create_dir_all(&dir)?;
        let mut log = Self {
            dir,
            records: VecDeque::new(),
            first: 1,
            open: None,
            reader: None,
            spooled,
        };
        let segments = log.segments()?;
        log.first = segments.first().copied().unwrap_or(1);
        for segment in segments {
            log.recover(segment)?;
        }
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

    /// Lets go of the segment that is being written.
    pub(crate) fn close(&mut self) {
        if let Some(open) = self.open.take() {
            self.remove(open.id);
        }
    }

    /// Adds a batch and gives its sequence. What cannot be written is kept in memory, and the error is given too.
    pub(crate) fn append(&mut self, content: Bytes) -> (u64, io::Result<()>) {
        let sequence = self.last() + 1;
        let crc32c = crc32c::crc32c(&content);
        let written = self.write(sequence, &content, crc32c);
        let (place, result) = match written {
            Ok(place) => (place, Ok(())),
            Err(error) => {
                // Half a record may be at the segment's end: what comes next goes into another one.
                self.open = None;
                (Place::Memory(content), Err(error))
            }
        };
        self.records.push_back(Record { crc32c, place });
        (sequence, result)
    }

    /// Makes all that was appended durable.
    pub(crate) fn sync(&mut self) -> io::Result<()> {
        match &mut self.open {
            Some(segment) if segment.dirty => {
                segment.dirty = false;
                segment.file.sync_data()
            }
            _ => Ok(()),
        }
    }

    /// A batch and its checksum; a void for what cannot be read back or was given up.
    pub(crate) fn read(&mut self, sequence: u64) -> (Bytes, u32) {
        if let Some(record) = self.record(sequence) {
            let crc32c = record.crc32c;
            match &record.place {
                Place::Memory(content) => return (content.clone(), crc32c),
                Place::Disk {
                    segment,
                    offset,
                    length,
                } => {
                    let (segment, offset, length) = (*segment, *offset, *length);
                    match self.read_at(segment, offset, length) {
                        Ok(content) if crc32c::crc32c(&content) == crc32c => {
                            return (Bytes::from(content), crc32c);
                        }
                        Ok(_) => tracing::error!(sequence, segment, "a spooled batch is damaged"),
                        Err(error) => tracing::error!(sequence, segment, %error, "cannot read the spool"),
                    }
                }
            }
        }
        let content = void::encode(DAMAGED, 0, 0);
        self.replace(sequence, content.clone());
        let crc32c = crc32c::crc32c(&content);
        (content, crc32c)
    }

    /// Puts something else in the place of a batch, in memory.
    pub(crate) fn replace(&mut self, sequence: u64, content: Bytes) {
        let place = sequence
            .checked_sub(self.first)
            .and_then(|n| usize::try_from(n).ok());
        if let Some(record) = place.and_then(|place| self.records.get_mut(place)) {
            *record = Record {
                crc32c: crc32c::crc32c(&content),
                place: Place::Memory(content),
            };
        }
    }

    /// Forgets all up to a sequence, and removes segments that hold nothing else.
    pub(crate) fn acknowledge(&mut self, sequence: u64) {
        let mut left = None;
        while self.first <= sequence {
            let Some(record) = self.records.pop_front() else {
                break;
            };
            self.first += 1;
            if let Place::Disk { segment, .. } = record.place
                && let Some(left) = left.replace(segment).filter(|left| *left != segment)
            {
                self.remove(left);
            }
        }
        let Some(left) = left else { return };
        let needed = self
            .records
            .iter()
            .find_map(|record| match record.place {
                Place::Disk { segment, .. } => Some(segment),
                Place::Memory(_) => None,
            })
            .or(self.open.as_ref().map(|open| open.id));
        if needed != Some(left) {
            self.remove(left);
        }
    }

    fn record(&self, sequence: u64) -> Option<&Record> {
        self.records
            .get(usize::try_from(sequence.checked_sub(self.first)?).ok()?)
    }

    fn write(&mut self, sequence: u64, content: &[u8], crc32c: u32) -> io::Result<Place> {
        if content.len() > record::MAX_BYTES {
            return Err(io::Error::other("a batch is over 16 MiB"));
        }
        if self.open.as_ref().is_none_or(|open| open.bytes >= SEGMENT_BYTES) {
            self.sync()?;
            self.open = Some(self.begin(sequence)?);
        }
        let open = self.open.as_mut().expect("a segment was just opened");
        open.file.write_all(&record::header(content, crc32c, sequence))?;
        open.file.write_all(content)?;
        let place = Place::Disk {
            segment: open.id,
            offset: open.bytes + HEADER_BYTES as u64,
            length: content.len(),
        };
        let bytes = (HEADER_BYTES + content.len()) as u64;
        open.bytes += bytes;
        open.dirty = true;
        self.spooled.fetch_add(bytes, Ordering::Relaxed);
        Ok(place)
    }

    fn begin(&self, first: u64) -> io::Result<Segment> {
        let file = OpenOptions::new()
            .append(true)
            .create_new(true)
            .mode(0o600)
            .open(self.path(first))?;
        // So that the name survives a power failure as the content does.
        File::open(&self.dir)?.sync_all()?;
        Ok(Segment {
            id: first,
            file,
            bytes: 0,
            dirty: false,
        })
    }

    fn read_at(&mut self, segment: u64, offset: u64, length: usize) -> io::Result<Vec<u8>> {
        if self.reader.as_ref().is_none_or(|(id, _)| *id != segment) {
            self.reader = Some((segment, File::open(self.path(segment))?));
        }
        let (_, file) = self.reader.as_ref().expect("a segment was just opened");
        let mut content = vec![0; length];
        file.read_exact_at(&mut content, offset)?;
        Ok(content)
    }

    fn remove(&mut self, segment: u64) {
        let path = self.path(segment);
        let bytes = fs::metadata(&path).map_or(0, |found| found.len());
        if fs::remove_file(&path).is_ok() {
            let _ = self
                .spooled
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |all| {
                    Some(all.saturating_sub(bytes))
                });
        }
        if self.reader.as_ref().is_some_and(|(id, _)| *id == segment) {
            self.reader = None;
        }
    }

    fn path(&self, segment: u64) -> PathBuf {
        self.dir.join(format!("{segment:020}.seg"))
    }

    /// The first sequences of all segments, ascending.
    fn segments(&self) -> io::Result<Vec<u64>> {
        let mut segments: Vec<u64> = fs::read_dir(&self.dir)?
            .flatten()
            .filter_map(|entry| first_of(&entry.path()))
            .collect();
        segments.sort_unstable();
        Ok(segments)
    }

    fn recover(&mut self, segment: u64) -> io::Result<()> {
        let bytes = fs::read(self.path(segment))?;
        self.spooled.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        let scan = record::scan(&bytes, segment);
        self.fill_up_to(segment);
        for found in scan.records {
            self.fill_up_to(found.sequence);
            self.records.push_back(Record {
                crc32c: found.crc32c,
                place: Place::Disk {
                    segment,
                    offset: found.offset as u64,
                    length: found.length,
                },
            });
        }
        if scan.torn {
            self.fill_up_to(self.last() + 2);
        }
        Ok(())
    }

    /// Puts voids in the places before `sequence` of which nothing is left.
    fn fill_up_to(&mut self, sequence: u64) {
        while self.last() + 1 < sequence {
            let content = void::encode(DAMAGED, 0, 0);
            self.records.push_back(Record {
                crc32c: crc32c::crc32c(&content),
                place: Place::Memory(content),
            });
        }
    }
}

fn first_of(path: &Path) -> Option<u64> {
    if path.extension()? != "seg" {
        return None;
    }
    path.file_stem()?.to_str()?.parse().ok()
}

#[cfg(test)]
mod tests;

//! What an earlier agent left of a stream: intact records, voids for damaged ones, and how its last segment ends.

use std::io::{self, Write};
use std::path::Path;

use bytes::Bytes;
use prost::Message;

use super::super::cover::{RecordCover, RowCounts};
use super::super::record::{self, Found, START_BYTES, SegmentTail};
use super::super::void::{self, DAMAGED};
use super::{OnDisk, Record, RecordPlace, Segment, SegmentLog};
use crate::disk::{OpenOptions, fs};

impl SegmentLog {
    /// The cover of the newest record that has one.
    pub(crate) fn newest_cover(&self) -> Option<&RecordCover> {
        self.recovered.newest.as_ref()
    }

    /// Decides what the end of the last segment is. A record that is not there as a whole was never sent, and is cut
    /// off. Up to the sequence `noted`, with these rows in all, batches may have been sent: voids replace those that
    /// are missing. Without a journal nobody knows, and what is no record was one.
    pub(crate) fn settle_tail(
        &mut self,
        noted: Option<(u64, RowCounts)>,
        has_journal: bool,
    ) -> io::Result<()> {
        if let Some((sequence, rows)) = noted.filter(|(sequence, _)| self.last() < *sequence) {
            self.fill_up_to(sequence + 1);
            self.count_voids(rows);
            // Its records would not follow on each other any more.
            return Ok(());
        }
        if !has_journal && self.recovered.tail != SegmentTail::Whole {
            self.fill_up_to(self.last() + 2);
            return Ok(());
        }
        self.go_on_with_last_segment()
    }

    /// The sequences of all segments in the directory, ascending.
    pub(super) fn found(&self) -> io::Result<Vec<u64>> {
        let mut segments: Vec<u64> = fs::read_dir(&self.dir)?
            .flatten()
            .filter_map(|entry| first_of(&entry.path()))
            .collect();
        segments.sort_unstable();
        Ok(segments)
    }

    pub(super) fn recover(&mut self, rows: bool) -> io::Result<()> {
        let segments = self.found()?;
        self.begin_at(segments.first().copied().unwrap_or(1), rows);
        for segment in segments {
            self.recover_segment(segment, rows)?;
        }
        Ok(())
    }

    fn begin_at(&mut self, first: u64, rows: bool) {
        self.first = first;
        self.recovered.rows = (first == 1 && rows).then(RowCounts::default);
    }

    fn recover_segment(&mut self, segment: u64, rows: bool) -> io::Result<()> {
        let bytes = fs::read(self.path(segment))?;
        self.quota.take(bytes.len() as u64);
        self.segments.push_back(OnDisk {
            id: segment,
            bytes: bytes.len() as u64,
        });
        let scan = record::scan(&bytes, segment).map_err(io::Error::other)?;
        self.fill_up_to(segment);
        self.recovered.tail = scan.tail;
        self.recovered.end = scan.end as u64;
        self.recovered.is_newest = scan.is_newest;
        self.recovered.is_empty = scan.records.is_empty();
        for found in scan.records {
            self.recover_record(segment, &found, &bytes[found.cover.clone()], rows);
            if !rows {
                self.recovered.rows = None;
            }
        }
        Ok(())
    }

    fn recover_record(&mut self, segment: u64, found: &Found, cover: &[u8], rows: bool) {
        let cover = (!cover.is_empty())
            .then(|| RecordCover::decode(cover).ok())
            .flatten();
        if self.records.is_empty()
            && let Some(cover) = cover.as_ref().filter(|cover| cover.unwritten > 0)
        {
            self.begin_at(found.sequence.saturating_sub(cover.unwritten).max(1), rows);
        }
        self.fill_up_to(found.sequence);
        let own = cover
            .as_ref()
            .map_or((0, 0), |cover| (cover.own_requests, cover.own_iterations));
        if let Some(cover) = &cover {
            self.count_voids(RowCounts {
                requests: cover.rows.requests - own.0.min(cover.rows.requests),
                iterations: cover.rows.iterations - own.1.min(cover.rows.iterations),
                ..cover.rows
            });
            self.recovered.rows = Some(cover.rows);
        } else {
            (self.recovered.rows, self.recovered.uncounted) = (None, None);
        }
        if found.is_intact {
            self.push(Record {
                crc32c: found.crc32c,
                place: RecordPlace::Disk {
                    segment,
                    offset: found.offset as u64,
                    length: found.length,
                },
            });
        } else {
            self.push_void(own.0, own.1);
        }
        if cover.is_some() {
            self.recovered.newest = cover;
        }
    }

    /// Puts voids in the places before `sequence` of which nothing is left.
    fn fill_up_to(&mut self, sequence: u64) {
        while self.last() + 1 < sequence {
            self.recovered.uncounted.get_or_insert(self.last() + 1);
            self.push_void(0, 0);
        }
    }

    /// Tells the first of the voids that were not counted what all of them replace: the rows up to `rows`.
    fn count_voids(&mut self, rows: RowCounts) {
        if let (Some(sequence), Some(known)) = (self.recovered.uncounted.take(), self.recovered.rows) {
            let requests = rows.requests.saturating_sub(known.requests);
            let iterations = rows.iterations.saturating_sub(known.iterations);
            self.replace(sequence, void::encode(DAMAGED, requests, iterations));
        }
        self.recovered.uncounted = None;
    }

    fn push_void(&mut self, requests: u64, iterations: u64) {
        let content: Bytes = void::encode(DAMAGED, requests, iterations);
        self.push(Record {
            crc32c: crc32c::crc32c(&content),
            place: RecordPlace::Memory(content),
        });
    }

    /// Cuts off what is no record, so that the next one follows on the last. A segment of an earlier version is left
    /// as it is, unless it is empty: its name is that of the next one.
    fn go_on_with_last_segment(&mut self) -> io::Result<()> {
        let Some(last) = self.segments.back_mut() else {
            return Ok(());
        };
        if !self.recovered.is_newest && !self.recovered.is_empty {
            return Ok(());
        }
        let (id, end) = (last.id, self.recovered.end);
        let path = self.dir.join(format!("{id:020}.seg"));
        let mut file = OpenOptions::new().append(true).open(path)?;
        let bytes = if self.recovered.is_empty {
            file.set_len(0)?;
            file.write_all(&record::START)?;
            START_BYTES as u64
        } else {
            file.set_len(end)?;
            end
        };
        self.quota.give_back(last.bytes);
        self.quota.take(bytes);
        last.bytes = bytes;
        self.open = Some(Segment {
            id,
            file,
            bytes,
            dirty: true,
        });
        Ok(())
    }
}

fn first_of(path: &Path) -> Option<u64> {
    if path.extension()? != "seg" {
        return None;
    }
    path.file_stem()?.to_str()?.parse().ok()
}

//! Reads batches of a stream back, and finds out what those held that cannot be.

use std::io;

use bytes::Bytes;
use prost::Message;

use super::super::cover::RecordCover;
use super::super::record::{self, HEADER_BYTES};
use super::super::void::{self, DAMAGED};
use super::{RecordPlace, SegmentLog};
use crate::disk::{File, FileExt};

impl SegmentLog {
    /// A batch and its checksum; a void for what cannot be read back or was discarded.
    pub(crate) fn read(&mut self, sequence: u64) -> (Bytes, u32) {
        if let Some(record) = self.record(sequence) {
            let crc32c = record.crc32c;
            match &record.place {
                RecordPlace::Memory(content) => return (content.clone(), crc32c),
                RecordPlace::Disk {
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
        let (requests, iterations) = self.own_rows(sequence).unwrap_or_default();
        let content = void::encode(DAMAGED, requests, iterations);
        self.replace(sequence, content.clone());
        let crc32c = crc32c::crc32c(&content);
        (content, crc32c)
    }

    /// How many requests and iterations a batch on disk holds, if its cover can be read.
    fn own_rows(&mut self, sequence: u64) -> Option<(u64, u64)> {
        let RecordPlace::Disk {
            segment,
            offset,
            length,
        } = self.record(sequence)?.place
        else {
            return None;
        };
        let header = offset.checked_sub(HEADER_BYTES as u64)?;
        let header = self.read_at(segment, header, HEADER_BYTES).ok()?;
        let header = header.first_chunk()?;
        let cover = record::cover_length(header)?;
        let cover = self.read_at(segment, offset + length as u64, cover).ok()?;
        let cover = record::is_sound(header, &cover).then_some(cover)?;
        let cover = RecordCover::decode(&*cover).ok()?;
        Some((cover.own_requests, cover.own_iterations))
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
}

//! The format of a segment: seven bytes that mark it and one byte with its version, from version 2 on twice so that damage
//! to one of them does not matter; then records.
//!
//! ```text
//! version 2: length u32, CRC32C u32, sequence u64, length of the cover u32, CRC32C u32 of these numbers and the cover;
//!            the batch; the cover
//! version 1: length u32, CRC32C u32, sequence u64; the batch
//! ```
//! Numbers are little-endian. Length and the first CRC32C are those of the batch; for the cover see
//! [`RecordCover`](super::cover::RecordCover). Segments of version 0 begin with their first record, as in version 1: no
//! record is as long as the mark read as a length.

use std::ops::Range;

/// How every segment begins that has a version.
const MARK: [u8; 7] = *b"hvspool";

const VERSION: u8 = 2;

/// The length of a mark and a version.
const MARKED_BYTES: usize = MARK.len() + 1;

pub(crate) const START_BYTES: usize = 2 * MARKED_BYTES;

/// The beginning of a new segment.
pub(crate) const START: [u8; START_BYTES] = {
    let [a, b, c, d, e, f, g] = MARK;
    [a, b, c, d, e, f, g, VERSION, a, b, c, d, e, f, g, VERSION]
};

/// The length of a record's numbers.
pub(crate) const HEADER_BYTES: usize = 24;

/// The same before there were covers.
const OLD_HEADER_BYTES: usize = 16;

/// No batch is longer; a length beyond it is damage. Neither is a cover.
pub(crate) const MAX_BYTES: usize = heavy_proto::net::MAX_BATCH_BYTES;

/// How far damage can move a sequence and still be believed.
const MAX_SKIPPED: u64 = 1 << 20;

/// A segment that another version of the agent has written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "spool segment version {0} is not supported by this heavy-agent, which reads up to version {VERSION}: start the \
     version of heavy-agent that wrote it with this data directory, to deliver what is left"
)]
pub(crate) struct UnknownVersion(u8);

/// A record of which at least numbers and cover are intact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) sequence: u64,
    pub(crate) crc32c: u32,
    /// The offset of its batch in the segment.
    pub(crate) offset: usize,
    pub(crate) length: usize,
    /// Empty in earlier versions.
    pub(crate) cover: Range<usize>,
    pub(crate) is_intact: bool,
}

impl Found {
    pub(crate) const fn end(&self) -> usize {
        self.cover.end
    }
}

/// The header before the batch of a record.
pub(crate) fn header(batch: &[u8], crc32c: u32, sequence: u64, cover: &[u8]) -> [u8; HEADER_BYTES] {
    let length = |bytes: &[u8]| {
        u32::try_from(bytes.len())
            .expect("a batch has a limit")
            .to_le_bytes()
    };
    let mut header = [0; HEADER_BYTES];
    header[..4].copy_from_slice(&length(batch));
    header[4..8].copy_from_slice(&crc32c.to_le_bytes());
    header[8..16].copy_from_slice(&sequence.to_le_bytes());
    header[16..20].copy_from_slice(&length(cover));
    let crc = crc32c::crc32c_append(crc32c::crc32c(&header[..20]), cover);
    header[20..].copy_from_slice(&crc.to_le_bytes());
    header
}

/// The length of the cover that a header tells; `None` if it cannot be true.
pub(crate) fn cover_length(header: &[u8; HEADER_BYTES]) -> Option<usize> {
    let length = usize::try_from(number(&header[16..20])).ok()?;
    (length <= MAX_BYTES).then_some(length)
}

/// Whether a header and the cover of the same record are intact.
pub(crate) fn is_sound(header: &[u8; HEADER_BYTES], cover: &[u8]) -> bool {
    let crc = crc32c::crc32c_append(crc32c::crc32c(&header[..20]), cover);
    crc.to_le_bytes() == header[20..]
}

/// How a segment ends.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum SegmentTail {
    #[default]
    Whole,
    /// With the beginning of a record that was never written to its end.
    Cut,
    /// With something that is no record, or not any more.
    Damaged,
}

/// What a segment holds.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct SegmentScan {
    /// Ascending.
    pub(crate) records: Vec<Found>,
    pub(crate) tail: SegmentTail,
    /// Whether more records can be appended, which are of the newest version.
    pub(crate) is_newest: bool,
    /// Where its last record ends.
    pub(crate) end: usize,
}

/// Finds the records of a segment, whose first has (or had) the sequence `first`, and skips damage.
///
/// # Errors
/// When the segment has a version that this agent does not know.
pub(crate) fn scan(segment: &[u8], first: u64) -> Result<SegmentScan, UnknownVersion> {
    let mut scan = SegmentScan::default();
    let version = version(segment)?;
    scan.is_newest = version == VERSION;
    scan.end = match version {
        0 => 0,
        1 => MARKED_BYTES,
        _ if segment.len() < START_BYTES => {
            scan.tail = SegmentTail::Cut;
            return Ok(scan);
        }
        _ => START_BYTES,
    };
    let mut expected = first;
    while scan.end < segment.len() {
        let whole = read(segment, scan.end, version)
            .filter(|found| found.sequence == expected)
            .and_then(|found| checked(segment, found, version));
        let Some(found) = whole.or_else(|| search(segment, scan.end + 1, expected, version)) else {
            scan.tail = tail(&segment[scan.end..], version);
            break;
        };
        scan.end = found.end();
        expected = found.sequence + 1;
        scan.records.push(found);
    }
    Ok(scan)
}

fn version(segment: &[u8]) -> Result<u8, UnknownVersion> {
    let marked = |at: usize| segment.get(at..)?.strip_prefix(&MARK)?.first().copied();
    match (marked(0), marked(MARKED_BYTES)) {
        (Some(VERSION), _) | (_, Some(VERSION)) => Ok(VERSION),
        (Some(1), _) => Ok(1),
        (Some(unknown), _) => Err(UnknownVersion(unknown)),
        (None, _) => Ok(0),
    }
}

fn number(bytes: &[u8]) -> u64 {
    let fold = |number: u64, byte: &u8| number << 8 | u64::from(*byte);
    bytes.iter().rev().fold(0, fold)
}

/// The lengths of header, batch and cover of the record that begins here.
fn lengths(record: &[u8], version: u8) -> Option<(usize, usize, usize)> {
    let length = |bytes: &[u8]| {
        let length = usize::try_from(number(bytes)).ok()?;
        (length <= MAX_BYTES).then_some(length)
    };
    if version < 2 {
        let header = record.first_chunk::<OLD_HEADER_BYTES>()?;
        return Some((OLD_HEADER_BYTES, length(&header[..4])?, 0));
    }
    let header = record.first_chunk::<HEADER_BYTES>()?;
    Some((HEADER_BYTES, length(&header[..4])?, cover_length(header)?))
}

fn read(segment: &[u8], at: usize, version: u8) -> Option<Found> {
    let record = segment.get(at..)?;
    let (header, length, cover) = lengths(record, version)?;
    let offset = at + header;
    let cover = offset + length..offset + length + cover;
    (cover.end <= segment.len()).then(|| Found {
        sequence: number(&record[8..16]),
        crc32c: number(&record[4..8]) as u32,
        offset,
        length,
        cover,
        is_intact: false,
    })
}

/// The record, if it can be believed.
fn checked(segment: &[u8], mut found: Found, version: u8) -> Option<Found> {
    if version >= 2 {
        let header = segment[..found.offset].last_chunk::<HEADER_BYTES>()?;
        if !is_sound(header, &segment[found.cover.clone()]) {
            return None;
        }
    }
    let batch = &segment[found.offset..found.offset + found.length];
    found.is_intact = crc32c::crc32c(batch) == found.crc32c;
    (version >= 2 || found.is_intact).then_some(found)
}

/// The next record after damage, of which `expected` is the first that may be left.
fn search(segment: &[u8], from: usize, expected: u64, version: u8) -> Option<Found> {
    (from..segment.len()).find_map(|at| {
        read(segment, at, version)
            .filter(|found| (expected..=expected.saturating_add(MAX_SKIPPED)).contains(&found.sequence))
            .and_then(|found| checked(segment, found, version))
    })
}

fn tail(rest: &[u8], version: u8) -> SegmentTail {
    let header = if version < 2 {
        OLD_HEADER_BYTES
    } else {
        HEADER_BYTES
    };
    match lengths(rest, version) {
        None if rest.len() < header => SegmentTail::Cut,
        Some((header, length, cover)) if header + length + cover > rest.len() => SegmentTail::Cut,
        _ => SegmentTail::Damaged,
    }
}

#[cfg(test)]
mod tests;

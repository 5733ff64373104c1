//! The format of a segment: seven bytes that mark it, one byte with its version, then records. A record is length,
//! CRC32C and sequence as little-endian numbers, then its bytes.
//!
//! Segments of version 0 begin with their first record: no record is as long as the mark read as a length.

/// How every segment begins that has a version.
const MARK: [u8; 7] = *b"hvspool";

const VERSION: u8 = 1;

pub(crate) const START_BYTES: usize = MARK.len() + 1;

/// The beginning of a new segment.
pub(crate) const START: [u8; START_BYTES] = {
    let [a, b, c, d, e, f, g] = MARK;
    [a, b, c, d, e, f, g, VERSION]
};

/// The length of a record's numbers.
pub(crate) const HEADER_BYTES: usize = 16;

/// No record is longer; a length beyond it is damage.
pub(crate) const MAX_BYTES: usize = 16 << 20;

/// How far damage can move a sequence and still be believed.
const MAX_SKIPPED: u64 = 1 << 20;

/// A segment that another version of the agent has written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "spool segment version {0} is not supported by this heavy-agent, which reads up to version {VERSION}: start the \
     version of heavy-agent that wrote it with this data directory, to deliver what is left"
)]
pub(crate) struct UnknownVersion(u8);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) sequence: u64,
    pub(crate) crc32c: u32,
    /// The offset of its bytes in the segment.
    pub(crate) offset: usize,
    pub(crate) length: usize,
}

/// The header before the bytes of a record.
pub(crate) fn header(bytes: &[u8], crc32c: u32, sequence: u64) -> [u8; HEADER_BYTES] {
    let length = u32::try_from(bytes.len()).expect("a record is at most 16 MiB");
    let mut header = [0; HEADER_BYTES];
    header[..4].copy_from_slice(&length.to_le_bytes());
    header[4..8].copy_from_slice(&crc32c.to_le_bytes());
    header[8..].copy_from_slice(&sequence.to_le_bytes());
    header
}

/// What a segment holds: intact records, ascending, and whether its end is torn.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct SegmentScan {
    pub(crate) records: Vec<Found>,
    pub(crate) torn: bool,
}

/// Finds the intact records of a segment, whose first has (or had) the sequence `first`, and skips damaged ones.
///
/// # Errors
/// When the segment has a version that this agent does not know.
pub(crate) fn scan(segment: &[u8], first: u64) -> Result<SegmentScan, UnknownVersion> {
    let mut scan = SegmentScan::default();
    let (mut at, mut expected) = (0, first);
    if let Some([version, ..]) = segment.strip_prefix(&MARK) {
        if *version != VERSION {
            return Err(UnknownVersion(*version));
        }
        at = START_BYTES;
    }
    while at < segment.len() {
        let whole = read(segment, at).filter(|found| found.sequence == expected && intact(segment, found));
        let Some(found) = whole.or_else(|| search(segment, at + 1, expected)) else {
            scan.torn = true;
            break;
        };
        at = found.offset + found.length;
        expected = found.sequence + 1;
        scan.records.push(found);
    }
    Ok(scan)
}

fn read(segment: &[u8], at: usize) -> Option<Found> {
    let header = segment.get(at..)?.first_chunk::<HEADER_BYTES>()?;
    let number = |range: std::ops::Range<usize>| {
        header[range]
            .iter()
            .rev()
            .fold(0u64, |number, byte| number << 8 | u64::from(*byte))
    };
    let length = usize::try_from(number(0..4)).ok()?;
    let offset = at + HEADER_BYTES;
    let fits = length <= MAX_BYTES && offset + length <= segment.len();
    fits.then(|| Found {
        sequence: number(8..16),
        crc32c: number(4..8) as u32,
        offset,
        length,
    })
}

fn intact(segment: &[u8], found: &Found) -> bool {
    crc32c::crc32c(&segment[found.offset..found.offset + found.length]) == found.crc32c
}

/// The next intact record after damage, of which `expected` is the first that may be left.
fn search(segment: &[u8], from: usize, expected: u64) -> Option<Found> {
    let last = segment.len().checked_sub(HEADER_BYTES)?;
    (from..=last).find_map(|at| {
        read(segment, at).filter(|found| {
            (expected..=expected.saturating_add(MAX_SKIPPED)).contains(&found.sequence)
                && intact(segment, found)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(first: u64, records: &[&[u8]]) -> Vec<u8> {
        let mut segment = START.to_vec();
        for (sequence, bytes) in (first..).zip(records) {
            segment.extend_from_slice(&header(bytes, crc32c::crc32c(bytes), sequence));
            segment.extend_from_slice(bytes);
        }
        segment
    }

    fn scan(segment: &[u8], first: u64) -> SegmentScan {
        super::scan(segment, first).unwrap()
    }

    fn sequences(scan: &SegmentScan) -> Vec<u64> {
        scan.records.iter().map(|found| found.sequence).collect()
    }

    const RECORDS: [&[u8]; 4] = [b"one", b"", b"three three three", b"4"];

    #[test]
    fn a_segment_cut_anywhere_keeps_its_whole_records() {
        let segment = segment(7, &RECORDS);
        let ends: Vec<usize> = scan(&segment, 7)
            .records
            .iter()
            .map(|found| found.offset + found.length)
            .collect();
        for length in 0..=segment.len() {
            let scan = scan(&segment[..length], 7);
            let whole = ends.iter().filter(|end| **end <= length).count() as u64;
            assert_eq!(sequences(&scan), (7..7 + whole).collect::<Vec<_>>(), "{length}");
            let at_an_end = length == START_BYTES || ends.contains(&length);
            assert_eq!(scan.torn, length > 0 && !at_an_end, "{length}");
        }
    }

    #[test]
    fn a_segment_without_a_version_is_version_0() {
        let new = segment(7, &RECORDS);
        let old = scan(&new[START_BYTES..], 7);
        assert_eq!((sequences(&old), old.torn), ((7..11).collect(), false));
    }

    #[test]
    fn an_unknown_version_is_named() {
        let mut segment = segment(7, &RECORDS);
        segment[MARK.len()] = 7;
        let error = super::scan(&segment, 7).unwrap_err();
        assert_eq!(error, UnknownVersion(7));
        assert!(
            error
                .to_string()
                .starts_with("spool segment version 7 is not supported by this heavy-agent")
        );
    }

    #[test]
    fn a_flipped_bit_costs_its_own_record_only() {
        let segment = segment(7, &RECORDS);
        for place in 0..segment.len() {
            for bit in 0..8 {
                let mut damaged = segment.clone();
                damaged[place] ^= 1 << bit;
                if place == MARK.len() {
                    assert!(super::scan(&damaged, 7).is_err());
                    continue;
                }
                let found = sequences(&scan(&damaged, 7));
                if place < MARK.len() {
                    assert_eq!(found, [7, 8, 9, 10], "byte {place} bit {bit}");
                    continue;
                }
                let hit = scan(&segment, 7)
                    .records
                    .iter()
                    .position(|found| place < found.offset + found.length)
                    .unwrap() as u64
                    + 7;
                let expected: Vec<u64> = (7..11).filter(|sequence| *sequence != hit).collect();
                assert_eq!(found, expected, "byte {place} bit {bit}");
            }
        }
    }
}

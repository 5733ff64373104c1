//! The format of a journal's segments: a start that says where in the journal the segment begins, then frames.
//!
//! ```text
//! segment: "hvjourn", version, output u64, orders u64, CRC32C of those; frames
//! frame:   length u32, kind u8, 0 0 0, position u64, at_ns u64, CRC32C of those; sealed content; tag
//! ```
//! All numbers are little-endian. The length is that of content and tag, which the header is authenticated with.

use super::cipher::{FramePlace, JournalCipher, TAG_BYTES};

const MARK: [u8; 7] = *b"hvjourn";

const VERSION: u8 = 1;

/// The length of a segment's start.
pub(super) const START_BYTES: usize = 28;

/// The length of a frame's header.
pub(super) const HEADER_BYTES: usize = 28;

/// No content is longer; a length beyond it is damage.
pub(super) const MAX_CONTENT_BYTES: usize = 2 << 20;

/// A place in a journal: how much it holds before it of each of the two kinds of records that count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct JournalPosition {
    /// Bytes of stdout.
    pub(crate) output: u64,
    /// Orders.
    pub(crate) orders: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FrameKind {
    /// Output; its position is that of its first byte.
    Output = 1,
    /// What the agent is about to do; its position is the number of orders before it.
    Order,
    /// The journal could not be written for a while; its position is how many bytes of output it lacks.
    Gap,
    /// What of the spool may have been sent.
    Published,
    /// The load test is gone; nothing follows. Its position is the number of orders, its content how much output there was.
    Ended,
}

impl FrameKind {
    const fn of(byte: u8) -> Option<Self> {
        Some(match byte {
            1 => Self::Output,
            2 => Self::Order,
            3 => Self::Gap,
            4 => Self::Published,
            5 => Self::Ended,
            _ => return None,
        })
    }
}

/// The header of a frame, without its length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FrameHead {
    pub(super) kind: FrameKind,
    pub(super) position: u64,
    /// When it was written, on the monotonic clock.
    pub(super) at_ns: u64,
}

/// The start of a segment.
pub(super) fn start(position: JournalPosition) -> [u8; START_BYTES] {
    let mut start = [0; START_BYTES];
    start[..7].copy_from_slice(&MARK);
    start[7] = VERSION;
    start[8..16].copy_from_slice(&position.output.to_le_bytes());
    start[16..24].copy_from_slice(&position.orders.to_le_bytes());
    let crc = crc32c::crc32c(&start[..24]);
    start[24..].copy_from_slice(&crc.to_le_bytes());
    start
}

/// Appends a frame, whose place is `place`, to `out`.
pub(super) fn push(
    cipher: &JournalCipher,
    place: FramePlace,
    head: FrameHead,
    content: &[u8],
    out: &mut Vec<u8>,
) -> std::io::Result<()> {
    if content.len() > MAX_CONTENT_BYTES {
        return Err(std::io::Error::other("a journal record is over 2 MiB"));
    }
    let from = out.len();
    let length = u32::try_from(content.len() + TAG_BYTES).expect("a content is at most 2 MiB");
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(&[head.kind as u8, 0, 0, 0]);
    out.extend_from_slice(&head.position.to_le_bytes());
    out.extend_from_slice(&head.at_ns.to_le_bytes());
    let crc = crc32c::crc32c(&out[from..]);
    out.extend_from_slice(&crc.to_le_bytes());
    out.extend_from_slice(content);
    let (header, sealed) = out[from..].split_at_mut(HEADER_BYTES);
    let tag = cipher.seal(place, header, sealed)?;
    out.extend_from_slice(&tag);
    Ok(())
}

/// Where a segment begins in the journal; `None` if its start is damaged or of another version.
pub(super) fn read_start(segment: &[u8]) -> Option<JournalPosition> {
    let start = segment.first_chunk::<START_BYTES>()?;
    let sound = start[..7] == MARK
        && start[7] == VERSION
        && crc32c::crc32c(&start[..24]).to_le_bytes() == start[24..];
    sound.then(|| JournalPosition {
        output: number(&start[8..16]),
        orders: number(&start[16..24]),
    })
}

/// An intact frame of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FoundFrame {
    pub(super) head: FrameHead,
    /// Where its header begins.
    pub(super) offset: usize,
    /// Where its sealed content ends.
    pub(super) end: usize,
}

/// The next frame at `from` or, after damage, behind it, whose header is intact and which is there as a whole.
pub(super) fn next(segment: &[u8], from: usize) -> Option<FoundFrame> {
    let last = segment.len().checked_sub(HEADER_BYTES + TAG_BYTES)?;
    (from..=last).find_map(|at| header_at(segment, at))
}

/// Opens the content of a frame in place; `None` if it is damaged.
pub(super) fn open<'a>(
    cipher: &JournalCipher,
    number: u64,
    segment: &'a mut [u8],
    frame: &FoundFrame,
) -> Option<&'a [u8]> {
    let place = FramePlace {
        segment: number,
        offset: u32::try_from(frame.offset).ok()?,
    };
    let (header, sealed) = segment[frame.offset..frame.end].split_at_mut(HEADER_BYTES);
    cipher.open_in_place(place, header, sealed)
}

fn header_at(segment: &[u8], at: usize) -> Option<FoundFrame> {
    let header = segment.get(at..)?.first_chunk::<HEADER_BYTES>()?;
    let kind = FrameKind::of(header[4])?;
    if crc32c::crc32c(&header[..24]).to_le_bytes() != header[24..] {
        return None;
    }
    let length = usize::try_from(number(&header[..4])).ok()?;
    let end = at + HEADER_BYTES + length;
    let sound = (TAG_BYTES..=MAX_CONTENT_BYTES + TAG_BYTES).contains(&length) && end <= segment.len();
    sound.then_some(FoundFrame {
        head: FrameHead {
            kind,
            position: number(&header[8..16]),
            at_ns: number(&header[16..24]),
        },
        offset: at,
        end,
    })
}

/// A little-endian number.
pub(super) fn number(bytes: &[u8]) -> u64 {
    let fold = |number: u64, byte: &u8| number << 8 | u64::from(*byte);
    bytes.iter().rev().fold(0, fold)
}

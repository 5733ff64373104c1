//! Room on disk for the note of what was sent, taken before it is needed: a full disk takes what replaces something.
//!
//! Two slots are written in turn, so that the newest note survives a write that does not come to its end.

use std::io::{self, Write};
use std::path::Path;

use prost::Message;

use crate::disk::{File, FileExt, OpenOptions, fs};
use crate::journal::note::PublishedNote;

const FILE: &str = "published";

/// The length of a slot: CRC32C u32 of the rest, length u32, the note. Disks write as much at once or not at all.
const SLOT_BYTES: usize = 512;

const SLOTS: usize = 2;

const HEADER_BYTES: usize = 8;

#[derive(Debug)]
pub(crate) struct NoteReserve {
    file: File,
    newest: Option<PublishedNote>,
    next_slot: usize,
}

impl NoteReserve {
    /// Takes the room in the directory of a new spool.
    pub(crate) fn make(dir: &Path) -> io::Result<()> {
        let mut file = File::create(dir.join(FILE))?;
        file.write_all(&[0; SLOTS * SLOT_BYTES])?;
        file.sync_all()
    }

    /// The reserve of a spool; `None` for the spool of an earlier version.
    pub(crate) fn open(dir: &Path) -> io::Result<Option<Self>> {
        let path = dir.join(FILE);
        let content = match fs::read(&path) {
            Ok(content) => content,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let slots = content.chunks(SLOT_BYTES).enumerate();
        let noted = slots.filter_map(|(slot, content)| Some((slot, read(content)?)));
        let newest = noted.max_by_key(|(_, note)| note.age());
        Ok(Some(Self {
            file: OpenOptions::new().write(true).open(path)?,
            next_slot: newest.map_or(0, |(slot, _)| (slot + 1) % SLOTS),
            newest: newest.map(|(_, note)| note),
        }))
    }

    pub(crate) const fn newest(&self) -> Option<PublishedNote> {
        self.newest
    }

    /// Notes durably what may be sent from now on.
    pub(crate) fn write(&mut self, note: &PublishedNote) -> io::Result<()> {
        let note_bytes = note.encode_to_vec();
        let length = u32::try_from(note_bytes.len()).map_err(io::Error::other)?;
        let mut slot = vec![0; 4];
        slot.extend_from_slice(&length.to_le_bytes());
        slot.extend_from_slice(&note_bytes);
        let crc32c = crc32c::crc32c(&slot[4..]);
        slot[..4].copy_from_slice(&crc32c.to_le_bytes());
        debug_assert!(slot.len() <= SLOT_BYTES);
        let offset = (self.next_slot * SLOT_BYTES) as u64;
        self.file.write_all_at(&slot, offset)?;
        self.file.sync_data()?;
        self.next_slot = (self.next_slot + 1) % SLOTS;
        self.newest = Some(*note);
        Ok(())
    }
}

fn read(slot: &[u8]) -> Option<PublishedNote> {
    let (header, rest) = slot.split_first_chunk::<HEADER_BYTES>()?;
    let (crc32c, length) = header.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_le_bytes(length.try_into().ok()?)).ok()?;
    let note = rest.get(..length).filter(|note| !note.is_empty())?;
    let found = crc32c::crc32c_append(crc32c::crc32c(&header[4..]), note);
    (found == u32::from_le_bytes(*crc32c))
        .then(|| PublishedNote::decode(note).ok())
        .flatten()
}

#[cfg(test)]
mod tests {
    use std::fs::OpenOptions;
    use std::os::unix::fs::FileExt;

    use super::*;

    fn note(stats_sequence: u64) -> PublishedNote {
        PublishedNote {
            stats_sequence,
            stats_due_ns: -1,
            requests: u64::MAX,
            iterations: u64::MAX,
            ..PublishedNote::default()
        }
    }

    #[test]
    fn the_newest_note_is_found_and_an_older_one_if_that_is_damaged() {
        let dir = tempfile::tempdir().unwrap();
        assert!(NoteReserve::open(dir.path()).unwrap().is_none());
        NoteReserve::make(dir.path()).unwrap();
        let size = || fs::read(dir.path().join(FILE)).unwrap().len();
        let room = size();
        for n in 1..6 {
            let mut reserve = NoteReserve::open(dir.path()).unwrap().unwrap();
            assert_eq!(reserve.newest(), (n > 1).then(|| note(n - 1)));
            reserve.write(&note(n)).unwrap();
            assert_eq!((reserve.newest(), size()), (Some(note(n)), room));
        }
        let file = OpenOptions::new()
            .write(true)
            .open(dir.path().join(FILE))
            .unwrap();
        // The fifth is in the first slot.
        file.write_all_at(&[7], 11).unwrap();
        assert_eq!(
            NoteReserve::open(dir.path()).unwrap().unwrap().newest(),
            Some(note(4))
        );
    }
}

//! The encryption of journals: what they hold was not redacted yet. Every journal has a key of its own, in a file that
//! goes with it.

use std::io::{self, Write};
use std::path::Path;

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::rand::{SecureRandom, SystemRandom};

use crate::disk::{File, OpenOptions, OpenOptionsExt, fs};

const KEY_FILE: &str = "key";
const KEY_BYTES: usize = 32;

/// What sealing adds to a content.
pub(super) const TAG_BYTES: usize = 16;

/// Where a record begins: its segment, and its offset there. No place is written twice, so it is the nonce.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FramePlace {
    pub(super) segment: u64,
    pub(super) offset: u32,
}

impl FramePlace {
    fn nonce(self) -> Nonce {
        let mut nonce = [0; NONCE_LEN];
        nonce[..8].copy_from_slice(&self.segment.to_le_bytes());
        nonce[8..].copy_from_slice(&self.offset.to_le_bytes());
        Nonce::assume_unique_for_key(nonce)
    }
}

/// Seals and opens the records of one journal.
#[derive(Debug)]
pub(super) struct JournalCipher(LessSafeKey);

impl JournalCipher {
    /// Makes a new key, and keeps it in the directory of the journal.
    pub(super) fn create(dir: &Path) -> io::Result<Self> {
        let mut key = [0; KEY_BYTES];
        SystemRandom::new()
            .fill(&mut key)
            .map_err(|_| io::Error::other("the system has no random numbers"))?;
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(dir.join(KEY_FILE))?;
        file.write_all(&key)?;
        // Without its key a journal that survives a power failure is lost.
        file.sync_all()?;
        File::open(dir)?.sync_all()?;
        Self::new(&key)
    }

    /// Reads the key of an existing journal.
    pub(super) fn open(dir: &Path) -> io::Result<Self> {
        Self::new(&fs::read(dir.join(KEY_FILE))?)
    }

    fn new(key: &[u8]) -> io::Result<Self> {
        let key = UnboundKey::new(&AES_256_GCM, key).map_err(|_| io::Error::other("invalid journal key"))?;
        Ok(Self(LessSafeKey::new(key)))
    }

    /// Seals a content in place and returns its tag. The header is authenticated, not hidden.
    pub(super) fn seal(
        &self,
        place: FramePlace,
        header: &[u8],
        content: &mut [u8],
    ) -> io::Result<[u8; TAG_BYTES]> {
        let tag = self
            .0
            .seal_in_place_separate_tag(place.nonce(), Aad::from(header), content)
            .map_err(|_| io::Error::other("a record is too long to be sealed"))?;
        let mut bytes = [0; TAG_BYTES];
        bytes.copy_from_slice(tag.as_ref());
        Ok(bytes)
    }

    /// Opens a sealed content in place; `None` if anything of it, or of its header, was changed.
    pub(super) fn open_in_place<'a>(
        &self,
        place: FramePlace,
        header: &[u8],
        sealed: &'a mut [u8],
    ) -> Option<&'a [u8]> {
        let opened = self.0.open_in_place(place.nonce(), Aad::from(header), sealed);
        opened.ok().map(|content| &*content)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_record_opens_only_where_and_as_it_was_sealed() {
        let dir = tempfile::tempdir().unwrap();
        let made = JournalCipher::create(dir.path()).unwrap();
        let key = dir.path().join(KEY_FILE).metadata().unwrap();
        assert_eq!(key.permissions().mode() & 0o777, 0o600);
        let place = FramePlace {
            segment: 3,
            offset: 28,
        };
        let mut sealed = b"secret".to_vec();
        let tag = made.seal(place, b"head", &mut sealed).unwrap();
        assert_ne!(sealed, b"secret");
        sealed.extend_from_slice(&tag);
        let cipher = JournalCipher::open(dir.path()).unwrap();
        let open = |place, header: &[u8], bytes: &[u8]| {
            let mut bytes = bytes.to_vec();
            cipher
                .open_in_place(place, header, &mut bytes)
                .map(<[u8]>::to_vec)
        };
        assert_eq!(open(place, b"head", &sealed).unwrap(), b"secret");
        let elsewhere = FramePlace { offset: 29, ..place };
        assert!(open(elsewhere, b"head", &sealed).is_none());
        assert!(open(place, b"tail", &sealed).is_none());
        sealed[0] ^= 1;
        assert!(open(place, b"head", &sealed).is_none());
    }
}

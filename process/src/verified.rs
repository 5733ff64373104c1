//! Which files were verified, so that only those that may have changed since are read again.

use std::collections::HashMap;
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt as _;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Files by name, as they were when their content was last verified.
#[derive(Debug, Default)]
pub struct VerifiedFiles {
    stamps: Mutex<HashMap<String, Stamp>>,
}

/// What of a file changes whenever somebody writes it: the time of a change cannot be set as that of a modification can.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    inode: u64,
    bytes: u64,
    changed: (i64, i64),
}

impl From<&Metadata> for Stamp {
    fn from(metadata: &Metadata) -> Self {
        Self {
            inode: metadata.ino(),
            bytes: metadata.len(),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }
}

impl VerifiedFiles {
    /// Whether the file was verified and has not been written since.
    pub fn contains(&self, name: &str, now: &Metadata) -> bool {
        self.lock().get(name).copied() == Some(Stamp::from(now))
    }

    /// Notes that the file as it is now was verified.
    pub fn insert(&self, name: &str, now: &Metadata) {
        self.lock().insert(name.to_owned(), Stamp::from(now));
    }

    /// Forgets all files but these.
    pub fn retain(&self, keep: impl Fn(&str) -> bool) {
        self.lock().retain(|name, _| keep(name));
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Stamp>> {
        // No critical section can leave the map half changed.
        self.stamps.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::time::SystemTime;

    #[test]
    fn a_file_that_was_written_is_not_verified_any_more() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("a");
        fs::write(&path, "one").unwrap();
        let verified = VerifiedFiles::default();
        let now = || path.metadata().unwrap();
        let marked = now().modified().unwrap();
        assert!(!verified.contains("a", &now()));
        verified.insert("a", &now());
        assert!(verified.contains("a", &now()));
        // Even if its length and its time of modification are as before.
        fs::write(&path, "two").unwrap();
        fs::File::open(&path).unwrap().set_modified(marked).unwrap();
        assert!(now().modified().unwrap() == marked && now().modified().unwrap() < SystemTime::now());
        assert!(!verified.contains("a", &now()));
        verified.insert("a", &now());
        verified.retain(|name| name != "a");
        assert!(!verified.contains("a", &now()));
    }
}

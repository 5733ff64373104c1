//! Which files were verified, so that only those that may have changed since are read again.

use std::collections::HashMap;
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt as _;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

/// Older kernels count the time of changes in ticks of up to 10 ms: two changes within one look like one.
const SETTLED_AFTER: Duration = Duration::from_millis(50);

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

impl Stamp {
    fn is_settled(&self, now: SystemTime) -> bool {
        let (seconds, nanos) = self.changed;
        let (Ok(seconds), Ok(nanos)) = (u64::try_from(seconds), u64::try_from(nanos)) else {
            return false;
        };
        let changed = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds) + Duration::from_nanos(nanos);
        now.duration_since(changed).is_ok_and(|age| age >= SETTLED_AFTER)
    }
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

    /// Notes that the file as it is now was verified, unless it changed so recently that another change would not show.
    pub fn insert(&self, name: &str, now: &Metadata) {
        let stamp = Stamp::from(now);
        if stamp.is_settled(SystemTime::now()) {
            self.lock().insert(name.to_owned(), stamp);
        }
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
    use std::path::Path;

    /// Notes a file once that is possible.
    fn note(verified: &VerifiedFiles, path: &Path) {
        let now = path.metadata().unwrap();
        while !verified.contains("a", &now) {
            verified.insert("a", &now);
            std::thread::yield_now();
        }
    }

    #[test]
    fn a_change_counts_when_the_next_one_would_show() {
        let stamp = Stamp {
            inode: 1,
            bytes: 1,
            changed: (100, 0),
        };
        let at = |ms| SystemTime::UNIX_EPOCH + Duration::from_millis(ms);
        assert!(!stamp.is_settled(at(100_049)) && stamp.is_settled(at(100_050)));
        assert!(!stamp.is_settled(at(99_000)), "the clock was set back");
    }

    #[test]
    fn a_file_that_was_written_is_not_verified_any_more() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("a");
        fs::write(&path, "one").unwrap();
        let verified = VerifiedFiles::default();
        let now = || path.metadata().unwrap();
        let marked = now().modified().unwrap();
        assert!(!verified.contains("a", &now()));
        note(&verified, &path);
        assert!(verified.contains("a", &now()));
        // Even if its length and its time of modification are as before.
        fs::write(&path, "two").unwrap();
        fs::File::open(&path).unwrap().set_modified(marked).unwrap();
        assert!(now().modified().unwrap() == marked && now().modified().unwrap() < SystemTime::now());
        assert!(!verified.contains("a", &now()));
        note(&verified, &path);
        verified.retain(|name| name != "a");
        assert!(!verified.contains("a", &now()));
    }
}

//! Which files of a cache are removed: what nobody has used for long, and what was unused longest if they take too much.

use std::fs;
use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime};

/// How long unused files of a cache stay, and how much all of them may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// How long a file may be unused.
    pub age: Duration,
    /// The total size in bytes that is kept.
    pub bytes: u64,
}

/// More files are never kept, however small they are: every removal looks at all of them.
const MOST_FILES: usize = 20_000;

/// Files that were used are marked so at most this often; the mark is their time of modification.
const MARK_PERIOD: Duration = Duration::from_secs(3600);

/// Reads a size such as `500MB`, `4GB` or `4GiB`; a number alone is bytes.
///
/// # Errors
/// Says what is expected.
pub fn parse_bytes(text: &str) -> Result<u64, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit: u64 = match &text[digits.len()..] {
        "" | "B" => 1,
        "kB" | "KB" => 1_000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        "TB" => 1_000_000_000_000,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        "TiB" => 1 << 40,
        _ => return Err("expected a size such as 500MB or 4GB".to_owned()),
    };
    let bytes = digits
        .parse::<u64>()
        .ok()
        .and_then(|number| number.checked_mul(unit));
    bytes.ok_or_else(|| "expected a size such as 500MB or 4GB".to_owned())
}

/// A file of a cache.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct CacheEntry {
    /// When it was last used, within an hour.
    pub used: SystemTime,
    /// Its length in bytes.
    pub bytes: u64,
    /// Its file name.
    pub name: String,
}

impl Retention {
    /// Removes from `dir` what is kept no longer, and returns how many files and bytes that were. Files that are `needed`,
    /// and those with an extension, which are being written, stay, and so do those that `remove` cannot remove.
    ///
    /// # Errors
    /// When the directory cannot be read.
    pub fn apply(
        &self,
        dir: &Path,
        needed: impl Fn(&str) -> bool,
        remove: impl Fn(&Path) -> io::Result<()>,
    ) -> io::Result<(usize, u64)> {
        let surplus = self.surplus(SystemTime::now(), entries(dir)?, needed);
        let (mut count, mut bytes) = (0, 0);
        for entry in surplus {
            if remove(&dir.join(&entry.name)).is_ok() {
                count += 1;
                bytes += entry.bytes;
            }
        }
        Ok((count, bytes))
    }

    /// The entries that are kept no longer, the longest unused first.
    #[must_use]
    pub fn surplus(
        &self,
        now: SystemTime,
        mut entries: Vec<CacheEntry>,
        needed: impl Fn(&str) -> bool,
    ) -> Vec<CacheEntry> {
        entries.sort_unstable();
        let mut total: u64 = entries.iter().map(|entry| entry.bytes).sum();
        let mut count = entries.len();
        let expires = |entry: &CacheEntry| now.duration_since(entry.used).is_ok_and(|age| age > self.age);
        entries.retain(|entry| {
            let gone = !needed(&entry.name) && (expires(entry) || total > self.bytes || count > MOST_FILES);
            if gone {
                total -= entry.bytes;
                count -= 1;
            }
            gone
        });
        entries
    }
}

/// The files of a cache, without those that are being written.
///
/// # Errors
/// When the directory cannot be read.
pub fn entries(dir: &Path) -> io::Result<Vec<CacheEntry>> {
    let mut entries = Vec::new();
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        // One that is removed meanwhile is not there.
        if let Ok(metadata) = entry.metadata()
            && metadata.is_file()
            && !name.contains('.')
        {
            entries.push(CacheEntry {
                used: metadata.modified()?,
                bytes: metadata.len(),
                name,
            });
        }
    }
    Ok(entries)
}

/// Marks a file of a cache as just used. If that fails, it goes earlier.
pub fn mark_used(file: &fs::File) {
    let now = SystemTime::now();
    let marked = file.metadata().and_then(|metadata| metadata.modified());
    let recently = marked.is_ok_and(|marked| now.duration_since(marked).is_ok_and(|age| age < MARK_PERIOD));
    if !recently {
        let _ = file.set_modified(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Duration = Duration::from_secs(86_400);

    fn entry(name: &str, days: u32, bytes: u64) -> CacheEntry {
        CacheEntry {
            used: SystemTime::UNIX_EPOCH + DAY * (100 - days),
            bytes,
            name: name.to_owned(),
        }
    }

    fn gone(retention: Retention, entries: &[CacheEntry], needed: &str) -> Vec<String> {
        let now = SystemTime::UNIX_EPOCH + DAY * 100;
        let surplus = retention.surplus(now, entries.to_vec(), |name| name == needed);
        surplus.into_iter().map(|entry| entry.name).collect()
    }

    #[test]
    fn what_is_old_or_too_much_goes_unless_it_is_needed() {
        let entries = [
            entry("new", 1, 10),
            entry("older", 20, 10),
            entry("oldest", 40, 10),
        ];
        let keep = |age: u32, bytes| Retention {
            age: DAY * age,
            bytes,
        };
        assert_eq!(gone(keep(50, 30), &entries, ""), [""; 0]);
        assert_eq!(gone(keep(30, 30), &entries, ""), ["oldest"]);
        assert_eq!(gone(keep(30, 30), &entries, "oldest"), [""; 0]);
        assert_eq!(gone(keep(50, 20), &entries, ""), ["oldest"]);
        assert_eq!(gone(keep(50, 20), &entries, "oldest"), ["older"]);
        assert_eq!(gone(keep(50, 0), &entries, "new"), ["oldest", "older"]);
        assert_eq!(gone(keep(10, 0), &entries, ""), ["oldest", "older", "new"]);
        let many: Vec<CacheEntry> = (0..MOST_FILES + 2)
            .map(|n| entry(&format!("{n:06}"), 1, 0))
            .collect();
        assert_eq!(gone(keep(50, 0), &many, "000000"), ["000001", "000002"]);
    }

    #[test]
    fn sizes_have_units() {
        for (text, bytes) in [
            ("0", 0),
            ("12", 12),
            ("500MB", 500_000_000),
            ("4GiB", 4 << 30),
            ("1kB", 1000),
        ] {
            assert_eq!(parse_bytes(text), Ok(bytes), "{text}");
        }
        for text in ["", "GB", "1.5GB", "-1", "4 GB", "4gb", "99999999999TB"] {
            assert!(parse_bytes(text).is_err(), "{text}");
        }
    }

    #[test]
    fn files_of_a_directory_go_and_what_is_being_written_stays() {
        let temp = tempfile::tempdir().unwrap();
        for (name, days) in [("a", 1), ("b", 40), ("c.part", 40)] {
            let file = fs::File::create(temp.path().join(name)).unwrap();
            file.set_modified(SystemTime::now() - DAY * days).unwrap();
        }
        let keep = Retention {
            age: DAY * 30,
            bytes: 1,
        };
        let apply = |remove: fn(&Path) -> io::Result<()>| keep.apply(temp.path(), |_| false, remove);
        let refused = apply(|_| Err(io::ErrorKind::ResourceBusy.into()));
        assert_eq!(refused.unwrap(), (0, 0));
        assert_eq!(apply(|path| fs::remove_file(path)).unwrap(), (1, 0));
        assert!(temp.path().join("a").exists() && temp.path().join("c.part").exists());
        assert!(!temp.path().join("b").exists());
        let old = fs::File::open(temp.path().join("a")).unwrap();
        mark_used(&old);
        let marked = old.metadata().unwrap().modified().unwrap();
        assert!(SystemTime::now().duration_since(marked).unwrap() < DAY / 2);
        mark_used(&old);
        assert_eq!(
            old.metadata().unwrap().modified().unwrap(),
            marked,
            "once an hour"
        );
    }
}

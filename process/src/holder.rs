//! Who holds a lock: a name for a lock file that no copy of it has.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";

/// The lock file at this path, as long as the host is up: a copy, on this disk or another host, has another name, and so has the
/// file after a reboot. Where that cannot be told, the name is like no other.
#[must_use]
pub fn holder(lock: &Path) -> String {
    let boot = fs::read_to_string(BOOT_ID);
    match (boot, fs::metadata(lock)) {
        (Ok(boot), Ok(file)) => format!("{}:{:x}:{:x}", boot.trim(), file.dev(), file.ino()),
        _ => format!("unknown:{}:{}", std::process::id(), crate::clock::monotonic_ns()),
    }
}

/// The name of this host, for messages.
#[must_use]
pub fn host_name() -> String {
    let name = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    name.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_is_another_lock() {
        let dir = tempfile::tempdir().unwrap();
        let (lock, copy, moved) = (
            dir.path().join("lock"),
            dir.path().join("copy"),
            dir.path().join("moved"),
        );
        fs::write(&lock, "").unwrap();
        fs::copy(&lock, &copy).unwrap();
        let name = holder(&lock);
        assert_eq!(holder(&lock), name);
        assert_ne!(holder(&copy), name);
        fs::rename(&lock, &moved).unwrap();
        assert_eq!(holder(&moved), name);
        assert_ne!(holder(&lock), holder(&lock), "there is no such file");
    }
}

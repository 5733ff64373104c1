//! Temporary directories, all below one directory of the test process that the watchdog removes in the end.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::watchdog::{keep, watchdog};

/// An empty temporary directory, removed on drop unless `HEAVY_KEEP_TMP` is set.
///
/// It lies in the system's temporary directory (never below a home directory, which other users cannot enter)
/// and has a short path, so that Unix sockets fit in it.
#[derive(Debug)]
pub struct TempDir {
    path: PathBuf,
}

impl TempDir {
    /// Creates `NAME-RANDOM` below the temporary directory of this test process, readable by every user.
    ///
    /// # Panics
    /// When the directory cannot be created.
    pub fn new(name: &str) -> TempDir {
        let root = watchdog().root();
        let path = tempfile::Builder::new()
            .prefix(&format!("{name}-"))
            .rand_bytes(4)
            .permissions(Permissions::from_mode(0o755))
            .tempdir_in(root)
            .unwrap_or_else(|error| {
                panic!(
                    "cannot create a temporary directory in {}: {error}",
                    root.display()
                )
            })
            .keep();
        TempDir { path }
    }

    /// The directory.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The path of `name` in the directory.
    pub fn join(&self, name: impl AsRef<Path>) -> PathBuf {
        self.path.join(name)
    }
}

impl Drop for TempDir {
    fn drop(&mut self) {
        if !keep() {
            // What cannot be removed now goes with the directory of the process.
            let _ = std::fs::remove_dir_all(&self.path);
        }
    }
}

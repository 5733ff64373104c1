//! Temporary folders, all below one folder of the test process that the watchdog removes in the end.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::watchdog::watchdog;

/// An empty temporary folder, removed on drop unless `HEAVY_KEEP_TMP` is set.
///
/// It lies in the system's temporary folder (never below a home directory, which other users cannot enter)
/// and has a short path, so that Unix sockets fit in it.
#[derive(Debug)]
pub struct TempDir {
    path: PathBuf,
}

impl TempDir {
    /// Creates `NAME-RANDOM` below the temporary folder of this test process, readable by every user.
    ///
    /// # Panics
    /// When the folder cannot be created.
    pub fn new(name: &str) -> TempDir {
        let root = watchdog().root();
        let path = tempfile::Builder::new()
            .prefix(&format!("{name}-"))
            .rand_bytes(4)
            .permissions(Permissions::from_mode(0o755))
            .tempdir_in(root)
            .unwrap_or_else(|error| panic!("cannot create a temporary folder in {}: {error}", root.display()))
            .keep();
        TempDir { path }
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The path of `name` in the folder.
    pub fn join(&self, name: impl AsRef<Path>) -> PathBuf {
        self.path.join(name)
    }
}

impl Drop for TempDir {
    fn drop(&mut self) {
        if !keep() {
            // What cannot be removed now goes with the folder of the process.
            let _ = std::fs::remove_dir_all(&self.path);
        }
    }
}

/// Whether temporary folders are to be kept for a look at them.
pub(crate) fn keep() -> bool {
    std::env::var_os("HEAVY_KEEP_TMP").is_some_and(|value| !value.is_empty())
}

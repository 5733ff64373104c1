//! The agent's own folder: made with its parts, kept from others, locked for as long as the agent runs.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};

/// Why a data folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another agent has it.
    #[error("{0} is in use by another agent: stop that one, or give each its own folder with --data-dir")]
    Locked(PathBuf),
    /// It cannot be made or written.
    #[error(
        "cannot use {path} as data folder ({problem}): give a folder that can be written with --data-dir"
    )]
    Io {
        /// The folder, or what in it.
        path: PathBuf,
        /// What the system said.
        problem: io::Error,
    },
}

/// An open data folder; the lock goes with it.
#[derive(Debug)]
pub(crate) struct DataDir {
    root: PathBuf,
    _lock: File,
}

impl DataDir {
    /// Makes and locks the folder, and clears away what an earlier agent's load tests left in it.
    pub(crate) fn open(root: &Path) -> Result<Self, Error> {
        private_dir(root)?;
        let path = root.join("lock");
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(&path)
            .map_err(|problem| Error::Io { path, problem })?;
        flock(&lock, FlockOperation::NonBlockingLockExclusive).map_err(|_| Error::Locked(root.to_owned()))?;
        let dir = Self {
            root: root.to_owned(),
            _lock: lock,
        };
        // Nobody else works below a locked folder, so whatever is there belongs to nobody.
        let _ = fs::remove_dir_all(dir.work());
        for part in [dir.work(), dir.cache(), dir.spool()] {
            private_dir(&part)?;
        }
        Ok(dir)
    }

    /// Where load tests have their working folders.
    pub(crate) fn work(&self) -> PathBuf {
        self.root.join("work")
    }

    /// Where binaries are kept.
    pub(crate) fn cache(&self) -> PathBuf {
        self.root.join("cache")
    }

    /// Where results wait for delivery.
    pub(crate) fn spool(&self) -> PathBuf {
        self.root.join("spool")
    }
}

/// Makes a folder, and its parents, that only this user can look into.
pub(crate) fn private_dir(path: &Path) -> Result<(), Error> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|problem| Error::Io {
            path: path.to_owned(),
            problem,
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_folder_has_one_agent() {
        let temp = tempfile::tempdir().unwrap();
        let root = temp.path().join("agents/one");
        let first = DataDir::open(&root).unwrap();
        let error = DataDir::open(&root).unwrap_err();
        assert!(error.to_string().contains("in use by another agent"), "{error}");
        drop(first);
        DataDir::open(&root).unwrap();
    }

    #[test]
    fn a_file_in_its_place_is_a_clear_error() {
        let temp = tempfile::tempdir().unwrap();
        let file = temp.path().join("file");
        fs::write(&file, "").unwrap();
        let error = DataDir::open(&file.join("agent")).unwrap_err();
        assert!(error.to_string().contains("--data-dir"), "{error}");
    }
}

//! The scheduler's folder: made with mode 0700, and locked while a scheduler serves from it.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

/// Why a folder cannot be served from.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It cannot be made or written.
    #[error("cannot use the data dir {dir}: {problem}; choose another with --data-dir", dir = .dir.display())]
    Unusable {
        /// The folder.
        dir: PathBuf,
        /// What the system said.
        problem: io::Error,
    },
    /// Another scheduler serves from it.
    #[error(
        "the data dir {dir} is in use by another scheduler: stop that one, or choose another with --data-dir",
        dir = .dir.display()
    )]
    Locked {
        /// The folder.
        dir: PathBuf,
    },
    /// There is no home to put the default in.
    #[error("neither XDG_DATA_HOME nor HOME is set: say where to keep data with --data-dir")]
    NoHome,
}

/// `$XDG_DATA_HOME/heavy`, or `~/.local/share/heavy`.
///
/// # Errors
/// When the environment names no home.
pub fn default_dir() -> Result<PathBuf, Error> {
    let absolute = |name| {
        let path = PathBuf::from(std::env::var_os(name)?);
        path.is_absolute().then_some(path)
    };
    absolute("XDG_DATA_HOME")
        .or_else(|| Some(absolute("HOME")?.join(".local/share")))
        .map(|base| base.join("heavy"))
        .ok_or(Error::NoHome)
}

/// A folder that this process alone serves from, for as long as this value lives.
#[derive(Debug)]
pub struct DataDir {
    path: PathBuf,
    _lock: File,
}

impl DataDir {
    /// Makes the folder if need be, and locks it.
    ///
    /// # Errors
    /// When it cannot be made or written, or another scheduler has it.
    pub fn open(dir: &Path) -> Result<Self, Error> {
        let unusable = |problem: io::Error| Error::Unusable {
            dir: dir.to_owned(),
            problem,
        };
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(dir)
            .map_err(unusable)?;
        let lock = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(dir.join("scheduler.lock"))
            .map_err(unusable)?;
        match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Self {
                path: dir.to_owned(),
                _lock: lock,
            }),
            Err(Errno::WOULDBLOCK) => Err(Error::Locked { dir: dir.to_owned() }),
            Err(problem) => Err(unusable(problem.into())),
        }
    }

    /// The folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn one_scheduler_a_folder() {
        let home = tempfile::tempdir().unwrap();
        let dir = home.path().join("a/b");
        let first = DataDir::open(&dir).unwrap();
        assert_eq!(dir.metadata().unwrap().permissions().mode() & 0o777, 0o700);
        assert!(matches!(DataDir::open(&dir), Err(Error::Locked { .. })));
        drop(first);
        assert!(DataDir::open(&dir).is_ok());
    }

    #[test]
    fn a_file_in_the_way_is_named() {
        let home = tempfile::tempdir().unwrap();
        let dir = home.path().join("file");
        std::fs::write(&dir, "").unwrap();
        let error = DataDir::open(&dir).unwrap_err().to_string();
        assert!(error.contains(dir.to_str().unwrap()), "{error}");
    }
}

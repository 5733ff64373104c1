//! Data directories: the default path, creation with mode 0700, and a lock for the process that uses one.

use std::ffi::OsString;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

/// Why a data directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It cannot be created or written.
    #[error("cannot use the data directory {dir}: {problem}; choose another with --data-dir", dir = .dir.display())]
    Unusable {
        /// The directory.
        dir: PathBuf,
        /// The system's error.
        problem: io::Error,
    },
    /// Another process of the same kind uses it.
    #[error(
        "the data directory {dir} is in use by another {owner}: stop it, or choose another with --data-dir",
        dir = .dir.display()
    )]
    Locked {
        /// The directory.
        dir: PathBuf,
        /// The kind of process: scheduler or agent.
        owner: &'static str,
    },
    /// A scheduler uses it, and another one was to be started.
    #[error(
        "the data directory {dir} is in use by another scheduler{command}: {hint}, stop it, or choose another directory with --data-dir",
        dir = .dir.display()
    )]
    Served {
        /// The directory.
        dir: PathBuf,
        /// The other scheduler's command and process, if they are known.
        command: String,
        /// How to use it.
        hint: String,
    },
    /// The environment names no home.
    #[error("neither XDG_DATA_HOME nor HOME is set: choose a directory with --data-dir")]
    NoHome,
}

impl Error {
    /// Whether another command line or environment would help, whatever the machine.
    #[must_use]
    pub const fn is_wrong_usage(&self) -> bool {
        matches!(self, Self::NoHome)
    }
}

/// `$XDG_DATA_HOME/heavy`, or `~/.local/share/heavy`. A variable that is not an absolute path counts as unset.
///
/// # Errors
/// [`Error::NoHome`] when the environment names no home.
pub fn default_dir() -> Result<PathBuf, Error> {
    let var = std::env::var_os;
    default_dir_of(var("XDG_DATA_HOME"), var("HOME"))
}

/// [`default_dir`] for these values of `XDG_DATA_HOME` and `HOME`.
fn default_dir_of(xdg_data_home: Option<OsString>, home: Option<OsString>) -> Result<PathBuf, Error> {
    let absolute = |path: Option<OsString>| path.map(PathBuf::from).filter(|path| path.is_absolute());
    absolute(xdg_data_home)
        .or_else(|| Some(absolute(home)?.join(".local/share")))
        .map(|base| base.join("heavy"))
        .ok_or(Error::NoHome)
}

/// The default results database of a data directory.
#[must_use]
pub fn database_file(data_dir: &Path) -> PathBuf {
    data_dir.join("heavy.db")
}

/// Creates a directory and its parents, readable by this user only.
///
/// # Errors
/// [`Error::Unusable`] if it cannot be created.
pub fn create_private(dir: &Path) -> Result<(), Error> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(dir)
        .map_err(|problem| Error::Unusable {
            dir: dir.to_owned(),
            problem,
        })
}

/// A directory that only this process uses, while this value exists.
#[derive(Debug)]
pub struct DataDir {
    path: PathBuf,
    _lock: File,
}

impl DataDir {
    /// Creates the directory if it does not exist, and locks the file `lock` in it. `owner` is the kind of process, for messages.
    ///
    /// # Errors
    /// If it cannot be created or written, or another process holds the lock.
    pub fn open(dir: &Path, lock: &str, owner: &'static str) -> Result<Self, Error> {
        let unusable = |problem: io::Error| Error::Unusable {
            dir: dir.to_owned(),
            problem,
        };
        create_private(dir)?;
        let lock = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(dir.join(lock))
            .map_err(unusable)?;
        match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Self {
                path: dir.to_owned(),
                _lock: lock,
            }),
            Err(Errno::WOULDBLOCK) => Err(Error::Locked {
                dir: dir.to_owned(),
                owner,
            }),
            Err(problem) => Err(unusable(problem.into())),
        }
    }

    /// The directory.
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
    fn one_process_a_directory() {
        let home = tempfile::tempdir().unwrap();
        let dir = home.path().join("a/b");
        let first = DataDir::open(&dir, "lock", "agent").unwrap();
        assert_eq!(dir.metadata().unwrap().permissions().mode() & 0o777, 0o700);
        let error = DataDir::open(&dir, "lock", "agent").unwrap_err();
        assert!(error.to_string().contains("in use by another agent"), "{error}");
        drop(first);
        assert!(DataDir::open(&dir, "lock", "agent").is_ok());
    }

    #[test]
    fn a_file_in_the_way_is_named() {
        let home = tempfile::tempdir().unwrap();
        let dir = home.path().join("file");
        std::fs::write(&dir, "").unwrap();
        for dir in [dir.clone(), dir.join("below")] {
            let error = DataDir::open(&dir, "lock", "agent").unwrap_err().to_string();
            assert!(error.contains(dir.to_str().unwrap()), "{error}");
            assert!(error.contains("--data-dir"), "{error}");
        }
    }

    #[test]
    fn the_default_follows_the_environment() {
        let dir = |xdg: Option<&str>, home: Option<&str>| {
            default_dir_of(xdg.map(OsString::from), home.map(OsString::from)).ok()
        };
        assert_eq!(dir(Some("/x"), Some("/h")), Some(PathBuf::from("/x/heavy")));
        assert_eq!(
            dir(Some("relative"), Some("/h")),
            Some(PathBuf::from("/h/.local/share/heavy"))
        );
        assert_eq!(dir(None, None), None);
    }
}

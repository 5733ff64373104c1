//! Why there is no home key.

use std::io;
use std::path::{Path, PathBuf};

use super::path::VARIABLE;

/// Why there is no home key.
#[derive(Debug, Clone, thiserror::Error)]
pub enum HomeError {
    /// The environment names no place for it.
    #[error("no place for the home key: set HOME, or set {VARIABLE} to a file that only this user can read")]
    NoHome,
    /// It cannot be read or made.
    #[error(
        "cannot use the home key {path}: {problem}; set {VARIABLE} to a file that only this user can read",
        path = .path.display()
    )]
    Unusable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        problem: String,
    },
    /// Others can read or replace it.
    #[error(
        "the home key {path} is open to other users (mode {mode:03o}): whoever has read it can run programs as this user; \
         remove it, and the next program makes another",
        path = .path.display()
    )]
    Open {
        /// The file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// It is not this user's.
    #[error(
        "the home key {path} belongs to user {owner}, and this program runs as user {user}: set {VARIABLE} to a file of its own",
        path = .path.display()
    )]
    Foreign {
        /// The file.
        path: PathBuf,
        /// Whose it is.
        owner: u32,
        /// Who runs this program.
        user: u32,
    },
    /// It is not what heavy writes.
    #[error(
        "the home key {path} is damaged: remove it, and the next program makes another",
        path = .path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
    },
}

impl HomeError {
    pub(super) fn unusable(path: &Path, problem: &io::Error) -> Self {
        Self::Unusable {
            path: path.to_owned(),
            problem: problem.to_string(),
        }
    }
}

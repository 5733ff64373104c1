//! Variables: of the process, and of files of `KEY=value` lines.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// The process's environment variable `key`, or `default` when it is not set.
#[must_use]
pub fn env_or(key: &str, default: &str) -> String {
    env::var(key).unwrap_or_else(|_| default.to_owned())
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum EnvFileError {
    #[error("cannot read the env file {}: {source}", path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("line {number} of the env file {} is not KEY=value", path.display())]
    NotAnAssignment { path: PathBuf, number: usize },
}

pub(crate) fn read_file(path: &Path) -> Result<BTreeMap<String, String>, EnvFileError> {
    let text = fs::read_to_string(path).map_err(|source| EnvFileError::Unreadable {
        path: path.to_owned(),
        source,
    })?;
    heavy_load::env::parse(&text).map_err(|number| EnvFileError::NotAnAssignment {
        path: path.to_owned(),
        number,
    })
}

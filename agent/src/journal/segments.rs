//! The files of a journal: numbered segments, of which a number is used once.

use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::disk::{File, OpenOptions, OpenOptionsExt, fs};

const EXTENSION: &str = "journal";

/// The mode of a segment behind whose end output is missing: nobody knows how much.
const INCOMPLETE: u32 = 0o400;

pub(super) fn path(dir: &Path, number: u64) -> PathBuf {
    dir.join(format!("{number:020}.{EXTENSION}"))
}

/// The numbers of all segments, ascending.
pub(super) fn found(dir: &Path) -> io::Result<Vec<u64>> {
    let mut numbers: Vec<u64> = fs::read_dir(dir)?
        .flatten()
        .filter_map(|entry| number_of(&entry.path()))
        .collect();
    numbers.sort_unstable();
    Ok(numbers)
}

/// Makes a segment that does not exist yet.
pub(super) fn create(dir: &Path, number: u64) -> io::Result<File> {
    OpenOptions::new()
        .append(true)
        .create_new(true)
        .mode(0o600)
        .open(path(dir, number))
}

/// Marks a segment whose journal goes on without being written. A mode needs no space on a full disk.
pub(super) fn mark_incomplete(segment: &File) -> io::Result<()> {
    segment.set_permissions(fs::Permissions::from_mode(INCOMPLETE))
}

pub(super) fn is_incomplete(dir: &Path, number: u64) -> bool {
    fs::metadata(path(dir, number)).is_ok_and(|of| of.permissions().mode() & 0o777 == INCOMPLETE)
}

fn number_of(path: &Path) -> Option<u64> {
    if path.extension()? != EXTENSION {
        return None;
    }
    path.file_stem()?.to_str()?.parse().ok()
}

//! `status` without a job: where data is, how much space each part takes, and how long it stays.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use heavy_api::document::{RetentionInfo, StorageInfo, StoragePart};
use heavy_process::disk;
use heavy_report::{bytes, escape};
use heavy_store::DatabaseSize;

use super::output::in_days;

/// A data directory and its retention.
#[derive(Debug, Clone)]
pub struct DataPlace {
    /// The directory.
    pub dir: PathBuf,
    /// How long its data stays.
    pub retention: RetentionInfo,
}

impl DataPlace {
    /// What the directory and the database take now.
    #[must_use]
    pub fn look(&self, database: DatabaseSize) -> StorageInfo {
        let dir = std::path::absolute(&self.dir).unwrap_or_else(|_| self.dir.clone());
        let shown = |path: &Path| path.display().to_string();
        let parts = disk::parts(&dir).into_iter().map(|part| StoragePart {
            name: part.name.to_owned(),
            path: shown(&part.path),
            bytes: part.bytes,
            files: part.files,
        });
        StorageInfo {
            parts: parts.collect(),
            data_dir: shown(&dir),
            database: database.url,
            database_bytes: database.bytes,
            retention: self.retention.clone(),
        }
    }
}

/// For people.
pub(super) fn text(storage: &StorageInfo) -> String {
    let mut text = String::new();
    let mut line = |line: String| {
        let _ = writeln!(text, "{line}");
    };
    line(format!("data directory  {}", escape(&storage.data_dir)));
    line(format!("results         {}", escape(&storage.database)));
    line(String::new());
    let mut total = storage.database_bytes;
    line(format!("{:<20}{:>8}  {:>7}", "", "size", "files"));
    line(format!(
        "{:<20}{:>8}",
        "results database",
        bytes(storage.database_bytes)
    ));
    for StoragePart {
        name,
        bytes: size,
        files,
        ..
    } in &storage.parts
    {
        total = total.saturating_add(*size);
        line(format!("{:<20}{:>8}  {files:>7}", escape(name), bytes(*size)));
    }
    line(format!("{:<20}{:>8}", "total", bytes(total)));
    line(String::new());
    let RetentionInfo {
        keep_binaries,
        binaries_limit_bytes,
        keep_results,
    } = &storage.retention;
    line("kept".to_owned());
    line(format!(
        "  binaries, files   until unused for {}, at most {} (--keep-binaries, --binaries-limit)",
        in_days(*keep_binaries),
        bytes(*binaries_limit_bytes)
    ));
    line("  agent caches      as each agent says (--keep-cache, --cache-limit of heavy-agent)".to_owned());
    line(match keep_results {
        Some(keep) => format!(
            "  results           for {} after the end of their job (--keep-results)",
            in_days(*keep)
        ),
        None => "  results           until they are deleted (heavy delete, heavy prune, --keep-results)"
            .to_owned(),
    });
    text
}

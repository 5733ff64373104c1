//! Free space of the file's disk: rows leave some of it to statistics, which are small and tell what happened.

use std::fs::metadata;
use std::path::Path;

use rustix::fs::statvfs;
use sqlx::SqliteConnection;

/// A 50th of the disk is left, but no more than this.
const SHARE: u64 = 50;
const MOST_LEFT_BYTES: u64 = 64 << 20;

/// What a disk has, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Disk {
    free: u64,
    all: u64,
}

impl Disk {
    const fn floor(self) -> u64 {
        let share = self.all / SHARE;
        if share < MOST_LEFT_BYTES {
            share
        } else {
            MOST_LEFT_BYTES
        }
    }
}

/// Why no rows are taken now; `None`: there is space.
///
/// The log is written back to the file in time: later there would be no space to do that, and it would only grow.
pub(super) async fn too_little(file: &Path, connection: &mut SqliteConnection) -> Option<String> {
    let disk = disk(file)?;
    let mut log = file.as_os_str().to_owned();
    log.push("-wal");
    let log_bytes = metadata(log).map_or(0, |log| log.len());
    if disk.free >= disk.floor() + log_bytes {
        return None;
    }
    let log_is_written_back = write_back(connection).await.unwrap_or(false);
    let disk = self::disk(file)?;
    let least = disk.floor() + if log_is_written_back { 0 } else { log_bytes };
    (disk.free < least).then(|| {
        format!(
            "{} KiB of {} MiB are free on its disk, and rows leave {} KiB to statistics and to its log",
            disk.free >> 10,
            disk.all >> 20,
            least >> 10
        )
    })
}

/// Writes the log back to the file as far as that can be done without waiting; whether all of it is.
async fn write_back(connection: &mut SqliteConnection) -> Result<bool, sqlx::Error> {
    let (_, frames, written): (i64, i64, i64) = sqlx::query_as("PRAGMA wal_checkpoint(PASSIVE)")
        .fetch_one(connection)
        .await?;
    Ok(frames == written)
}

fn disk(file: &Path) -> Option<Disk> {
    let found = statvfs(file).ok()?;
    Some(Disk {
        free: found.f_bavail * found.f_frsize,
        all: found.f_blocks * found.f_frsize,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_50th_is_left_but_at_most_64_mib() {
        for (all, floor) in [
            (8 << 20, (8 << 20) / 50),
            (1 << 30, (1 << 30) / 50),
            (1 << 40, 64 << 20),
        ] {
            assert_eq!(Disk { free: 0, all }.floor(), floor);
        }
    }
}

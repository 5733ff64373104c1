//! Processes that share a data directory: each works on jobs of its own and has a directory of its own, `runs/NAME`.
//!
//! The directory holds a lock for as long as its process lives, and `owner.json`, which tells others where it listens. What a
//! process leaves behind that was killed is [claimed](abandoned) by another, one at a time.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;
use serde::{Deserialize, Serialize};

use crate::data_dir::{DataDir, Error, create_private};
use crate::holder::holder;

const LOCK: &str = "lock";
const SCHEDULER_LOCK: &str = "scheduler.lock";
const RECORD: &str = "owner.json";
const DRAFT: &str = "owner.json.new";
/// Names are random: a second try is for a directory that was removed while it was made.
const MOST_TRIES: u32 = 8;

/// The part that a process has in the data directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OwnerKind {
    /// A command that runs jobs of its own and ends with them: any number at once.
    Run,
    /// A scheduler that takes jobs of others: one in a data directory.
    Scheduler,
}

impl OwnerKind {
    const fn prefix(self) -> &'static str {
        match self {
            Self::Run => "run-",
            Self::Scheduler => "scheduler-",
        }
    }

    /// The kind of the owner of this name; a scheduler's if it has no name.
    #[must_use]
    pub fn of(name: &str) -> Self {
        if name.starts_with(Self::Run.prefix()) {
            Self::Run
        } else {
            Self::Scheduler
        }
    }
}

/// What a process tells others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnerRecord {
    /// Its directory's name, unique among all data directories.
    pub name: String,
    /// Its part.
    pub kind: OwnerKind,
    /// As a person knows it, such as `heavy up`.
    pub command: String,
    /// Its process.
    pub pid: u32,
    /// The results database that it writes to, without a password.
    pub database: String,
    /// Where its scheduler listens; empty before that.
    pub url: String,
}

/// A directory in `runs/` that this process has locked: its own, or one that was left behind.
#[derive(Debug)]
pub struct OwnerDir {
    data_dir: PathBuf,
    record: OwnerRecord,
    _lock: File,
    /// Of a scheduler: no other one uses the data directory.
    _scheduler: Option<DataDir>,
}

impl OwnerDir {
    /// Makes and locks a directory for this process in a data directory, which is made if need be.
    ///
    /// # Errors
    /// When the data directory cannot be used, or a second scheduler wants it.
    pub fn register(
        data_dir: &Path,
        kind: OwnerKind,
        command: &str,
        database: String,
    ) -> Result<Self, Error> {
        // Load tests run in directories of their own, where a relative path leads elsewhere.
        let data_dir = &std::path::absolute(data_dir).unwrap_or_else(|_| data_dir.to_owned());
        create_private(data_dir)?;
        let scheduler = match kind {
            OwnerKind::Run => None,
            OwnerKind::Scheduler => Some(only_scheduler(data_dir)?),
        };
        let unusable = |problem: io::Error| Error::Unusable {
            dir: data_dir.clone(),
            problem,
        };
        create_private(&runs(data_dir))?;
        let (name, lock) = new_directory(data_dir, kind).map_err(unusable)?;
        let own = Self {
            data_dir: data_dir.clone(),
            record: OwnerRecord {
                name,
                kind,
                command: command.to_owned(),
                pid: std::process::id(),
                database,
                url: String::new(),
            },
            _lock: lock,
            _scheduler: scheduler,
        };
        own.write().map_err(unusable)?;
        Ok(own)
    }

    /// Tells others where this process listens.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn announce(&mut self, url: &str) -> io::Result<()> {
        url.clone_into(&mut self.record.url);
        self.write()
    }

    /// The data directory that it is in.
    #[must_use]
    pub fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    /// What it tells others, or told.
    #[must_use]
    pub const fn record(&self) -> &OwnerRecord {
        &self.record
    }

    /// Its path.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        runs(&self.data_dir).join(&self.record.name)
    }

    /// The lock that the process holds, or held: that of the data directory for a scheduler, else that of this directory. While
    /// this value exists, no other process can hold it together with this directory.
    #[must_use]
    pub fn holder(&self) -> String {
        match self.record.kind {
            OwnerKind::Run => holder(&self.path().join(LOCK)),
            OwnerKind::Scheduler => holder(&self.data_dir.join(SCHEDULER_LOCK)),
        }
    }

    /// The directory of the agent in this process, if it has one.
    #[must_use]
    pub fn agent_dir(&self) -> PathBuf {
        self.path().join("agent")
    }

    /// Whether its agent has left results that no collector has acknowledged.
    #[must_use]
    pub fn has_undelivered(&self) -> bool {
        fs::read_dir(self.agent_dir().join("spool")).is_ok_and(|mut entries| entries.next().is_some())
    }

    /// Removes it with all that is in it; then nobody owns its jobs any more.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn remove(self) -> io::Result<()> {
        // The record goes first: one that claims the rest finds nothing to do in it.
        let _ = fs::remove_file(self.path().join(RECORD));
        fs::remove_dir_all(self.path())
    }

    fn write(&self) -> io::Result<()> {
        let path = self.path();
        let draft = path.join(DRAFT);
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600);
        let mut file = options.open(&draft)?;
        file.write_all(&serde_json::to_vec(&self.record)?)?;
        fs::rename(draft, path.join(RECORD))
    }
}

/// The processes that use a data directory now, and say where they listen.
#[must_use]
pub fn live(data_dir: &Path) -> Vec<OwnerRecord> {
    let live = names(data_dir).into_iter().filter_map(|name| {
        let dir = runs(data_dir).join(name);
        let lock = File::open(dir.join(LOCK)).ok()?;
        // Others that only look hold a shared lock too.
        match flock(&lock, FlockOperation::NonBlockingLockShared) {
            Err(Errno::WOULDBLOCK) => read(&dir),
            Ok(()) | Err(_) => None,
        }
    });
    live.filter(|record| !record.url.is_empty()).collect()
}

/// Whether the process of this name is gone, and what it left in the data directory is not recovered yet.
#[must_use]
pub fn is_abandoned(data_dir: &Path, name: &str) -> bool {
    let lock = File::open(runs(data_dir).join(name).join(LOCK));
    lock.is_ok_and(|lock| flock(&lock, FlockOperation::NonBlockingLockShared).is_ok())
}

/// Directories of processes that are gone. Each is locked for this process until it is dropped, so that nobody else takes it
/// up; one that another process has taken is left out.
#[must_use]
pub fn abandoned(data_dir: &Path) -> Vec<OwnerDir> {
    let claimed = names(data_dir).into_iter().filter_map(|name| {
        let dir = runs(data_dir).join(&name);
        let lock = lock(&dir).ok()?;
        let Some(mut record) = read(&dir).filter(|record| record.name == name) else {
            remove_unused(&dir, &name);
            return None;
        };
        record.url.clear();
        let claimed = OwnerDir {
            data_dir: data_dir.to_owned(),
            record,
            _lock: lock,
            _scheduler: None,
        };
        // Now that it is locked again, nobody must take it for one that listens.
        claimed.write().ok()?;
        Some(claimed)
    });
    claimed.collect()
}

fn runs(data_dir: &Path) -> PathBuf {
    data_dir.join("runs")
}

/// The names of all directories, the oldest first where they tell.
fn names(data_dir: &Path) -> Vec<String> {
    let entries =
        fs::read_dir(runs(data_dir)).map_or_else(|_| Vec::new(), |entries| entries.flatten().collect());
    let mut names: Vec<String> = entries
        .into_iter()
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    names.sort_unstable();
    names
}

/// Removes a directory without a record: its process had done nothing yet, or it was not removed to the end.
fn remove_unused(dir: &Path, name: &str) {
    let is_ours = [OwnerKind::Run, OwnerKind::Scheduler]
        .iter()
        .any(|kind| name.starts_with(kind.prefix()));
    if is_ours && matches!(dir.join(RECORD).try_exists(), Ok(false)) {
        let _ = fs::remove_dir_all(dir);
    }
}

fn read(dir: &Path) -> Option<OwnerRecord> {
    serde_json::from_slice(&fs::read(dir.join(RECORD)).ok()?).ok()
}

/// A data directory as its only scheduler.
fn only_scheduler(data_dir: &Path) -> Result<DataDir, Error> {
    DataDir::open(data_dir, SCHEDULER_LOCK, "scheduler").map_err(|error| match error {
        Error::Locked { dir, .. } => {
            let mut others = live(data_dir).into_iter();
            let other = others.find(|record| record.kind == OwnerKind::Scheduler);
            let (command, hint) = other.map_or_else(
                || (String::new(), "use it".to_owned()),
                |other| {
                    (
                        format!(", `{}` (process {})", other.command, other.pid),
                        format!("use it with --scheduler {}", other.url),
                    )
                },
            );
            Error::Served { dir, command, hint }
        }
        error => error,
    })
}

fn new_directory(data_dir: &Path, kind: OwnerKind) -> io::Result<(String, File)> {
    let mut tried = 0;
    loop {
        let name = format!("{}{}", kind.prefix(), random_digits()?);
        let dir = runs(data_dir).join(&name);
        let made = DirBuilder::new()
            .mode(0o700)
            .create(&dir)
            .and_then(|()| lock(&dir));
        tried += 1;
        match made {
            Ok(lock) => return Ok((name, lock)),
            Err(error) if tried == MOST_TRIES => return Err(error),
            // Somebody took it for one that was left behind.
            Err(_) => {}
        }
    }
}

/// Locks a directory that is still there when it is locked.
fn lock(dir: &Path) -> io::Result<File> {
    let path = dir.join(LOCK);
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false).mode(0o600);
    let lock = options.open(&path)?;
    flock(&lock, FlockOperation::NonBlockingLockExclusive)?;
    if fs::metadata(&path)?.ino() == lock.metadata()?.ino() {
        Ok(lock)
    } else {
        Err(io::ErrorKind::NotFound.into())
    }
}

/// 16 hex digits that no other owner has.
fn random_digits() -> io::Result<String> {
    let mut bytes = [0; 8];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests;

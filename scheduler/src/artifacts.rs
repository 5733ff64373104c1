//! Artifacts: uploaded binaries and files of load tests, by SHA-256.
//!
//! An artifact gets its name only when its length and hash were verified, a binary was recognised as a program, and it is
//! on disk; before that it is a temporary file that is removed with its upload. The directory is bounded: the least
//! recently used artifact is removed first, unless a job still needs it.

use std::collections::HashSet;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use heavy_api::document::ArtifactKind;
use heavy_process::retention::{Retention, entries, mark_used};
use heavy_process::verified::VerifiedFiles;
use heavy_results::job::{JobFile, is_sha256};
use sha2::{Digest, Sha256};
use tokio::fs::{self, File};
use tokio::io::AsyncWriteExt;
use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout};

/// No artifact may be longer.
pub(crate) const MOST_BYTES: u64 = JobFile::MOST_BYTES;
/// Uploads at the same time; more wait for a while.
const MOST_UPLOADS: usize = 8;
/// An upload that sends nothing for this time is aborted, and one that waited so long for its turn is refused.
pub(crate) const PAUSE_LIMIT: Duration = Duration::from_secs(30);
/// An upload that is slower is aborted, too: a few that drip would keep everybody else out.
const LEAST_BYTES_PER_S: f64 = 32.0 * 1024.0;

#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("invalid SHA-256 `{0}`: expected 64 lower-case hex digits")]
    NotAHash(String),
    #[error("the upload exceeds {limit} MiB: strip the debug information of a binary", limit = MOST_BYTES >> 20)]
    TooLong,
    #[error("expected {announced} bytes, received {received}: upload it again")]
    Length { announced: u64, received: u64 },
    #[error("expected the SHA-256 {announced}, received {found}: upload it again")]
    Hash { announced: String, found: String },
    /// The bytes are not a program that an agent could run.
    #[error("{0}")]
    NotAProgram(String),
    #[error(
        "no room for another binary or file within {limit} bytes: raise --binaries-limit (or HEAVY_BINARIES_LIMIT), or wait \
         for queued jobs to end"
    )]
    NoRoom { limit: u64 },
    #[error("unknown artifact `{0}`: upload it first")]
    Unknown(String),
    /// A job names a file that is not there.
    #[error("unknown file `{path}`: upload it as the artifact {sha256} first")]
    UnknownFile { path: String, sha256: String },
    #[error("the upload stalled, or was slower than 32 KiB/s: try again")]
    Stalled,
    #[error("{MOST_UPLOADS} uploads are on their way: try again when one has ended")]
    TooManyUploads,
    #[error("cannot store the upload: {0}")]
    Disk(#[from] io::Error),
}

#[derive(Debug)]
pub(crate) struct Artifacts {
    dir: PathBuf,
    retention: Retention,
    verified: VerifiedFiles,
    /// Held while files are named or removed, so that room is counted right.
    naming: Mutex<()>,
    uploads: Arc<Semaphore>,
}

/// Whether a string is a SHA-256 in lower-case hex.
pub(crate) fn check_hash(text: &str) -> Result<(), Error> {
    if is_sha256(text) {
        Ok(())
    } else {
        Err(Error::NotAHash(text.chars().take(80).collect()))
    }
}

impl Artifacts {
    /// Opens the directory and removes what interrupted uploads left, but not uploads that other processes receive.
    pub(crate) async fn open(data_dir: &Path, retention: Retention) -> io::Result<Self> {
        let dir = std::path::absolute(data_dir.join("artifacts"))?;
        fs::create_dir_all(&dir).await?;
        fs::set_permissions(&dir, std::fs::Permissions::from_mode(0o700)).await?;
        let mut entries = fs::read_dir(&dir).await?;
        while let Some(entry) = entries.next_entry().await? {
            if entry.file_name().to_string_lossy().ends_with(".part") && is_given_up(&entry).await {
                removed(fs::remove_file(entry.path()).await)?;
            }
        }
        Ok(Self {
            dir,
            retention,
            verified: VerifiedFiles::default(),
            naming: Mutex::new(()),
            uploads: Arc::new(Semaphore::new(MOST_UPLOADS)),
        })
    }

    /// The directory, by its absolute path.
    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// As [`Self::find`], but an artifact that was written since it was stored is removed.
    pub(crate) async fn check(&self, sha256: &str) -> Result<u64, Error> {
        let (file, _) = self.read(sha256).await?;
        let metadata = file.metadata().await?;
        if !self.verified.contains(sha256, &metadata) {
            let file = file.into_std().await;
            let hashed = tokio::task::spawn_blocking(move || heavy_process::hash::sha256(&file));
            let (found, _) = hashed.await.map_err(io::Error::other)??;
            if found != sha256 {
                tracing::warn!(sha256, "removed an artifact whose content had changed");
                removed(fs::remove_file(self.dir.join(sha256)).await)?;
                return Err(Error::Unknown(sha256.to_owned()));
            }
            self.verified.insert(sha256, &metadata);
        }
        self.find(sha256).await
    }

    /// The length of a stored artifact in bytes; it counts as used.
    pub(crate) async fn find(&self, sha256: &str) -> Result<u64, Error> {
        let (file, bytes) = self.read(sha256).await?;
        mark_used(&file.into_std().await);
        Ok(bytes)
    }

    /// Opens a stored artifact; returns its length in bytes.
    pub(crate) async fn read(&self, sha256: &str) -> Result<(File, u64), Error> {
        check_hash(sha256)?;
        let file = match File::open(self.dir.join(sha256)).await {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(Error::Unknown(sha256.to_owned()));
            }
            Err(error) => return Err(error.into()),
        };
        let bytes = file.metadata().await?.len();
        Ok((file, bytes))
    }

    /// Starts an upload.
    pub(crate) async fn upload(
        &self,
        kind: ArtifactKind,
        sha256: &str,
        announced: Option<u64>,
    ) -> Result<Upload, Error> {
        check_hash(sha256)?;
        if announced.is_some_and(|bytes| bytes > MOST_BYTES) {
            return Err(Error::TooLong);
        }
        let slot = timeout(PAUSE_LIMIT, Arc::clone(&self.uploads).acquire_owned()).await;
        let slot = slot.map_err(|_| Error::TooManyUploads)?;
        let part = tempfile::Builder::new()
            .prefix(sha256)
            .suffix(".part")
            .permissions(std::fs::Permissions::from_mode(0o600))
            .tempfile_in(&self.dir)?;
        let (file, path) = part.into_parts();
        Ok(Upload {
            kind,
            file: File::from_std(file),
            path,
            sha256: sha256.to_owned(),
            announced,
            received: 0,
            began: Instant::now(),
            hash: Sha256::new(),
            _slot: slot.map_err(io::Error::other)?,
        })
    }

    /// Verifies an upload and gives it its name; `needed` are the hashes that may not be removed to make room.
    pub(crate) async fn finish(&self, upload: Upload, needed: HashSet<String>) -> Result<u64, Error> {
        let Upload {
            kind,
            mut file,
            path,
            sha256,
            announced,
            received,
            began: _,
            hash,
            _slot,
        } = upload;
        if let Some(announced) = announced.filter(|announced| *announced != received) {
            return Err(Error::Length { announced, received });
        }
        let found = hex::encode(hash.finalize());
        if found != sha256 {
            return Err(Error::Hash {
                announced: sha256,
                found,
            });
        }
        file.flush().await?;
        if kind == ArtifactKind::Program {
            recognise(path.to_path_buf()).await?;
        }
        // Agents on this host link it, and nobody is to write through a link.
        let mode = if kind == ArtifactKind::Program {
            0o555
        } else {
            0o444
        };
        file.set_permissions(std::fs::Permissions::from_mode(mode))
            .await?;
        file.sync_all().await?;
        drop(file);
        let _naming = self.naming.lock().await;
        self.make_room(received, &sha256, needed).await?;
        path.persist(self.dir.join(&sha256))
            .map_err(|error| error.error)?;
        File::open(&self.dir).await?.sync_all().await?;
        Ok(received)
    }

    async fn make_room(&self, bytes: u64, sha256: &str, needed: HashSet<String>) -> Result<(), Error> {
        let limit = self.retention.bytes;
        let no_room = Error::NoRoom { limit };
        let Some(room) = limit.checked_sub(bytes) else {
            return Err(no_room);
        };
        let retention = Retention {
            bytes: room,
            ..self.retention
        };
        let (dir, own) = (self.dir.clone(), sha256.to_owned());
        let looking = tokio::task::spawn_blocking(move || {
            let stays = |name: &str| name == own || needed.contains(name);
            retention.apply(&dir, stays, |path| std::fs::remove_file(path))?;
            let left = entries(&dir)?;
            let left = left.iter().filter(|entry| entry.name != own);
            io::Result::Ok(left.map(|entry| entry.bytes).sum::<u64>())
        });
        let left = looking.await.map_err(io::Error::other)??;
        if left > room { Err(no_room) } else { Ok(()) }
    }

    /// Removes what is kept no longer, but nothing that is `needed`.
    pub(crate) async fn trim(&self, needed: HashSet<String>) -> io::Result<()> {
        let _naming = self.naming.lock().await;
        let (dir, retention) = (self.dir.clone(), self.retention);
        let removing = tokio::task::spawn_blocking(move || {
            retention.apply(
                &dir,
                |name| needed.contains(name),
                |path| std::fs::remove_file(path),
            )
        });
        let (files, bytes) = removing.await.map_err(io::Error::other)??;
        if files > 0 {
            tracing::info!(files, bytes, "removed unused binaries and files");
        }
        self.verified.retain(|name| self.dir.join(name).exists());
        Ok(())
    }
}

/// Whether nothing was written to an upload for longer than any process waits.
async fn is_given_up(part: &fs::DirEntry) -> bool {
    let modified = part.metadata().await.and_then(|metadata| metadata.modified());
    let age = modified.ok().and_then(|modified| modified.elapsed().ok());
    age.is_some_and(|age| age > 2 * PAUSE_LIMIT)
}

/// The outcome of a removal, where another process may have been faster.
fn removed(outcome: io::Result<()>) -> io::Result<()> {
    outcome.or_else(|error| match error.kind() {
        io::ErrorKind::NotFound => Ok(()),
        _ => Err(error),
    })
}

/// An upload on its way; dropping it removes what has come.
#[derive(Debug)]
pub(crate) struct Upload {
    kind: ArtifactKind,
    file: File,
    path: tempfile::TempPath,
    sha256: String,
    announced: Option<u64>,
    received: u64,
    began: Instant,
    hash: Sha256,
    _slot: OwnedSemaphorePermit,
}

impl Upload {
    /// Takes the next bytes.
    pub(crate) async fn write(&mut self, data: &[u8]) -> Result<(), Error> {
        self.received += data.len() as u64;
        if self.received > MOST_BYTES {
            return Err(Error::TooLong);
        }
        if let Some(announced) = self.announced.filter(|announced| self.received > *announced) {
            let received = self.received;
            return Err(Error::Length { announced, received });
        }
        // The first pause may be at the start.
        let due_s = self.began.elapsed().saturating_sub(PAUSE_LIMIT).as_secs_f64();
        if (self.received as f64) < due_s * LEAST_BYTES_PER_S {
            return Err(Error::Stalled);
        }
        self.hash.update(data);
        self.file.write_all(data).await?;
        Ok(())
    }
}

/// Whether a file is a program that some host could run; only the parts that matter are read.
async fn recognise(path: PathBuf) -> Result<(), Error> {
    let checked = tokio::task::spawn_blocking(move || {
        let file = std::fs::File::open(path)?;
        let read = object::ReadCache::new(file);
        Ok(heavy_plugin::program::inspect(&read).map(drop))
    });
    let checked: io::Result<_> = checked.await.map_err(io::Error::other)?;
    checked?.map_err(|problem| Error::NotAProgram(problem.to_string()))
}

#[cfg(test)]
mod tests;

//! Binaries and files of load tests by their SHA-256: fetched once, verified, never written again.
//!
//! Where the scheduler's artifacts are on the same disk, an entry is a hard link to one. All entries are read-only. An entry that may have changed since it was verified is verified again before its next use.

mod fetch;

use std::collections::HashMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use heavy_process::hash::sha256 as sha256_of;
use heavy_process::retention::{Retention, mark_used};
use heavy_process::verified::VerifiedFiles;
use heavy_proto::v1::fleet_client::FleetClient;
use heavy_results::job::is_sha256;
use tonic::transport::Channel;

use self::fetch::{fetch, link};

const SHA256_DIGITS: usize = 64;

#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("cannot fetch {sha256} from the scheduler: {problem}")]
    Fetch { sha256: String, problem: String },
    #[error(
        "the scheduler's copy differs from what was submitted (expected {wanted_bytes} bytes with SHA-256 {wanted}, \
         received {got_bytes} bytes with {got}): submit it again"
    )]
    Hash {
        wanted: String,
        wanted_bytes: u64,
        got: String,
        got_bytes: u64,
    },
    #[error("invalid SHA-256 `{0}`: expected 64 lowercase hex digits; submit the job again")]
    Name(String),
    #[error("cannot write {path}: {problem}")]
    Io { path: PathBuf, problem: io::Error },
}

impl Error {
    /// As in `AssignmentUpdate.failure_kind`.
    pub(crate) const fn kind(&self) -> &'static str {
        match self {
            Self::Fetch { .. } | Self::Io { .. } => "fetch",
            Self::Hash { .. } | Self::Name(_) => "hash",
        }
    }
}

/// Where entries come from.
#[derive(Debug, Clone)]
pub(crate) struct ArtifactSource {
    pub(crate) fleet: FleetClient<Channel>,
    /// The scheduler's directory of artifacts; on this host it may not exist.
    pub(crate) dir: PathBuf,
}

#[derive(Debug)]
pub(crate) struct Cache {
    dir: PathBuf,
    retention: Retention,
    verified: VerifiedFiles,
    state: Arc<Mutex<CacheState>>,
}

#[derive(Debug, Default)]
struct CacheState {
    /// How many users each entry has that must not be removed.
    pins: HashMap<String, usize>,
}

/// A verified entry, which stays in the cache until this is dropped.
#[derive(Debug)]
pub(crate) struct Cached {
    pub(crate) path: PathBuf,
    sha256: String,
    state: Arc<Mutex<CacheState>>,
}

impl Drop for Cached {
    fn drop(&mut self) {
        let mut state = lock(&self.state);
        if let Some(users) = state.pins.get_mut(&self.sha256) {
            *users -= 1;
            if *users == 0 {
                state.pins.remove(&self.sha256);
            }
        }
    }
}

impl Cache {
    /// A cache in a directory, without what an interrupted fetch left there.
    pub(crate) fn new(dir: PathBuf, retention: Retention) -> Self {
        for entry in fs::read_dir(&dir).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.extension().is_some_and(|extension| extension == "part") {
                let _ = fs::remove_file(path);
            }
        }
        Self {
            dir,
            retention,
            verified: VerifiedFiles::default(),
            state: Arc::default(),
        }
    }

    /// A verified binary or file, linked or fetched if it is not there.
    pub(crate) async fn get(
        &self,
        sha256: &str,
        bytes: u64,
        source: &ArtifactSource,
    ) -> Result<Cached, Error> {
        // It becomes the name of a file.
        if !is_sha256(sha256) {
            let start = &sha256[..sha256.floor_char_boundary(SHA256_DIGITS)];
            return Err(Error::Name(start.to_owned()));
        }
        let cached = self.pin(sha256);
        if self.still_good(&cached, bytes).await {
            return Ok(cached);
        }
        let path = &cached.path;
        let part = self.dir.join(format!("{sha256}-{}.part", uuid::Uuid::new_v4()));
        let got = match link(sha256, bytes, &part, &source.dir).await {
            true => Ok(()),
            false => fetch(sha256, bytes, &part, &mut source.fleet.clone()).await,
        };
        let kept = got.and_then(|()| {
            fs::rename(&part, path).map_err(|problem| Error::Io {
                path: path.clone(),
                problem,
            })
        });
        if kept.is_err() {
            let _ = fs::remove_file(&part);
        }
        kept?;
        self.note_verified(&cached);
        Ok(cached)
    }

    fn pin(&self, sha256: &str) -> Cached {
        *lock(&self.state).pins.entry(sha256.to_owned()).or_default() += 1;
        Cached {
            path: self.dir.join(sha256),
            sha256: sha256.to_owned(),
            state: Arc::clone(&self.state),
        }
    }

    /// Whether the entry is there with its content. It counts as used then.
    async fn still_good(&self, cached: &Cached, bytes: u64) -> bool {
        let (Ok(file), Ok(found)) = (File::open(&cached.path), fs::metadata(&cached.path)) else {
            return false;
        };
        if found.len() != bytes {
            return false;
        }
        if !self.verified.contains(&cached.sha256, &found) {
            let wanted = cached.sha256.clone();
            // Hashing must not hold up the tasks that release iterations of another job.
            let hashed = tokio::task::spawn_blocking(move || sha256_of(&file)).await;
            if !matches!(hashed, Ok(Ok((found, _))) if found == wanted) {
                return false;
            }
        }
        if let Ok(file) = File::open(&cached.path) {
            mark_used(&file);
        }
        self.note_verified(cached);
        true
    }

    fn note_verified(&self, cached: &Cached) {
        if let Ok(found) = fs::metadata(&cached.path) {
            self.verified.insert(&cached.sha256, &found);
        }
    }

    /// Removes an entry, unless somebody uses it by now.
    fn remove(&self, path: &Path) -> io::Result<()> {
        let gone = path.with_extension("part");
        {
            let state = lock(&self.state);
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if state.pins.contains_key(&*name) {
                return Err(io::ErrorKind::ResourceBusy.into());
            }
            fs::rename(path, &gone)?;
        }
        // Large files take their time, and others wait for the state.
        fs::remove_file(gone)
    }

    /// Removes what is kept no longer, but nothing that is in use.
    pub(crate) fn trim(&self) {
        let in_use = |name: &str| lock(&self.state).pins.contains_key(name);
        let removed = self.retention.apply(&self.dir, in_use, |path| self.remove(path));
        match removed {
            Ok((0, _)) => {}
            Ok((files, bytes)) => {
                tracing::info!(files, bytes, "removed unused binaries and files from the cache")
            }
            Err(error) => tracing::warn!(%error, "cannot read the cache"),
        }
        self.verified.retain(|name| self.dir.join(name).exists());
    }
}

fn lock(state: &Mutex<CacheState>) -> MutexGuard<'_, CacheState> {
    // No critical section can leave the map half changed.
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;

//! Binaries and files of load tests by their SHA-256: fetched once, verified, never written again.
//!
//! Where the scheduler's artifacts are on the same disk, an entry is a hard link to one. All entries are read-only. An entry that may have changed since it was verified is verified again before its next use.

mod fetch;

use std::collections::HashMap;
use std::fs::{self, File};
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use heavy_process::retention::{Retention, mark_used};
use heavy_process::verified::VerifiedFiles;
use heavy_proto::v1::fleet_client::FleetClient;
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
            let same = tokio::task::spawn_blocking(move || fetch::has_hash(file, &wanted)).await;
            if !matches!(same, Ok(Ok(true))) {
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

    /// Removes what is kept no longer, but nothing that is in use.
    pub(crate) fn trim(&self) {
        let removed = self
            .retention
            .apply(&self.dir, |name| lock(&self.state).pins.contains_key(name));
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

fn is_sha256(text: &str) -> bool {
    let digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    text.len() == SHA256_DIGITS && text.bytes().all(digit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::MetadataExt as _;
    use std::path::Path;
    use std::time::{Duration, SystemTime};

    use sha2::{Digest as _, Sha256};

    const KEEP: Retention = Retention {
        age: Duration::from_secs(86_400),
        bytes: 1 << 20,
    };

    /// A scheduler that does not answer, whose artifacts are in `dir`.
    fn only(dir: &Path) -> ArtifactSource {
        let endpoint = tonic::transport::Endpoint::from_static("http://127.0.0.1:1");
        ArtifactSource {
            fleet: FleetClient::new(endpoint.connect_lazy()),
            dir: dir.to_owned(),
        }
    }

    fn nobody() -> ArtifactSource {
        only(Path::new("/no/such"))
    }

    #[tokio::test]
    async fn an_artifact_on_the_same_disk_is_linked_if_it_is_the_right_one() {
        let temp = tempfile::tempdir().unwrap();
        let (artifacts, dir) = (temp.path().join("artifacts"), temp.path().join("cache"));
        fs::create_dir_all(&artifacts).unwrap();
        fs::create_dir_all(&dir).unwrap();
        let [good, wrong, way_out] = ["one", "two", "six"].map(|text| hex::encode(Sha256::digest(text)));
        fs::write(artifacts.join(&good), "one").unwrap();
        fs::write(artifacts.join(&wrong), "2.0").unwrap();
        std::os::unix::fs::symlink("/etc/hosts", artifacts.join(&way_out)).unwrap();
        let cache = Cache::new(dir.clone(), KEEP);
        let linked = cache.get(&good, 3, &only(&artifacts)).await.unwrap();
        let (ours, theirs) = (
            fs::metadata(&linked.path).unwrap(),
            fs::metadata(artifacts.join(&good)).unwrap(),
        );
        assert_eq!((ours.ino(), ours.nlink()), (theirs.ino(), 2));
        assert_eq!(ours.mode() & 0o777, 0o555, "nobody writes through the link");
        for sha256 in [&wrong, &way_out] {
            let error = cache.get(sha256, 3, &only(&artifacts)).await.unwrap_err();
            assert!(matches!(error, Error::Fetch { .. }), "{error}");
        }
        assert_eq!(fs::read_dir(&dir).unwrap().count(), 1, "nothing else is left");
    }

    #[tokio::test]
    async fn names_that_are_no_hash_are_not_looked_for() {
        let temp = tempfile::tempdir().unwrap();
        fs::write(temp.path().join("known"), "x").unwrap();
        let cache = Cache::new(temp.path().join("cache"), KEEP);
        for name in [
            "../known",
            "",
            &"A".repeat(64),
            &"a".repeat(65),
            &"\u{e9}".repeat(32),
        ] {
            let error = cache.get(name, 1, &nobody()).await.unwrap_err();
            assert!(matches!(error, Error::Name(_)), "{name}: {error}");
        }
        assert!(is_sha256(&"09af".repeat(16)));
    }

    #[tokio::test]
    async fn an_entry_that_was_written_is_not_used() {
        let temp = tempfile::tempdir().unwrap();
        let sha256 = hex::encode(Sha256::digest("one"));
        let path = temp.path().join(&sha256);
        let cache = Cache::new(temp.path().to_owned(), KEEP);
        fs::write(&path, "one").unwrap();
        let found = cache.get(&sha256, 3, &nobody()).await.unwrap();
        assert_eq!(found.path, path);
        assert!(cache.get(&sha256, 3, &nobody()).await.is_ok());
        fs::write(&path, "two").unwrap();
        let error = cache.get(&sha256, 3, &nobody()).await.unwrap_err();
        assert!(
            matches!(error, Error::Fetch { .. }),
            "it is fetched again: {error}"
        );
    }

    #[tokio::test]
    async fn what_is_in_use_stays_and_what_is_old_goes() {
        let temp = tempfile::tempdir().unwrap();
        let cache = Cache::new(temp.path().to_owned(), KEEP);
        let names = ["one", "two"].map(|text| {
            let name = hex::encode(Sha256::digest(text));
            fs::write(temp.path().join(&name), text).unwrap();
            name
        });
        let used = cache.get(&names[0], 3, &nobody()).await.unwrap();
        for name in &names {
            let file = File::open(temp.path().join(name)).unwrap();
            file.set_modified(SystemTime::UNIX_EPOCH).unwrap();
        }
        let there = || {
            names
                .iter()
                .filter(|name| temp.path().join(name).exists())
                .count()
        };
        cache.trim();
        assert!(there() == 1 && used.path.exists());
        drop(used);
        cache.trim();
        assert_eq!(there(), 0);
    }

    #[test]
    fn an_interrupted_fetch_is_cleared_away() {
        let temp = tempfile::tempdir().unwrap();
        fs::write(temp.path().join("abc-1.part"), "x").unwrap();
        fs::write(temp.path().join("abc"), "x").unwrap();
        Cache::new(temp.path().to_owned(), KEEP);
        assert!(temp.path().join("abc").exists() && !temp.path().join("abc-1.part").exists());
    }
}

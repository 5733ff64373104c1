//! Binaries by their SHA-256: fetched once, verified, never written again.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use bytes::Bytes;
use heavy_proto::v1::ArtifactRef;
use heavy_proto::v1::fleet_client::FleetClient;
use sha2::{Digest, Sha256};
use tokio::sync::mpsc;
use tonic::transport::Channel;

/// What is kept; the binary that was used longest ago goes first.
const MAX_BINARIES: usize = 20;
const MAX_BYTES: u64 = 4 << 30;

const SHA256_DIGITS: usize = 64;

/// Chunks that wait to be written.
const CHUNKS: usize = 4;

#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("cannot fetch the binary {sha256} from the scheduler: {problem}")]
    Fetch { sha256: String, problem: String },
    #[error(
        "the binary differs from the submitted one (expected {wanted_bytes} bytes with SHA-256 {wanted}, received \
         {got_bytes} bytes with {got}): submit it again"
    )]
    Hash {
        wanted: String,
        wanted_bytes: u64,
        got: String,
        got_bytes: u64,
    },
    #[error("invalid SHA-256 `{0}`: expected 64 lowercase hex digits; submit the binary again")]
    Name(String),
    #[error("cannot keep the binary in {path}: {problem}")]
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

#[derive(Debug)]
pub(crate) struct Cache {
    dir: PathBuf,
}

impl Cache {
    /// A cache in a directory, without what an interrupted fetch left there.
    pub(crate) fn new(dir: PathBuf) -> Self {
        for entry in entries(&dir) {
            if entry.extension().is_some_and(|extension| extension == "part") {
                let _ = fs::remove_file(entry);
            }
        }
        Self { dir }
    }

    /// The path of a verified binary, fetched if it is not there.
    pub(crate) async fn get(
        &self,
        sha256: &str,
        bytes: u64,
        fleet: &mut FleetClient<Channel>,
    ) -> Result<PathBuf, Error> {
        // It becomes the name of a file.
        if !is_sha256(sha256) {
            let start = &sha256[..sha256.floor_char_boundary(SHA256_DIGITS)];
            return Err(Error::Name(start.to_owned()));
        }
        let path = self.dir.join(sha256);
        // Files get their final name only when they were verified, so the length is enough to know one again.
        if fs::metadata(&path).is_ok_and(|found| found.len() == bytes) {
            // Remembered as just used; if that fails, it goes a little earlier.
            let _ = File::open(&path).and_then(|file| file.set_modified(SystemTime::now()));
            return Ok(path);
        }
        let part = self.dir.join(format!("{sha256}-{}.part", uuid::Uuid::new_v4()));
        let fetched = fetch(sha256, bytes, &part, fleet).await;
        let kept = fetched.and_then(|()| {
            fs::rename(&part, &path).map_err(|problem| Error::Io {
                path: path.clone(),
                problem,
            })
        });
        if kept.is_err() {
            let _ = fs::remove_file(&part);
        }
        kept?;
        self.trim(&path);
        Ok(path)
    }

    /// Removes what is beyond the bounds, but never `keep`.
    fn trim(&self, keep: &Path) {
        let mut files: Vec<(SystemTime, u64, PathBuf)> = entries(&self.dir)
            .into_iter()
            .filter_map(|path| {
                let found = fs::metadata(&path).ok()?;
                Some((found.modified().ok()?, found.len(), path))
            })
            .collect();
        files.sort_unstable_by(|a, b| b.cmp(a));
        let mut total = 0;
        for (place, (_, bytes, path)) in files.iter().enumerate() {
            total += bytes;
            if (place >= MAX_BINARIES || total > MAX_BYTES) && path != keep {
                let _ = fs::remove_file(path);
            }
        }
    }
}

fn entries(dir: &Path) -> Vec<PathBuf> {
    fs::read_dir(dir).map_or_else(
        |_| Vec::new(),
        |entries| entries.flatten().map(|entry| entry.path()).collect(),
    )
}

async fn fetch(sha256: &str, bytes: u64, part: &Path, fleet: &mut FleetClient<Channel>) -> Result<(), Error> {
    let said = |status: tonic::Status| Error::Fetch {
        sha256: sha256.to_owned(),
        problem: status.message().to_owned(),
    };
    let request = ArtifactRef {
        sha256: sha256.to_owned(),
    };
    let mut chunks = fleet.fetch_artifact(request).await.map_err(said)?.into_inner();
    // Hashing and a slow disk must not hold up the tasks that release iterations of another job.
    let (sender, receiver) = mpsc::channel(CHUNKS);
    let (wanted, path) = (sha256.to_owned(), part.to_owned());
    let writing = tokio::task::spawn_blocking(move || keep(receiver, wanted, bytes, path));
    while let Some(chunk) = chunks.message().await.map_err(said)? {
        if sender.send(chunk.data).await.is_err() {
            // The writer has failed and has the reason.
            break;
        }
    }
    drop(sender);
    match writing.await {
        Ok(kept) => kept,
        Err(failed) => std::panic::resume_unwind(failed.into_panic()),
    }
}

fn keep(
    mut chunks: mpsc::Receiver<Bytes>,
    wanted: String,
    wanted_bytes: u64,
    path: PathBuf,
) -> Result<(), Error> {
    let mut hash = Sha256::new();
    let mut got_bytes = 0;
    let written = (|| {
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)?;
        while let Some(chunk) = chunks.blocking_recv() {
            got_bytes += chunk.len() as u64;
            if got_bytes > wanted_bytes {
                break;
            }
            hash.update(&chunk);
            file.write_all(&chunk)?;
        }
        file.sync_all()?;
        file.set_permissions(fs::Permissions::from_mode(0o555))
    })();
    written.map_err(|problem| Error::Io { path, problem })?;
    let got = hex::encode(hash.finalize());
    if got == wanted && got_bytes == wanted_bytes {
        return Ok(());
    }
    Err(Error::Hash {
        wanted,
        wanted_bytes,
        got,
        got_bytes,
    })
}

fn is_sha256(text: &str) -> bool {
    let digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    text.len() == SHA256_DIGITS && text.bytes().all(digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_a_hash_becomes_a_path() {
        let temp = tempfile::tempdir().unwrap();
        fs::write(temp.path().join("known"), "x").unwrap();
        let cache = Cache::new(temp.path().join("cache"));
        let endpoint = tonic::transport::Endpoint::from_static("http://127.0.0.1:1");
        let mut fleet = FleetClient::new(endpoint.connect_lazy());
        for name in [
            "../known",
            "",
            &"A".repeat(64),
            &"a".repeat(65),
            &"\u{e9}".repeat(32),
        ] {
            let error = cache.get(name, 1, &mut fleet).await.unwrap_err();
            assert!(matches!(error, Error::Name(_)), "{name}: {error}");
        }
        assert!(is_sha256(&"09af".repeat(16)));
    }

    #[test]
    fn trimming_keeps_the_newest() {
        let temp = tempfile::tempdir().unwrap();
        for place in 0..MAX_BINARIES + 3 {
            let file = File::create(temp.path().join(format!("{place:02}"))).unwrap();
            file.set_modified(SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(place as u64))
                .unwrap();
        }
        let cache = Cache::new(temp.path().to_owned());
        cache.trim(&temp.path().join("00"));
        let mut left: Vec<String> = entries(temp.path())
            .iter()
            .map(|path| path.file_name().unwrap().to_string_lossy().into_owned())
            .collect();
        left.sort();
        assert_eq!(left.len(), MAX_BINARIES + 1);
        assert_eq!((left[0].as_str(), left[1].as_str()), ("00", "03"));
    }

    #[test]
    fn an_interrupted_fetch_is_cleared_away() {
        let temp = tempfile::tempdir().unwrap();
        fs::write(temp.path().join("abc-1.part"), "x").unwrap();
        fs::write(temp.path().join("abc"), "x").unwrap();
        Cache::new(temp.path().to_owned());
        assert_eq!(entries(temp.path()), [temp.path().join("abc")]);
    }
}

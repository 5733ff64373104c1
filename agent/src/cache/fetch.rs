//! Gets an artifact from the scheduler, by a link where both share a disk, and verifies it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use heavy_process::hash;
use heavy_proto::v1::ArtifactRef;
use heavy_proto::v1::fleet_client::FleetClient;
use sha2::{Digest, Sha256};
use tokio::sync::mpsc;
use tonic::transport::Channel;

use super::Error;

/// The mode of all entries: programs have to be executable.
const READ_ONLY: u32 = 0o555;

/// Chunks that wait to be written.
const CHUNKS: usize = 4;

/// Links the scheduler's own file as `part`, if it is on the same disk and has the right content. Else nothing is left.
pub(super) async fn link(sha256: &str, bytes: u64, part: &Path, dir: &Path) -> bool {
    let (wanted, original, part) = (sha256.to_owned(), dir.join(sha256), part.to_owned());
    // A relative path would be one of the agent's.
    if !dir.is_absolute() {
        return false;
    }
    let linked = tokio::task::spawn_blocking(move || {
        let linked = link_verified(&wanted, bytes, &part, &original);
        if !matches!(linked, Ok(true)) {
            let _ = fs::remove_file(&part);
        }
        linked.unwrap_or(false)
    });
    linked.await.unwrap_or(false)
}

fn link_verified(wanted: &str, bytes: u64, part: &Path, original: &Path) -> io::Result<bool> {
    // The link is looked at, not the original, which may become another file meanwhile.
    fs::hard_link(original, part)?;
    let found = fs::symlink_metadata(part)?;
    if !found.is_file() || found.len() != bytes || hash::sha256(&File::open(part)?)?.0 != wanted {
        return Ok(false);
    }
    if found.permissions().mode() & 0o777 != READ_ONLY {
        fs::set_permissions(part, fs::Permissions::from_mode(READ_ONLY))?;
    }
    Ok(true)
}

/// Fetches an artifact into the file `part`, which does not exist.
pub(super) async fn fetch(
    sha256: &str,
    bytes: u64,
    part: &Path,
    fleet: &mut FleetClient<Channel>,
) -> Result<(), Error> {
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
        file.set_permissions(fs::Permissions::from_mode(READ_ONLY))
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

//! Uploads that are whole, broken, wrong and too many.

use std::time::SystemTime;

use super::*;

const KEEP: Retention = Retention {
    age: Duration::from_secs(86_400 * 36_500),
    bytes: 1 << 30,
};

async fn artifacts(dir: &Path) -> Artifacts {
    Artifacts::open(dir, KEEP).await.unwrap()
}

/// A program of its own for each `tail`, with its hash.
fn program(tail: u8) -> (Vec<u8>, String) {
    let mut bytes = std::fs::read("/bin/true").unwrap();
    bytes.push(tail);
    let hash = hex::encode(Sha256::digest(&bytes));
    (bytes, hash)
}

async fn store(artifacts: &Artifacts, tail: u8, needed: &[&str]) -> Result<String, Error> {
    let (bytes, hash) = program(tail);
    let mut upload = artifacts
        .upload(ArtifactKind::Program, &hash, Some(bytes.len() as u64))
        .await?;
    for chunk in bytes.chunks(10_000) {
        upload.write(chunk).await?;
    }
    let needed = needed.iter().map(|hash| (*hash).to_owned()).collect();
    artifacts.finish(upload, needed).await?;
    Ok(hash)
}

fn files(dir: &Path) -> usize {
    std::fs::read_dir(dir.join("artifacts")).unwrap().count()
}

#[tokio::test]
async fn what_was_used_longest_ago_makes_room_unless_it_is_needed() {
    let dir = tempfile::tempdir().unwrap();
    let mut artifacts = artifacts(dir.path()).await;
    artifacts.retention.bytes = 2 * program(0).0.len() as u64;
    let first = store(&artifacts, 1, &[]).await.unwrap();
    let second = store(&artifacts, 2, &[]).await.unwrap();
    let old = SystemTime::UNIX_EPOCH;
    let file = std::fs::File::open(dir.path().join("artifacts").join(&second)).unwrap();
    file.set_modified(old).unwrap();
    let third = store(&artifacts, 3, &[]).await.unwrap();
    assert!(matches!(artifacts.find(&second).await, Err(Error::Unknown(_))));
    assert!(matches!(
        store(&artifacts, 4, &[&first, &third]).await,
        Err(Error::NoRoom { .. })
    ));
    assert_eq!(files(dir.path()), 2, "nothing is left of what was refused");
    artifacts.retention.bytes = 1000;
    let error = store(&artifacts, 5, &[]).await.unwrap_err().to_string();
    assert!(
        error.contains("within 1000 bytes: raise --binaries-limit"),
        "{error}"
    );
    assert_eq!(files(dir.path()), 2, "it would not fit without the others either");
    assert!(artifacts.find(&first).await.is_ok() && artifacts.find(&third).await.is_ok());
}

#[tokio::test]
async fn uploads_that_are_not_as_announced_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let artifacts = artifacts(dir.path()).await;
    let (bytes, hash) = program(0);
    let length = bytes.len() as u64;
    let mut short = artifacts
        .upload(ArtifactKind::Program, &hash, Some(length))
        .await
        .unwrap();
    short.write(&bytes[1..]).await.unwrap();
    assert!(matches!(
        artifacts.finish(short, HashSet::new()).await,
        Err(Error::Length { .. })
    ));
    let mut long = artifacts
        .upload(ArtifactKind::Program, &hash, Some(length))
        .await
        .unwrap();
    long.write(&bytes).await.unwrap();
    assert!(matches!(long.write(b"x").await, Err(Error::Length { .. })));
    drop(long);
    let mut other = artifacts
        .upload(ArtifactKind::Program, &hash, None)
        .await
        .unwrap();
    other.write(b"x").await.unwrap();
    assert!(matches!(
        artifacts.finish(other, HashSet::new()).await,
        Err(Error::Hash { .. })
    ));
    for hash in ["", "../x", &hash.to_uppercase(), &hash[1..]] {
        assert!(
            matches!(
                artifacts.upload(ArtifactKind::Program, hash, None).await,
                Err(Error::NotAHash(_))
            ),
            "{hash}"
        );
    }
    let too_long = artifacts
        .upload(ArtifactKind::Program, &hash, Some(MOST_BYTES + 1))
        .await;
    assert!(matches!(too_long, Err(Error::TooLong)));
    assert_eq!(files(dir.path()), 0);
}

#[tokio::test]
async fn what_an_interrupted_upload_left_is_cleared() {
    let dir = tempfile::tempdir().unwrap();
    let kept = store(&artifacts(dir.path()).await, 1, &[]).await.unwrap();
    let part = |name: &str| std::fs::File::create(dir.path().join("artifacts").join(name)).unwrap();
    part("left.part")
        .set_modified(SystemTime::now() - 3 * PAUSE_LIMIT)
        .unwrap();
    // Another process may receive it right now.
    part("new.part");
    let artifacts = artifacts(dir.path()).await;
    assert!(artifacts.find(&kept).await.is_ok());
    assert!(dir.path().join("artifacts/new.part").exists());
    assert_eq!(files(dir.path()), 2);
}

#[tokio::test]
async fn an_artifact_that_was_written_is_asked_for_again() {
    let dir = tempfile::tempdir().unwrap();
    let artifacts = artifacts(dir.path()).await;
    let hash = store(&artifacts, 1, &[]).await.unwrap();
    let path = dir.path().join("artifacts").join(&hash);
    let mode = path.metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o555);
    assert!(artifacts.check(&hash).await.is_ok());
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    let mut bytes = std::fs::read(&path).unwrap();
    *bytes.last_mut().unwrap() += 1;
    std::fs::write(&path, bytes).unwrap();
    assert!(matches!(artifacts.check(&hash).await, Err(Error::Unknown(_))));
    assert_eq!(files(dir.path()), 0);
}

#[tokio::test]
async fn what_is_old_goes_unless_it_is_needed() {
    let dir = tempfile::tempdir().unwrap();
    let mut artifacts = artifacts(dir.path()).await;
    artifacts.retention.age = Duration::from_secs(86_400);
    let [old, needed, new] = [
        store(&artifacts, 1, &[]).await.unwrap(),
        store(&artifacts, 2, &[]).await.unwrap(),
        store(&artifacts, 3, &[]).await.unwrap(),
    ];
    for hash in [&old, &needed] {
        let file = std::fs::File::open(dir.path().join("artifacts").join(hash)).unwrap();
        file.set_modified(SystemTime::UNIX_EPOCH).unwrap();
    }
    artifacts.trim(HashSet::from([needed.clone()])).await.unwrap();
    assert!(matches!(artifacts.find(&old).await, Err(Error::Unknown(_))));
    assert!(artifacts.find(&needed).await.is_ok() && artifacts.find(&new).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn uploads_that_drip_keep_nobody_out() {
    let dir = tempfile::tempdir().unwrap();
    let artifacts = artifacts(dir.path()).await;
    let (bytes, hash) = program(0);
    let mut dripping = Vec::new();
    for _ in 0..MOST_UPLOADS {
        let upload = artifacts.upload(ArtifactKind::Program, &hash, None).await;
        dripping.push(upload.unwrap());
    }
    let kept_out = artifacts.upload(ArtifactKind::Program, &hash, None).await;
    assert!(matches!(kept_out, Err(Error::TooManyUploads)));
    tokio::time::advance(PAUSE_LIMIT).await;
    for mut upload in dripping {
        assert!(matches!(upload.write(&bytes[..10]).await, Err(Error::Stalled)));
    }
    assert!(store(&artifacts, 0, &[]).await.is_ok());
    assert_eq!(files(dir.path()), 1);
}

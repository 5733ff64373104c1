//! Uploads that are whole, broken, wrong and too many.

use super::*;

async fn artifacts(dir: &Path) -> Artifacts {
    Artifacts::open(dir).await.unwrap()
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
    artifacts.finish(upload, &needed).await?;
    Ok(hash)
}

fn files(dir: &Path) -> usize {
    std::fs::read_dir(dir.join("artifacts")).unwrap().count()
}

#[tokio::test]
async fn what_was_used_longest_ago_makes_room_unless_it_is_needed() {
    let dir = tempfile::tempdir().unwrap();
    let mut artifacts = artifacts(dir.path()).await;
    artifacts.most_total_bytes = 2 * program(0).0.len() as u64;
    let first = store(&artifacts, 1, &[]).await.unwrap();
    let second = store(&artifacts, 2, &[]).await.unwrap();
    let old = SystemTime::UNIX_EPOCH;
    let file = std::fs::File::open(dir.path().join("artifacts").join(&second)).unwrap();
    file.set_modified(old).unwrap();
    let third = store(&artifacts, 3, &[]).await.unwrap();
    assert!(matches!(artifacts.find(&second).await, Err(Error::Unknown(_))));
    assert!(matches!(
        store(&artifacts, 4, &[&first, &third]).await,
        Err(Error::NoRoom)
    ));
    assert_eq!(files(dir.path()), 2, "nothing is left of what was refused");
    assert!(artifacts.find(&first).await.is_ok() && artifacts.find(&third).await.is_ok());
}

#[tokio::test]
async fn uploads_that_are_not_as_announced_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let artifacts = artifacts(dir.path()).await;
    let (bytes, hash) = program(0);
    let length = bytes.len() as u64;
    let none = HashSet::new();
    let mut short = artifacts
        .upload(ArtifactKind::Program, &hash, Some(length))
        .await
        .unwrap();
    short.write(&bytes[1..]).await.unwrap();
    assert!(matches!(
        artifacts.finish(short, &none).await,
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
        artifacts.finish(other, &none).await,
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

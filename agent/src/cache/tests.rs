//! Entries that are linked, refused, verified again and removed.

use super::*;
use std::os::unix::fs::MetadataExt as _;
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
    // Whoever looked before it was in use finds that it is now.
    assert!(cache.remove(&used.path).is_err() && used.path.exists());
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

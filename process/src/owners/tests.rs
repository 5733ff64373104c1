//! Directories that are shared, left behind and claimed.

use super::*;

fn register(dir: &Path, kind: OwnerKind) -> OwnerDir {
    OwnerDir::register(dir, kind, "heavy run", "sqlite:///d/heavy.db".to_owned()).unwrap()
}

#[test]
fn runs_share_a_directory_and_say_where_they_listen() {
    let home = tempfile::tempdir().unwrap();
    let mut first = register(home.path(), OwnerKind::Run);
    let second = register(home.path(), OwnerKind::Run);
    assert_ne!(first.path(), second.path());
    assert_eq!(live(home.path()), [], "nobody listens yet");
    first.announce("http://127.0.0.1:1").unwrap();
    assert_eq!(live(home.path()), [first.record().clone()]);
    assert_eq!(abandoned(home.path()).len(), 0);
    first.remove().unwrap();
    assert_eq!(live(home.path()), []);
    assert!(second.path().exists());
}

#[test]
fn what_is_left_behind_is_claimed_once() {
    let home = tempfile::tempdir().unwrap();
    let mut first = register(home.path(), OwnerKind::Run);
    first.announce("http://127.0.0.1:1").unwrap();
    let path = first.path();
    let name = first.record().name.clone();
    assert!(!is_abandoned(home.path(), &name));
    drop(first);
    assert!(is_abandoned(home.path(), &name));
    assert!(!is_abandoned(home.path(), "run-1"), "of another data directory");
    // One that was killed before it had written anything.
    fs::create_dir(path.with_file_name("run-0")).unwrap();
    let claimed = abandoned(home.path());
    let paths: Vec<PathBuf> = claimed.iter().map(OwnerDir::path).collect();
    assert_eq!(paths, std::slice::from_ref(&path));
    assert!(!path.with_file_name("run-0").exists());
    assert_eq!(abandoned(home.path()).len(), 0, "it is claimed");
    assert_eq!(live(home.path()), [], "and does not listen");
    drop(claimed);
    let again = abandoned(home.path()).pop().unwrap();
    again.remove().unwrap();
    assert!(!path.exists());
}

#[test]
fn a_removal_that_was_interrupted_is_finished() {
    let home = tempfile::tempdir().unwrap();
    let of = |name: &str, file: &str| {
        let path = home.path().join("runs").join(name).join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "x").unwrap();
    };
    // The record went first.
    of("run-1", "agent/cache/binary");
    of("run-2", RECORD);
    of("notes", "mine");
    assert_eq!(abandoned(home.path()).len(), 0);
    let left = names(home.path());
    assert_eq!(left, ["notes", "run-2"], "what cannot be read is left alone");
}

#[test]
fn one_scheduler_a_directory_beside_any_run() {
    let home = tempfile::tempdir().unwrap();
    let run = register(home.path(), OwnerKind::Run);
    let mut first = register(home.path(), OwnerKind::Scheduler);
    first.announce("http://127.0.0.1:7700").unwrap();
    let second = OwnerDir::register(home.path(), OwnerKind::Scheduler, "heavy up", String::new());
    let error = second.unwrap_err().to_string();
    assert!(error.contains("--scheduler http://127.0.0.1:7700"), "{error}");
    drop(first);
    register(home.path(), OwnerKind::Scheduler);
    drop(run);
    let kinds = ["run-1", "scheduler-1", ""].map(OwnerKind::of);
    assert_eq!(
        kinds,
        [OwnerKind::Run, OwnerKind::Scheduler, OwnerKind::Scheduler]
    );
}

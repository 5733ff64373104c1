//! Databases that are not there, or are somebody else's: they stay as they are.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;

use heavy_testkit::{Postgres, Run, TempDir, sqlite};

/// All commands that only read.
const READING: [&[&str]; 7] = [
    &["sql", "select 1"],
    &["report", "last"],
    &["list"],
    &["status", "last"],
    &["check", "last"],
    &["export", "last", "--format", "csv"],
    &["export", "last", "--format", "hdr"],
];

/// Every reading command refuses this place with these words.
fn all_refuse(database: &str, folder: &TempDir, code: i32, part: &str) {
    for args in READING {
        let refused = Run::binary("heavy")
            .args(args)
            .args(["--database", database])
            .current_dir(folder.path())
            .finish()
            .expect_code(code);
        assert!(refused.stderr.contains(part), "{args:?}: {}", refused.stderr);
        assert_eq!(refused.stdout, "", "{args:?}");
    }
}

fn files(folder: &TempDir) -> Vec<String> {
    let entries = std::fs::read_dir(folder.path()).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn a_mistyped_file_is_not_made() {
    let folder = TempDir::new("typo");
    all_refuse("foo", &folder, 2, "invalid database URL `foo`");
    all_refuse(
        "sqlite://typo.db",
        &folder,
        1,
        "no results at sqlite://typo.db: no such file",
    );
    let below = format!("sqlite://{}/new/typo.db", folder.path().display());
    all_refuse(&below, &folder, 1, "no such file");
    assert_eq!(files(&folder), Vec::<String>::new());
    // Nor by what writes.
    let run = Run::binary("heavy").args(["run", "http://127.0.0.1:1/", "--database", "foo"]);
    let run = run.current_dir(folder.path()).finish().expect_code(2);
    assert!(
        run.stderr.contains("invalid database URL `foo`"),
        "{}",
        run.stderr
    );
    assert_eq!(files(&folder), Vec::<String>::new());
}

#[test]
fn a_file_of_something_else_is_left_alone() {
    let folder = TempDir::new("foreign");
    let file = folder.join("other.db");
    sqlite(&file, "create table t (a integer primary key)");
    let before = std::fs::read(&file).unwrap();
    let url = format!("sqlite://{}", file.display());
    all_refuse(
        &url,
        &folder,
        1,
        "the database is empty or belongs to another program",
    );
    all_refuse(
        "other.db",
        &folder,
        1,
        "the database is empty or belongs to another program",
    );
    assert_eq!(files(&folder), ["other.db"]);
    assert_eq!(std::fs::read(&file).unwrap(), before);
    std::fs::write(
        folder.join("text"),
        "no database at all, but a text of some length",
    )
    .unwrap();
    all_refuse("text", &folder, 1, "not a SQLite database");
    all_refuse(
        &format!("sqlite://{}", folder.path().display()),
        &folder,
        1,
        "not a regular file",
    );
}

#[test]
fn a_postgres_database_of_something_else_is_left_alone() {
    let folder = TempDir::new("foreign-pg");
    let database = Postgres::shared().database();
    all_refuse(
        database.url(),
        &folder,
        1,
        "the database is empty or belongs to another program",
    );
    let relations = "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace";
    assert_eq!(database.value::<u64>(relations), 0);
}

#[test]
fn an_older_schema_is_named_and_brought_up_to_date_by_what_writes() {
    let folder = TempDir::new("older");
    let file = folder.join("older.db");
    let url = format!("sqlite://{}", file.display());
    crate::stored::make(&url);
    sqlite(&file, "delete from _sqlx_migrations where version > 2");
    all_refuse(
        &url,
        &folder,
        1,
        "has schema version 2, but this version of heavy reads version",
    );
}

#[test]
fn results_in_a_folder_that_cannot_be_written_to_are_read() {
    let stored = crate::stored::Stored::new();
    let (folder, file) = (stored.folder(), stored.folder().join("heavy.db"));
    sqlite(&file, "pragma wal_checkpoint(truncate)");
    let allow = |mode| std::fs::set_permissions(folder, Permissions::from_mode(mode)).unwrap();
    allow(0o555);
    let counted = stored
        .heavy(&["sql", "--format", "csv", "select count(*) as jobs from jobs"])
        .finish();
    allow(0o755);
    assert_eq!(counted.expect_code(0).stdout, "jobs\r\n2\r\n");
}

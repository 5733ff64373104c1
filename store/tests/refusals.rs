//! Databases that cannot be opened: what is said, and that no password is in it.

use std::os::unix::fs::PermissionsExt;

use heavy_store::Error;
use heavy_testkit::{Postgres, TempDir, free_port};

async fn refusal(url: &str) -> String {
    let error = heavy_store::open(url).await.expect_err(url);
    let text = error.to_string();
    assert!(
        !text.contains("heavy-test-only") && !text.contains("wrong-secret"),
        "{text}"
    );
    text
}

#[tokio::test]
async fn each_problem_with_postgres_has_its_own_words() {
    let database = Postgres::shared().database();
    let url = database.url();
    let port = format!(":{}/", Postgres::shared().port());
    let closed = format!(":{}/", free_port());
    for (url, expected) in [
        (
            url.replace("heavy-test-only", "wrong-secret"),
            "wrong password or unknown user `heavy`",
        ),
        (
            url.replace(database.name(), "nowhere"),
            "database `nowhere` does not exist; create it (createdb",
        ),
        (
            url.replace("//heavy:", "//nobody:"),
            "wrong password or unknown user `nobody`",
        ),
        (url.replace(&port, &closed), "check host and port"),
    ] {
        let text = refusal(&url).await;
        assert!(
            text.starts_with("cannot reach the database at postgres://"),
            "{text}"
        );
        assert!(text.contains(expected), "{text}");
    }
    let store = format!("{:?}", heavy_store::open(url).await.expect("it is there"));
    assert!(
        store.contains("postgres://heavy@") && !store.contains("heavy-test-only"),
        "{store}"
    );
    assert!(
        refusal("mysql://me:wrong-secret@db/x")
            .await
            .contains("invalid database URL")
    );
}

#[tokio::test]
async fn each_problem_with_a_file_has_its_own_words() {
    let folder = TempDir::new("refusals");
    std::fs::write(folder.join("text"), "no database at all ".repeat(100)).unwrap();
    for (path, expected) in [
        (folder.path().display().to_string(), "it is a directory"),
        (folder.join("text").display().to_string(), "not a SQLite database"),
        (
            folder.join("text/heavy.db").display().to_string(),
            "text is not a directory",
        ),
        (
            folder.join("none/heavy.db").display().to_string(),
            "none does not exist: create it",
        ),
    ] {
        let text = refusal(&format!("sqlite://{path}")).await;
        assert!(text.contains(expected) && text.contains("--database"), "{text}");
    }
    assert!(!folder.join("none").exists());
    // A plain path means a file that is there.
    let there = refusal(&folder.join("text").display().to_string()).await;
    assert!(there.contains("not a SQLite database"), "{there}");
    let nowhere = refusal(&folder.join("text/heavy.db").display().to_string()).await;
    assert!(nowhere.contains("invalid database URL"), "{nowhere}");
}

#[tokio::test]
async fn a_new_file_is_its_owners_alone() {
    let folder = TempDir::new("private");
    let path = folder.join("heavy.db");
    let url = format!("sqlite://{}", path.display());
    let store = heavy_store::open(&url).await.unwrap();
    assert_eq!(store.jobs(1).await.unwrap(), []);
    for file in std::fs::read_dir(path.parent().unwrap()).unwrap() {
        let file = file.unwrap();
        let mode = file.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{:?}", file.path());
    }
}

#[test]
fn what_may_pass_is_told_from_what_will_not() {
    let away = Error::Unreachable {
        url: String::new(),
        problem: String::new(),
    };
    assert!(away.may_pass());
    assert!(Error::Database(sqlx::Error::PoolTimedOut).may_pass());
    assert!(!Error::Query(String::new()).may_pass());
}

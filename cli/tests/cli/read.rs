//! Verbs of clients where no scheduler answers and reading is enough.

use heavy_results::job::JobView;
use serde_json::Value;

use crate::stored::Stored;

#[test]
fn jobs_are_listed_from_the_local_database() {
    let stored = Stored::new();
    let list = stored.heavy(&["list"]).finish().expect_code(0).stdout;
    assert!(
        list.contains(&stored.first.to_string()) && list.contains("PASS"),
        "{list}"
    );
    let one = stored
        .heavy(&["list", "--limit", "1", "--json"])
        .finish()
        .expect_code(0)
        .stdout;
    let jobs: Value = serde_json::from_str(&one).unwrap();
    assert_eq!(jobs.as_array().map(Vec::len), Some(1));
    assert_eq!(jobs[0]["id"], stored.last.to_string());
}

#[test]
fn a_status_is_read_from_the_local_database() {
    let stored = Stored::new();
    let status = stored.heavy(&["status", "last"]).finish().expect_code(0).stdout;
    assert!(status.ends_with("\nPASS  all well\n"), "{status}");
    assert_eq!(status.lines().count(), 5, "{status}");
    let json = stored
        .heavy(&["status", "last", "--json"])
        .finish()
        .expect_code(0)
        .stdout;
    let view: JobView = serde_json::from_str(&json).unwrap();
    assert_eq!(view.job.id, stored.last);
    assert!(view.summary.is_some());
}

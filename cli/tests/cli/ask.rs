//! `heavy sql`: questions, answers in every form, and questions that are wrong.

use heavy_testkit::{Run, TempDir};
use serde_json::{Value, json};

use crate::stored::Stored;

const COUNTS: &str = "SELECT name, count FROM request_stats WHERE job_id = :job";

#[test]
fn an_answer_is_a_table_csv_or_json() {
    let stored = Stored::new();
    let table = stored.heavy(&["sql", COUNTS]).finish().expect_code(0).stdout;
    assert_eq!(
        table,
        "name           count\n─────────────  ─────\nGET /products     20\n(1 row)\n"
    );
    let csv = stored
        .heavy(&["sql", "--format", "csv", COUNTS])
        .finish()
        .expect_code(0)
        .stdout;
    assert_eq!(csv, "name,count\r\nGET /products,20\r\n");
    let json = stored
        .heavy(&["sql", "--format", "json", COUNTS])
        .finish()
        .expect_code(0)
        .stdout;
    let parsed: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(parsed, json!([{"name": "GET /products", "count": 20}]));
}

#[test]
fn a_job_is_chosen_by_the_beginning_of_its_id() {
    let stored = Stored::new();
    let first = stored.first.to_string();
    let table = stored
        .heavy(&["sql", "--job", &first[..8], COUNTS])
        .finish()
        .expect_code(0)
        .stdout;
    assert!(table.contains("GET /products     10"), "{table}");
    let ambiguous = stored
        .heavy(&["sql", "--job", "019", COUNTS])
        .finish()
        .expect_code(2);
    assert!(
        ambiguous.stderr.contains("matches several jobs"),
        "{}",
        ambiguous.stderr
    );
    let unknown = stored
        .heavy(&["sql", "--job", "ff", COUNTS])
        .finish()
        .expect_code(1);
    assert!(
        unknown.stderr.contains("no job matches the prefix `ff`"),
        "{}",
        unknown.stderr
    );
    let nonsense = stored
        .heavy(&["sql", "--job", "yesterday", COUNTS])
        .finish()
        .expect_code(2);
    assert!(nonsense.stderr.contains("unknown job `"), "{}", nonsense.stderr);
}

#[test]
fn a_question_comes_from_stdin_or_a_file_too() {
    let stored = Stored::new();
    let by_stdin = stored
        .heavy(&["sql", "--format", "csv"])
        .stdin(COUNTS)
        .finish()
        .expect_code(0)
        .stdout;
    let folder = TempDir::new("question");
    let file = folder.path().join("question.sql");
    std::fs::write(&file, format!("-- how many\n{COUNTS}")).unwrap();
    let by_file = stored.heavy(&["sql", "--format", "csv", "-f"]).arg(&file);
    assert_eq!(by_file.finish().expect_code(0).stdout, by_stdin);
}

#[test]
fn placeholders_are_filled_outside_of_texts_only() {
    let stored = Stored::new();
    let sql = "SELECT ':job' AS a, :who AS b -- :nothing";
    let csv = stored.heavy(&["sql", "--format", "csv", "--set", "who=it's", sql]);
    assert_eq!(csv.finish().expect_code(0).stdout, "a,b\r\n:job,it's\r\n");
    let unset = stored.heavy(&["sql", "SELECT :sequence"]).finish().expect_code(2);
    assert!(
        unset.stderr.contains("add --set sequence=VALUE"),
        "{}",
        unset.stderr
    );
}

#[test]
fn what_the_database_says_is_passed_on() {
    let stored = Stored::new();
    let wrong = stored
        .heavy(&["sql", "SELECT a FROM nowhere"])
        .finish()
        .expect_code(1);
    assert!(wrong.stderr.contains("nowhere"), "{}", wrong.stderr);
    let writing = stored.heavy(&["sql", "DELETE FROM jobs"]).finish();
    assert_ne!(writing.code, Some(0));
    let count = stored.heavy(&["sql", "--format", "csv", "SELECT count(*) AS n FROM jobs"]);
    assert_eq!(count.finish().expect_code(0).stdout, "n\r\n2\r\n");
}

#[test]
fn more_rows_than_asked_for_are_mentioned() {
    let stored = Stored::new();
    let one = stored
        .heavy(&["sql", "--max-rows", "1", "SELECT id FROM jobs"])
        .finish()
        .expect_code(0);
    assert!(one.stdout.ends_with("(1 row)\n"), "{}", one.stdout);
    assert!(
        one.stderr.contains("only the first row is shown"),
        "{}",
        one.stderr
    );
}

#[test]
fn a_database_that_is_not_there_is_not_made() {
    let home = TempDir::new("empty");
    let finished = Run::binary("heavy")
        .args(["sql", "SELECT 1"])
        .env("XDG_DATA_HOME", home.path())
        .finish();
    let finished = finished.expect_code(1);
    assert!(finished.stderr.contains("no results yet"), "{}", finished.stderr);
    assert!(finished.stderr.contains("heavy demo"), "{}", finished.stderr);
    assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 0);
}

#[test]
fn a_database_url_that_is_none_is_wrong_usage() {
    let finished = Run::binary("heavy")
        .args(["sql", "--database", "mysql://me:secret@db/x", "SELECT 1"])
        .finish();
    let finished = finished.expect_code(2);
    assert!(
        finished.stderr.contains("invalid database URL"),
        "{}",
        finished.stderr
    );
    assert!(!finished.stderr.contains("secret"), "{}", finished.stderr);
}

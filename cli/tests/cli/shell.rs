//! `heavy sql` as a shell, on a terminal.

use std::os::unix::fs::PermissionsExt as _;

use heavy_testkit::{Run, TempDir, binary};
use serde_json::{Value, json};

use crate::stored::Stored;

const PROMPT: &str = "heavy> ";
const COUNTS: &str = "SELECT name, count FROM request_stats WHERE job_id = :job;\r";

/// The terminal is out of the editor's hands: what is typed now goes to the query.
const ASKED: &str = "\u{1b}[?2004l";

/// When these texts have come, one after the other, types something.
fn on(expect: &[&str], send: &str) -> Value {
    json!({"expect": expect, "send": send})
}

/// When this answer has come, and the prompt after it, types something.
fn after(answer: &str, send: &str) -> Value {
    on(&[answer, PROMPT], send)
}

/// Runs the shell, types what the steps say, and returns all that was on the screen.
fn talk(stored: &Stored, pager: &str, steps: &[Value]) -> String {
    let run = Run::new("python3")
        .args(["-c", include_str!("terminal.py")])
        .arg(binary("heavy"))
        .arg("sql")
        .env("HEAVY_DATA_DIR", stored.folder())
        .env("TERM", "xterm")
        .env("PAGER", pager);
    let steps = Value::from(steps.to_vec()).to_string();
    let finished = run.stdin(steps).finish().expect_code(0);
    let ended: Value = serde_json::from_str(&finished.stdout).unwrap();
    assert_eq!(ended["code"], 0, "{ended}");
    ended["screen"].as_str().unwrap().to_owned()
}

#[test]
fn a_query_is_answered_and_the_job_can_be_changed() {
    let stored = Stored::new();
    let first = stored.first.to_string();
    let job = format!("\\job {}\r", &first[..8]);
    let steps = [
        after("shows help", COUNTS),
        after("GET /products     20", "\\jobs\r"),
        after("(2 rows)", &job),
        after(&format!(":job is {first}"), COUNTS),
        after("GET /products     10", "\\format csv\r"),
        on(&[PROMPT], COUNTS),
        after("GET /products,10", "\\timing on\r"),
        after("timing is on", COUNTS),
        after("time: ", "\\set who it's\r"),
        on(&[PROMPT], "select :who as me;\r"),
        after("it's", "\\job ff\r"),
        after("no job matches the prefix `ff`", COUNTS),
        after("GET /products,10", "\\?\r"),
        after("\\timing [on|off]", "\\q\r"),
    ];
    let screen = talk(&stored, "", &steps);
    assert!(screen.contains(&stored.last.to_string()), "{screen}");
}

#[test]
fn a_statement_takes_several_lines_and_words_are_completed() {
    let stored = Stored::new();
    let steps = [
        on(&[PROMPT], "SELECT sum(count) AS \"to;tal\"\r"),
        on(&["tal"], "FROM req\t"),
        // Two relations begin so: they are shown.
        on(&["requests", "request_stats"], "_\t"),
        on(&["request_stats"], " WHERE fai\t"),
        on(&["failed"], " = 0;\r"),
        after("to;tal\r\n", "SELECT 'sum is '\r"),
        on(&["sum is"], "|| 30;\r"),
        after("sum is 30", "\\d workf\t\r"),
        after("response_p99_ms", "\\q\r"),
    ];
    talk(&stored, "", &steps);
}

#[test]
fn ctrl_c_leaves_a_line_and_a_query_and_ctrl_d_ends() {
    let stored = Stored::new();
    let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n;\r";
    let steps = [
        on(&[PROMPT], "SELECT 'this is not asked',\r"),
        on(&["asked',"], "\u{3}"),
        on(&[ASKED, PROMPT], endless),
        on(&["FROM n;", ASKED], "\u{3}"),
        after("error: cancelled", COUNTS),
        after("GET /products     20", "\u{4}"),
    ];
    let screen = talk(&stored, "", &steps);
    assert!(!screen.contains("syntax error"), "{screen}");
}

#[test]
fn an_error_does_not_end_the_session() {
    let stored = Stored::new();
    let steps = [
        on(&[PROMPT], "select a from nowhere;\r"),
        after("error: no such table: nowhere", "delete from jobs;\r"),
        after("queries only read", "\\dt\r"),
        after("\\d RELATION", "\\d nowhere\r"),
        after("unknown relation `nowhere`", "select :other;\r"),
        after("\\set other VALUE", "\\set job x\r"),
        after("use \\job to choose the job", "help\r"),
        after("\\? shows help", "select count(*) as jobs_left from jobs;\r"),
        after("jobs_left\r\n", "quit\r"),
    ];
    talk(&stored, "", &steps);
}

#[test]
fn no_value_acts_on_the_terminal() {
    let stored = Stored::new();
    let hostile = "SELECT char(27) || '[2J', char(155) || '2J', 'sho' || 'wn';\r";
    let steps = [
        on(&[PROMPT], hostile),
        after("shown", "\\format csv\r"),
        on(&[PROMPT], hostile),
        after("2J,shown", "\\format json\r"),
        on(&[PROMPT], hostile),
        after("\"shown\"", "\\q\r"),
    ];
    let screen = talk(&stored, "", &steps);
    assert!(screen.contains("\\u{1b}[2J,\\u{9b}2J"), "{screen}");
    assert!(
        !screen.contains("\u{1b}[2J") && !screen.contains('\u{9b}'),
        "{screen}"
    );
}

#[test]
fn relations_and_columns_are_shown() {
    let stored = Stored::new();
    let steps = [
        on(&[PROMPT], "\\d\r"),
        after("(20 rows)", "\\d seconds\r"),
        after("response_p99_ms", "\u{4}"),
    ];
    let screen = talk(&stored, "", &steps);
    for part in ["request_stats", "latency_buckets", "in_flight", "integer"] {
        assert!(screen.contains(part), "{part}: {screen}");
    }
    assert!(!screen.contains("job_rows"), "{screen}");
}

#[test]
fn long_answers_go_through_the_pager() {
    let stored = Stored::new();
    let many =
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60) SELECT i FROM n;\r";
    let steps = [
        on(&[PROMPT], COUNTS),
        after("(1 row)", many),
        after("paged (60 rows)", "\\q\r"),
    ];
    let screen = talk(&stored, "sed 's/^/paged /'", &steps);
    assert!(!screen.contains("paged (1 row)"), "{screen}");
    let steps = [on(&[PROMPT], many), after("\n(60 rows)", "\\q\r")];
    talk(&stored, "/no/such/pager", &steps);
}

#[test]
fn what_was_typed_is_remembered_privately() {
    let stored = Stored::new();
    let end = || after("(1 row)", "\u{4}");
    talk(&stored, "", &[on(&[PROMPT], "select 'first session';\r"), end()]);
    let file = stored.folder().join("sql_history");
    let mode = std::fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    // Up, and what was typed last is there.
    let up = [on(&[PROMPT], "\u{1b}[A"), on(&["first session"], "\r"), end()];
    talk(&stored, "", &up);
    let kept: String = (0..1_200).map(|number| format!("select {number};\n")).collect();
    std::fs::write(&file, format!("#V2\n{kept}")).unwrap();
    talk(&stored, "", &[on(&[PROMPT], "select 'last';\r"), end()]);
    let kept = std::fs::read_to_string(&file).unwrap();
    assert!(kept.lines().count() <= 1_001, "{}", kept.lines().count());
    assert!(kept.ends_with("select 'last';\n"), "{kept}");
}

#[test]
fn without_a_terminal_statements_come_from_stdin() {
    let stored = Stored::new();
    let text = "select 1 as a;\n\\format csv\n\n-- two\nselect 'x;y' as b;\nselect :who as c";
    let finished = stored.heavy(&["sql", "--set", "who=me"]).stdin(text).finish();
    let expected = "a\n─\n1\n(1 row)\nb\r\nx;y\r\nc\r\nme\r\n";
    assert_eq!(finished.expect_code(0).stdout, expected);
    let broken = "select 1 as a;\n\nselect nam from jobs;\nselect 2;";
    let finished = stored.heavy(&["sql", "--format", "csv"]).stdin(broken).finish();
    let finished = finished.expect_code(1);
    assert_eq!(finished.stdout, "a\r\n1\r\n");
    assert!(
        finished.stderr.contains("line 3: no such column: nam"),
        "{}",
        finished.stderr
    );
    let folder = TempDir::new("script");
    let file = folder.join("script.sql");
    std::fs::write(&file, "select 1 as a; select 2 as b;").unwrap();
    let finished = stored
        .heavy(&["sql", "--format", "csv", "-f"])
        .arg(&file)
        .finish();
    assert_eq!(finished.expect_code(0).stdout, "a\r\n1\r\nb\r\n2\r\n");
}

//! `heavy lint-lines` on files and on stdin.

use heavy_testkit::{Run, TempDir};

const GOOD: &str = concat!(
    r#"{"type":"hello","protocol":1,"sdk":"test"}"#,
    "\n",
    r#"{"sequenceID":"a","url":"http://x/","method":"GET","status":200,"size":1,"timestamp":"2026-01-01T00:00:00Z","duration":5,"error":null}"#,
    "\n",
);

#[test]
fn a_stream_of_results_is_0() {
    let finished = Run::binary("heavy")
        .args(["lint-lines", "-"])
        .stdin(GOOD)
        .finish()
        .expect_code(0);
    assert!(
        finished.stdout.contains("hello 1, request 1"),
        "{}",
        finished.stdout
    );
}

#[test]
fn a_stream_with_other_lines_is_1_and_names_them() {
    let folder = TempDir::new("lint");
    let file = folder.path().join("lines");
    std::fs::write(&file, format!("{GOOD}starting up\n")).unwrap();
    let finished = Run::binary("heavy")
        .arg("lint-lines")
        .arg(&file)
        .finish()
        .expect_code(1);
    assert!(
        finished.stdout.starts_with("3: text: not a JSON object"),
        "{}",
        finished.stdout
    );
    assert!(
        finished.stdout.contains("no results             1  text 1"),
        "{}",
        finished.stdout
    );
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let finished = Run::binary("heavy")
        .args(["lint-lines", "/no/such/file"])
        .finish()
        .expect_code(1);
    assert!(
        finished
            .stderr
            .contains("cannot read /no/such/file: No such file"),
        "{}",
        finished.stderr
    );
}

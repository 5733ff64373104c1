//! The request flags of `heavy run URL`: curl's letters, redirects, certificates, and where secrets are not.

mod certificates;

use std::fs;
use std::path::Path;

use heavy_testkit::{Finished, ReceivedRequest, Run, ScriptedAnswer, ScriptedServer, TempDir};

/// PASS, or INVALID where the machine is too busy to start iterations in time.
const RAN: [Option<i32>; 2] = [Some(0), Some(98)];
/// FAIL, or INVALID for the same reason.
const FAILED: [Option<i32>; 2] = [Some(99), Some(98)];

/// A folder to type commands in, with a data directory below it.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        Self(TempDir::new("requests"))
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs::write(self.0.path().join(name), bytes).unwrap();
    }

    fn heavy(&self, args: &[&str]) -> Run {
        Run::binary("heavy")
            .args(args)
            .current_dir(self.0.path())
            .env("HEAVY_DATA_DIR", self.0.path().join("data"))
    }

    /// Runs a URL for a moment.
    fn run(&self, url: &str, args: &[&str]) -> Finished {
        let load = ["run", url, "--rate", "10", "--duration", "300ms"];
        self.heavy(&[&load, args].concat()).finish()
    }

    fn refused(&self, args: &[&str]) -> String {
        let finished = self.heavy(&[&["run"], args].concat()).finish();
        assert_eq!(
            (finished.code, &*finished.stdout),
            (Some(2), ""),
            "{args:?}: {finished:?}"
        );
        finished.stderr
    }

    fn sql(&self, sql: &str) -> String {
        let csv = self.heavy(&["sql", "--format", "csv", sql]).finish();
        let csv = csv.expect_code(0).stdout;
        csv.lines().skip(1).collect::<Vec<_>>().join(";")
    }

    /// The files below the data directory that contain a text.
    fn files_with(&self, text: &str) -> Vec<String> {
        let mut found = Vec::new();
        search(&self.0.path().join("data"), text.as_bytes(), &mut found);
        found
    }
}

/// Larger files are copies of the program itself.
const PROGRAM_BYTES: u64 = 16 << 20;

fn search(directory: &Path, text: &[u8], found: &mut Vec<String>) {
    for entry in fs::read_dir(directory).unwrap().map(Result::unwrap) {
        let path = entry.path();
        let Ok(about) = fs::symlink_metadata(&path) else {
            continue;
        };
        if about.is_dir() {
            search(&path, text, found);
        } else if about.is_file()
            && about.len() < PROGRAM_BYTES
            && fs::read(&path).is_ok_and(|bytes| bytes.windows(text.len()).any(|part| part == text))
        {
            found.push(path.display().to_string());
        }
    }
}

fn ok(_: &ReceivedRequest) -> ScriptedAnswer {
    ScriptedAnswer::new(200)
}

#[test]
fn letters_of_curl_make_the_request() {
    let server = ScriptedServer::start(ok);
    let place = Place::new();
    place.write("body.bin", b"\xff\x00line\n");
    place.write("headers", "x-api-key: topsecretkey\n\nx-file: yes\n");
    let ran = place.run(
        &server.url("/put"),
        &[
            "-X",
            "PUT",
            "-H",
            "x-a: 1",
            "-H",
            "x-a: 2",
            "-H",
            "@headers",
            "-u",
            "ann:hunter2pass",
            "--data",
            "@body.bin",
        ],
    );
    assert!(RAN.contains(&ran.code), "{ran:?}");
    let received = server.received();
    assert_eq!(received.len(), 3);
    for request in &received {
        assert_eq!((&*request.method, &*request.path), ("PUT", "/put"));
        assert_eq!(request.header("x-a"), ["1", "2"]);
        assert_eq!(request.header("x-file"), ["yes"]);
        assert_eq!(request.header("x-api-key"), ["topsecretkey"]);
        assert_eq!(request.header("authorization"), ["Basic YW5uOmh1bnRlcjJwYXNz"]);
        assert_eq!(
            request.header("content-type"),
            ["application/x-www-form-urlencoded"]
        );
        assert_eq!(request.body, b"\xff\x00line\n");
    }
    assert_eq!(
        place.sql("SELECT name FROM jobs"),
        format!("PUT {}", server.url("/put"))
    );
    for secret in ["topsecretkey", "YW5uOmh1bnRlcjJwYXNz", "hunter2pass"] {
        assert_eq!(place.files_with(secret), [""; 0], "{secret} is stored");
        assert!(!ran.stdout.contains(secret) && !ran.stderr.contains(secret));
    }
}

#[test]
fn data_is_posted_as_a_form_and_the_user_of_a_url_is_no_secret_on_disk() {
    let server = ScriptedServer::start(ok);
    let place = Place::new();
    let url = format!("http://bob:builderpass@{}/form", server.address());
    let ran = place.run(&url, &["--data", "a=1&b=2"]);
    assert!(RAN.contains(&ran.code), "{ran:?}");
    let request = &server.received()[0];
    assert_eq!((&*request.method, &*request.body), ("POST", &b"a=1&b=2"[..]));
    assert_eq!(request.header("authorization"), ["Basic Ym9iOmJ1aWxkZXJwYXNz"]);
    for secret in ["builderpass", "Ym9iOmJ1aWxkZXJwYXNz"] {
        assert_eq!(place.files_with(secret), [""; 0], "{secret} is stored");
    }
    // The method counts, and so does the content type.
    let ran = place.run(
        &server.url("/json"),
        &[
            "-X",
            "PATCH",
            "-H",
            "Content-Type: application/json",
            "--data",
            "{}",
        ],
    );
    assert!(RAN.contains(&ran.code), "{ran:?}");
    let last = server.received().pop().unwrap();
    assert_eq!(
        (&*last.method, last.header("content-type")),
        ("PATCH", vec!["application/json"])
    );
}

#[test]
fn redirects_are_followed_on_request_and_each_hop_is_a_sample() {
    let other = ScriptedServer::start(ok);
    let there = other.url("/there");
    let server = ScriptedServer::start(move |request| match &*request.path {
        "/old" => ScriptedAnswer::new(302).header("location", "/next"),
        "/next" => ScriptedAnswer::new(307).header("location", there.clone()),
        "/circle" => ScriptedAnswer::new(302).header("location", "/circle"),
        "/nowhere" => ScriptedAnswer::new(302).header("location", "ftp://h/"),
        _ => ScriptedAnswer::new(404),
    });
    let place = Place::new();
    let ran = place.run(&server.url("/old"), &[]);
    assert!(RAN.contains(&ran.code), "{ran:?}");
    assert!(server.received().iter().all(|request| request.path == "/old"));

    let flags = ["--follow", "-u", "ann:pw", "-H", "x-kept: 1", "--data", "a=1"];
    let ran = place.run(&server.url("/old"), &flags);
    assert!(RAN.contains(&ran.code), "{ran:?}");
    let of_job = "FROM requests WHERE job_id = (SELECT id FROM jobs ORDER BY submitted_at DESC LIMIT 1)";
    assert_eq!(
        place.sql(&format!(
            "SELECT name, status, count(*) {of_job} GROUP BY 1, 2 ORDER BY 1"
        )),
        "GET /next,307,3;GET /there,200,3;POST /old,302,3"
    );
    let (next, last) = (server.received().pop().unwrap(), other.received().pop().unwrap());
    assert_eq!(next.header("authorization").len(), 1);
    assert_eq!((&*last.method, last.header("x-kept")), ("GET", vec!["1"]));
    assert_eq!(
        last.header("authorization"),
        [""; 0],
        "a secret has gone to another origin"
    );
    assert!(last.header("content-type").is_empty() && last.body.is_empty());

    for (path, follow, kind) in [
        ("/old", "--follow=1", "redirects"),
        ("/circle", "-L", "redirect-loop"),
        ("/nowhere", "-L", "location"),
    ] {
        let ran = place.run(&server.url(path), &[follow]);
        assert!(FAILED.contains(&ran.code), "{path}: {ran:?}");
        let kinds = place.sql(&format!("SELECT DISTINCT error_kind {of_job} AND failed"));
        assert_eq!(kinds, kind, "{path}");
    }
}

#[test]
fn wrong_request_flags_say_what_is_wrong() {
    let place = Place::new();
    place.write("large", vec![b'x'; (1 << 20) + 1]);
    place.write("text", "no certificate\n");
    place.write("headers", "a: 1\nno header\n");
    let url = "http://127.0.0.1:1/";
    for (args, part) in [
        (
            &["localhost:18080/x"][..],
            "for a URL, write http://localhost:18080/x",
        ),
        (&[url, "-u", "ann"], "missing password"),
        (
            &[url, "-u", "a:b", "-H", "Authorization: x"],
            "--auth conflicts with the header",
        ),
        (&[url, "-H", "nothing"], "expected NAME:VALUE"),
        (&[url, "-H", "@headers"], "headers:2: expected NAME:VALUE"),
        (&[url, "-H", "a b: c"], "invalid header name `a b`"),
        (&[url, "--data", "@missing"], "cannot read the body from missing"),
        (&[url, "--data", "@large"], "the body in large exceeds 1024 KiB"),
        (&[url, "--data", "a", "--body", "b"], "cannot be used with"),
        (&[url, "--data", "@"], "expected @FILE, or @- for stdin"),
        (
            &[url, "--follow=0"],
            "--follow[=<N>]': expected a number of redirects from 1 to 50",
        ),
        (
            &[url, "--follow=maybe"],
            "expected a number of redirects from 1 to 50",
        ),
        (
            &[url, "--cacert", "text"],
            "--cacert: no certificates in the PEM data",
        ),
        (&[url, "--cert", "text"], "--cert: no certificate (PEM) in text"),
        (&[url, "--key", "text"], "--cert"),
        (
            &[url, "--cert", "missing"],
            "cannot read the certificate from missing",
        ),
    ] {
        let problem = place.refused(args);
        assert!(problem.contains(part), "{args:?}: {problem}");
    }
    let problem = place.refused(&["/bin/true", "--follow", "-k"]);
    assert!(
        problem.contains("(--follow and --insecure) require a URL"),
        "{problem}"
    );
}

#[test]
fn a_job_file_shows_the_line_and_the_key_that_was_meant() {
    let place = Place::new();
    let url = "http://127.0.0.1:1/";
    for (file, text, shown) in [
        (
            "job.toml",
            "rate = 5\nduraton = \"1s\"\n",
            "job.toml:2: unknown key `duraton`; did you mean `duration`?\n 2 | duraton = \"1s\"\n   | ^^^^^^^",
        ),
        (
            "job.json",
            "{\n  \"rate\": 5,\n  \"user\": 7\n}\n",
            "job.json:3: unknown key `user`; did you mean `users`?\n 3 |   \"user\": 7",
        ),
        ("job.toml", "rate = \"fast\"\n", "job.toml:1: rate: "),
        ("job.toml", "rate = 5\nrate = 6\n", "job.toml:2: "),
    ] {
        place.write(file, text);
        let problem = place.refused(&[url, "--file", file]);
        assert!(problem.contains(shown), "{problem}");
    }
}

#[test]
fn the_default_rate_of_a_url_is_in_the_help() {
    let help = Run::binary("heavy")
        .args(["run", "--help"])
        .finish()
        .expect_code(0)
        .stdout;
    let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(help.contains("10/s for 30s"), "{help}");
    let place = Place::new();
    let server = ScriptedServer::start(ok);
    let ran = place
        .heavy(&["run", &server.url("/"), "--duration", "500ms"])
        .finish();
    assert!(RAN.contains(&ran.code), "{ran:?}");
    assert_eq!(server.received().len(), 5);
}

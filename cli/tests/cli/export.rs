//! `heavy export` of a job that was run, and what other tools make of it.

use std::net::TcpListener;
use std::path::Path;

use hdrhistogram::Histogram;
use hdrhistogram::serialization::Deserializer;
use hdrhistogram::serialization::interval_log::{IntervalLogIterator, LogEntry};
use heavy_demo_target::{Options, Target};
use heavy_testkit::{Postgres, Run, TempDir};
use serde_json::Value;

/// A database with a job of 40 requests and one of 60.
struct Recorded {
    place: Vec<String>,
    _folder: TempDir,
}

impl Recorded {
    fn new(database: Option<&str>) -> Self {
        let folder = TempDir::new("export");
        let mut place = vec![
            "--data-dir".to_owned(),
            folder.path().to_str().unwrap().to_owned(),
        ];
        if let Some(url) = database {
            place.extend(["--database".to_owned(), url.to_owned()]);
        }
        let recorded = Self {
            place,
            _folder: folder,
        };
        let target = Target::start(TcpListener::bind("127.0.0.1:0").unwrap(), Options::default()).unwrap();
        for (rate, samples) in [("20", "errors"), ("30", "all")] {
            let url = format!("http://{}/", target.addr());
            let run = recorded.heavy(&[
                "run",
                &url,
                "--rate",
                rate,
                "--duration",
                "2s",
                "--samples",
                samples,
            ]);
            run.arg("--allow-invalid").finish().expect_code(0);
        }
        recorded
    }

    fn heavy(&self, args: &[&str]) -> Run {
        Run::binary("heavy").args(args).args(&self.place)
    }

    /// The answer to a query as a number.
    fn number(&self, sql: &str) -> f64 {
        let csv = self
            .heavy(&["sql", "--format", "csv", sql])
            .finish()
            .expect_code(0)
            .stdout;
        csv.lines().nth(1).unwrap().parse().unwrap()
    }
}

fn rows_are_exported_as_they_are_asked(recorded: &Recorded) {
    let lines = recorded
        .heavy(&["export", "last", "--format", "jsonl"])
        .finish()
        .expect_code(0);
    assert!(
        lines.stderr.starts_with("exported 60 requests of job "),
        "{}",
        lines.stderr
    );
    let rows: Vec<Value> = lines
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(rows.len(), 60);
    let sum: f64 = rows.iter().map(|row| row["duration_ms"].as_f64().unwrap()).sum();
    let asked = recorded.number("SELECT sum(duration_ms) FROM requests WHERE job_id = :job");
    assert!((sum - asked).abs() < asked * 1e-9, "{sum} {asked}");
    assert!(
        rows.iter()
            .all(|row| row["failed"] == false && row["tags"].is_object())
    );
    assert!(
        rows.iter()
            .all(|row| row["started_at"].as_str().unwrap().ends_with('Z'))
    );
    let csv = recorded.heavy(&["export", "last", "--format", "csv", "--relation", "iterations"]);
    let csv = csv.finish().expect_code(0).stdout;
    assert!(csv.starts_with("job_id,agent,workflow,iteration,"), "{csv}");
    assert_eq!(csv.lines().count(), 61);
    // Only failed requests were kept of the job before, of which there were none.
    let first = recorded.heavy(&[
        "sql",
        "--format",
        "csv",
        "SELECT id FROM jobs ORDER BY submitted_at LIMIT 1",
    ]);
    let first = first.finish().stdout.lines().nth(1).unwrap().to_owned();
    let none = recorded
        .heavy(&["export", &first, "--format", "csv"])
        .finish()
        .expect_code(0);
    assert_eq!(none.stdout.lines().count(), 1);
    assert!(
        none.stderr.contains("0 of 40 requests") && none.stderr.contains("--samples errors"),
        "{}",
        none.stderr
    );
}

/// The histograms of a log: their tags, starts and durations in s, and what is in them.
fn read(file: &Path) -> Vec<(Option<String>, f64, f64, Histogram<u64>)> {
    let log = std::fs::read(file).unwrap();
    let mut deserializer = Deserializer::new();
    let entries = IntervalLogIterator::new(&log).map(|entry| entry.unwrap());
    let intervals = entries.filter_map(|entry| match entry {
        LogEntry::Interval(interval) => Some(interval),
        LogEntry::BaseTime(_) | LogEntry::StartTime(_) => None,
    });
    intervals
        .map(|interval| {
            let encoded = interval.encoded_histogram();
            let bytes = base64::Engine::decode(&base64::prelude::BASE64_STANDARD, encoded).unwrap();
            let histogram = deserializer.deserialize(&mut &bytes[..]).unwrap();
            let tag = interval.tag().map(|tag| tag.as_str().to_owned());
            let (start, length) = (interval.start_timestamp(), interval.duration());
            (tag, start.as_secs_f64(), length.as_secs_f64(), histogram)
        })
        .collect()
}

fn histograms_are_read_by_the_crate_of_their_authors(recorded: &Recorded) {
    let folder = TempDir::new("hlog");
    let all = recorded.number("SELECT count FROM request_stats WHERE job_id = :job");
    let p99_ms = recorded.number("SELECT p99_ms FROM request_stats WHERE job_id = :job");
    for (interval, length) in [("1s", 1.0), ("1m", 60.0)] {
        let file = folder.join("out.hlog");
        let export = recorded.heavy(&["export", "last", "--format", "hdr", "--interval", interval]);
        let export = export.arg("--output").arg(&file).finish().expect_code(0);
        assert!(
            export.stderr.starts_with("exported 60 requests in "),
            "{}",
            export.stderr
        );
        let found = read(&file);
        for tag in [None, Some("response_time".to_owned())] {
            let of_tag: Vec<_> = found.iter().filter(|(other, ..)| *other == tag).collect();
            assert!(!of_tag.is_empty());
            let mut total = Histogram::<u64>::new(3).unwrap();
            for (place, (_, start, seconds, histogram)) in of_tag.iter().enumerate() {
                assert_eq!((*start, *seconds), (place as f64 * length, length));
                total.add(histogram).unwrap();
            }
            assert_eq!(total.len() as f64, all);
            if tag.is_none() {
                let found_ms = total.value_at_quantile(0.99) as f64 / 1e6;
                assert!((found_ms - p99_ms).abs() <= p99_ms * 0.001, "{found_ms} {p99_ms}");
            }
        }
    }
}

#[test]
fn a_job_on_sqlite_is_exported() {
    let recorded = Recorded::new(None);
    rows_are_exported_as_they_are_asked(&recorded);
    histograms_are_read_by_the_crate_of_their_authors(&recorded);
}

#[test]
fn a_job_on_postgres_is_exported() {
    let database = Postgres::shared().database();
    let recorded = Recorded::new(Some(database.url()));
    rows_are_exported_as_they_are_asked(&recorded);
    histograms_are_read_by_the_crate_of_their_authors(&recorded);
}

#[test]
fn what_cannot_be_exported_is_said() {
    let stored = crate::stored::Stored::new();
    for (args, code, part) in [
        (&["last"][..], 2, "--format"),
        (&["last", "--format", "xml"], 2, "csv, jsonl, hdr"),
        (
            &["last", "--format", "csv", "--interval", "1s"],
            2,
            "--interval requires --format hdr",
        ),
        (
            &["last", "--format", "hdr", "--interval", "500ms"],
            2,
            "whole seconds",
        ),
        (
            &["last", "--format", "hdr", "--relation", "metrics"],
            2,
            "requires csv or jsonl",
        ),
        (&["ff", "--format", "csv"], 1, "no job matches the prefix `ff`"),
        (
            &["last", "--format", "csv", "--output", "/no/such/folder/a.csv"],
            1,
            "cannot write /no/such/folder/a.csv",
        ),
        (
            &["last", "--format", "csv", "--output", "/dev/full"],
            1,
            "/dev/full is incomplete",
        ),
    ] {
        let ended = stored
            .heavy(&[&["export"], args].concat())
            .finish()
            .expect_code(code);
        assert!(ended.stderr.contains(part), "{args:?}: {}", ended.stderr);
    }
    // A reader that has seen enough is no error.
    let head = Run::new("sh")
        .args(["-c", "\"$0\" export last --format jsonl | head -n 0; true"])
        .arg(heavy_testkit::binary("heavy"))
        .env("HEAVY_DATA_DIR", stored.folder());
    let head = head.finish().expect_code(0);
    assert!(!head.stderr.contains("error"), "{}", head.stderr);
}

//! Every question of the SQL cookbook has a meaningful answer about a recorded job, the same on both databases.

use std::collections::BTreeSet;
use std::net::TcpListener;
use std::path::Path;

use heavy_demo_target::{Behaviour, Options, Target};
use heavy_testkit::{Finished, Postgres, Run, TempDir, binary};
use serde_json::{Map, Value};

type Row = Map<String, Value>;

/// The load of both jobs: 40 iterations in the warm-up, 40 steady ones, and 20 while the rate falls.
const LOAD: [&str; 14] = [
    "--workflow",
    "browse",
    "--workflow",
    "buy",
    "--service",
    "shop",
    "--rate",
    "40",
    "--warm-up",
    "1s",
    "--stages",
    "1s:40,1s:0",
    "--allow-invalid",
    "--threshold=checks: rate>0",
];

/// What a database is recorded with: a job on a calm target, then one on a target of which every fifth answer is an error.
struct Recorded {
    data: TempDir,
    database: Option<String>,
}

impl Recorded {
    fn new(database: Option<String>) -> Self {
        let recorded = Self {
            data: TempDir::new("cookbook"),
            database,
        };
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let target = Target::start(listener, Options::default()).unwrap();
        let url = format!("http://{}", target.addr());
        recorded.job(&url, &["--name", "calm"]).expect_code(0);
        target.behave(Behaviour {
            fail_share: 0.2,
            ..Behaviour::default()
        });
        let broken = "--threshold=http_req_failed: rate<0.1%";
        recorded.job(&url, &["--name", "failing", broken]).expect_code(99);
        recorded
    }

    fn heavy(&self, verb: &str) -> Run {
        let run = Run::binary("heavy")
            .arg(verb)
            .env("HEAVY_DATA_DIR", self.data.path());
        match &self.database {
            Some(url) => run.env("HEAVY_DATABASE", url),
            None => run,
        }
    }

    fn job(&self, url: &str, more: &[&str]) -> Finished {
        let run = self.heavy("run").arg(binary("shop")).args(LOAD).args(more);
        run.args(["--param", &format!("url={url}")]).finish()
    }

    fn ask(&self, sql: &str, more: &[&str]) -> Vec<Row> {
        let run = self.heavy("sql").args(["--format", "json"]).args(more).arg(sql);
        let answer = run.finish().expect_code(0).stdout;
        serde_json::from_str(&answer).unwrap_or_else(|error| panic!("{sql}: {error}: {answer}"))
    }
}

/// Each question with the sentence before it.
fn questions() -> Vec<(String, String)> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/sql-cookbook.md");
    let page = std::fs::read_to_string(page).unwrap();
    let parts: Vec<&str> = page.split("```").collect();
    parts
        .windows(2)
        .filter_map(|pair| {
            let sql = pair[1].strip_prefix("sql\n")?;
            let title = pair[0].trim().lines().next_back().unwrap_or_default();
            Some((title.to_owned(), sql.to_owned()))
        })
        .collect()
}

fn amount(row: &Row, column: &str) -> f64 {
    row[column]
        .as_f64()
        .unwrap_or_else(|| panic!("{column} is no number: {row:?}"))
}

fn number(row: &Row, column: &str) -> u64 {
    row[column]
        .as_u64()
        .unwrap_or_else(|| panic!("{column} is no number: {row:?}"))
}

fn sum(rows: &[Row], column: &str) -> u64 {
    rows.iter().map(|row| number(row, column)).sum()
}

fn texts<'a>(rows: &'a [Row], column: &str) -> BTreeSet<&'a str> {
    rows.iter().filter_map(|row| row[column].as_str()).collect()
}

/// Nothing is as it would be if a column or a relation had been forgotten: there are rows, and every column has values.
fn is_meaningful(title: &str, rows: &[Row]) {
    assert!(!rows.is_empty(), "no rows: {title}");
    for column in rows[0].keys() {
        assert!(
            rows.iter().any(|row| !row[column].is_null()),
            "{column} is never there: {title}"
        );
    }
}

fn the_cookbook_is_right(recorded: &Recorded) {
    let jobs = recorded.ask("SELECT id, name FROM jobs ORDER BY submitted_at", &[]);
    let calm = format!("other={}", jobs[0]["id"].as_str().unwrap());
    let questions = questions();
    assert!(questions.len() >= 15, "{}", questions.len());
    let answers: Vec<(&str, Vec<Row>)> = questions
        .iter()
        .map(|(title, sql)| {
            let rows = recorded.ask(sql, &["--set", &calm, "--set", "service=shop"]);
            is_meaningful(title, &rows);
            (title.as_str(), rows)
        })
        .collect();
    let answer = |start: &str| {
        let found = answers.iter().find(|(title, _)| title.starts_with(start));
        &found
            .unwrap_or_else(|| panic!("no question begins with {start:?}"))
            .1
    };
    verdicts(&answer);
    counts(&answer);
    let windows = answer("Without the warm-up");
    let all = BTreeSet::from(["warm-up", "steady", "ramp-down"]);
    assert_eq!(texts(windows, "time_window"), all);
    let change = answer("Two jobs side by side");
    assert_eq!(change.len(), answer("Endpoints, the slowest first").len());
    let trend = answer("An endpoint's trend");
    assert_eq!(texts(trend, "verdict"), BTreeSet::from(["FAIL", "PASS"]));
}

fn verdicts<'a>(answer: &impl Fn(&str) -> &'a Vec<Row>) {
    let jobs = answer("The last ten jobs");
    assert_eq!(jobs[0]["name"], "failing");
    assert_eq!(jobs[1]["name"], "calm");
    let broken = answer("Thresholds that were broken");
    assert_eq!(
        texts(broken, "expression"),
        BTreeSet::from(["http_req_failed: rate<0.1%"])
    );
    assert!(amount(&broken[0], "value") > 0.05, "{broken:?}");
}

/// One thing counted in different relations is the same number in all of them.
fn counts<'a>(answer: &impl Fn(&str) -> &'a Vec<Row>) {
    let accounts = answer("Where every iteration went");
    for row in accounts {
        let started =
            number(row, "ok") + number(row, "failed") + number(row, "interrupted") + number(row, "lost");
        assert_eq!(number(row, "started"), started, "{row:?}");
        assert_eq!(
            number(row, "scheduled"),
            started + number(row, "dropped"),
            "{row:?}"
        );
    }
    let scheduled = sum(accounts, "scheduled");
    assert_eq!(scheduled, 100);
    assert_eq!(sum(answer("Second by second"), "planned"), scheduled);
    assert_eq!(sum(answer("Whether heavy itself kept up"), "planned"), scheduled);

    let endpoints = answer("Endpoints, the slowest first");
    let (requests, failed) = (sum(endpoints, "count"), sum(endpoints, "failed"));
    assert!(failed > 0 && failed < requests, "{failed} of {requests}");
    let statuses = answer("Statuses of each endpoint");
    assert_eq!(sum(statuses, "requests"), requests);
    let bad: Vec<Row> = statuses
        .iter()
        .filter(|row| number(row, "status") >= 400)
        .cloned()
        .collect();
    assert_eq!(sum(&bad, "requests"), failed);
    for question in [
        "The share of requests",
        "Without the warm-up",
        "Whether one agent is the outlier",
        "New connections",
    ] {
        assert_eq!(sum(answer(question), "requests"), requests, "{question}");
    }
    assert_eq!(sum(answer("The distribution of an endpoint"), "count"), requests);
    let first = answer("The first ten failed requests");
    assert!(first.iter().all(|row| number(row, "status") >= 400), "{first:?}");
    let slowest = answer("The twenty slowest requests");
    assert_eq!(slowest.len(), 20);
    assert!(
        slowest
            .windows(2)
            .all(|pair| amount(&pair[0], "duration_ms") >= amount(&pair[1], "duration_ms"))
    );
}

#[test]
fn every_question_has_an_answer_in_sqlite() {
    the_cookbook_is_right(&Recorded::new(None));
}

#[test]
fn every_question_has_an_answer_in_postgres() {
    let database = Postgres::shared().database();
    the_cookbook_is_right(&Recorded::new(Some(database.url().to_owned())));
}

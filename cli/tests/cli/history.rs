//! `heavy history` of recorded jobs, on both databases.

use heavy_compare::trend::{Break, History};
use serde_json::Value;

use crate::recorded::{Job, Recorded};
use crate::stored::Stored;

fn shows_what_broke_the_trend(recorded: &Recorded) {
    let ids: Vec<String> = (1..=8)
        .map(|number| {
            recorded.record(Job {
                factor: if number < 6 { 1.0 } else { 1.3 },
                ..Job::new(number)
            })
        })
        .collect();
    let json = |subject: &str| {
        let said = recorded.heavy(&["history", subject, "--format", "json"]).finish();
        let history: History = serde_json::from_str(&said.expect_code(0).stdout).unwrap();
        history
    };
    for subject in ["shop", "checkout", "shop/buy"] {
        let history = json(subject);
        assert_eq!(history.jobs.len(), 8, "{subject}");
        let broken: Vec<String> = history
            .jobs
            .iter()
            .filter(|job| !job.breaks.is_empty())
            .map(|job| job.id.to_string())
            .collect();
        assert_eq!(broken, [ids[5].clone()], "{subject}");
        assert!(
            history.jobs[5]
                .breaks
                .iter()
                .all(|line| line.kind == Break::Shift)
        );
    }
    let text = recorded
        .heavy(&["history", "shop/buy"])
        .finish()
        .expect_code(0)
        .stdout;
    for part in [
        "▁▁",
        "██",
        "P99 slower: ",
        "from here on",
        "broke the trend: P50, P95, P99",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let csv = ["history", "shop", "--limit", "3", "--format", "csv"];
    let csv = recorded.heavy(&csv).finish().expect_code(0).stdout;
    assert_eq!(csv.lines().count(), 4, "{csv}");
    assert!(csv.contains(&ids[7]) && !csv.contains(&ids[4]), "{csv}");
}

#[test]
fn history_shows_what_broke_the_trend_on_sqlite() {
    shows_what_broke_the_trend(&Recorded::sqlite());
}

#[test]
fn history_shows_what_broke_the_trend_on_postgres() {
    shows_what_broke_the_trend(&Recorded::postgres());
}

#[test]
fn jobs_without_roll_ups_have_a_history_and_nothing_to_compare() {
    let stored = Stored::new();
    let (first, last) = (stored.first.to_string(), stored.last.to_string());
    let said = stored.heavy(&["diff", &first, &last]).finish().expect_code(1);
    assert!(
        said.stderr.contains("has no results to compare"),
        "{}",
        said.stderr
    );
    let said = stored.heavy(&["history", "stored", "--format", "json"]).finish();
    let history: Value = serde_json::from_str(&said.expect_code(0).stdout).unwrap();
    assert_eq!(history["jobs"].as_array().unwrap().len(), 2);
}

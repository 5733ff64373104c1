//! No figure of a summary is missing in the full report.

use heavy_results::summary::Summary;
use heavy_testkit::TempDir;
use serde_json::Value;

use super::{five_workflows, heavy, target};

/// What only charts show, trends in units of their own, what the job asked for, and counts that the report shows as shares or not at all.
const ELSEWHERE: [&str; 7] = [
    "timeline",
    "distribution",
    "job",
    "version",
    "buckets",
    "thresholds",
    "agents",
];

/// Every number below a value, with its key.
fn numbers(key: &str, value: &Value, found: &mut Vec<(String, f64)>) {
    match value {
        Value::Number(number) => found.push((key.to_owned(), number.as_f64().unwrap())),
        Value::Array(all) => all.iter().for_each(|one| numbers(key, one, found)),
        Value::Object(all) => {
            for (key, one) in all.iter().filter(|(key, _)| !ELSEWHERE.contains(&key.as_str())) {
                numbers(key, one, found);
            }
        }
        _ => {}
    }
}

/// Three digits and a unit, as reports show times.
fn time(ms: f64) -> String {
    let ns = (ms * 1e6).round();
    if ns == 0.0 {
        return "0s".to_owned();
    }
    if ns < 1e3 {
        return format!("{ns}ns");
    }
    let (scale, unit) = [(1e3, "µs"), (1e6, "ms"), (1e9, "s")]
        .into_iter()
        .find(|(scale, _)| ns / scale < 999.5)
        .unwrap();
    let value = ns / scale;
    let decimals = if value < 9.995 {
        2
    } else {
        usize::from(value < 99.95)
    };
    format!("{value:.decimals$}{unit}")
}

fn thousands(n: f64) -> String {
    let digits = format!("{n:.0}");
    let groups: Vec<&str> = digits
        .as_bytes()
        .rchunks(3)
        .rev()
        .map(|group| std::str::from_utf8(group).unwrap())
        .collect();
    groups.join(",")
}

#[test]
fn the_full_report_has_every_figure_of_the_summary() {
    let data = TempDir::new("figures");
    let json = five_workflows(&data, &["--warm-up", "500ms", "--report", "json=-"]).stdout;
    let summary: Value = serde_json::from_str(&json).unwrap();
    let full = heavy(&data, &["report", "last", "--full"]).expect_code(0).stdout;
    let has = |text: &str| {
        let part_of_number = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit() || c == '.');
        full.match_indices(text).any(|(at, _)| {
            !part_of_number(full[..at].chars().next_back())
                && !full[at + text.len()..].starts_with(|c: char| c.is_ascii_digit())
        })
    };
    let mut all = Vec::new();
    numbers("", &summary, &mut all);
    // Counts of windows that the report does not show, and instants and bytes, which have units of their own.
    let skipped = [
        "first_ns",
        "last_ns",
        "at_wall_ns",
        "bytes",
        "from_s",
        "until_s",
        "run_time_s",
        "value",
    ];
    all.retain(|(key, _)| !skipped.contains(&key.as_str()));
    assert!(all.len() > 300, "{}", all.len());
    let of_nothing = |key: &str, value: f64| key.ends_with("_ms") && value == 0.0;
    let missing: Vec<&(String, f64)> = all
        .iter()
        .filter(|(key, value)| {
            let shown = if key.ends_with("_ms") {
                has(&time(*value))
            } else if key.contains("rate") {
                // Up to four digits after the point.
                has(&thousands(value.trunc()))
            } else {
                has(&thousands(*value))
            };
            !shown && !of_nothing(key, *value)
        })
        .collect();
    assert!(missing.is_empty(), "{missing:?} in {full}");

    assert!(full.contains("Step ") && full.contains("check: "), "{full}");
}

#[test]
fn what_happened_over_time_adds_up_and_is_drawn() {
    let (target, data) = (target(), TempDir::new("figures"));
    let url = format!("http://{}/status/503", target.addr());
    let page = data.path().join("page.html");
    let html = format!("html={}", page.display());
    let args = [
        "run",
        &url,
        "--rate",
        "40",
        "--duration",
        "2s",
        "--report",
        "json=-",
        "--report",
        &html,
    ];
    let summary: Summary = serde_json::from_str(&heavy(&data, &args).stdout).unwrap();

    let points = &summary.timeline.points;
    let of_class = |class: u16| -> u64 {
        points
            .iter()
            .filter_map(|point| point.status_classes.get(&class))
            .sum()
    };
    assert_eq!(of_class(5), summary.requests.status_counts[&503]);
    let errors: u64 = points
        .iter()
        .filter_map(|point| point.error_kinds.get("status"))
        .sum();
    assert_eq!(
        (errors, errors),
        (summary.requests.failed, summary.iterations.started)
    );
    let request = &summary.workflows[0].requests[0];
    assert_eq!(
        (
            request.failed_duration.count,
            request.ok_duration.count,
            request.failed_duration.p99_ms
        ),
        (request.failed, 0, request.duration.p99_ms)
    );

    let page = std::fs::read_to_string(page).unwrap();
    for part in [
        "<nav ",
        "Status codes, per second",
        "Successful and failed requests</h2>",
    ] {
        assert!(page.contains(part), "{part}");
    }
}

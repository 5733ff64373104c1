//! `heavy diff` of recorded jobs, on both databases.

use heavy_compare::{Comparison, Conclusion, Finding, Level, Statistic};
use heavy_results::summary::Summary;
use heavy_testkit::Schema;
use serde_json::Value;

use crate::recorded::{Job, Recorded, SLOWER};

fn pairs(recorded: &Recorded) -> [String; 3] {
    [
        recorded.record(Job::new(1)),
        recorded.record(Job::new(2)),
        recorded.record(Job {
            slower: SLOWER,
            ..Job::new(3)
        }),
    ]
}

/// The same twice is no difference; a slower tail of one endpoint is named, and fails.
fn tells_them_apart(recorded: &Recorded) {
    let [before, same, slower] = pairs(recorded);
    let said = recorded.heavy(&["diff", &before, &same]).finish().expect_code(0);
    assert!(said.stdout.starts_with("NO DIFFERENCE  "), "{}", said.stdout);
    assert!(!said.stdout.contains('\u{1b}'), "colour on no terminal");

    let said = recorded
        .heavy(&["diff", &before, &slower])
        .finish()
        .expect_code(99);
    assert!(
        said.stdout
            .starts_with("REGRESSION  worse by more than the tolerance: request POST /cart (P99 +"),
        "{}",
        said.stdout
    );
    let tolerant = ["diff", &before, &slower, "--tolerance", "30"];
    let said = recorded.heavy(&tolerant).finish().expect_code(0);
    assert!(said.stdout.starts_with("CHANGED  "), "{}", said.stdout);

    let json = ["diff", &before, &slower, "--format", "json"];
    let json = recorded.heavy(&json).finish().expect_code(99).stdout;
    let comparison: Comparison = serde_json::from_str(&json).unwrap();
    let schema = Schema::of_docs("comparison.schema.json");
    let mut document: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(schema.problems(&document), [""; 0]);
    document["places"][0]["finding"] = "worse".into();
    assert_ne!(schema.problems(&document), [""; 0]);
    assert_eq!(comparison.verdict, Conclusion::Regression);
    assert!(comparison.comparable, "{:?}", comparison.caveats);
    let changed = |level| {
        let places = comparison.places.iter();
        let places = places.filter(move |place| place.place.level == level);
        places
            .filter(|place| place.finding.is_change())
            .map(|place| place.place.title())
    };
    assert_eq!(
        changed(Level::Request).collect::<Vec<_>>(),
        ["request POST /cart"]
    );
    assert_eq!(changed(Level::Workflow).count() + changed(Level::Step).count(), 0);
    counts_are_those_of_the_report(recorded, &slower, &comparison);
}

fn counts_are_those_of_the_report(recorded: &Recorded, job: &str, comparison: &Comparison) {
    let report = ["report", job, "--format", "json"];
    let report = recorded.heavy(&report).finish().expect_code(0).stdout;
    let summary: Summary = serde_json::from_str(&report).unwrap();
    let request = &summary.workflows[0].requests[1];
    let place = comparison
        .places
        .iter()
        .find(|place| *place.place.name == request.name)
        .unwrap();
    assert_eq!(place.count_now, request.duration.count);
    for (kind, expected) in [
        (Statistic::P50, request.duration.p50_ms),
        (Statistic::P99, request.duration.p99_ms),
        (Statistic::Mean, request.duration.mean_ms),
        (Statistic::Rate, request.rate),
        (Statistic::ErrorRate, 0.0),
    ] {
        let one = place.statistics.iter().find(|one| one.kind == kind).unwrap();
        assert!(
            (one.now.unwrap() - expected).abs() <= 1e-9 * expected,
            "{one:?} {expected}"
        );
    }
}

#[test]
fn a_slower_endpoint_is_named_on_sqlite() {
    tells_them_apart(&Recorded::sqlite());
}

#[test]
fn a_slower_endpoint_is_named_on_postgres() {
    tells_them_apart(&Recorded::postgres());
}

#[test]
fn every_form_says_it_in_words() {
    let recorded = Recorded::sqlite();
    let [before, _, slower] = pairs(&recorded);
    let full = ["diff", &before, &slower, "--full"];
    let full = recorded.heavy(&full).finish().expect_code(99).stdout;
    for part in [
        "workflow buy",
        "response time of workflow buy",
        "step pay",
        "P99.9",
        "slower, REGRESSION",
    ] {
        assert!(full.contains(part), "{part}: {full}");
    }
    let markdown = ["diff", &before, &slower, "--format", "markdown"];
    let markdown = recorded.heavy(&markdown).finish().expect_code(99).stdout;
    assert!(markdown.starts_with("**REGRESSION**: "), "{markdown}");
    assert!(markdown.contains("| request POST /cart | P99 |"), "{markdown}");
    let file = recorded.folder().join("diff.html");
    let html = ["diff", &before, &slower, "--format", "html", "--output"];
    let said = recorded.heavy(&html).arg(&file).finish().expect_code(99);
    assert_eq!(said.stdout, "");
    let html = std::fs::read_to_string(file).unwrap();
    assert!(html.starts_with("<!DOCTYPE html>") && html.ends_with("</html>\n"));
    assert!(!html.contains("<script") && !html.contains("http://"), "{html}");
}

#[test]
fn the_commands_of_the_guide_work() {
    let recorded = Recorded::sqlite();
    let ids = [1, 2, 3].map(|number| recorded.record(Job::new(number)));
    let comment = recorded.folder().join("comment.md");
    let guide = include_str!("../../../docs/comparing.md");
    let block = guide.split("```").nth(1).unwrap();
    let commands: Vec<&str> = block
        .lines()
        .filter_map(|line| line.strip_prefix("heavy "))
        .collect();
    assert_eq!(commands.len(), 5);
    for command in commands {
        let args: Vec<&str> = command
            .split(' ')
            .map(|arg| match arg {
                "0193a" => ids[0].as_str(),
                "shop/checkout" => "shop/buy",
                "comment.md" => comment.to_str().unwrap(),
                arg => arg,
            })
            .collect();
        recorded.heavy(&args).finish().expect_code(0);
    }
    let comment = std::fs::read_to_string(comment).unwrap();
    assert!(comment.starts_with("**NO DIFFERENCE**"), "{comment}");
}

#[test]
fn names_steer_no_terminal_page_or_comment() {
    let cart = "\u{1b}[2J</td><script>alert(1)</script>|@all #7 `x`\r\n# y";
    let recorded = Recorded::sqlite();
    let before = recorded.record(Job { cart, ..Job::new(1) });
    let now = recorded.record(Job {
        cart,
        slower: SLOWER,
        ..Job::new(3)
    });
    let said = |format: &str| {
        let args = ["diff", &before, &now, "--format", format, "--full"];
        recorded.heavy(&args).finish().expect_code(99).stdout
    };
    for format in ["text", "json", "markdown", "html"] {
        let said = said(format);
        let steers = |c: char| c.is_control() && c != '\n';
        assert!(!said.contains(steers), "{format}: {said:?}");
        assert!(said.contains("alert(1)"), "{format}: {said}");
        assert!(
            !said.lines().any(|line| line.starts_with("# y")),
            "{format}: {said}"
        );
    }
    assert!(!said("html").contains("<script"));
    for markup in ["<script", "@all", "#7", "`x`"] {
        assert!(!said("markdown").contains(markup), "{markup}");
    }
}

#[test]
fn names_that_are_too_long_to_stand_beside_figures_are_whole() {
    let cart = "POST /customers/{id}/carts/{id}/items";
    let recorded = Recorded::sqlite();
    let ids = [1, 2].map(|number| {
        recorded.record(Job {
            cart,
            ..Job::new(number)
        })
    });
    let said = recorded
        .heavy(&["diff", &ids[0], &ids[1]])
        .finish()
        .expect_code(0);
    let mut lines = said.stdout.lines();
    assert!(
        lines.any(|line| line.trim() == format!("request {cart}")),
        "{said:?}"
    );
    assert!(lines.next().unwrap().ends_with(" no difference"), "{said:?}");
}

#[test]
fn a_request_that_is_missing_is_said() {
    let recorded = Recorded::sqlite();
    let before = recorded.record(Job::new(1));
    let now = recorded.record(Job {
        cart: "POST /basket",
        ..Job::new(2)
    });
    let said = recorded.heavy(&["diff", &before, &now]).finish().expect_code(0);
    let said = said.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    for part in [
        "CHANGED ",
        "only before: request POST /cart; only now: request POST /basket",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
}

#[test]
fn a_job_is_judged_by_those_before_it_that_are_like_it() {
    let recorded = Recorded::sqlite();
    let earlier = [1.0, 1.05, 0.97, 1.02].into_iter().zip(1..);
    let ids: Vec<String> = earlier
        .map(|(factor, number)| {
            recorded.record(Job {
                factor,
                ..Job::new(number)
            })
        })
        .collect();
    // Neither of these is one to measure by.
    recorded.record(Job {
        rate: "300",
        ..Job::new(5)
    });
    recorded.record(Job {
        verdict: heavy_results::verdict::Verdict::Invalid,
        ..Job::new(6)
    });
    let usual = recorded.record(Job {
        factor: 1.04,
        ..Job::new(7)
    });
    let judged = ["diff", &usual, "--against-last", "4", "--format", "json"];
    let json = recorded.heavy(&judged).finish().expect_code(0).stdout;
    let comparison: Comparison = serde_json::from_str(&json).unwrap();
    let measures: Vec<String> = comparison.before.iter().map(|job| job.id.to_string()).collect();
    assert_eq!(measures, ids.iter().rev().cloned().collect::<Vec<_>>());
    let p50 = comparison.places[0]
        .statistics
        .iter()
        .find(|one| one.kind == Statistic::P50);
    assert!(!p50.unwrap().finding.is_change(), "{p50:?}");
    // One of them alone knows nothing of how runs differ.
    let alone = ["diff", &ids[0], &usual, "--format", "json"];
    let json = recorded.heavy(&alone).finish().stdout;
    let comparison: Comparison = serde_json::from_str(&json).unwrap();
    let p50 = comparison.places[0]
        .statistics
        .iter()
        .find(|one| one.kind == Statistic::P50);
    assert_eq!(p50.unwrap().finding, Finding::Slower);
    let first = recorded.heavy(&["diff", &ids[0], "--against-last", "3"]).finish();
    let first = first.expect_code(1);
    assert!(
        first.stderr.contains("no comparable earlier job"),
        "{}",
        first.stderr
    );
}

#[test]
fn what_cannot_be_compared_is_said_first() {
    let recorded = Recorded::sqlite();
    let invalid = recorded.record(Job {
        verdict: heavy_results::verdict::Verdict::Invalid,
        ..Job::new(1)
    });
    let other = recorded.record(Job {
        rate: "300",
        ..Job::new(2)
    });
    let said = recorded.heavy(&["diff", &invalid, &other]).finish();
    let said = said.expect_code(98).stdout;
    assert!(said.starts_with("NOT COMPARABLE  "), "{said}");
    for part in ["is INVALID", "the loads differ"] {
        assert!(said.contains(part), "{part}: {said}");
    }
}

#[test]
fn wrong_usage_is_2_and_jobs_that_are_not_there_are_1() {
    let recorded = Recorded::sqlite();
    let job = recorded.record(Job::new(1));
    let empty = recorded.record_empty(Job::new(2));
    for (args, code, part) in [
        (&["diff", &job][..], 2, "required"),
        (
            &["diff", &job, &job, "--against-last", "3"],
            2,
            "cannot be used with",
        ),
        (&["diff", &job, "--against-last", "0"], 2, "is not in 1..=50"),
        (
            &["diff", &job, &job, "--tolerance", "much"],
            2,
            "expected a number from 0 to 1000",
        ),
        (&["diff", &job, "nonsense"], 2, "unknown job `nonsense`"),
        (&["diff", &job, "ffff"], 1, "no job matches the prefix `ffff`"),
        (
            &["diff", &job, &empty],
            1,
            "is failed and has no results to compare: no agent came",
        ),
        (&["history", "/"], 2, "expected a service"),
        (
            &["history", "nobody"],
            1,
            "no jobs of nobody; there are jobs of shop",
        ),
        (&["history", "shop", "--limit", "0"], 2, "is not in 1..=1000"),
    ] {
        let said = recorded.heavy(args).finish().expect_code(code);
        assert!(said.stderr.contains(part), "{args:?}: {}", said.stderr);
        assert_eq!(said.stdout, "", "{args:?}");
    }
}

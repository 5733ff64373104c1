//! Renderings of sample summaries against golden files and the published schema.
//!
//! `HEAVY_BLESS=1 cargo test -p heavy-report` writes the golden files anew; look at the difference before committing.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod course;
mod ended;
mod formats;
mod judged;
mod navigation;
mod sample;
mod screen;

use std::path::PathBuf;

use heavy_report::Style;
use heavy_results::summary::Summary;
use heavy_testkit::Schema;

pub(crate) fn assert_golden(name: &str, actual: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden")
        .join(name);
    if std::env::var_os("HEAVY_BLESS").is_some() {
        std::fs::write(&path, actual).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        expected == actual,
        "{} differs; if it should, run with HEAVY_BLESS=1. Actual:\n{actual}",
        path.display()
    );
}

/// Every figure, in this many columns.
fn full(width: usize, colour: bool) -> Style {
    Style {
        colour,
        width,
        full: true,
        ..Style::default()
    }
}

#[test]
fn a_shop_that_passes() {
    let summary = sample::shop();
    assert_golden("shop.txt", &heavy_report::text(&summary, &Style::default()));
    assert_golden("shop-full.txt", &heavy_report::text(&summary, &full(80, false)));
    assert_golden(
        "shop-wide-colour.txt",
        &heavy_report::text(&summary, &full(132, true)),
    );
    let wide = Style {
        colour: true,
        width: 132,
        ..Style::default()
    };
    assert_golden("shop-summary-colour.txt", &heavy_report::text(&summary, &wide));
    assert_golden("shop.json", &heavy_report::json(&summary));
}

#[test]
fn a_job_in_trouble() {
    let summary = sample::trouble();
    assert_golden("trouble.txt", &heavy_report::text(&summary, &Style::default()));
    assert_golden(
        "trouble-full.txt",
        &heavy_report::text(&summary, &full(80, false)),
    );
    assert_golden("trouble.json", &heavy_report::json(&summary));
}

#[test]
fn a_job_with_thresholds() {
    let summary = judged::judged();
    assert_golden("judged.txt", &heavy_report::text(&summary, &Style::default()));
    assert_golden("judged-full.txt", &heavy_report::text(&summary, &full(80, false)));
}

#[test]
fn a_job_that_never_ran_and_one_that_runs() {
    for (name, summary) in [("never-ran", ended::never_ran()), ("running", sample::running())] {
        let summary_text = heavy_report::text(&summary, &Style::default());
        assert_golden(&format!("{name}.txt"), &summary_text);
        assert_golden(
            &format!("{name}-full.txt"),
            &heavy_report::text(&summary, &full(80, false)),
        );
    }
}

#[test]
fn jobs_that_were_stopped_and_whose_generator_was_late() {
    for (name, summary) in [("stopped", ended::stopped()), ("invalid", ended::invalid())] {
        let text = heavy_report::text(&summary, &Style::default());
        assert_golden(&format!("{name}.txt"), &text);
    }
}

#[test]
fn a_status_has_five_lines() {
    let mut all = String::new();
    for summary in [
        sample::shop(),
        sample::trouble(),
        ended::never_ran(),
        sample::running(),
        judged::judged(),
    ] {
        let status = heavy_report::status(&summary, &Style::default());
        assert_eq!(status.lines().count(), 5, "{status}");
        all.push_str(&status);
        all.push('\n');
    }
    assert_golden("status.txt", &all);
}

#[test]
fn the_json_is_the_summary_and_fits_the_schema() {
    let schema = Schema::of_docs("summary.schema.json");
    for summary in [
        sample::shop(),
        sample::trouble(),
        ended::never_ran(),
        sample::running(),
        judged::judged(),
    ] {
        let document = heavy_report::json(&summary);
        assert_eq!(serde_json::from_str::<Summary>(&document).unwrap(), summary);
        let document = serde_json::from_str(&document).unwrap();
        assert_eq!(schema.problems(&document), [""; 0]);
    }
}

#[test]
fn the_schema_refuses_what_is_no_summary() {
    let schema = Schema::of_docs("summary.schema.json");
    let good: serde_json::Value = serde_json::from_str(&heavy_report::json(&sample::shop())).unwrap();
    for (pointer, value) in [
        ("/version", "3".into()),
        ("/windows/0/name", "warmup".into()),
        ("/timeline/points/0/requests", (-1).into()),
        ("/job/verdict", "MAYBE".into()),
        ("/iterations/ok", (-1).into()),
        ("/workflows/0/duration", serde_json::Value::Null),
        ("/requests/status_counts", serde_json::json!({"ok": 1})),
    ] {
        let mut bad = good.clone();
        *bad.pointer_mut(pointer).unwrap() = value;
        assert_ne!(schema.problems(&bad), [""; 0], "{pointer}");
    }
}

#[test]
fn hostile_texts_reach_no_rendering_raw() {
    let harmless = |text: &str| {
        !text
            .chars()
            .any(|c| c.is_control() && c != '\n' || c == '\u{202e}')
    };
    for summary in [sample::trouble(), judged::judged()] {
        for full in [false, true] {
            let style = Style {
                full,
                ..Style::default()
            };
            assert!(harmless(&heavy_report::text(&summary, &style)));
            assert!(harmless(&heavy_report::status(&summary, &style)));
        }
        assert!(harmless(&heavy_report::json(&summary)));
        assert!(harmless(&heavy_report::thresholds(
            &summary.thresholds,
            &Style::default()
        )));
    }
}

#[test]
fn no_line_is_wider_than_the_page() {
    for summary in [
        sample::shop(),
        sample::trouble(),
        ended::never_ran(),
        sample::running(),
        judged::judged(),
    ] {
        for (width, full) in [(80, false), (80, true), (100, true), (300, true), (300, false)] {
            let style = Style {
                width,
                full,
                ..Style::default()
            };
            let texts = [
                heavy_report::text(&summary, &style),
                heavy_report::status(&summary, &style),
            ];
            for line in texts.iter().flat_map(|text| text.lines()) {
                assert!(line.chars().count() <= width.min(120), "{width}: {line}");
            }
        }
    }
}

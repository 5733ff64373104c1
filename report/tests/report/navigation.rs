//! Finding one's way in the page of a job in trouble.

use heavy_report::{ReportFormat, Style};
use heavy_results::stats::Event;
use heavy_results::summary::Summary;

use crate::sample;

fn page(summary: &Summary) -> String {
    ReportFormat::Html.render(summary, &Style::default())
}

#[test]
fn every_section_is_in_the_navigation() {
    let page = page(&sample::trouble());
    let sections = page.matches("<h2 id=").count();
    assert!(sections > 12, "{sections}");
    let (_, nav) = page.split_once("<nav aria-label=\"Sections\">\n").unwrap();
    let (nav, rest) = nav.split_once("</nav>").unwrap();
    assert_eq!(nav.lines().count(), sections);
    for link in nav.lines() {
        let (id, title) = link
            .strip_prefix("<a href=\"#")
            .and_then(|link| link.strip_suffix("</a>")?.split_once("\">"))
            .unwrap();
        assert!(rest.contains(&format!("<h2 id=\"{id}\">{title}</h2>")), "{link}");
    }
}

#[test]
fn errors_are_near_the_top_with_the_times_of_failed_requests() {
    let page = page(&sample::trouble());
    let at = |title: &str| {
        page.find(&format!(">{title}</h2>"))
            .unwrap_or_else(|| panic!("no {title}"))
    };
    assert!(at("At a glance") < at("Errors"));
    assert!(at("Errors") < at("Successful and failed requests"));
    assert!(at("Successful and failed requests") < at("Asked against achieved"));
    for head in ["ok P50", "ok P99", "failed P50", "failed P99"] {
        assert!(page.contains(&format!(">{head}</th>")), "{head}");
    }
}

#[test]
fn statuses_and_errors_are_drawn_over_time() {
    let page = page(&sample::trouble());
    for part in [
        "<figcaption>Status codes, per second</figcaption>",
        "<figcaption>Failed requests by kind of error, per second</figcaption>",
        "&lt;b&gt;refused\\u{1b}</li>",
        "no answer 2, 2xx 191, 5xx 7",
    ] {
        assert!(page.contains(part), "{part}");
    }
    let well = self::page(&sample::shop());
    assert!(!well.contains("by kind of error, per second"));
}

#[test]
fn events_at_once_share_a_label() {
    let mut summary = sample::shop();
    let event = |at_ns| Event {
        at_ns,
        ..summary.events[2].clone()
    };
    summary.events = [1_000, 2_000, 2_020, 2_040, 8_000, 9_990, 9_999]
        .map(|ms| event(ms * 1_000_000))
        .to_vec();
    let page = page(&summary);
    let chart = page.split("<figure").nth(1).unwrap();
    let labels: Vec<&str> = chart
        .split("<text class=\"tick mark\"")
        .skip(1)
        .map(|label| label.split(['>', '<']).nth(1).unwrap())
        .collect();
    assert_eq!(labels, ["1", "2-4", "5", "6-7"]);
}

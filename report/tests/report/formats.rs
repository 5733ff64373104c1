//! What CSV, JUnit, Markdown and HTML promise, of every sample.

use std::collections::BTreeMap;

use heavy_report::{ReportFormat, Style, queries};
use heavy_results::summary::Summary;

use crate::judged::judged;
use crate::{assert_golden, ended, sample};

fn samples() -> [Summary; 5] {
    [
        judged(),
        sample::shop(),
        sample::trouble(),
        ended::never_ran(),
        sample::running(),
    ]
}

fn render(format: ReportFormat, summary: &Summary) -> String {
    let style = Style {
        full: true,
        ..Style::default()
    };
    format.render(summary, &style)
}

#[test]
fn golden_files_of_all_formats() {
    for (format, ending) in [
        (ReportFormat::Csv, "csv"),
        (ReportFormat::Junit, "xml"),
        (ReportFormat::Markdown, "md"),
        (ReportFormat::Html, "html"),
    ] {
        assert_golden(&format!("shop.{ending}"), &render(format, &sample::shop()));
        assert_golden(&format!("trouble.{ending}"), &render(format, &sample::trouble()));
        if format != ReportFormat::Html {
            assert_golden(&format!("judged.{ending}"), &render(format, &judged()));
        }
    }
}

#[test]
fn hostile_texts_reach_no_format_raw() {
    for format in ReportFormat::ALL {
        for summary in [sample::trouble(), judged()] {
            let mut report = render(format, &summary);
            if format == ReportFormat::Csv {
                assert!(report.lines().count() == report.matches("\r\n").count());
                report = report.replace("\r\n", "\n");
            }
            let steering = |c: char| c.is_control() && c != '\n' || c == '\u{202e}';
            assert!(!report.contains(steering), "{format:?}");
        }
    }
}

/// The rows of a CSV report by column.
fn csv_rows(summary: &Summary) -> Vec<std::collections::HashMap<String, String>> {
    let report = render(ReportFormat::Csv, summary);
    let mut reader = csv::Reader::from_reader(report.as_bytes());
    reader.deserialize().map(Result::unwrap).collect()
}

#[test]
fn csv_has_every_statistic_of_every_level() {
    let shop = sample::shop();
    let rows = csv_rows(&shop);
    let find = |level: &str, measure: &str, name: &str| {
        rows.iter()
            .find(|row| row["level"] == level && row["measure"] == measure && row["name"].ends_with(name))
            .unwrap()
    };
    let request = find("request", "request_duration", "POST /checkout");
    let expected = &shop.workflows[1].steps[0].requests[1].duration;
    assert_eq!(request["count"], "500");
    assert_eq!(request["p999_ms"].parse(), Ok(expected.p999_ms));
    assert_eq!(
        (request["status_2xx"].as_str(), request["statuses"].as_str()),
        ("500", "200:500")
    );
    assert_eq!(
        (request["workflow"].as_str(), request["step"].as_str()),
        ("buy", "pay")
    );
    assert_eq!(find("step", "step_duration", "pay")["status_2xx"], "1000");
    assert_eq!(find("workflow", "iteration_duration", "buy")["planned"], "500");
    assert_eq!(find("window", "request_duration", "steady")["count"], "1200");
    assert_eq!(find("job", "iterations", "")["ok"], "1000");
    assert_eq!(find("agent", "iterations", "local")["started"], "1000");
    for summary in samples() {
        for row in csv_rows(&summary) {
            let formula =
                |cell: &String| cell.starts_with(['=', '+', '-', '@']) && cell.parse::<f64>().is_err();
            assert!(!row.values().any(formula), "{row:?}");
        }
    }
}

#[test]
fn thresholds_are_in_every_format() {
    let summary = judged();
    for format in ReportFormat::ALL {
        let report = render(format, &summary);
        for threshold in &summary.thresholds {
            let part = match (format, threshold.value) {
                (ReportFormat::Json | ReportFormat::Csv, Some(1.234)) => "1.234",
                (ReportFormat::Text, Some(1.234)) => "1.234 ms in seconds 2 to 6",
                (_, Some(1.234)) => {
                    "1.234 ms in seconds 2 to 6 (n=2,000); it stopped the load after second 6"
                }
                (ReportFormat::Text, _) => "no samples",
                (ReportFormat::Json, _) => "no-samples",
                _ => "p(99.99)",
            };
            assert!(report.contains(part), "{format:?}: {}", threshold.expression);
        }
    }
    let mut running = judged();
    running.complete = false;
    running.job.verdict = None;
    let report = render(ReportFormat::Junit, &running);
    for part in ["<skipped ", " type=\"not-yet-known\""] {
        assert_eq!(report.matches(part).count(), 2, "{report}");
    }
    let page = render(ReportFormat::Html, &summary);
    let at = |part: &str| page.find(part).unwrap();
    assert!(at("<h2 id=\"h1\">Thresholds") < at("At a glance</h2>"));
    let rows = csv_rows(&summary);
    let stopped = rows.iter().find(|row| row["outcome"] == "broken").unwrap();
    assert_eq!(
        (
            stopped["level"].as_str(),
            stopped["value"].as_str(),
            stopped["unit"].as_str(),
            stopped["count"].as_str()
        ),
        ("threshold", "1.234", "ms", "2000")
    );
}

/// A document's elements as (depth, name); fails where the document is not well-formed.
fn elements(xml: &str, void: &[&str]) -> Vec<(usize, String)> {
    let (mut found, mut open) = (Vec::new(), Vec::<String>::new());
    let mut rest = xml;
    while let Some(start) = rest.find('<') {
        let text = &rest[..start];
        assert!(!text.contains('>'), "a stray > in {text:?}");
        let end = rest[start..].find('>').expect("an element ends") + start;
        let tag = &rest[start + 1..end];
        rest = &rest[end + 1..];
        if tag.starts_with(['?', '!']) {
            continue;
        }
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop().as_deref(), Some(name));
            continue;
        }
        assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
        let name = tag.split([' ', '/', '\n']).next().unwrap();
        found.push((open.len(), name.to_owned()));
        if !tag.ends_with('/') && !void.contains(&name) {
            open.push(name.to_owned());
        }
    }
    assert_eq!(open, Vec::<String>::new());
    found
}

#[test]
fn junit_has_the_common_structure_and_fails_as_the_verdict_does() {
    for (summary, failures, errors) in [
        (sample::shop(), 0, 0),
        (sample::trouble(), 1, 0),
        (ended::never_ran(), 0, 1),
        (sample::running(), 0, 0),
        (judged(), 5, 0),
    ] {
        let report = render(ReportFormat::Junit, &summary);
        let all = elements(&report, &[]);
        assert_eq!(all[0], (0, "testsuites".to_owned()));
        for (depth, name) in &all[1..] {
            let fits = match depth {
                1 => name == "testsuite",
                2 => ["properties", "testcase", "system-out", "system-err"].contains(&name.as_str()),
                3 => ["property", "failure", "error", "skipped"].contains(&name.as_str()),
                _ => false,
            };
            assert!(fits, "{name} at depth {depth}");
        }
        for suite in all[1..].split(|(depth, _)| *depth == 1).skip(1) {
            let names = suite.iter().filter(|(depth, _)| *depth == 2);
            let mut names: Vec<&str> = names.map(|(_, name)| name.as_str()).collect();
            names.dedup();
            assert_eq!(names, ["properties", "testcase", "system-out", "system-err"]);
        }
        let of = |name: &str| all.iter().filter(|(_, other)| other == name).count();
        assert_eq!((of("failure"), of("error")), (failures, errors));
        let (whole, suites) = report.split_once("<testsuite ").unwrap();
        for part in [whole, suites] {
            let counted = |name: &str| {
                let attribute = format!("{name}=\"");
                let parts = part.split(&attribute).skip(1);
                parts
                    .map(|part| part.split('"').next().unwrap().parse::<usize>().unwrap())
                    .sum::<usize>()
            };
            assert_eq!(
                (counted(" tests"), counted(" failures"), counted(" errors")),
                (of("testcase"), failures, errors)
            );
        }
    }
}

#[test]
fn markdown_fits_a_comment_whatever_the_job() {
    let mut summary = sample::trouble();
    summary.workflows[0].name = "w".repeat(500);
    let request = summary.workflows[0].requests[0].clone();
    summary.workflows[0].requests = vec![request; 500];
    summary.workflows = vec![summary.workflows[0].clone(); 100];
    summary.errors = vec![summary.errors[1].clone(); 1_000];
    summary.warnings = vec!["<script>".repeat(100); 100];
    let report = render(ReportFormat::Markdown, &summary);
    assert!(report.len() < 65_536, "{} bytes", report.len());
    assert!(report.contains("49,940 requests more"), "{report}");
    assert!(!report.contains("<script"));
}

#[test]
fn the_page_is_well_formed_and_needs_nothing_from_outside() {
    for summary in samples() {
        let page = render(ReportFormat::Html, &summary);
        let body = &page[page.find("<body>").unwrap()..page.find("</html>").unwrap()];
        let all = elements(body, &["br", "meta", "link"]);
        assert!(
            !all.iter()
                .any(|(_, name)| ["script", "img", "iframe", "object"].contains(&name.as_str()))
        );
        for loading in [" src=", "url(", "@import", "href=\"http"] {
            assert!(!page.contains(loading), "{loading}");
        }
        let of = |name: &str| all.iter().filter(|(_, other)| other == name).count();
        assert_eq!(of("caption"), of("table"), "every table says what it holds");
        assert_eq!(
            page.matches("role=\"img\"").count(),
            page.matches("<desc>").count()
        );
        assert_eq!(page.matches("<h1>").count(), 1);
    }
    let page = render(ReportFormat::Html, &sample::shop());
    for part in [
        "Rate, per second",
        "Latency heat map",
        "Latency against rate",
        "Windows",
        "Events",
        "Phases",
        "SQL: requests",
    ] {
        assert!(page.contains(part), "{part}");
    }
}

#[test]
fn few_samples_are_marked_in_every_format_for_people() {
    for format in [ReportFormat::Text, ReportFormat::Html] {
        assert!(render(format, &sample::running()).contains('~'), "{format:?}");
    }
    assert!(render(ReportFormat::Markdown, &sample::running()).contains("\\~"));
}

#[test]
fn a_page_of_many_identities_is_of_moderate_size() {
    let mut summary = sample::shop();
    let request = summary.workflows[0].steps[0].requests[0].clone();
    summary.workflows[0].steps[0].requests = vec![request; 200];
    let page = render(ReportFormat::Html, &summary);
    assert!(page.len() < 3_000_000, "{} bytes", page.len());
}

#[test]
fn the_sql_names_the_job() {
    let id = sample::shop().job.id;
    for query in queries(id) {
        assert!(
            query.sql.contains(&format!("'{id}'")) && !query.sql.contains("JOB"),
            "{}",
            query.title
        );
    }
}

#[test]
fn what_a_stopped_job_achieved_is_told_against_what_was_due() {
    let mut summary = sample::shop();
    summary.job.state = heavy_results::job::JobState::Stopped;
    summary.iterations.planned = summary.iterations.scheduled * 10;
    for format in [ReportFormat::Text, ReportFormat::Markdown, ReportFormat::Html] {
        let text = render(format, &summary);
        assert!(text.contains("(100.0% of what was due)"), "{text}");
    }
}

#[test]
fn statuses_of_other_protocols_are_their_own() {
    let mut summary = sample::shop();
    let statuses = BTreeMap::from([(0, 490), (14, 10)]);
    let others = BTreeMap::from([("grpc".to_owned(), statuses.clone())]);
    summary.requests.protocol_status_counts.clone_from(&others);
    let workflow = &mut summary.workflows[0];
    workflow.protocol_status_counts.clone_from(&others);
    let request = &mut workflow.steps[0].requests[0];
    request.name = "Check".to_owned();
    request.protocol = "grpc".to_owned();
    request.status_counts = statuses;
    for format in ReportFormat::ALL {
        let report = render(format, &summary);
        assert!(report.contains("grpc"), "{report}");
        assert!(!report.contains("no answer"), "{format:?}");
    }
    let rows = csv_rows(&summary);
    let row = rows.iter().find(|row| row["name"] == "Check").unwrap();
    assert_eq!(
        [
            &row["protocol"],
            &row["no_answer"],
            &row["status_2xx"],
            &row["statuses"]
        ],
        ["grpc", "", "", "0:490 14:10"]
    );
    let page = render(ReportFormat::Html, &summary);
    for part in [
        "Requests of other protocols by status",
        "Status codes of GET Check (grpc), by protocol",
    ] {
        assert!(page.contains(part), "{part}");
    }
    assert!(render(ReportFormat::Markdown, &summary).contains("grpc 0 490, grpc 14 10"));
}

//! The rows of the CSV report, which other programs read, against the raw rows.

use std::collections::BTreeMap;

use heavy_results::summary::{Distribution, LatencyBucket};

use super::distribution::compare;
use super::job::Recorded;
use super::raw::{Iteration, Request};

pub(super) fn compare_all(recorded: &Recorded, requests: &[Request], iterations: &[Iteration]) {
    let report = recorded.report("csv");
    let mut reader = ::csv::Reader::from_reader(report.as_bytes());
    let mut compared = 0;
    for row in reader.deserialize::<BTreeMap<String, String>>() {
        let row = row.unwrap();
        let text = |column: &str| row[column].as_str();
        let values: Vec<f64> = match (text("level"), text("measure")) {
            ("request", "request_duration") => requests
                .iter()
                .filter(|request| {
                    (
                        request.workflow.as_str(),
                        request.step.as_str(),
                        request.name.as_str(),
                    ) == (text("workflow"), text("step"), text("name"))
                })
                .map(|request| request.duration_ms)
                .collect(),
            ("workflow", "iteration_duration") => iterations
                .iter()
                .filter(|iteration| iteration.workflow == text("workflow") && !iteration.interrupted)
                .map(|iteration| iteration.duration_ms)
                .collect(),
            _ => continue,
        };
        let number = |column: &str| text(column).parse::<f64>().unwrap();
        compared += 1;
        compare(
            text("name"),
            &Distribution {
                count: text("count").parse().unwrap(),
                min_ms: number("min_ms"),
                mean_ms: number("mean_ms"),
                p10_ms: number("p10_ms"),
                p25_ms: number("p25_ms"),
                p50_ms: number("p50_ms"),
                p75_ms: number("p75_ms"),
                p90_ms: number("p90_ms"),
                p95_ms: number("p95_ms"),
                p99_ms: number("p99_ms"),
                p999_ms: number("p999_ms"),
                max_ms: number("max_ms"),
                buckets: vec![LatencyBucket {
                    upper_ms: number("max_ms"),
                    count: text("count").parse().unwrap(),
                }],
            },
            values.into_iter(),
        );
    }
    assert!(compared >= 6, "{report}");
}

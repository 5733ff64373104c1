//! A summary to render that has thresholds.

use heavy_results::job::JobState;
use heavy_results::summary::Summary;
use heavy_results::threshold::{ThresholdOutcome, ThresholdSummary, WindowSeconds};
use heavy_results::verdict::Verdict;

use crate::sample::{job, shop};

/// The shop with thresholds: one met, one that stopped the load, some without samples, one longer than a line.
pub(crate) fn judged() -> Summary {
    let mut summary = shop();
    let reason = "threshold http_req_duration: p(95)<0.5 over 5s abort was broken: 1.234 ms in seconds 2 to 6; it stopped \
                  the load; 1 more threshold failed";
    summary.job = job("shop", JobState::Finished, Some(Verdict::Fail), reason);
    let window = Some(WindowSeconds { from: 2, before: 7 });
    let long = "http_req_duration{workflow:buy,step:pay,name:\u{1b}[2J POST /a/path/that/is/very/long/indeed/{id}}: p(99.99)<1s";
    summary.thresholds = vec![
        threshold(
            "http_req_failed: rate<1%",
            Some(0.0),
            "share",
            ThresholdOutcome::Met,
        ),
        ThresholdSummary {
            window,
            aborted_at_second: Some(7),
            ..threshold(
                "http_req_duration: p(95)<0.5 over 5s abort",
                Some(1.234),
                "ms",
                ThresholdOutcome::Broken,
            )
        },
        threshold(long, None, "ms", ThresholdOutcome::NoSamples),
        ThresholdSummary {
            note: "the metric is a counter, which has no p(95), only count and rate".to_owned(),
            ..threshold(
                "metric{name:sold}: p(95)<5",
                None,
                "",
                ThresholdOutcome::NoSamples,
            )
        },
        threshold("http_reqs: rate>150", Some(99.5), "1/s", ThresholdOutcome::Broken),
    ];
    summary
}

fn threshold(
    expression: &str,
    value: Option<f64>,
    unit: &str,
    outcome: ThresholdOutcome,
) -> ThresholdSummary {
    ThresholdSummary {
        expression: expression.to_owned(),
        metric: expression.split([':', '{']).next().unwrap().to_owned(),
        value,
        unit: unit.to_owned(),
        outcome,
        samples: value.map_or(0, |_| 2_000),
        window: None,
        aborted_at_second: None,
        note: String::new(),
    }
}

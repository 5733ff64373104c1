//! Expressions as a table and as properties; and their outcomes over the roll-ups of several agents.

mod live;
mod table;
mod watching;

use proptest::prelude::*;

use super::metric::{METRICS, MetricType};
use super::selector::KEYS;
use super::*;

fn threshold(text: &str) -> Threshold {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// The texts that a person could write for a metric, with more blanks than needed.
fn texts() -> impl Strategy<Value = String> {
    let value = prop_oneof![
        "[a-zA-Z0-9 /_.-]{0,12}",
        Just("GET /items/{id}".to_owned()),
        "[a-z,{}\"\\\\: é-]{0,8}",
    ];
    let aggregate = prop_oneof![
        Just("avg".to_owned()),
        Just("min".to_owned()),
        Just("med".to_owned()),
        Just("max".to_owned()),
        Just("count".to_owned()),
        Just("rate".to_owned()),
        Just("value".to_owned()),
        (0u32..=100).prop_map(|percent| format!("p( {percent} )")),
        (0u32..100, 0u32..10_000).prop_map(|(percent, rest)| format!("p({percent}.{rest:04})")),
    ];
    let operator = prop::sample::select(vec!["<", "<=", ">", ">=", "==", "===", "!="]);
    let unit = prop::sample::select(vec!["", "", "", "ms", "us", "s", "m", "h", "ns", "%"]);
    let clauses = prop::sample::select(vec![
        "",
        " over 30s",
        " over 1m30s delay 10s",
        " delay 2s over 10m",
        " abort over 1s",
        " delay 5s   abort",
    ]);
    (
        prop::sample::select((0..METRICS.len()).collect::<Vec<_>>()),
        prop::collection::btree_map(prop::sample::select(KEYS.to_vec()), value, 0..4),
        aggregate,
        operator,
        (0u32..2_000_000, unit),
        clauses,
    )
        .prop_map(
            |(metric, selectors, aggregate, operator, (number, unit), clauses)| {
                let metric = &METRICS[metric];
                let mut selectors: Vec<String> = selectors
                    .into_iter()
                    .filter(|(key, _)| metric.keys().contains(key))
                    .map(|(key, value)| written(key, &value))
                    .collect();
                if metric.kind == MetricType::Custom && !selectors.iter().any(|text| text.starts_with("name"))
                {
                    selectors.push("name : depth".to_owned());
                }
                let selectors = if selectors.is_empty() {
                    String::new()
                } else {
                    format!("{{ {} }}", selectors.join(" , "))
                };
                let number = f64::from(number) / 1e6
                    * if metric.kind == MetricType::Share {
                        0.5
                    } else {
                        1e3
                    };
                format!(
                    "{}{selectors} : {aggregate} {operator} {number}{unit}{clauses}",
                    metric.name
                )
            },
        )
}

fn written(key: &str, value: &str) -> String {
    match key {
        "status" => format!("status: {}xx", 1 + value.len() % 5),
        "expected_response" => "expected_response:true".to_owned(),
        _ => {
            let escaped = value.replace('\\', "\\\\").replace('"', "\\\"");
            format!("{key}: \"{escaped}\"")
        }
    }
}

proptest! {
    #[test]
    fn every_threshold_survives_its_text(text in texts()) {
        if let Ok(threshold) = text.parse::<Threshold>() {
            let shown = threshold.to_string();
            prop_assert_eq!(shown.parse::<Threshold>(), Ok(threshold.clone()), "{}", shown);
            let json = serde_json::to_string(&threshold).unwrap();
            prop_assert_eq!(serde_json::from_str::<Threshold>(&json).unwrap(), threshold);
        }
    }

    #[test]
    fn no_text_panics(text in ".{0,60}", metric in 0..METRICS.len(), end in ".{0,30}") {
        let _ = text.parse::<Threshold>();
        let name = METRICS[metric].name;
        for text in [format!("{name}{end}"), format!("{name}{{{end}"), format!("{name}: avg<{end}"), format!("{name}: p({end}")] {
            let _ = text.parse::<Threshold>();
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4))]

    #[test]
    fn many_of_these_texts_are_thresholds(texts in prop::collection::vec(texts(), 200)) {
        let good = texts.iter().filter(|text| text.parse::<Threshold>().is_ok()).count();
        prop_assert!(good > 20, "{} of {}: {:?}", good, texts.len(), &texts[..10]);
    }
}

#[test]
fn the_documentation_names_every_metric_key_and_aggregate() {
    let page = include_str!("../../../docs/thresholds.md");
    let names = METRICS.iter().map(|metric| metric.name);
    for name in names.chain(KEYS) {
        assert!(page.contains(&format!("`{name}`")), "{name}");
    }
}

#[test]
fn limits_are_in_the_unit_of_what_is_measured() {
    for (text, value) in [
        ("http_req_duration: p(99.9)<1.5s", 1500.0),
        ("http_req_duration: p(95)<500", 500.0),
        ("http_req_duration: p(95)<500ms", 500.0),
        ("http_req_waiting: avg<250us", 0.25),
        ("http_req_failed: rate<5%", 0.05),
        ("checks: rate>=0.99", 0.99),
        ("http_reqs: rate>100", 100.0),
    ] {
        assert_eq!(threshold(text).limit.value(), value, "{text}");
    }
}

#[test]
fn documents_have_a_list_or_what_k6_writes() {
    use crate::job::{JobSpec, SpecError};
    let document = |thresholds: &str| {
        let json = format!(
            r#"{{"binary_sha256":"{}","rate":"1","workflows":["buy"],"thresholds":{thresholds}}}"#,
            "a".repeat(64)
        );
        JobSpec::parse(&json).map(|spec| {
            spec.thresholds
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
        })
    };
    let k6 = r#"{"http_req_duration": ["p(95)<500", {"threshold": "p(99)<1000", "abortOnFail": true, "delayAbortEval": "10s"}],
                 "http_req_failed{status:500}": "rate<0.01", "checks": {"threshold": "rate>0.9", "delayAbortEval": "1s"}}"#;
    assert_eq!(
        document(k6).unwrap(),
        [
            "checks: rate>0.9",
            "http_req_duration: p(95)<500",
            "http_req_duration: p(99)<1000 abort delay 10s",
            "http_req_failed{status:500}: rate<0.01"
        ]
    );
    let list = r#"["http_req_duration{workflow:buy}: p(95)<500"]"#;
    assert_eq!(
        document(list).unwrap(),
        ["http_req_duration{workflow:buy}: p(95)<500"]
    );
    let many: Vec<String> = (0..70).map(|n| format!("\"http_reqs: count>{n}\"")).collect();
    for (wrong, part) in [
        (
            r#"["http_req_duraton: p(95)<500"]"#,
            "; did you mean `http_req_duration`?",
        ),
        (
            r#"["http_reqs: count>1", "http_reqs: count > 1"]"#,
            "duplicate threshold",
        ),
        (
            r#"["http_req_duration{workflow:browse}: p(95)<500"]"#,
            "a workflow that the job does not run: expected one of buy",
        ),
        (r#"{"http_reqs": 5}"#, "expected a condition such as"),
        (r#"{"vus": ["value<5"]}"#, "unknown metric `vus`"),
        ("5", "a list of thresholds, such as"),
        (&format!("[{}]", many.join(",")), "a job has at most 64"),
    ] {
        let error: SpecError = document(wrong).unwrap_err();
        assert!(error.to_string().contains(part), "{wrong}: {error}");
    }
}

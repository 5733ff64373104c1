//! Expressions, good ones with their text in full, bad ones with what is said of them.

use crate::threshold::Threshold;

const GOOD: [(&str, &str); 31] = [
    ("http_req_duration: p(95)<500", "http_req_duration: p(95)<500"),
    ("http_req_duration p(95) < 500", "http_req_duration: p(95)<500"),
    (
        "  http_req_duration :p(99.9)<1.5s ",
        "http_req_duration: p(99.9)<1.5s",
    ),
    (
        "http_req_duration:p(99.9900)<=2",
        "http_req_duration: p(99.99)<=2",
    ),
    ("http_req_duration: p(0)>=1us", "http_req_duration: p(0)>=1us"),
    ("http_req_duration: avg<200", "http_req_duration: avg<200"),
    ("http_req_duration: med<=100ms", "http_req_duration: med<=100ms"),
    ("http_req_duration: min>1", "http_req_duration: min>1"),
    ("http_req_duration: max<1m", "http_req_duration: max<1m"),
    ("http_req_duration: count>100", "http_req_duration: count>100"),
    ("http_req_failed: rate<0.01", "http_req_failed: rate<0.01"),
    ("http_req_failed: rate<1%", "http_req_failed: rate<1%"),
    ("http_req_failed: rate===0", "http_req_failed: rate==0"),
    ("http_reqs: rate>99.5", "http_reqs: rate>99.5"),
    (
        "http_reqs{status:5xx}: count==0",
        "http_reqs{status:5xx}: count==0",
    ),
    (
        "http_reqs{ status : 0 }: count!=1",
        "http_reqs{status:0}: count!=1",
    ),
    (
        "http_reqs{status:1006}: count<1",
        "http_reqs{status:1006}: count<1",
    ),
    (
        "http_req_waiting{step:pay}: avg<50",
        "http_req_waiting{step:pay}: avg<50",
    ),
    (
        "http_req_duration{workflow:checkout,step:pay,name:GET /x,status:500}: p(95)<500",
        "http_req_duration{workflow:checkout,step:pay,name:GET /x,status:500}: p(95)<500",
    ),
    (
        "http_req_duration{name:GET /items/{id}}: p(95)<500",
        "http_req_duration{name:GET /items/{id}}: p(95)<500",
    ),
    (
        r#"http_req_duration{name:"a, \"b\" }"}: p(95)<500"#,
        r#"http_req_duration{name:"a, \"b\" }"}: p(95)<500"#,
    ),
    (
        r#"http_req_duration{step:""}: p(95)<500"#,
        r#"http_req_duration{step:""}: p(95)<500"#,
    ),
    (
        "http_req_duration{expected_response:true,method:GET}: p(95)<500",
        "http_req_duration{expected_response:true,method:GET}: p(95)<500",
    ),
    (
        "response_time: p(99)<1s over 30s",
        "response_time: p(99)<1s over 30s",
    ),
    (
        "response_time: p(99)<1s abort delay 10s over 30s",
        "response_time: p(99)<1s over 30s abort delay 10s",
    ),
    ("iterations: count>=1000", "iterations: count>=1000"),
    (
        "dropped_iterations: count<1 abort",
        "dropped_iterations: count<1 abort",
    ),
    ("iteration_dropped: rate<0.1%", "iteration_dropped: rate<0.1%"),
    (
        "checks{check:has a body}: rate>0.99",
        "checks{check:has a body}: rate>0.99",
    ),
    (
        "step_duration{workflow:buy,step:pay}: p(90)<2s",
        "step_duration{workflow:buy,step:pay}: p(90)<2s",
    ),
    (
        "metric{name:queue_depth}: value>-5",
        "metric{name:queue_depth}: value>-5",
    ),
];

const BAD: [(&str, &str); 45] = [
    (
        "",
        "the metric is missing: expected an expression such as http_req_duration: p(95)<500",
    ),
    ("<500", "the metric is missing"),
    (
        "p(95)<500",
        "the metric is missing: write http_req_duration: p(95)<500",
    ),
    ("rate<0.01", "the metric is missing: write http_req_duration: "),
    (
        "http_req_duraton: p(95)<500",
        "unknown metric `http_req_duraton`; did you mean `http_req_duration`?",
    ),
    ("chekcs: rate>0.9", "; did you mean `checks`?"),
    (
        "queue_depth: max<5",
        "expected one of http_req_duration, http_req_failed, http_reqs",
    ),
    (
        "queue_depth: max<5",
        "write metric{name:queue_depth} for a custom metric",
    ),
    ("group_duration: p(95)<500", "heavy calls it step_duration"),
    ("vus: value>5", "are not supported"),
    ("http_req_duration", "expected an aggregate before the end"),
    ("http_req_duration: <500", "expected an aggregate before `<500`"),
    (
        "http_req_duration: p95<500",
        "unknown aggregate `p95`: write p(95)",
    ),
    (
        "http_req_duration: median<500",
        "unknown aggregate `median`: expected one of avg, min, med",
    ),
    ("http_req_duration: p(95<500", "missing ) of the percentile"),
    ("http_req_duration: p(101)<500", "invalid percentile p(101)"),
    ("http_req_duration: p(99.99999)<500", "with at most 4 decimals"),
    ("http_req_duration: p(-5)<500", "invalid percentile p(-5)"),
    ("http_req_duration: p()<500", "invalid percentile p()"),
    (
        "http_req_duration: p(95)",
        "expected <, <=, >, >=, == or != before the end",
    ),
    ("http_req_duration: p(95)=500", "== or != before `=500`"),
    ("http_req_duration: p(95)<", "expected a number before the end"),
    ("http_req_duration: p(95)<fast", "expected a number before `fast`"),
    (
        "http_req_duration: p(95)<1.2.3",
        "expected a number before `1.2.3`",
    ),
    ("http_req_duration: p(95)<5 parsecs", "unexpected `parsecs`"),
    (
        "http_req_duration: p(95)<5min",
        "unknown unit `min`: expected ns, us, ms (the default), s, m or h",
    ),
    (
        "http_req_duration: p(95)<5%",
        "the metric is a time: write 500, 500ms or 1.5s",
    ),
    (
        "http_req_duration: p(95)<-5",
        "http_req_duration is never below 0",
    ),
    (
        "http_req_duration: rate<5",
        "http_req_duration has no rate, only avg, min, med, max, p(N) and count",
    ),
    ("http_req_waiting: p(95)<5", "only avg: phases are stored as sums"),
    (
        "http_req_failed: count<5",
        "http_req_failed has no count, only rate (a share from 0 to 1)",
    ),
    (
        "http_req_failed: rate<5",
        "a share is 0 to 1; write 0.05 or 5% for 5 in 100",
    ),
    (
        "http_req_failed: rate<1s",
        "the metric is a share: write 0.01 or 1%",
    ),
    ("http_reqs: count>1s", "it is a count: write a plain number"),
    (
        "http_req_duration{tenant:acme}: p(95)<5",
        "which have only workflow, step, name, method, status, error_kind, expected_response and no tags",
    ),
    (
        "http_req_duration{scenario:api}: p(95)<5",
        "heavy calls it workflow",
    ),
    (
        "checks{step:pay}: rate>0.9",
        "checks has no key step, only workflow, check",
    ),
    ("http_req_duration{status:OK}: p(95)<5", "invalid status `OK`"),
    ("http_reqs{status:65536}: count<1", "invalid status `65536`"),
    ("http_req_duration{step:a,step:b}: p(95)<5", "duplicate step"),
    ("http_req_duration{step:pay: p(95)<5", "missing } after the keys"),
    ("metric: value<5", "the name of the custom metric is missing"),
    ("http_req_duration: p(95)<5 over 500ms", "expected whole seconds"),
    (
        "http_req_duration: p(95)<5 delay 10s",
        "delay requires abort or over",
    ),
    (
        "http_reqs: count>100 abort",
        "a count starts at 0, so count>100 would stop the load at once",
    ),
];

const MORE_BAD: [(&str, &str); 10] = [
    (
        "http_req_duration{}: p(95)<5",
        "expected a key before `}: p(95)<5`",
    ),
    (
        "http_req_duration{step}: p(95)<5",
        "step has no value: write step:VALUE",
    ),
    ("http_req_duration{step:}: p(95)<5", "missing value: write \"\""),
    (
        r#"http_req_duration{step:"a}: p(95)<5"#,
        "at the end of a quoted value",
    ),
    (
        r#"http_req_duration{step:"a" b}: p(95)<5"#,
        "expected a comma or } before",
    ),
    (
        "http_req_duration{expected_response:yes}: p(95)<5",
        "invalid expected_response `yes`: expected true or false",
    ),
    (
        "http_req_duration: p(95)<5 over 11m",
        "over 11m exceeds the longest window, 10m",
    ),
    ("http_req_duration: p(95)<5 over", "over: invalid duration ``"),
    ("http_req_duration: p(95)<5 abort abort", "duplicate abort"),
    (
        "metric{name:depth}: max<5ms",
        "units of their own: write a plain number",
    ),
];

#[test]
fn good_expressions_have_one_text_each() {
    for (text, shown) in GOOD {
        match text.parse::<Threshold>() {
            Ok(threshold) => assert_eq!(threshold.to_string(), shown, "{text}"),
            Err(error) => panic!("{text}: {error}"),
        }
    }
}

#[test]
fn bad_expressions_say_what_would_be_right() {
    for (text, part) in BAD.iter().chain(&MORE_BAD) {
        let said = match text.parse::<Threshold>() {
            Ok(threshold) => panic!("{text}: understood as {threshold}"),
            Err(error) => error.to_string(),
        };
        assert!(said.contains(part), "{text}: {said}");
    }
    let long = format!("http_req_duration{{name:{}}}: p(95)<5", "x".repeat(1000));
    assert_eq!(
        long.parse::<Threshold>().unwrap_err().to_string(),
        "a threshold has at most 1000 bytes"
    );
}

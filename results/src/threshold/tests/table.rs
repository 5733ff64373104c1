//! Expressions, good ones with their text in full, bad ones with what is said of them.

use crate::threshold::Threshold;

const GOOD: [(&str, &str); 30] = [
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

const BAD: [(&str, &str); 44] = [
    (
        "",
        "it names no metric: write it as in http_req_duration: p(95)<500",
    ),
    ("<500", "it names no metric"),
    (
        "p(95)<500",
        "it does not say of which metric: write http_req_duration: p(95)<500",
    ),
    ("rate<0.01", "it does not say of which metric"),
    (
        "http_req_duraton: p(95)<500",
        "there is no metric \"http_req_duraton\": did you mean http_req_duration?",
    ),
    ("chekcs: rate>0.9", "did you mean checks?"),
    (
        "queue_depth: max<5",
        "there are http_req_duration, http_req_failed, http_reqs",
    ),
    (
        "queue_depth: max<5",
        "one of the load test's own is written metric{name:queue_depth}",
    ),
    ("group_duration: p(95)<500", "heavy calls it step_duration"),
    ("vus: value>5", "no threshold can be set on it"),
    (
        "http_req_duration",
        "what is to be compared is missing before the end",
    ),
    (
        "http_req_duration: <500",
        "what is to be compared is missing before \"<500\"",
    ),
    ("http_req_duration: p95<500", "p95 is written p(95)"),
    (
        "http_req_duration: median<500",
        "there is no \"median\" of values: there are avg, min, med",
    ),
    (
        "http_req_duration: p(95<500",
        "the ) of the percentile is missing",
    ),
    ("http_req_duration: p(101)<500", "p(101) is no percentile"),
    ("http_req_duration: p(99.99999)<500", "with at most 4 decimals"),
    ("http_req_duration: p(-5)<500", "p(-5) is no percentile"),
    ("http_req_duration: p()<500", "p() is no percentile"),
    (
        "http_req_duration: p(95)",
        "a comparison is missing before the end",
    ),
    (
        "http_req_duration: p(95)=500",
        "a comparison is missing before \"=500\"",
    ),
    ("http_req_duration: p(95)<", "a number is missing before the end"),
    (
        "http_req_duration: p(95)<fast",
        "a number is missing before \"fast\"",
    ),
    (
        "http_req_duration: p(95)<1.2.3",
        "a number is missing before \"1.2.3\"",
    ),
    (
        "http_req_duration: p(95)<5 parsecs",
        "\"parsecs\" is not understood",
    ),
    (
        "http_req_duration: p(95)<5min",
        "\"min\" is no unit: times have ns, us, ms, s, m and h",
    ),
    (
        "http_req_duration: p(95)<5%",
        "it is a time: write it as in 500, 500ms or 1.5s",
    ),
    (
        "http_req_duration: p(95)<-5",
        "http_req_duration is never below 0",
    ),
    (
        "http_req_duration: rate<5",
        "http_req_duration has no rate, only avg, min, med, max, p(N) and count",
    ),
    (
        "http_req_waiting: p(95)<5",
        "only avg: phases are rolled up as sums",
    ),
    (
        "http_req_failed: count<5",
        "http_req_failed has no count, only rate (a share from 0 to 1)",
    ),
    (
        "http_req_failed: rate<5",
        "a share is from 0 to 1; write 5 in a hundred as 0.05 or 5%",
    ),
    (
        "http_req_failed: rate<1s",
        "it is a share: write it as in 0.01 or 1%",
    ),
    ("http_reqs: count>1s", "it is counted: write a plain number"),
    (
        "http_req_duration{tenant:acme}: p(95)<5",
        "which keep workflow, step, name, method, status, error_kind, expected_response apart and no tags",
    ),
    (
        "http_req_duration{scenario:api}: p(95)<5",
        "heavy calls it workflow",
    ),
    (
        "checks{step:pay}: rate>0.9",
        "checks cannot be restricted by step, only by workflow, check",
    ),
    ("http_req_duration{status:OK}: p(95)<5", "\"OK\" is no status"),
    ("http_req_duration{step:a,step:b}: p(95)<5", "step is there twice"),
    (
        "http_req_duration{step:pay: p(95)<5",
        "the } after the restrictions is missing",
    ),
    (
        "metric: value<5",
        "it does not say which metric of the load test's own",
    ),
    (
        "http_req_duration: p(95)<5 over 500ms",
        "it has to be whole seconds",
    ),
    (
        "http_req_duration: p(95)<5 delay 10s",
        "delay says when abort or windows begin",
    ),
    (
        "http_reqs: count>100 abort",
        "a count grows, so that count>100 does not hold until it is reached",
    ),
];

const MORE_BAD: [(&str, &str); 10] = [
    (
        "http_req_duration{}: p(95)<5",
        "a key is missing before \"}: p(95)<5\"",
    ),
    (
        "http_req_duration{step}: p(95)<5",
        "step has no value: write step:VALUE",
    ),
    (
        "http_req_duration{step:}: p(95)<5",
        "a value is missing: write \"\"",
    ),
    (
        r#"http_req_duration{step:"a}: p(95)<5"#,
        "a quoted value does not end",
    ),
    (
        r#"http_req_duration{step:"a" b}: p(95)<5"#,
        "a comma or } is missing before",
    ),
    (
        "http_req_duration{expected_response:yes}: p(95)<5",
        "expected_response is true or false",
    ),
    ("http_req_duration: p(95)<5 over 11m", "windows go up to 10m"),
    ("http_req_duration: p(95)<5 over", "over \"\" is not a duration"),
    ("http_req_duration: p(95)<5 abort abort", "abort is there twice"),
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
        "it is longer than 1000 bytes"
    );
}

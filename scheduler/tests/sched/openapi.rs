//! The description of the JSON API against the API itself: every operation answers as described.

use std::collections::BTreeSet;

use heavy_proto::v1::AssignmentState;
use heavy_results::job::{JobSpec, JobState, Provenance};
use heavy_testkit::http::{self, Response};
use serde_json::Value;

use crate::agent::Agent;
use crate::world::World;

async fn ask(world: &World, method: &str, path: &str, body: &str) -> Response {
    let (addr, method, path, body) = (world.addr, method.to_owned(), path.to_owned(), body.to_owned());
    tokio::task::spawn_blocking(move || http::send(addr, &method, &path, &body).unwrap())
        .await
        .unwrap()
}

/// What does not fit a schema, as far as the description uses JSON Schema.
fn misfit(document: &Value, schema: &Value, value: &Value, at: &str) -> Option<String> {
    if let Some(name) = schema["$ref"].as_str() {
        let pointer = name.strip_prefix('#').unwrap();
        return misfit(document, document.pointer(pointer).unwrap(), value, at);
    }
    if let Some(choices) = schema["oneOf"].as_array() {
        let fits = choices
            .iter()
            .filter(|choice| misfit(document, choice, value, at).is_none())
            .count();
        return (fits != 1).then(|| format!("{at} fits {fits} choices: {value}"));
    }
    if let Some(choices) = schema["anyOf"].as_array() {
        let misfits: Vec<_> = choices
            .iter()
            .filter_map(|choice| misfit(document, choice, value, at))
            .collect();
        return (misfits.len() == choices.len()).then(|| misfits.join("; "));
    }
    if let Some(choices) = schema["enum"].as_array() {
        return (!choices.contains(value)).then(|| format!("{at} is no choice: {value}"));
    }
    let fits = match schema["type"].as_str() {
        None => true,
        Some("string") => value.is_string(),
        Some("integer") => value.is_i64() || value.is_u64(),
        Some("number") => value.is_number(),
        Some("boolean") => value.is_boolean(),
        Some("null") => value.is_null(),
        Some("array") => value.is_array(),
        Some("object") => value.is_object(),
        Some(other) => panic!("{at}: the schema has the unknown type {other}"),
    };
    if !fits {
        return Some(format!("{at} is not of the type {}: {value}", schema["type"]));
    }
    let items = value.as_array().into_iter().flatten();
    if let Some(wrong) = items
        .into_iter()
        .find_map(|item| misfit(document, &schema["items"], item, at))
    {
        return Some(wrong);
    }
    let object = value.as_object()?;
    let required = schema["required"].as_array().into_iter().flatten();
    for name in required.filter_map(Value::as_str) {
        if !object.contains_key(name) {
            return Some(format!("{at} lacks {name}"));
        }
    }
    object.iter().find_map(|(name, value)| {
        let at = format!("{at}.{name}");
        match (&schema["properties"][name], &schema["additionalProperties"]) {
            (Value::Null, Value::Bool(false)) => Some(format!("{at} is not described")),
            (Value::Null, Value::Null) => None,
            (Value::Null, schema) | (schema, _) => misfit(document, schema, value, &at),
        }
    })
}

fn check(document: &Value, operation: &Value, response: &Response) {
    let name = &operation["operationId"];
    let described = &operation["responses"][response.status.to_string()];
    assert!(
        described.is_object(),
        "{name}: {} is not described",
        response.status
    );
    let Some((kind, content)) = described["content"]
        .as_object()
        .and_then(|content| content.iter().next())
    else {
        assert_eq!(response.body, b"", "{name}");
        return;
    };
    let head = response.head.to_lowercase();
    assert!(head.contains(&format!("content-type: {kind}")), "{name}: {head}");
    let documents: Vec<Value> = if kind == "text/event-stream" {
        let data = response
            .text()
            .lines()
            .filter_map(|line| line.strip_prefix("data: "));
        data.map(|data| serde_json::from_str(data).unwrap()).collect()
    } else {
        vec![serde_json::from_str(response.text()).unwrap()]
    };
    assert!(!documents.is_empty(), "{name}");
    for value in documents {
        assert_eq!(
            misfit(document, &content["schema"], &value, name.as_str().unwrap()),
            None
        );
    }
}

/// Job documents as clients write them, each with the fields that it adds to a minimal one.
const DOCUMENTS: [&str; 6] = [
    r#""rate":"50","stages":["10s:100","1m:6000/m","0s:0"],"arrivals":"poisson","seed":7,"warm_up":"5s""#,
    r#""users":5,"iterations":100,"pacing":"500ms","duration":"1m""#,
    r#""users":"30s:100,1m:100","on":{"region":"eu"},"weights":"cores","replace":true,"allow_invalid":true,"traceparent":true"#,
    r#""users":4,"iterations_per_user":3,"workflows":["browse",{"name":"buy","weight":3,"params":{}}]"#,
    r#""unique_users":10,"rate":"1","timeout":"1s","agents":1,"thresholds":["http_reqs: rate>1"],"provenance":{"arguments":["a"]}"#,
    r#""testType":"session","attackDuration":"10m","numMessages":30,"per":"1m","labels":[["team","ingest"]]"#,
];

/// What a workflow may have of its own.
const WORKFLOWS: &str = r#"{"binary_sha256":"HASH","workflows":[
    {"name":"a","start":"10s","rate":"5","stages":["1s:5"],"arrivals":"poisson"},
    {"name":"b","users":2,"iterations":5,"pacing":"1s","duration":"1m"},
    {"name":"c","users":"1s:5"},
    {"name":"d","iterations_per_user":1}]}"#;

#[test]
fn job_documents_are_described() {
    let document: Value = serde_json::from_str(include_str!("../../src/api/openapi.json")).unwrap();
    let body = "/paths/~1api~1v1~1jobs/post/requestBody/content/application~1json/schema";
    let (asked, spec) = (
        document.pointer(body).unwrap(),
        &document["components"]["schemas"]["JobSpec"],
    );
    let hash = "a".repeat(64);
    let whole = |rest: &str| format!(r#"{{"binary_sha256":"{hash}",{rest}}}"#);
    let mut fields: BTreeSet<String> = BTreeSet::new();
    for text in DOCUMENTS
        .map(whole)
        .into_iter()
        .chain([WORKFLOWS.replace("HASH", &hash)])
    {
        let written: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(misfit(&document, asked, &written, "a job"), None);
        let kept = serde_json::to_value(JobSpec::parse(&text).unwrap()).unwrap();
        assert_eq!(misfit(&document, spec, &kept, "JobSpec"), None);
        fields.extend(kept.as_object().unwrap().keys().cloned());
    }
    let described: BTreeSet<String> = spec["properties"].as_object().unwrap().keys().cloned().collect();
    assert_eq!(fields, described);
    for (schema, rest) in [(spec, r#""rate":5"#), (asked, r#""numMessages":"5""#)] {
        let wrong: Value = serde_json::from_str(&whole(rest)).unwrap();
        assert!(misfit(&document, schema, &wrong, "a job").is_some(), "{rest}");
    }
}

/// What there is to tell a running job.
async fn change_a_running_job(world: &World, a: &mut Agent, document: &Value, spec: JobSpec) {
    let duration = Some(heavy_load::span::Span::from_s(600));
    let job = world.submit(&JobSpec { duration, ..spec }).await;
    a.assigned().await;
    a.say(job, AssignmentState::Prepared).await;
    a.started().await;
    a.say(job, AssignmentState::Running).await;
    world.in_state(job, JobState::Running).await;
    for (what, body) in [
        ("rate", r#"{"rate":"500"}"#),
        ("rate", r#"{"rate":"+10%"}"#),
        ("pause", ""),
        ("resume", ""),
        ("params", r#"{"n":1}"#),
    ] {
        let response = ask(world, "POST", &format!("/api/v1/jobs/{job}/{what}"), body).await;
        assert_eq!(response.status, 200, "{what}: {}", response.text());
        let operation = &document["paths"][format!("/api/v1/jobs/{{job}}/{what}")]["post"];
        check(document, operation, &response);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_answers_as_described() {
    let world = World::new().await;
    let served = ask(&world, "GET", "/api/v1/openapi.json", "").await;
    let document: Value = serde_json::from_str(served.text()).unwrap();
    let mut a = Agent::connect(&world, "a").await;
    let spec = world.spec().await;
    let job = world.submit(&spec).await;
    a.run_well(&*world.store, 100).await;
    world.ended(job).await;
    let (hash, unknown) = (spec.binary_sha256.clone(), "0".repeat(64));
    change_a_running_job(&world, &mut a, &document, spec.clone()).await;
    // No two agents are there: what is submitted stays in the queue.
    let spec = serde_json::to_string(&JobSpec {
        agents: Some(2),
        provenance: Provenance {
            arguments: vec!["heavy".to_owned(), "submit".to_owned()],
            git_commit: "a".repeat(40),
            ..Provenance::default()
        },
        ..spec
    })
    .unwrap();
    let job = job.to_string();
    let mut seen = 0;
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            seen += 1;
            let method = method.to_uppercase();
            let body = match operation["operationId"].as_str().unwrap() {
                "submitJob" => spec.as_str(),
                "uploadArtifact" => "x",
                "changeRate" => r#"{"rate":"5"}"#,
                "changeParams" => "{}",
                "saveConfig" => r#"{"rate":"5","duration":"3s"}"#,
                "checkJob" => r#"{"thresholds":["http_reqs: rate>1 over 1s","checks: rate>0.5"]}"#,
                _ => "",
            };
            for (job, hash, config) in [
                (job.as_str(), hash.as_str(), "nightly"),
                ("00000000", "x", "no-such"),
                ("no-job", unknown.as_str(), ".hidden"),
            ] {
                let path = path.replace("{job}", job).replace("{sha256}", hash);
                let path = path.replace("{config}", config);
                let response = ask(&world, &method, &path, body).await;
                check(&document, operation, &response);
            }
        }
    }
    assert_eq!(seen, 19);
}

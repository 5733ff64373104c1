//! The description of the JSON API against the API itself: every operation answers as described.

use std::collections::BTreeSet;

use heavy_api::error::ApiErrorKind;
use heavy_api::operation::IDS;
use heavy_results::job::{JobSpec, Provenance, RunSpec};
use heavy_testkit::Schema;
use heavy_testkit::http::{self, RawResponse};
use serde_json::Value;

use crate::agent::Agent;
use crate::world::World;

async fn ask(world: &World, method: &str, path: &str, body: &str) -> RawResponse {
    let (addr, method, path, body) = (world.addr, method.to_owned(), path.to_owned(), body.to_owned());
    tokio::task::spawn_blocking(move || http::send(addr, &method, &path, &body).unwrap())
        .await
        .unwrap()
}

/// What of a document does not fit a schema of the description.
fn misfits(document: &Value, schema: &Value, value: &Value) -> Vec<String> {
    Schema::of_openapi(document, schema).problems(value)
}

fn check(document: &Value, operation: &Value, response: &RawResponse) {
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
        assert_eq!(misfits(document, &content["schema"], &value), [""; 0], "{name}");
    }
}

/// Job documents as clients write them, each with the fields that it adds to a minimal one.
const DOCUMENTS: [&str; 6] = [
    r#""rate":"50","stages":["10s:100","1m:6000/m","0s:0"],"arrivals":"poisson","seed":7,"warm_up":"5s""#,
    r#""users":5,"iterations":100,"pacing":"500ms","duration":"1m""#,
    r#""users":"30s:100,1m:100","on":{"region":"eu"},"weights":"cores","replace":true,"allow_invalid":true,"traceparent":true"#,
    r#""users":4,"iterations_per_user":3,"workflows":["browse",{"name":"buy","weight":3,"params":{}}]"#,
    r#""unique_users":10,"rate":"1","timeout":"1s","agents":1,"thresholds":["http_reqs: rate>1"],"provenance":{"arguments":["a"]},"files":[{"path":"a/b.csv","sha256":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","size":1}]"#,
    r#""testType":"session","attackDuration":"10m","numMessages":30,"per":"1m","labels":[["team","ingest"]]"#,
];

/// What a workflow may have of its own.
const WORKFLOWS: &str = r#"{"binary_sha256":"HASH","workflows":[
    {"name":"a","start":"10s","rate":"5","stages":["1s:5"],"arrivals":"poisson"},
    {"name":"b","users":2,"iterations":5,"pacing":"1s","duration":"1m"},
    {"name":"c","users":"1s:5"},
    {"name":"d","iterations_per_user":1}]}"#;

async fn description(world: &World) -> Value {
    let served = ask(world, "GET", "/api/v1/openapi.json", "").await;
    serde_json::from_str(served.text()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn job_documents_are_described() {
    let document = description(&World::new().await).await;
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
        assert_eq!(misfits(&document, asked, &written), [""; 0]);
        let kept = serde_json::to_value(JobSpec::from_client(&text).unwrap()).unwrap();
        assert_eq!(misfits(&document, spec, &kept), [""; 0]);
        fields.extend(kept.as_object().unwrap().keys().cloned());
    }
    let described: BTreeSet<String> = spec["properties"].as_object().unwrap().keys().cloned().collect();
    assert_eq!(fields, described);
    for (schema, rest) in [(spec, r#""rate":5"#), (asked, r#""numMessages":"5""#)] {
        let wrong: Value = serde_json::from_str(&whole(rest)).unwrap();
        assert!(!misfits(&document, schema, &wrong).is_empty(), "{rest}");
    }
}

/// What there is to tell a running job.
async fn change_a_running_job(world: &World, a: &mut Agent, document: &Value, spec: JobSpec) {
    let job = a.run_long(world, spec).await;
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
    let document = description(&world).await;
    let mut a = Agent::connect(&world, "a").await;
    let spec = world.spec().await;
    let job = world.submit(&spec).await;
    a.run_well(&*world.store, 100).await;
    world.ended(job).await;
    let (hash, unknown) = (spec.binary_sha256.clone(), "0".repeat(64));
    change_a_running_job(&world, &mut a, &document, spec.clone()).await;
    // No two agents are there: what is submitted stays in the queue.
    let spec = serde_json::to_string(&JobSpec {
        run: RunSpec {
            agents: Some(2),
            ..spec.run
        },
        provenance: Provenance {
            arguments: vec!["heavy".to_owned(), "submit".to_owned()],
            git_commit: "a".repeat(40),
            ..Provenance::default()
        },
        ..spec
    })
    .unwrap();
    let job = job.to_string();
    // What deletes comes last, so that the others have a job to answer for.
    for deletes in [false, true] {
        for (method, path, name) in operations(&document) {
            if deletes != ["deleteJob", "pruneJobs"].contains(&name.as_str()) {
                continue;
            }
            let operation = &document["paths"][&path][method.to_lowercase()];
            let body = match name.as_str() {
                "submitJob" => spec.as_str(),
                "uploadArtifact" => "x",
                "changeRate" => r#"{"rate":"5"}"#,
                "changeParams" => "{}",
                "saveConfig" => r#"{"rate":"5","duration":"3s"}"#,
                "pruneJobs" => r#"{"older_than":"30d","rows_only":true}"#,
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
}

/// The operations of the description: method, path and name.
fn operations(document: &Value) -> Vec<(String, String, String)> {
    let mut all = Vec::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let name = operation["operationId"].as_str().unwrap().to_owned();
            all.push((method.to_uppercase(), path.clone(), name));
        }
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_is_served_and_documented() {
    let document = description(&World::new().await).await;
    let operations = operations(&document);
    let served: BTreeSet<&str> = operations.iter().map(|(_, _, name)| name.as_str()).collect();
    assert_eq!(served, IDS.iter().copied().collect());
    let page = include_str!("../../../docs/http-api.md");
    for (method, path, name) in &operations {
        let row = format!("| `{method} {path}");
        let row = page.lines().find(|line| line.starts_with(&row));
        let row = row.unwrap_or_else(|| panic!("docs/http-api.md has no row of {name}"));
        let asks = &document["paths"][path][method.to_lowercase()]["description"];
        let asks = asks.as_str().and_then(|asks| {
            let role = asks.strip_prefix("Requires the role ")?;
            role.strip_suffix('.')
        });
        let role = format!("| {} |", asks.unwrap_or("none"));
        assert!(
            row.ends_with(&role),
            "docs/http-api.md does not end with {role}: {row}"
        );
    }
    for kind in ApiErrorKind::all() {
        let (status, name) = (kind.status(), kind.as_str());
        let row = page
            .lines()
            .find(|line| line.starts_with(&format!("| {status} |")));
        let named = row.is_some_and(|row| row.contains(&format!("`{name}`")));
        assert!(
            named,
            "docs/http-api.md does not list {name} with status {status}"
        );
    }
}

#[test]
fn operations_are_routed_in_one_place() {
    let api = concat!(env!("CARGO_MANIFEST_DIR"), "/src/api");
    for file in std::fs::read_dir(api).unwrap().map(|entry| entry.unwrap().path()) {
        let text = std::fs::read_to_string(&file).unwrap();
        let routes = file.ends_with("routes.rs");
        assert!(
            routes || !text.contains(".route("),
            "{}: route it in routes.rs",
            file.display()
        );
    }
}

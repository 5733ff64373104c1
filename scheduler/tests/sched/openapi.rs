//! The description of the JSON API against the API itself: every operation answers as described.

use heavy_model::job::JobSpec;
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

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_answers_as_described() {
    let world = World::new().await;
    let served = ask(&world, "GET", "/api/v1/openapi.json", "").await;
    let document: Value = serde_json::from_str(served.text()).unwrap();
    let mut a = Agent::connect(&world, "a").await;
    let spec = world.spec().await;
    let full = JobSpec {
        timeout: Some(heavy_model::span::Span::from_s(1)),
        agents: Some(1),
        labels: [("k".to_owned(), "v".to_owned())].into(),
        ..spec.clone()
    };
    let full = serde_json::to_value(&full).unwrap();
    let described = &document["components"]["schemas"]["JobSpec"];
    assert_eq!(misfit(&document, described, &full, "JobSpec"), None);
    let fields: Vec<_> = full.as_object().unwrap().keys().collect();
    let known: Vec<_> = described["properties"].as_object().unwrap().keys().collect();
    assert_eq!(fields.len(), known.len(), "{fields:?} {known:?}");

    let job = world.submit(&spec).await;
    a.run_well(&*world.store, 100).await;
    world.ended(job).await;
    let (hash, unknown) = (spec.binary_sha256.clone(), "0".repeat(64));
    // No two agents are there: what is submitted stays in the queue.
    let spec = serde_json::to_string(&JobSpec {
        agents: Some(2),
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
                _ => "",
            };
            for (job, hash) in [
                (job.as_str(), hash.as_str()),
                ("00000000", "x"),
                ("no-job", unknown.as_str()),
            ] {
                let path = path.replace("{job}", job).replace("{sha256}", hash);
                let response = ask(&world, &method, &path, body).await;
                check(&document, operation, &response);
            }
        }
    }
    assert_eq!(seen, 10);
}

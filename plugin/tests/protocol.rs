//! `docs/protocol.md` against the code: every JSON block of it is what this crate reads and writes.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

use heavy_plugin::hello::Hello;
use heavy_plugin::line::Line;
use heavy_plugin::rpc::{IterationNumbers, LoadTestRequest, LoadTestResponse};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

const DOCUMENT: &str = include_str!("../../docs/protocol.md");

fn blocks(kind: &str) -> Vec<&'static str> {
    let blocks: Vec<_> = DOCUMENT
        .split("\n```json ")
        .skip(1)
        .filter_map(|block| block.split_once('\n'))
        .filter(|(of, _)| *of == kind)
        .filter_map(|(_, rest)| rest.split_once("\n```").map(|(json, _)| json))
        .collect();
    assert!(!blocks.is_empty(), "no block of {kind}");
    blocks
}

fn same<T: DeserializeOwned + Serialize>(json: &str) {
    let read: T = serde_json::from_str(json).unwrap_or_else(|error| panic!("{error}: {json}"));
    let mut written = serde_json::to_value(&read).unwrap();
    let mut documented: Value = serde_json::from_str(json).unwrap();
    // The deadline is relative on the wire, so it has shrunk since it was read.
    for value in [&mut written, &mut documented] {
        if let Some(deadline) = value.pointer_mut("/Request/context/deadline") {
            *deadline = Value::Null;
        }
    }
    assert_eq!(written, documented);
}

#[test]
fn every_call_and_every_answer_is_documented_as_it_is() {
    blocks("agent")
        .into_iter()
        .for_each(same::<tarpc::ClientMessage<LoadTestRequest>>);
    blocks("load-test")
        .into_iter()
        .for_each(same::<tarpc::Response<LoadTestResponse>>);
    for call in ["Describe", "Split", "Prepare", "Run", "Params", "Stop", "Cleanup"] {
        let marker = format!("\"message\":{{\"{call}\":");
        assert!(
            blocks("agent").iter().any(|block| block.contains(&marker)),
            "{call} has no request"
        );
        let marker = format!("{{\"Ok\":{{\"{call}\":");
        assert!(
            blocks("load-test").iter().any(|block| block.contains(&marker)),
            "{call} has no answer"
        );
    }
}

/// What the calls of one kind have at this place.
fn parts(call: &str, pointer: &str) -> Vec<Value> {
    let requests = blocks("agent").into_iter().map(|block| {
        let request: Value = serde_json::from_str(block).unwrap();
        request["Request"]["message"][call].clone()
    });
    requests
        .filter_map(|message| message.pointer(pointer).cloned())
        .collect()
}

#[test]
fn users_and_identities_are_documented() {
    let workflows: Vec<Value> = parts("Prepare", "/setup/workflows")
        .into_iter()
        .flat_map(|workflows| workflows.as_array().unwrap().clone())
        .collect();
    for field in ["closed", "identities"] {
        assert!(
            workflows.iter().any(|workflow| workflow.get(field).is_some()),
            "{field}"
        );
    }
    for field in ["/release/due", "/release/users"] {
        assert_eq!(parts("Run", field).len(), 1, "{field}");
    }
    let mut numbers = workflows
        .iter()
        .filter_map(|workflow| workflow.pointer("/closed/numbers"));
    let numbers: IterationNumbers = serde_json::from_value(numbers.next().unwrap().clone()).unwrap();
    let first: Vec<String> = (0..5).map(|k| numbers.nth(k).to_string()).collect();
    assert!(DOCUMENT.contains(&first.join(", ")), "{first:?}");
}

#[test]
fn every_line_is_a_result_and_the_hello_a_hello() {
    for line in blocks("line") {
        Line::decode(line.as_bytes()).unwrap_or_else(|reason| panic!("{}: {line}", reason.as_str()));
    }
    assert!(
        blocks("hello")
            .into_iter()
            .all(|line| Hello::parse(line.as_bytes()).is_some())
    );
}

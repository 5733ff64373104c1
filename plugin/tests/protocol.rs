//! `docs/protocol.md` against the code: every JSON block of it is what this crate reads and writes.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

use heavy_plugin::hello::Hello;
use heavy_plugin::line::Line;
use heavy_plugin::rpc::{LoadTestRequest, LoadTestResponse};
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

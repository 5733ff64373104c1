//! From describe to the end of the process.

use std::time::Duration;

use heavy_plugin::rpc::Release;
use heavy_sdk::http::monotonic_ns;
use serde_json::{Value, json};

use crate::child::{Child, deadline};
use crate::target;

#[tokio::test]
async fn it_describes_its_workflows() {
    let child = Child::spawn();
    let description = child.client.describe(deadline()).await.unwrap();
    let names: Vec<_> = description
        .workflows
        .iter()
        .map(|workflow| &*workflow.name)
        .collect();
    assert_eq!(
        names,
        [
            "noisy",
            "panics",
            "fails",
            "slow",
            "thinker",
            "visitor",
            "stateful",
            "shopper",
            "sampler",
            "chatter",
            "never-ready"
        ]
    );
    let splits: Vec<_> = description
        .workflows
        .iter()
        .filter(|workflow| workflow.splits)
        .collect();
    let splits: Vec<_> = splits.iter().map(|workflow| &*workflow.name).collect();
    assert_eq!(splits, ["slow", "chatter"]);
    assert!(child.leave().await.status.success());
}

#[tokio::test]
async fn an_unknown_workflow_is_answered_by_the_known_ones() {
    let child = Child::spawn();
    let setup = child.setup("buy", json!(null));
    let failure = child
        .client
        .prepare(deadline(), setup)
        .await
        .unwrap()
        .unwrap_err();
    assert_eq!(failure.kind, "unknown-workflow");
    assert!(
        failure.message.contains("`buy`") && failure.message.contains("noisy, panics"),
        "{failure}"
    );
    // The agent may try again.
    let setup = child.setup("noisy", json!(null));
    child.client.prepare(deadline(), setup).await.unwrap().unwrap();
    child.finish().await;
}

#[tokio::test]
async fn calls_out_of_order_are_refused() {
    let child = Child::spawn();
    let release = Release {
        workflow: "noisy".to_owned(),
        due: Vec::new(),
        ..Release::default()
    };
    let failure = child.client.run(deadline(), release).await.unwrap().unwrap_err();
    assert_eq!(failure.kind, "not-prepared");
    let setup = child.setup("noisy", json!(null));
    child
        .client
        .prepare(deadline(), setup.clone())
        .await
        .unwrap()
        .unwrap();
    let failure = child
        .client
        .prepare(deadline(), setup)
        .await
        .unwrap()
        .unwrap_err();
    assert_eq!(failure.kind, "already-prepared");
    let release = Release {
        workflow: "slow".to_owned(),
        due: Vec::new(),
        ..Release::default()
    };
    let failure = child.client.run(deadline(), release).await.unwrap().unwrap_err();
    assert_eq!(failure.kind, "not-prepared");
    child.finish().await;
}

#[tokio::test]
async fn a_failed_init_is_told() {
    let child = Child::spawn();
    let setup = child.setup("never-ready", json!(null));
    let failure = child
        .client
        .prepare(deadline(), setup)
        .await
        .unwrap()
        .unwrap_err();
    assert_eq!(failure.kind, "init");
    assert_eq!(
        failure.message,
        "init of \"never-ready\": the licence has expired"
    );
    child.leave().await;
}

#[tokio::test]
async fn a_splitter_divides_params() {
    let child = Child::spawn();
    let split =
        |workflow: &str, params: Value| child.client.split(deadline(), workflow.to_owned(), params, 3);
    let parts = split("slow", json!({"total": 30})).await.unwrap().unwrap();
    assert_eq!(
        parts,
        [json!({"from": 0}), json!({"from": 10}), json!({"from": 20})]
    );
    let failure = split("slow", json!({})).await.unwrap().unwrap_err();
    assert_eq!(
        (&*failure.kind, &*failure.message),
        ("splitter", "the param `total`")
    );
    assert_eq!(
        split("noisy", json!({})).await.unwrap().unwrap_err().kind,
        "splitter"
    );
    child.leave().await;
}

#[tokio::test]
async fn a_stop_withdraws_what_is_not_due_and_refuses_more() {
    let child = Child::prepared("panics", json!(null)).await;
    let later_ns = monotonic_ns() - child.anchor.monotonic_ns + 3_600_000_000_000;
    child
        .release("panics", (0..5).map(|n| (n, later_ns + n)).collect())
        .await;
    let stopped = child.stop(Duration::from_secs(10)).await;
    assert_eq!((stopped.withdrawn, stopped.interrupted), (5, 0));
    let release = Release {
        workflow: "panics".to_owned(),
        due: vec![(9, 0)],
        ..Release::default()
    };
    let accepted = child.client.run(deadline(), release).await.unwrap().unwrap();
    assert_eq!(accepted.accepted, 0);
    let left = child.finish().await;
    assert_eq!(left.lines.len(), 1, "only the hello: {:?}", left.lines);
}

#[tokio::test]
async fn the_end_of_grace_cuts_off_what_runs() {
    let (target, url) = target::start();
    let child = Child::prepared("slow", json!({"url": format!("{url}/hang")})).await;
    child.run_now("slow", 3).await;
    child.running("slow", 3).await;
    let asked = || target.stats().requests;
    while asked() < 3 {
        tokio::task::yield_now().await;
    }
    let stopped = child.stop(Duration::ZERO).await;
    assert_eq!(stopped.interrupted, 3);
    let left = child.leave().await;
    assert!(
        left.iterations()
            .iter()
            .all(|line| line.interrupted && !line.ok && !line.steps[0].ok)
    );
    let kinds: Vec<_> = left
        .requests()
        .iter()
        .map(|line| line.error_kind.to_string())
        .collect();
    assert_eq!(kinds, ["interrupted"; 3]);
}

#[tokio::test]
async fn it_exits_when_the_agent_is_gone_whatever_runs() {
    let child = Child::prepared("slow", json!({"ms": 3_600_000})).await;
    child.run_now("slow", 2).await;
    child.running("slow", 2).await;
    let left = child.leave().await;
    assert!(left.status.success());
    assert_eq!(
        left.iterations().iter().filter(|line| line.interrupted).count(),
        2
    );
}

#[tokio::test]
async fn new_params_are_for_the_iterations_after_them() {
    let child = Child::prepared("fails", json!({"number": 3})).await;
    child.run_now("fails", 1).await;
    child.wait_for_line("3 is not 7");
    child
        .client
        .params(deadline(), json!({"number": 7}))
        .await
        .unwrap()
        .unwrap();
    let now_ns = monotonic_ns() - child.anchor.monotonic_ns;
    child.release("fails", vec![(1, now_ns), (2, now_ns)]).await;
    let left = child.finish().await;
    let outcomes: Vec<_> = left.iterations().iter().map(|line| line.ok).collect();
    assert_eq!(outcomes, [false, true, true]);
}

//! What iterations say about themselves.

use std::collections::{BTreeMap, BTreeSet};

use heavy_load::vocabulary::Connections;
use heavy_sdk::DEFAULT_SEQUENCE_ID;
use serde_json::json;

use crate::child::{Child, Leavings};
use crate::target;

async fn shopping(env: &[(&str, &str)]) -> Leavings {
    let (_target, url) = target::start();
    let child = Child::prepared_with("shopper", json!({"url": url}), |setup| {
        setup.env = env
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect();
    })
    .await;
    child.run_now("shopper", 2).await;
    child.finish().await
}

#[tokio::test]
async fn steps_checks_and_metrics_are_told() {
    let left = shopping(&[]).await;
    for iteration in left.iterations() {
        let steps: Vec<_> = iteration
            .steps
            .iter()
            .map(|step| (&*step.name, step.ok))
            .collect();
        let expected = [
            ("login", true),
            ("browse", true),
            ("order", false),
            ("pay", false),
            ("leave", true),
        ];
        assert_eq!(steps, expected);
        let checks: Vec<_> = iteration
            .checks
            .iter()
            .map(|check| (&*check.name, check.passes, check.fails))
            .collect();
        assert_eq!(
            checks,
            [
                ("has a token", 1, 0),
                ("found", 1, 1),
                ("payment is refused", 1, 0)
            ]
        );
        assert!(iteration.ok && iteration.error.is_none());
    }
    let price = &left.metrics("price")[0];
    assert_eq!(
        (price.kind.as_str(), price.value, &*price.step),
        ("trend", 1.5, "browse")
    );
    assert_eq!(
        left.metrics("sold").iter().map(|line| line.value).sum::<f64>(),
        0.0
    );
}

#[tokio::test]
async fn an_iteration_that_fails_failed_in_the_step_that_was_open() {
    let left = shopping(&[("LEAVE", "in a step")]).await;
    for iteration in left.iterations() {
        let failed = iteration
            .steps
            .iter()
            .filter(|step| !step.ok)
            .map(|step| &*step.name);
        assert_eq!(failed.collect::<Vec<_>>(), ["order", "pay", "leave"]);
        assert_eq!(iteration.error.as_deref(), Some("left in a step"));
    }
}

#[tokio::test]
async fn requests_are_told_with_step_name_and_outcome() {
    let left = shopping(&[]).await;
    let mut by_name: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for line in left.requests() {
        by_name.entry(line.name.to_string()).or_default().push(line);
    }
    let names: Vec<_> = by_name.keys().map(|name| &**name).collect();
    let expected = [
        "GET /",
        "GET /products/{id}",
        "GET /status/{id}",
        "POST /login",
        "absent product",
    ];
    assert_eq!(names, expected);
    let login = &by_name["POST /login"][0];
    assert_eq!(
        (login.status, &*login.step, login.is_failed()),
        (200, "login", false)
    );
    assert_eq!((&*login.proto, &*login.workflow), ("HTTP/1.1", "shopper"));
    assert!(login.user_id.starts_with("4-"), "{}", login.user_id);
    assert_eq!(login.phases.unwrap().total_ns(), login.duration_ns);
    assert_eq!(by_name["GET /products/{id}"][0].tags, r#"{"kind":"warm"}"#);
    let absent = &by_name["absent product"][0];
    assert_eq!(
        (absent.status, absent.is_failed(), &*absent.error_kind),
        (404, false, "")
    );
    let refused = &by_name["GET /"][0];
    assert_eq!(
        (refused.status, &*refused.error_kind, refused.is_failed()),
        (0, "refused", true)
    );
    let hop = &by_name["GET /status/{id}"][0];
    assert_eq!((hop.status, &*hop.sequence_id), (302, DEFAULT_SEQUENCE_ID));
}

#[tokio::test]
async fn a_sequence_id_ties_an_iteration_together() {
    let left = shopping(&[]).await;
    let ids: BTreeMap<_, _> = left
        .iterations()
        .iter()
        .map(|line| (line.iteration, line.sequence_id.to_string()))
        .collect();
    assert_eq!(ids.values().collect::<BTreeSet<_>>().len(), 2);
    for line in left
        .requests()
        .iter()
        .filter(|line| line.sequence_id != DEFAULT_SEQUENCE_ID)
    {
        assert_eq!(ids[&line.iteration.unwrap()], line.sequence_id);
    }
}

#[tokio::test]
async fn requests_can_be_found_at_the_target_and_in_its_traces() {
    for traced in [false, true] {
        let (heard, url) = target::listening();
        let child =
            Child::prepared_with("slow", json!({"url": url}), |setup| setup.traceparent = traced).await;
        child.run_now("slow", 3).await;
        let left = child.finish().await;
        let heads: BTreeSet<_> = heard.try_iter().collect();
        let requests = left.requests();
        assert_eq!(requests.len(), 3);
        let ids: BTreeSet<_> = requests.iter().map(|line| &line.request_id).collect();
        assert_eq!(ids.len(), 3, "each has its own: {ids:?}");
        for line in &requests {
            let head = heads
                .iter()
                .find(|head| head.contains(&format!("x-request-id: {}", line.request_id)))
                .unwrap();
            let trace = line.sequence_id.replace('-', "");
            let wanted = format!("traceparent: 00-{trace}-{}-01", line.request_id);
            assert_eq!(head.contains(&wanted), traced, "{head}");
            assert_eq!(head.contains("traceparent"), traced, "{head}");
        }
    }
}

#[tokio::test]
async fn users_keep_their_state_and_hooks_are_called() {
    let (_target, url) = target::start();
    let child = Child::prepared_with("stateful", json!({"url": url}), |setup| setup.max_in_flight = 1).await;
    for n in 0..6 {
        let now_ns = heavy_sdk::http::monotonic_ns() - child.anchor.monotonic_ns;
        child.release("stateful", vec![(n, now_ns)]).await;
        child.wait_for_line(&format!(
            r#""type":"iteration","workflow":"stateful","iteration":{n},"#
        ));
    }
    let left = child.finish().await;
    assert!(left.iterations().iter().all(|line| line.ok), "{:?}", left.lines);
    let users: BTreeSet<_> = left
        .iterations()
        .iter()
        .map(|line| line.user_id.to_string())
        .collect();
    assert_eq!(
        users.len(),
        2,
        "one on each core, used again and again: {users:?}"
    );
    let mut visits: Vec<_> = left.metrics("visits").iter().map(|line| line.value).collect();
    visits.sort_by(f64::total_cmp);
    assert_eq!(visits, [1.0, 1.0, 2.0, 2.0, 3.0, 3.0]);
    let results = left.metrics("results");
    assert_eq!(results.last().unwrap().value, 6.0);
    let leaving = left.metrics("visits of a user that left");
    assert_eq!(leaving.iter().map(|line| line.value).sum::<f64>(), 6.0);
}

#[tokio::test]
async fn connections_can_be_an_iterations_own() {
    for (connections, reused) in [(Connections::PerIteration, 0), (Connections::PerUser, 4)] {
        let (_target, url) = target::start();
        let child = Child::prepared_with("stateful", json!({"url": url}), |setup| {
            setup.max_in_flight = 1;
            setup.connections = connections;
        })
        .await;
        for n in 0..6 {
            let now_ns = heavy_sdk::http::monotonic_ns() - child.anchor.monotonic_ns;
            child.release("stateful", vec![(n, now_ns)]).await;
            child.wait_for_line(&format!(
                r#""type":"iteration","workflow":"stateful","iteration":{n},"#
            ));
        }
        let left = child.finish().await;
        let count = left
            .requests()
            .iter()
            .filter(|line| line.reused == Some(true))
            .count();
        assert_eq!(count, reused, "{connections:?}");
    }
}

#[tokio::test]
async fn instants_are_the_jobs() {
    let child = Child::prepared("noisy", json!(null)).await;
    let due_ns = heavy_sdk::http::monotonic_ns() - child.anchor.monotonic_ns + 5_000_000;
    child.release("noisy", vec![(0, due_ns)]).await;
    child.wait_for_line(r#""type":"iteration""#);
    let anchor = child.anchor;
    let left = child.finish().await;
    assert_eq!(left.iterations()[0].scheduled_ns, anchor.wall_ns + due_ns);
}

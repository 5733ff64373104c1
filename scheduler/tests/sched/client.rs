//! What a client does with answers of something that is no scheduler, or a broken one.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::http::StatusCode;
use axum::response::Redirect;
use axum::routing::get;
use heavy_api::operation::ListAgents;
use heavy_client::{Error, JobHome as _, Remote};
use heavy_testkit::{Run, free_port};

/// Serves in the place of a scheduler until the test ends; returns its URL.
async fn serve(router: Router) -> String {
    let healthy = r#"{"status":"ok","version":"9"}"#;
    let router = router.route("/healthz", get(async move || healthy));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

#[tokio::test(flavor = "multi_thread")]
async fn redirects_are_not_followed_and_refusals_not_repeated() {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = |status: StatusCode| {
        let asked = Arc::clone(&asked);
        async move || {
            asked.fetch_add(1, Ordering::Relaxed);
            status
        }
    };
    let router = Router::new()
        .route("/api/v1/jobs", get(async || Redirect::temporary("/elsewhere")))
        .route("/elsewhere", get(count(StatusCode::OK)))
        .route("/api/v1/agents", get(count(StatusCode::SERVICE_UNAVAILABLE)));
    let remote = Remote::connect(&serve(router).await).await.unwrap();
    let error = remote.list(1).await.unwrap_err();
    assert!(error.to_string().contains("it answers 307"), "{error}");
    assert_eq!(asked.load(Ordering::Relaxed), 0);
    let error = remote.ask(ListAgents, "").await.unwrap_err();
    assert!(error.to_string().contains("it answers 503"), "{error}");
    assert_eq!(asked.load(Ordering::Relaxed), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_have_at_most_16_mib() {
    let answer = |bytes: usize| get(async move || format!("[{}]", " ".repeat(bytes - 2)));
    let router = Router::new()
        .route("/api/v1/agents", answer(16 << 20))
        .route("/api/v1/jobs", answer((16 << 20) + 1));
    let remote = Remote::connect(&serve(router).await).await.unwrap();
    assert_eq!(remote.ask(ListAgents, "").await.unwrap(), []);
    let error = remote.list(1).await.unwrap_err();
    assert!(matches!(error, Error::TooLong), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn proxies_of_the_environment_are_not_used() {
    let router = Router::new().route("/api/v1/agents", get(async || "[]"));
    let url = serve(router).await;
    let agents = tokio::task::spawn_blocking(move || {
        let proxy = format!("http://127.0.0.1:{}", free_port());
        Run::binary("heavy-sched")
            .env("http_proxy", &proxy)
            .env("HTTP_PROXY", &proxy)
            .env("ALL_PROXY", &proxy)
            .env("no_proxy", "")
            .env("NO_PROXY", "")
            .args(["--scheduler", &url, "agents", "--json"])
            .finish()
    });
    assert_eq!(agents.await.unwrap().expect_code(0).stdout.trim(), "[]");
}

//! Users keep their cookies, and requests follow redirects: each hop is a request.

use heavy_testkit::{ReceivedRequest, ScriptedAnswer, ScriptedServer};
use serde_json::json;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::child::Child;

/// Every login is another session, `/old` leads to `/new` by way of `/middle`, and `/new` to itself with a cookie.
fn shop() -> ScriptedServer {
    let logins = AtomicU32::new(0);
    ScriptedServer::start(move |request| match &*request.path {
        "/login" => {
            let session = logins.fetch_add(1, Ordering::Relaxed);
            ScriptedAnswer::new(200)
                .header("set-cookie", format!("session={session}; HttpOnly"))
                .header("set-cookie", "secret=x; Secure")
                .header("set-cookie", "other=x; Domain=example.com")
        }
        "/old" => ScriptedAnswer::new(302).header("location", "/middle?a=b"),
        "/middle?a=b" => ScriptedAnswer::new(307)
            .header("location", "new")
            .header("set-cookie", "seen=1; Path=/new"),
        "/new" if !request.header("cookie").concat().contains("gate=1") => ScriptedAnswer::new(302)
            .header("location", "/new")
            .header("set-cookie", "gate=1; Path=/new"),
        _ => ScriptedAnswer::new(200),
    })
}

fn of<'a>(all: &'a [ReceivedRequest], path: &str) -> Vec<&'a ReceivedRequest> {
    all.iter().filter(|request| request.path == path).collect()
}

#[tokio::test]
async fn every_user_has_cookies_of_its_own_and_keeps_them() {
    let shop = shop();
    let child = Child::prepared("visitor", json!({"url": shop.url("")})).await;
    child.run_now("visitor", 3).await;
    child.wait_for_line(r#""type":"iteration","workflow":"visitor","iteration":2,"#);
    let left = child.finish().await;
    for line in left.iterations() {
        assert!(line.ok, "{line:?}");
        assert_eq!((line.checks[0].passes, line.checks[0].fails), (1, 0));
    }
    let received = shop.received();
    let users = of(&received, "/login").len();
    let mut sessions: Vec<String> = of(&received, "/old")
        .iter()
        .map(|request| request.header("cookie").concat())
        .collect();
    assert_eq!(sessions.len(), 3);
    sessions.sort_unstable();
    sessions.dedup();
    assert_eq!(sessions.len(), users, "{sessions:?}");
    for session in &sessions {
        assert!(
            session.starts_with("session=") && session.ends_with("; consent=yes"),
            "{sessions:?}"
        );
    }
    for page in of(&received, "/new") {
        let cookies = page.header("cookie").concat();
        let cookies = cookies.replacen("gate=1; ", "", 1);
        assert!(
            cookies.starts_with("seen=1; session="),
            "longer paths come first: {cookies}"
        );
    }
}

#[tokio::test]
async fn every_hop_is_a_request_with_a_name_of_its_own() {
    let shop = shop();
    let child = Child::prepared("visitor", json!({"url": shop.url("")})).await;
    child.run_now("visitor", 1).await;
    let left = child.finish().await;
    let requests = left.requests();
    let hops: Vec<_> = requests
        .iter()
        .filter(|request| request.step.is_empty())
        .map(|request| (&*request.method, &*request.name, request.status))
        .collect();
    let expected = [
        ("POST", "order", 302),
        ("GET", "GET /middle", 307),
        ("GET", "GET /new", 302),
        ("GET", "GET /new", 200),
    ];
    assert_eq!(hops, expected);
    let received = shop.received();
    let ids: std::collections::HashSet<_> = received
        .iter()
        .map(|request| request.header("x-request-id").concat())
        .collect();
    assert_eq!(ids.len(), received.len(), "every hop has an ID of its own");
    assert_eq!(of(&received, "/old")[0].body, b"order");
    assert!(of(&received, "/middle?a=b")[0].body.is_empty());
}

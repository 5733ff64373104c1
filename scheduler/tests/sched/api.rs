//! The JSON API: what it answers, and that its description says so.

use heavy_client::JobHome as _;
use heavy_results::job::{AgentInfo, JobInfo, JobView};
use heavy_testkit::http::{self, RawResponse};
use serde_json::Value;

use crate::agent::Agent;
use crate::world::{PROGRAM, World};

/// Asks from a thread of its own: the kit's client blocks.
async fn ask(world: &World, method: &'static str, path: &str, body: &str) -> RawResponse {
    let (addr, path, body) = (world.addr, path.to_owned(), body.to_owned());
    tokio::task::spawn_blocking(move || http::send(addr, method, &path, &body).unwrap())
        .await
        .unwrap()
}

fn kind(response: &RawResponse) -> (u16, String) {
    let body: Value = serde_json::from_str(response.text()).unwrap();
    assert!(!body["error"]["message"].as_str().unwrap().is_empty());
    (
        response.status,
        body["error"]["kind"].as_str().unwrap().to_owned(),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_can_be_run_with_json_alone() {
    let world = World::new().await;
    let mut a = Agent::connect(&world, "a").await;
    let spec = serde_json::to_string(&world.spec().await).unwrap();
    let created = ask(&world, "POST", "/api/v1/jobs", &spec).await;
    assert_eq!(created.status, 201, "{}", created.text());
    let job: JobInfo = serde_json::from_str(created.text()).unwrap();
    assert!(
        created
            .head
            .to_lowercase()
            .contains(&format!("location: /api/v1/jobs/{}", job.id))
    );
    a.run_well(&*world.store, 100).await;
    let progress = ask(&world, "GET", "/api/v1/jobs/last/progress", "").await;
    assert_eq!(progress.status, 200);
    let last = progress
        .text()
        .lines()
        .filter_map(|line| line.strip_prefix("data: "))
        .next_back()
        .unwrap();
    let last: heavy_results::progress::Progress = serde_json::from_str(last).unwrap();
    assert!(last.state.is_final(), "{last:?}");
    let prefix = job.id.to_string()[..20].to_owned();
    let view = ask(&world, "GET", &format!("/api/v1/jobs/{prefix}"), "").await;
    let view: JobView = serde_json::from_str(view.text()).unwrap();
    assert_eq!((view.job.id, view.summary.unwrap().iterations.ok), (job.id, 100));
    let list = ask(&world, "GET", "/api/v1/jobs?limit=1", "").await;
    let list: Vec<JobInfo> = serde_json::from_str(list.text()).unwrap();
    assert_eq!(list.len(), 1);
    let agents = ask(&world, "GET", "/api/v1/agents", "").await;
    let agents: Vec<AgentInfo> = serde_json::from_str(agents.text()).unwrap();
    assert_eq!(agents[0].name, "a");
    let stopped = ask(&world, "POST", "/api/v1/jobs/last/stop?now=true", "").await;
    assert_eq!(stopped.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_have_a_kind_and_a_message() {
    let world = World::new().await;
    let sha256 = "0".repeat(64);
    let missing = format!(r#"{{"binary_sha256":"{sha256}","rate":"1"}}"#);
    let zero = format!(r#"{{"binary_sha256":"{sha256}","rate":"0"}}"#);
    let blank = format!(r#"{{"binary_sha256":"{sha256}","rate":"1","env":{{"TOKEN":"***"}}}}"#);
    let artifact = format!("/api/v1/artifacts/{sha256}");
    let long = " ".repeat((16 << 20) + 1);
    for (method, path, body, expected) in [
        ("POST", "/api/v1/jobs", long.as_str(), (413, "too-long")),
        ("POST", "/api/v1/jobs", "{", (400, "spec")),
        ("POST", "/api/v1/jobs", zero.as_str(), (400, "spec")),
        ("POST", "/api/v1/jobs", blank.as_str(), (400, "spec")),
        (
            "POST",
            "/api/v1/jobs",
            missing.as_str(),
            (404, "no-such-artifact"),
        ),
        ("GET", "/api/v1/jobs/last", "", (404, "no-such-job")),
        ("GET", "/api/v1/jobs/00000000", "", (404, "no-such-job")),
        ("GET", "/api/v1/jobs/nonsense", "", (400, "reference")),
        ("POST", "/api/v1/jobs/last/stop", "", (404, "no-such-job")),
        ("GET", "/api/v1/jobs/last/progress", "", (404, "no-such-job")),
        ("PUT", "/api/v1/artifacts/x", "", (400, "hash")),
        ("PUT", artifact.as_str(), "hello", (400, "hash")),
        ("GET", "/api/v1/nothing", "", (404, "no-such-route")),
        ("GET", "/api/v1/jobs?limit=many", "", (400, "request")),
        ("POST", "/api/v1/jobs/last/stop?now=perhaps", "", (400, "request")),
        ("DELETE", "/api/v1/jobs", "", (405, "method")),
    ] {
        let response = ask(&world, method, path, body).await;
        let (status, kind_of) = kind(&response);
        assert_eq!((status, kind_of.as_str()), expected, "{method} {path}");
    }
    let left = std::fs::read_dir(world.dir.join("artifacts")).unwrap().count();
    assert_eq!(left, 0, "refused uploads leave nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_program_is_refused() {
    let world = World::new().await;
    let script = "#!/bin/sh\n";
    let hash = "a8076d3d28d21e02012b20eaf7dbf75409a6277134439025f282e368e3305abf";
    let response = ask(&world, "PUT", &format!("/api/v1/artifacts/{hash}"), script).await;
    assert_eq!(
        kind(&response),
        (422, "not-a-program".to_owned()),
        "{}",
        response.text()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idempotency_key_makes_one_job() {
    use std::io::{Read, Write};
    let world = World::new().await;
    let spec = serde_json::to_string(&world.spec().await).unwrap();
    let request = format!(
        "POST /api/v1/jobs HTTP/1.1\r\nHost: localhost\r\nIdempotency-Key: k1\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{spec}",
        spec.len()
    );
    let addr = world.addr;
    let submit = move || {
        let mut stream = std::net::TcpStream::connect(addr).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        serde_json::from_str::<JobInfo>(body).unwrap().id
    };
    let ids = tokio::task::spawn_blocking(move || (submit(), submit()))
        .await
        .unwrap();
    assert_eq!(ids.0, ids.1);
    assert_eq!(world.remote.list(10).await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn foreign_hosts_and_sites_are_refused_everywhere() {
    use std::io::{Read, Write};
    let world = World::new().await;
    let addr = world.addr;
    let send = move |method: &str, path: &str, headers: &str| {
        let mut stream = std::net::TcpStream::connect(addr).unwrap();
        let request = format!(
            "{method} {path} HTTP/1.1\r\n{headers}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer.split_whitespace().nth(1).unwrap().to_owned()
    };
    let statuses = tokio::task::spawn_blocking(move || {
        let mut statuses = Vec::new();
        for (method, path) in [
            ("GET", "/healthz"),
            ("GET", "/api/v1/jobs"),
            ("POST", "/api/v1/jobs"),
            ("DELETE", "/api/v1/jobs"),
            ("GET", "/nothing"),
            ("POST", "/heavy.v1.Fleet/Connect"),
        ] {
            for headers in [
                "Host: rebound.example.com",
                "Host: localhost\r\nOrigin: http://example.com",
                "Host: localhost\r\nSec-Fetch-Site: cross-site",
            ] {
                statuses.push((method, path, headers, send(method, path, headers)));
            }
        }
        assert_eq!(send("GET", "/healthz", "Host: localhost"), "200");
        statuses
    });
    for (method, path, headers, status) in statuses.await.unwrap() {
        assert_eq!(status, "403", "{method} {path} with {headers}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn uploads_are_found_again() {
    let world = World::new().await;
    let sha256 = world.spec().await.binary_sha256;
    for (sha256, status) in [(sha256.as_str(), 200), (&"0".repeat(64), 404), ("x", 400)] {
        let found = ask(&world, "HEAD", &format!("/api/v1/artifacts/{sha256}"), "").await;
        assert_eq!(found.status, status, "{sha256}");
    }
    let stored = std::fs::read(world.dir.join("artifacts").join(&sha256)).unwrap();
    assert_eq!(stored, std::fs::read(PROGRAM).unwrap());
}

/// Asks for progress with the id of the last event; returns the status and the ids of the events.
async fn watch_from(world: &World, path: &str, last: &str) -> (String, Vec<String>) {
    use std::io::{Read, Write};
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: localhost\r\nLast-Event-ID: {last}\r\nConnection: close\r\n\r\n"
    );
    let addr = world.addr;
    let answer = tokio::task::spawn_blocking(move || {
        let mut stream = std::net::TcpStream::connect(addr).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    });
    let answer = answer.await.unwrap();
    let status = answer.split_whitespace().nth(1).unwrap().to_owned();
    let ids = answer.lines().filter_map(|line| line.strip_prefix("id: "));
    (status, ids.map(str::to_owned).collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_back_gets_what_is_newer() {
    let world = World::new().await;
    let mut a = Agent::connect(&world, "a").await;
    let job = world.submit(&world.spec().await).await;
    let mut watch = world.remote.watch(&job.to_string(), None).await.unwrap();
    watch.next().await.unwrap().unwrap();
    let first = watch.last().unwrap().to_owned();
    a.run_well(&*world.store, 100).await;
    world.ended(job).await;
    let path = format!("/api/v1/jobs/{job}/progress");
    let (status, ids) = watch_from(&world, &path, &first).await;
    assert_eq!((&*status, ids.len()), ("200", 1), "{ids:?}");
    let (token, number) = first.rsplit_once('-').unwrap();
    let (same_token, last_number) = ids[0].rsplit_once('-').unwrap();
    assert_eq!(token, same_token);
    assert!(number.parse::<u32>().unwrap() < last_number.parse().unwrap());
    // The final snapshot was received: there is nothing to come back for.
    assert_eq!(
        watch_from(&world, &path, &ids[0]).await,
        ("204".to_owned(), Vec::new())
    );
    // An id of another start of the scheduler says nothing.
    let foreign = format!("0{token}-{last_number}");
    assert_eq!(watch_from(&world, &path, &foreign).await, ("200".to_owned(), ids));
}

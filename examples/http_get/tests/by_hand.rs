//! `http_get` against a server, run standalone.

use std::net::TcpListener;
use std::process::Command;

use heavy_demo_target::{Options, Target};

#[test]
fn it_gets_the_url_it_was_given() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let target = Target::start(listener, Options::default()).expect("loopback can be served");
    let output = Command::new(env!("CARGO_BIN_EXE_http_get"))
        .args(["run", "--rate", "100", "--duration", "200ms"])
        .env("TARGET_URL", format!("http://{}/items/7", target.addr()))
        .output()
        .expect("the load test starts");
    let summary = String::from_utf8_lossy(&output.stdout);
    assert!(
        summary.contains("request      GET /items/{id}: 20, 0 failed"),
        "{output:?}"
    );
    assert_eq!(target.stats().requests, 20);
}

#[test]
fn without_a_url_it_does_not_start() {
    let output = Command::new(env!("CARGO_BIN_EXE_http_get"))
        .arg("run")
        .env_remove("TARGET_URL")
        .output()
        .expect("the load test starts");
    assert_eq!(output.status.code(), Some(1));
    assert!(
        String::from_utf8_lossy(&output.stderr).contains("no URL to get"),
        "{output:?}"
    );
}

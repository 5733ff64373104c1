//! The shop's workflows against a shop, run standalone.

use std::net::TcpListener;
use std::process::{Command, Output};

use heavy_demo_target::{Handle, Options, Target};

fn shop() -> (Handle, String) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let target = Target::start(listener, Options::default()).expect("loopback can be served");
    let url = format!("url=http://{}/", target.addr());
    (target, url)
}

fn run(args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_shop"));
    command
        .args(["run", "--rate", "40", "--duration", "500ms"])
        .args(args);
    command.output().expect("the load test starts")
}

#[test]
fn visitors_look_around() {
    let (target, url) = shop();
    let output = run(&["browse", "--param", &url]);
    let summary = String::from_utf8_lossy(&output.stdout);
    assert!(summary.contains("20 planned, 20 started, 20 ok"), "{output:?}");
    assert!(
        summary.contains("request      GET /products/{id}: 20, 0 failed"),
        "{summary}"
    );
    assert!(
        summary.contains("check        product is the one asked for: 20 of 20 passed"),
        "{summary}"
    );
    assert_eq!(target.stats().requests, 40);
}

#[test]
fn customers_log_in_once_and_buy() {
    let (target, url) = shop();
    let output = run(&["buy", "--param", &url, "--param", "quantity=3"]);
    let summary = String::from_utf8_lossy(&output.stdout);
    assert!(summary.contains("20 planned, 20 started, 20 ok"), "{output:?}");
    assert!(
        summary.contains("check        checkout is 200: 20 of 20 passed"),
        "{summary}"
    );
    let logins = target.stats().by_path["/login"];
    assert!((1..20).contains(&logins), "{logins} logins");
}

#[test]
fn without_a_shop_it_does_not_start() {
    let output = Command::new(env!("CARGO_BIN_EXE_shop"))
        .args(["run", "buy"])
        .env_remove("TARGET_URL")
        .output()
        .expect("the load test starts");
    assert_eq!(output.status.code(), Some(1));
    assert!(
        String::from_utf8_lossy(&output.stderr).contains("--param url=http://host"),
        "{output:?}"
    );
}

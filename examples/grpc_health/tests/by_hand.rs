//! `grpc_health` against a server, started by hand.

use std::net::{SocketAddr, TcpListener};
use std::process::{Command, Output};
use std::thread;

use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;

/// A server that is healthy, and knows of no service.
fn serve() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = listener.local_addr().expect("it is bound");
    listener.set_nonblocking(true).expect("it is a socket");
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime").block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener).expect("it is a socket");
            let (_reporter, health) = tonic_health::server::health_reporter();
            let server = Server::builder().add_service(health);
            server.serve_with_incoming(TcpIncoming::from(listener)).await
        })
    });
    address
}

fn run(service: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_grpc_health"))
        .args([
            "run",
            "--rate",
            "100",
            "--duration",
            "200ms",
            "--param",
            &format!("service={service}"),
        ])
        .env("TARGET_URL", format!("http://{}", serve()))
        .output()
        .expect("the load test starts")
}

#[test]
fn a_healthy_server_serves() {
    let output = run("");
    let summary = String::from_utf8_lossy(&output.stdout);
    for line in ["grpc.health.v1.Health/Check: 20, 0 failed", "it serves: 20 of 20"] {
        assert!(summary.contains(line), "{line}: {output:?}");
    }
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn a_status_that_is_not_ok_is_a_failure() {
    let output = run("nonsense");
    let summary = String::from_utf8_lossy(&output.stdout);
    for line in ["grpc.health.v1.Health/Check: 20, 20 failed", "NotFound: "] {
        assert!(summary.contains(line), "{line}: {output:?}");
    }
    assert_ne!(output.status.code(), Some(0));
}

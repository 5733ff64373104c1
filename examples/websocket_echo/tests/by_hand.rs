//! `websocket_echo` against a server, started by hand.

use std::net::{SocketAddr, TcpListener};
use std::process::{Command, Output};
use std::thread;

use futures::{SinkExt as _, StreamExt as _};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

/// A server that sends every message back, or refuses the second one of every connection.
fn serve(refuse: bool) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = listener.local_addr().expect("it is bound");
    listener.set_nonblocking(true).expect("it is a socket");
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime").block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener).expect("it is a socket");
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let mut socket = tokio_tungstenite::accept_async(stream)
                        .await
                        .expect("a WebSocket");
                    let mut count = 0;
                    while let Some(Ok(message)) = socket.next().await {
                        count += 1;
                        if refuse && count == 2 {
                            let frame = CloseFrame {
                                code: CloseCode::Policy,
                                reason: "too many".into(),
                            };
                            // The load test may be gone.
                            let _ = socket.close(Some(frame)).await;
                        } else if message.is_text() {
                            let _ = socket.send(message).await;
                        }
                    }
                });
            }
        });
    });
    address
}

fn run(url: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_websocket_echo"))
        .args(["run", "--rate", "100", "--duration", "100ms"])
        .env("TARGET_URL", url)
        .output()
        .expect("the load test starts")
}

#[test]
fn messages_come_back() {
    let output = run(&format!("ws://{}/", serve(false)));
    let summary = String::from_utf8_lossy(&output.stdout);
    for line in [
        "connect: 10, 0 failed",
        "echo: 30, 0 failed",
        "close: 10, 0 failed",
        "the echo is the message: 30 of 30",
    ] {
        assert!(summary.contains(line), "{line}: {output:?}");
    }
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn a_close_in_place_of_an_echo_is_a_failure() {
    let output = run(&format!("ws://{}/", serve(true)));
    let summary = String::from_utf8_lossy(&output.stdout);
    for line in [
        "echo: 20, 10 failed",
        "closed: closed by the server: 1008 too many",
    ] {
        assert!(summary.contains(line), "{line}: {output:?}");
    }
    assert_ne!(output.status.code(), Some(0));
}

#[test]
fn without_a_server_the_connect_fails() {
    let output = run("ws://127.0.0.1:1/");
    let summary = String::from_utf8_lossy(&output.stdout);
    assert!(summary.contains("connect: 10, 10 failed"), "{output:?}");
}

//! The Python example, driven as an agent drives it: what `docs/protocol.md` says is enough.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use heavy_load::vocabulary::{Connections, WhenFull};
use heavy_plugin::codec::{ClientTransport, transport};
use heavy_plugin::hello::Hello;
use heavy_plugin::line::Line;
use heavy_plugin::rpc::{
    Anchor, ClosedSetup, LoadTestClient, Release, Setup, WorkflowSetup, client_config, deadline_in,
};

const LIMIT: Duration = Duration::from_secs(20);

/// A server that answers 200 to everything and counts.
fn target() -> (SocketAddr, Arc<AtomicU64>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (address, count) = (listener.local_addr().unwrap(), Arc::new(AtomicU64::new(0)));
    let counted = Arc::clone(&count);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                if stream.read(&mut byte).unwrap() == 0 {
                    break;
                }
                head.push(byte[0]);
            }
            counted.fetch_add(1, Ordering::SeqCst);
            stream
                .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok")
                .unwrap();
        }
    });
    (address, count)
}

fn spawn() -> (Child, UnixStream, mpsc::Receiver<String>) {
    let (ours, theirs) = UnixStream::pair().unwrap();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/python/load_test.py");
    let mut child = Command::new("python3")
        .arg(script)
        .env("HEAVY_RPC_FD", "0")
        .stdin(Stdio::from(OwnedFd::from(theirs)))
        .stdout(Stdio::piped())
        .spawn()
        .expect("python3 is installed (scripts/test does it)");
    let stdout = BufReader::new(child.stdout.take().unwrap());
    let (sender, lines) = mpsc::sync_channel(1000);
    std::thread::spawn(move || {
        stdout
            .lines()
            .map_while(Result::ok)
            .for_each(|line| sender.send(line).unwrap())
    });
    (child, ours, lines)
}

fn setup(params: serde_json::Value, now_ns: u64) -> Setup {
    Setup {
        job: "job".into(),
        agent: "agent".into(),
        agent_index: 0,
        agents: 1,
        workflows: vec![WorkflowSetup {
            name: "default".into(),
            params,
            ..WorkflowSetup::default()
        }],
        env: std::collections::BTreeMap::new(),
        anchor: Anchor {
            monotonic_ns: now_ns,
            wall_ns: 1_795_248_000_000_000_000,
        },
        max_in_flight: 100,
        when_full: WhenFull::Drop,
        timeout_ns: None,
        connections: Connections::Shared,
        traceparent: false,
    }
}

/// CLOCK_MONOTONIC, as `/proc/uptime` shows it, to 10 ms.
fn monotonic_ns() -> u64 {
    let uptime = std::fs::read_to_string("/proc/uptime").unwrap();
    (uptime.split(' ').next().unwrap().parse::<f64>().unwrap() * 1e9) as u64
}

/// The kind of failure with which a job is refused.
async fn refusal(client: &LoadTestClient, setup: Setup) -> String {
    let refused = client.prepare(deadline_in(LIMIT), setup).await.unwrap();
    refused.unwrap_err().kind
}

#[tokio::test]
async fn every_released_iteration_of_the_python_example_comes_back_once() {
    let (address, count) = target();
    let (mut child, socket, lines) = spawn();
    assert!(Hello::parse(lines.recv_timeout(LIMIT).unwrap().as_bytes()).is_some());
    socket.set_nonblocking(true).unwrap();
    let wire: ClientTransport<_> = transport(tokio::net::UnixStream::from_std(socket).unwrap());
    let client = LoadTestClient::new(client_config(), wire).spawn();
    let context = || deadline_in(LIMIT);

    let description = client.describe(context()).await.unwrap();
    assert_eq!(description.workflows[0].name, "default");
    let mut users = setup(serde_json::Value::Null, monotonic_ns());
    assert_eq!(refusal(&client, users.clone()).await, "params");
    users.workflows[0].closed = Some(ClosedSetup::default());
    assert_eq!(refusal(&client, users).await, "closed");
    let params = serde_json::json!({ "url": format!("http://{address}/") });
    client
        .prepare(context(), setup(params, monotonic_ns()))
        .await
        .unwrap()
        .unwrap();

    let due = (0..20).map(|n| (n, 50_000_000 + n * 5_000_000)).collect();
    let accepted = client
        .run(
            context(),
            Release {
                workflow: "default".into(),
                due,
                ..Release::default()
            },
        )
        .await
        .unwrap()
        .unwrap();
    assert_eq!(accepted.accepted, 20);
    let (mut iterations, mut requests) = (Vec::new(), 0);
    while iterations.len() < 20 {
        let line = lines.recv_timeout(LIMIT).unwrap();
        match Line::decode(line.as_bytes()).unwrap() {
            Line::Iteration(iteration) => {
                assert!(iteration.ok, "{line}");
                iterations.push(iteration.iteration);
            }
            Line::Request(request) => {
                assert_eq!((request.status, request.size), (200, 2), "{line}");
                requests += 1;
            }
            other => panic!("{other:?}"),
        }
    }
    iterations.sort_unstable();
    assert_eq!(
        (iterations, requests, count.load(Ordering::SeqCst)),
        ((0..20).collect(), 20, 20)
    );

    let far = Release {
        workflow: "default".into(),
        due: vec![(20, 3_600_000_000_000)],
        ..Release::default()
    };
    client.run(context(), far).await.unwrap().unwrap();
    assert_eq!(client.stop(context(), 1_000_000_000).await.unwrap().withdrawn, 1);
    client.cleanup(context()).await.unwrap().unwrap();
    drop(client);
    // The socket closes when the runtime has dropped the client's task, so the runtime must go on running.
    let status = tokio::task::spawn_blocking(move || child.wait().unwrap());
    assert!(
        tokio::time::timeout(LIMIT, status)
            .await
            .expect("the process ends with its socket")
            .unwrap()
            .success()
    );
}

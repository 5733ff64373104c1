//! The reqwest client keeps the promises of the engine.

use std::time::Duration;

use heavy_sdk::http::{EngineConfig, ErrorKind, HttpClient, Request, ReqwestClient, header};
use tokio::net::TcpListener;

use crate::support::{Server, execute, get, kind, read_head, run, write};
use crate::tls::{authority, trusting};

fn client() -> ReqwestClient {
    ReqwestClient::new(EngineConfig::default()).unwrap()
}

#[test]
fn answers_are_counted_and_phases_add_up() {
    run(async {
        let server = Server::http1().await;
        let client = client();
        for _ in 0..3 {
            let exchange = get(&client, &server.url("/bytes/1000")).await;
            assert_eq!(
                (exchange.status, exchange.size, exchange.body.len()),
                (200, 1_000, 1_000)
            );
            assert!(exchange.phases.wait_ns > 0);
        }
        let exchange = execute(
            &client,
            Request::post(server.url("/echo")).body("abc").keep_body(true),
        )
        .await;
        assert_eq!(&exchange.body[..], b"abc");
        assert_eq!(server.seen.connections.get(), 1);
    });
}

#[test]
fn errors_are_results_of_the_same_kinds() {
    run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let refused = format!("http://{}/", listener.local_addr().unwrap());
        drop(listener);
        let closing = Server::scripted(|mut stream, _, seen| async move {
            read_head(&mut stream, &seen).await;
        })
        .await;
        let breaking = Server::scripted(|mut stream, _, seen| async move {
            read_head(&mut stream, &seen).await;
            write(&mut stream, "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc").await;
        })
        .await;
        let cases = [
            (refused, ErrorKind::Refused),
            ("http://no-such-host.invalid/".to_owned(), ErrorKind::Dns),
            ("nonsense".to_owned(), ErrorKind::InvalidUrl),
            (closing.url("/"), ErrorKind::Closed),
            (breaking.url("/"), ErrorKind::Body),
        ];
        let client = client();
        for (url, expected) in cases {
            let exchange = get(&client, &url).await;
            assert_eq!(kind(&exchange), Some(expected), "{url}: {exchange:?}");
        }
        assert_eq!(closing.seen.requests.get(), 1, "nothing is sent again");
    });
}

#[test]
fn an_answer_that_does_not_come_in_time() {
    run(async {
        let server = Server::scripted(|stream, _, _| async move {
            std::future::pending::<()>().await;
            drop(stream);
        })
        .await;
        let request = Request::get(server.url("/")).timeout(Duration::from_millis(50));
        assert_eq!(kind(&execute(&client(), request).await), Some(ErrorKind::Timeout));
    });
}

#[test]
fn tls_uses_the_given_authorities() {
    run(async {
        let (config, pem) = authority();
        let server = Server::tls(config).await;
        let url = server.url("/").replace("http:", "https:");
        let trusting = ReqwestClient::new(EngineConfig {
            tls: trusting(&pem),
            ..EngineConfig::default()
        })
        .unwrap();
        let exchange = get(&trusting, &url).await;
        assert_eq!((exchange.status, exchange.protocol()), (200, "HTTP/2"));
        assert_eq!(kind(&get(&client(), &url).await), Some(ErrorKind::Tls));
    });
}

#[test]
fn groups_have_their_own_cookies() {
    run(async {
        let server = Server::scripted(|mut stream, number, seen| async move {
            while read_head(&mut stream, &seen).await {
                let answer =
                    format!("HTTP/1.1 200 OK\r\nset-cookie: n={number}\r\ncontent-length: 0\r\n\r\n");
                write(&mut stream, &answer).await;
            }
        })
        .await;
        let client =
            ReqwestClient::customised(EngineConfig::default(), |builder| builder.cookie_store(true)).unwrap();
        for (group, cookie) in [(Some(1), "n=0"), (Some(2), "n=1"), (Some(1), "n=0")] {
            let exchange = execute(&client, Request::get(server.url("/")).group(group)).await;
            assert_eq!(exchange.headers[header::SET_COOKIE], cookie);
        }
        client.close_group(1);
        let exchange = execute(&client, Request::get(server.url("/")).group(Some(1))).await;
        assert_eq!(exchange.headers[header::SET_COOKIE], "n=2");
    });
}

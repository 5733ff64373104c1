//! What goes wrong is a result with a stable kind, and costs no other request anything.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use heavy_sdk::http::{Engine, EngineConfig, ErrorKind, Request, monotonic_ns};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;

use crate::support::{OK, Server, execute, get, kind, read_head, run, write};

const SOON: Duration = Duration::from_millis(100);

#[test]
fn nobody_listens() {
    run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        let engine = Engine::new(EngineConfig::default());
        let exchange = get(&engine, &format!("http://{address}/")).await;
        assert_eq!((kind(&exchange), exchange.status), (Some(ErrorKind::Refused), 0));
        assert!(exchange.phases.connect_ns > 0);
        assert!(exchange.error.unwrap().message.contains(&address.to_string()));
    });
}

#[test]
fn a_name_that_does_not_exist() {
    run(async {
        let engine = Engine::new(EngineConfig::default());
        let exchange = get(&engine, "http://no-such-host.invalid/").await;
        assert_eq!(kind(&exchange), Some(ErrorKind::Dns), "{exchange:?}");
        assert!(exchange.phases.dns_ns > 0);
        assert!(exchange.error.unwrap().message.contains("no-such-host.invalid"));
    });
}

#[test]
fn a_url_that_is_none() {
    run(async {
        let engine = Engine::new(EngineConfig::default());
        for url in ["", "nonsense", "ftp://host/", "http://"] {
            assert_eq!(
                kind(&get(&engine, url).await),
                Some(ErrorKind::InvalidUrl),
                "{url:?}"
            );
        }
    });
}

#[test]
fn what_a_server_sends_instead_of_an_answer() {
    let cases = [
        ("", ErrorKind::Closed, 0, 0),
        ("HTTP/1.1 200 OK\r\ncontent-le", ErrorKind::Closed, 0, 0),
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n0123456789",
            ErrorKind::Body,
            200,
            10,
        ),
        (
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n",
            ErrorKind::Body,
            200,
            5,
        ),
        (
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
            ErrorKind::Body,
            200,
            0,
        ),
        ("220 smtp.example.com ESMTP\r\n\r\n", ErrorKind::Protocol, 0, 0),
    ];
    for (answer, expected, status, size) in cases {
        run(async move {
            let server = Server::scripted(move |mut stream, _, seen| async move {
                read_head(&mut stream, &seen).await;
                write(&mut stream, answer).await;
            })
            .await;
            let engine = Engine::new(EngineConfig::default());
            let exchange = get(&engine, &server.url("/")).await;
            assert_eq!(kind(&exchange), Some(expected), "{answer:?}: {exchange:?}");
            assert_eq!((exchange.status, exchange.size), (status, size), "{answer:?}");
            assert_eq!(
                (server.seen.requests.get(), engine.stats().open),
                (1, 0),
                "{answer:?}"
            );
        });
    }
}

#[test]
fn a_connection_that_is_reset() {
    for (answer, status, size) in [
        ("", 0, 0),
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n0123456789",
            200,
            10,
        ),
    ] {
        run(async move {
            let server = Server::scripted(move |mut stream, _, seen| async move {
                read_head(&mut stream, &seen).await;
                write(&mut stream, answer).await;
                stream.set_zero_linger().unwrap();
            })
            .await;
            let engine = Engine::new(EngineConfig::default());
            let exchange = get(&engine, &server.url("/")).await;
            assert_eq!(kind(&exchange), Some(ErrorKind::Reset), "{exchange:?}");
            assert_eq!((exchange.status, exchange.size), (status, size));
            assert_eq!(server.seen.requests.get(), 1, "nothing is sent again");
        });
    }
}

#[test]
fn an_answer_that_does_not_come_in_time() {
    for (answer, status, size, message) in [
        ("", 0, 0, "no answer within 100ms"),
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n0123456789",
            200,
            10,
            "(received 10 bytes)",
        ),
    ] {
        run(async move {
            let server = Server::scripted(move |mut stream, number, seen| async move {
                while read_head(&mut stream, &seen).await {
                    write(&mut stream, if number == 0 { answer } else { OK }).await;
                }
            })
            .await;
            let engine = Engine::new(EngineConfig {
                request_timeout: SOON,
                ..EngineConfig::default()
            });
            let exchange = get(&engine, &server.url("/")).await;
            assert_eq!(
                (kind(&exchange), exchange.status),
                (Some(ErrorKind::Timeout), status),
                "{exchange:?}"
            );
            assert_eq!(exchange.size, size);
            assert!(exchange.duration_ns() >= 100_000_000);
            assert!(exchange.error.unwrap().message.contains(message));
            let next = execute(
                &engine,
                Request::get(server.url("/")).timeout(Duration::from_secs(30)),
            )
            .await;
            assert_eq!(
                (next.status, next.reused, server.seen.connections.get()),
                (200, false, 2)
            );
        });
    }
}

#[test]
fn a_slow_body_counts_to_receive() {
    run(async {
        // More than the kernel holds for a reader: once it is written, the client has begun to read.
        const FIRST: usize = 64 << 20;
        let last_piece_ns = Rc::new(Cell::new(0));
        let server = {
            let last_piece_ns = last_piece_ns.clone();
            Server::scripted(move |mut stream, _, seen| {
                let last_piece_ns = last_piece_ns.clone();
                async move {
                    read_head(&mut stream, &seen).await;
                    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", FIRST + 4);
                    write(&mut stream, &head).await;
                    stream.write_all(&vec![b'x'; FIRST]).await.unwrap();
                    last_piece_ns.set(monotonic_ns());
                    write(&mut stream, "last").await;
                }
            })
            .await
        };
        let engine = Engine::new(EngineConfig::default());
        let exchange = get(&engine, &server.url("/")).await;
        assert_eq!((exchange.size, &exchange.error), (FIRST as u64 + 4, &None));
        let receiving_since_ns = exchange.ended_ns - exchange.phases.receive_ns;
        assert!(
            (receiving_since_ns..=exchange.ended_ns).contains(&last_piece_ns.get()),
            "{:?}",
            exchange.phases
        );
    });
}

#[test]
fn a_handshake_that_does_not_come_in_time() {
    run(async {
        let server = Server::scripted(|stream, _, _| async move {
            std::future::pending::<()>().await;
            drop(stream);
        })
        .await;
        let engine = Engine::new(EngineConfig {
            connect_timeout: SOON,
            ..EngineConfig::default()
        });
        let exchange = get(&engine, &server.url("/").replace("http:", "https:")).await;
        assert_eq!(kind(&exchange), Some(ErrorKind::Timeout));
        assert!(exchange.phases.tls_ns >= 50_000_000, "{:?}", exchange.phases);
        assert!(exchange.error.unwrap().message.contains("no TLS session"));
    });
}

#[test]
fn many_requests_that_are_refused_fail_one_connect_each() {
    run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        drop(listener);
        let engine = Engine::new(EngineConfig::default());
        let exchanges = futures::future::join_all((0..500).map(|_| get(&engine, &url))).await;
        assert!(
            exchanges
                .iter()
                .all(|exchange| kind(exchange) == Some(ErrorKind::Refused))
        );
        let stats = engine.stats();
        assert_eq!((stats.open, stats.connecting, stats.waiting), (0, 0, 0));
    });
}

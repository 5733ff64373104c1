//! HTTP/2 without TLS: requests share connections.

use futures::future::join_all;
use heavy_sdk::http::{Engine, EngineConfig, ErrorKind, HttpVersion, Request, Version};
use tokio::io::AsyncReadExt as _;

use crate::support::{Server, execute, get, kind, run, serve_http2};

fn engine(streams: usize) -> Engine {
    Engine::new(EngineConfig {
        http_version: HttpVersion::Http2,
        h2_streams_per_connection: streams,
        h2_connections_per_origin: 4,
        ..EngineConfig::default()
    })
}

#[test]
fn requests_share_a_connection() {
    run(async {
        let server = Server::http2(1_000).await;
        let engine = engine(1_000);
        let url = server.url("/");
        let exchanges = join_all((0..100).map(|_| get(&engine, &url))).await;
        for exchange in &exchanges {
            assert_eq!(
                (exchange.status, exchange.version, &exchange.error),
                (200, Version::HTTP_2, &None)
            );
            assert_eq!(&exchange.body[..], b"hello");
        }
        assert_eq!(
            (server.seen.connections.get(), server.seen.requests.get()),
            (1, 100)
        );
        assert_eq!(
            exchanges
                .iter()
                .filter(|exchange| exchange.phases.connect_ns > 0)
                .count(),
            1
        );
        assert!(get(&engine, &url).await.reused);
    });
}

#[test]
fn full_connections_are_joined_by_more_up_to_their_limit() {
    run(async {
        let server = Server::http2(1_000).await;
        let engine = engine(10);
        let url = server.url("/");
        let exchanges = join_all((0..1_000).map(|_| get(&engine, &url))).await;
        assert!(exchanges.iter().all(|exchange| exchange.status == 200));
        assert_eq!(server.seen.connections.get(), 4);
    });
}

#[test]
fn what_the_server_allows_is_kept_to() {
    run(async {
        let server = Server::http2(3).await;
        let engine = engine(1_000);
        let url = server.url("/");
        assert_eq!(get(&engine, &url).await.status, 200);
        let exchanges = join_all((0..200).map(|_| get(&engine, &url))).await;
        assert!(
            exchanges.iter().all(|exchange| exchange.status == 200),
            "{exchanges:?}"
        );
        assert!(server.seen.connections.get() <= 4);
    });
}

#[test]
fn bodies_pass_both_ways() {
    run(async {
        let server = Server::http2(100).await;
        let engine = engine(100);
        let body = vec![9_u8; 1 << 20];
        let exchange = execute(
            &engine,
            Request::post(server.url("/echo")).body(body).keep_body(true),
        )
        .await;
        assert_eq!(
            (exchange.status, exchange.size, exchange.body.len()),
            (200, 1 << 20, 1 << 20)
        );
        assert_eq!(exchange.error, None);
    });
}

#[test]
fn a_server_that_speaks_another_protocol_fails_the_request_only() {
    run(async {
        let server = Server::http1().await;
        let engine = engine(100);
        let exchange = get(&engine, &server.url("/")).await;
        assert_eq!(exchange.status, 0);
        assert!(kind(&exchange).is_some());
        assert_eq!(engine.stats().waiting, 0);
    });
}

#[test]
fn a_connection_that_ends_fails_what_is_on_it_and_is_replaced() {
    run(async {
        let server = Server::scripted(|mut stream, number, seen| async move {
            if number == 0 {
                // The preface and the first frames of the client, and then nothing.
                let mut some = [0; 64];
                let _ = stream.read(&mut some).await;
                return;
            }
            serve_http2(stream, seen, 100).await;
        })
        .await;
        let engine = engine(100);
        let url = server.url("/");
        let exchanges = join_all((0..20).map(|_| get(&engine, &url))).await;
        for failed in exchanges.iter().filter(|exchange| exchange.status == 0) {
            assert!(
                matches!(kind(failed), Some(ErrorKind::Closed | ErrorKind::Reset)),
                "{failed:?}"
            );
        }
        assert!(exchanges.iter().any(|exchange| exchange.status == 0));
        assert_eq!(get(&engine, &url).await.status, 200);
        assert_eq!((server.seen.connections.get(), engine.stats().open), (2, 1));
    });
}

//! Bodies are read and counted to their end, however they are framed, and kept when asked for.

use bytes::Bytes;
use heavy_sdk::http::{Engine, EngineConfig, Method, Request, header};

use crate::support::{Server, execute, get, read_head, run, write};

#[test]
fn every_framing_is_counted() {
    let cases = [
        ("content-length: 5\r\n\r\nhello", "hello"),
        (
            "transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n",
            "hello world",
        ),
        (
            "transfer-encoding: chunked\r\ntrailer: x\r\n\r\n2\r\nok\r\n0\r\nx: y\r\n\r\n",
            "ok",
        ),
        ("\r\nuntil the end", "until the end"),
        ("content-length: 0\r\n\r\n", ""),
    ];
    for (rest, body) in cases {
        run(async move {
            let server = Server::scripted(move |mut stream, _, seen| async move {
                read_head(&mut stream, &seen).await;
                write(&mut stream, &format!("HTTP/1.1 200 OK\r\n{rest}")).await;
            })
            .await;
            let engine = Engine::new(EngineConfig::default());
            let kept = get(&engine, &server.url("/")).await;
            assert_eq!(
                (&kept.body[..], kept.size),
                (body.as_bytes(), body.len() as u64),
                "{rest:?}"
            );
            assert_eq!(kept.error, None);
            let counted = execute(&engine, Request::get(server.url("/"))).await;
            assert_eq!(
                (counted.body.len(), counted.size),
                (0, body.len() as u64),
                "{rest:?}"
            );
        });
    }
}

#[test]
fn large_bodies_pass_both_ways() {
    run(async {
        let server = Server::http1().await;
        let engine = Engine::new(EngineConfig {
            max_kept_body_bytes: 1_000,
            ..EngineConfig::default()
        });
        let body = Bytes::from(vec![7_u8; 3 << 20]);
        let request = Request::post(server.url("/echo")).body(body.clone());
        let exchange = execute(&engine, request.clone()).await;
        assert_eq!(
            (exchange.status, exchange.size, exchange.error),
            (200, body.len() as u64, None)
        );
        let exchange = execute(&engine, request.keep_body(true)).await;
        assert_eq!(
            (exchange.body.len(), exchange.truncated, exchange.size),
            (1_000, true, body.len() as u64)
        );
        assert!(exchange.reused);
    });
}

#[test]
fn answers_without_a_body_leave_the_connection_usable() {
    run(async {
        let server = Server::http1().await;
        let engine = Engine::new(EngineConfig::default());
        let head = execute(&engine, Request::new(Method::HEAD, server.url("/bytes/100"))).await;
        assert_eq!((head.status, head.size), (200, 0));
        assert_eq!(head.headers[header::CONTENT_LENGTH], "100");
        for status in [204, 304, 404, 503] {
            assert_eq!(
                get(&engine, &server.url(&format!("/status/{status}")))
                    .await
                    .status,
                status
            );
        }
        assert_eq!(server.seen.connections.get(), 1);
    });
}

#[test]
fn headers_are_filled_in_unless_they_are_given() {
    run(async {
        let server = Server::http1().await;
        let engine = Engine::new(EngineConfig::default());
        let url = server.url("/headers").replace("http://", "http://me:secret@");
        let request = Request::get(url).keep_body(true);
        let text = |body: Bytes| String::from_utf8(body.to_vec()).unwrap();
        let filled = text(execute(&engine, request.clone()).await.body);
        for line in [
            &format!("host: {}\n", server.address),
            "user-agent: heavy/",
            "authorization: Basic bWU6c2VjcmV0",
        ] {
            assert!(filled.contains(line), "{line:?} is not in {filled:?}");
        }
        let given = request
            .header(header::HOST, "example.com".parse().unwrap())
            .header(header::USER_AGENT, "mine".parse().unwrap())
            .header(header::AUTHORIZATION, "Bearer x".parse().unwrap());
        let given = text(execute(&engine, given).await.body);
        for line in [
            "host: example.com\n",
            "user-agent: mine\n",
            "authorization: Bearer x\n",
        ] {
            assert!(given.contains(line), "{line:?} is not in {given:?}");
        }
        assert!(!given.contains("Basic"));
    });
}

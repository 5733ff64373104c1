//! The reqwest client keeps the promises of the engine.

use std::time::Duration;

use heavy_sdk::http::{EngineConfig, ErrorKind, HttpClient, Request, ReqwestClient, header, reqwest};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

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

/// `hello, hello, hello, hello`
const GZIP: [u8; 29] = [
    0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 3, 0xcb, 0x48, 0xcd, 0xc9, 0xc9, 0xd7, 0x51, 0xc8, 0xc0, 0xa4, 0, 0x55,
    0xa3, 0x82, 0x77, 0x1a, 0, 0, 0,
];

/// A request as it came: its head, and the body that its length announces.
async fn read_request(stream: &mut TcpStream) -> Option<(String, String)> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).unwrap().to_lowercase();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
    stream.read_exact(&mut body).await.ok()?;
    Some((head, String::from_utf8(body).unwrap()))
}

/// A shop: `/login` sets a cookie and redirects, `/gzip` is compressed, anything else is answered with the request.
async fn shop() -> Server {
    Server::scripted(|mut stream, _, seen| async move {
        while let Some((head, body)) = read_request(&mut stream).await {
            seen.requests.set(seen.requests.get() + 1);
            if head.starts_with("get /login ") {
                write(
                    &mut stream,
                    "HTTP/1.1 302 Found\r\nset-cookie: session=1\r\nlocation: /cart\r\ncontent-length: 0\r\n\r\n",
                )
                .await;
            } else if head.starts_with("get /gzip ") {
                let answer = "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 29\r\n\r\n";
                write(&mut stream, answer).await;
                stream.write_all(&GZIP).await.unwrap();
            } else {
                let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", head.len() + body.len());
                write(&mut stream, &format!("{answer}{head}{body}")).await;
            }
        }
    })
    .await
}

fn text(exchange: &heavy_sdk::http::Exchange) -> String {
    String::from_utf8_lossy(&exchange.body).into_owned()
}

#[test]
fn redirects_cookies_and_compression_are_for_those_who_ask() {
    run(async {
        let server = shop().await;
        let plain = client();
        assert_eq!(get(&plain, &server.url("/login")).await.status, 302);
        assert!(!text(&get(&plain, &server.url("/cart")).await).contains("cookie"));
        let packed = get(&plain, &server.url("/gzip")).await;
        assert_eq!((&packed.body[..], packed.size), (&GZIP[..], 29));

        let able = ReqwestClient::customised(EngineConfig::default(), |builder| {
            let redirects = reqwest::redirect::Policy::limited(5);
            builder.cookie_store(true).gzip(true).redirect(redirects)
        })
        .unwrap();
        let before = server.seen.requests.get();
        let cart = get(&able, &server.url("/login")).await;
        assert_eq!((cart.status, server.seen.requests.get() - before), (200, 2));
        assert!(text(&cart).contains("cookie: session=1"), "{}", text(&cart));
        let unpacked = get(&able, &server.url("/gzip")).await;
        assert_eq!(
            (&*text(&unpacked), unpacked.size),
            ("hello, hello, hello, hello", 26)
        );
    });
}

#[test]
fn a_proxy_gets_the_whole_url() {
    run(async {
        let proxy = shop().await;
        let address = proxy.url("");
        let client = ReqwestClient::customised(EngineConfig::default(), move |builder| {
            builder.proxy(reqwest::Proxy::all(&address).unwrap())
        })
        .unwrap();
        let exchange = get(&client, "http://shop.invalid/cart").await;
        assert!(
            text(&exchange).starts_with("get http://shop.invalid/cart http/1.1"),
            "{exchange:?}"
        );
    });
}

#[test]
fn what_reqwest_alone_can_build_is_measured() {
    run(async {
        let server = shop().await;
        let client = client();
        let form = reqwest::multipart::Form::new().text("title", "boots");
        let request = client
            .client()
            .post(server.url("/upload"))
            .multipart(form)
            .build();
        let exchange = client.measure(request.unwrap(), true).await;
        crate::support::check(&exchange);
        let sent = text(&exchange);
        assert!(
            sent.contains("multipart/form-data") && sent.contains("boots"),
            "{sent}"
        );
    });
}

/// The example as a process of its own: samples of exchanges that were measured by reqwest are in its summary.
#[test]
fn a_load_test_reports_what_was_measured() {
    run(async {
        let server = shop().await;
        let tests = std::env::current_exe().unwrap();
        let example = tests.ancestors().nth(2).unwrap().join("examples/over_reqwest");
        let output = tokio::process::Command::new(&example)
            .args(["run", "--rate", "50", "--duration", "200ms"])
            .env("TARGET_URL", server.url(""))
            .output()
            .await
            .unwrap();
        let summary = String::from_utf8_lossy(&output.stdout);
        for line in [
            "GET /login: 10, 0 failed",
            "upload: 10, 0 failed",
            "the cookie was kept: 10 of 10 passed",
            "the form arrived: 10 of 10 passed",
        ] {
            assert!(summary.contains(line), "{line}: {output:?}");
        }
    });
}

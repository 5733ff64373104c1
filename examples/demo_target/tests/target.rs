//! The target through real sockets.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use heavy_demo_target::{Behaviour, Handle, Latency, Options, Stall, Target};
use heavy_testkit::{Run, ServiceProcess, http};

fn start(options: Options) -> Handle {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has free ports");
    Target::start(listener, options).expect("the listener is on loopback")
}

#[test]
fn every_path_answers_as_described() {
    let target = start(Options::default());
    let cases = [
        ("GET", "/", "", 200, "hello heavy\n"),
        ("GET", "/delay/1", "", 200, "hello heavy\n"),
        ("GET", "/status/418", "", 418, ""),
        ("GET", "/status/101", "", 404, r#"{"error":"no such path"}"#),
        ("GET", "/items/7", "", 200, r#"{"id":7,"name":"item 7"}"#),
        (
            "GET",
            "/products/3",
            "",
            200,
            r#"{"id":3,"name":"product 3","price_cents":349}"#,
        ),
        ("GET", "/products/100", "", 404, r#"{"error":"no such path"}"#),
        (
            "POST",
            "/login",
            r#"{"user":"ann"}"#,
            200,
            r#"{"token":"token-ann"}"#,
        ),
        (
            "POST",
            "/login",
            "ann",
            400,
            r#"{"error":"wanted JSON like {'user': 'ann'}"}"#,
        ),
        ("GET", "/login", "", 405, r#"{"error":"this path takes POST"}"#),
        (
            "POST",
            "/cart",
            r#"{"product":3}"#,
            201,
            r#"{"product":3,"quantity":1}"#,
        ),
        ("POST", "/checkout", "{}", 200, r#"{"ordered":true}"#),
        ("GET", "/nowhere?x=/", "", 404, r#"{"error":"no such path"}"#),
    ];
    for (method, path, body, status, answer) in cases {
        let response = http::send(target.addr(), method, path, body).unwrap();
        assert_eq!(
            (response.status, response.text()),
            (status, answer),
            "{method} {path}"
        );
    }
    assert_eq!(target.stats().requests, cases.len() as u64);
}

#[test]
fn bodies_have_the_length_asked_for() {
    let target = start(Options::default());
    for count in [0, 1, 16_384, 100_000] {
        let told = http::get(target.addr(), &format!("/bytes/{count}"));
        assert!(
            told.head.contains(&format!("content-length: {count}")),
            "{}",
            told.head
        );
        assert_eq!(told.body.len(), count);
        let chunked = http::get(target.addr(), &format!("/chunked/{count}"));
        assert!(
            chunked.head.contains("transfer-encoding: chunked"),
            "{}",
            chunked.head
        );
        assert_eq!(chunked.body.len(), count);
    }
}

#[test]
fn arrivals_and_connections_are_counted_without_the_looks_at_them() {
    let target = start(Options::default());
    let addr = target.addr();
    let mut stream = TcpStream::connect(addr).unwrap();
    for _ in 0..3 {
        stream
            .write_all(b"GET /items/1 HTTP/1.1\r\nhost: x\r\n\r\n")
            .unwrap();
        let mut answer = [0; 1_024];
        assert!(stream.read(&mut answer).unwrap() > 0);
    }
    http::get(addr, "/");
    let stats = http::get(addr, "/_stats");
    let wanted = r#"{"requests":4,"connections":2,"unstamped":0,"by_path":{"/":1,"/items/{id}":3}}"#;
    assert_eq!(stats.text(), wanted);
    let list = http::get(addr, "/_arrivals");
    let arrivals: Vec<u64> = list.text().lines().map(|line| line.parse().unwrap()).collect();
    assert_eq!(arrivals, target.arrivals_ns());
    assert!(arrivals.len() == 4 && arrivals.is_sorted());
    http::post(addr, "/_reset", "");
    assert_eq!(http::get(addr, "/_arrivals").text(), "");
    assert_eq!(
        http::get(addr, "/_stats").text(),
        r#"{"requests":0,"connections":0,"unstamped":0,"by_path":{}}"#
    );
}

#[test]
fn reset_resets_and_hang_hangs() {
    let target = start(Options::default());
    let reset = http::send(target.addr(), "GET", "/reset", "").unwrap_err();
    assert_eq!(reset.kind(), ErrorKind::ConnectionReset);
    let mut stream = TcpStream::connect(target.addr()).unwrap();
    stream
        .write_all(b"GET /hang HTTP/1.1\r\nhost: x\r\n\r\n")
        .unwrap();
    // Other requests are answered meanwhile, and the hanging one never.
    assert_eq!(http::get(target.addr(), "/").status, 200);
    stream.set_nonblocking(true).unwrap();
    assert_eq!(stream.read(&mut [0]).unwrap_err().kind(), ErrorKind::WouldBlock);
}

#[test]
fn it_fails_and_calms_down_as_told() {
    let target = start(Options::default());
    let addr = target.addr();
    assert_eq!(http::post(addr, "/_control", r#"{"fail_share":1}"#).status, 200);
    assert_eq!(http::get(addr, "/").status, 503);
    assert_eq!(http::post(addr, "/_control", "{}").status, 200);
    assert_eq!(http::get(addr, "/").status, 200);
    let refused = http::post(addr, "/_control", r#"{"fail_share":7}"#);
    assert_eq!(
        (refused.status, refused.text()),
        (400, r#"{"error":"fail_share is from 0 to 1"}"#)
    );
    assert_eq!(http::get(addr, "/_control").status, 405);
}

#[test]
fn slow_and_stalled_answers_come_no_earlier_than_told() {
    let target = start(Options::default());
    let slow = Duration::from_millis(30);
    target.behave(Behaviour {
        slow,
        ..Behaviour::default()
    });
    let asked = Instant::now();
    http::get(target.addr(), "/");
    assert!(asked.elapsed() >= slow);

    let length = Duration::from_millis(60);
    let stalled = Instant::now();
    target.behave(Behaviour {
        stall: Some(Stall {
            after: Duration::ZERO,
            length,
        }),
        ..Behaviour::default()
    });
    http::get(target.addr(), "/");
    assert!(stalled.elapsed() >= length);
}

#[test]
fn the_lifelike_shop_takes_its_time_and_repeats_itself() {
    let statuses = |seed| {
        let target = start(Options {
            latency: Latency::Lifelike,
            seed,
            ..Options::default()
        });
        let asked = Instant::now();
        let statuses: Vec<u16> = (0..20)
            .map(|_| http::post(target.addr(), "/checkout", "{}").status)
            .collect();
        // Twenty times a median of 8 ms, each above 1 ms with near certainty for this seed.
        assert!(asked.elapsed() >= Duration::from_millis(20));
        statuses
    };
    assert_eq!(statuses(1), statuses(1));
}

#[test]
fn http2_is_spoken_on_the_same_port() {
    use http_body_util::{BodyExt, Empty};
    use hyper_util::rt::{TokioExecutor, TokioIo};

    let target = start(Options::default());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let body = runtime.block_on(async {
        let stream = tokio::net::TcpStream::connect(target.addr()).await.unwrap();
        let io = TokioIo::new(stream);
        let (mut sender, connection) = hyper::client::conn::http2::handshake(TokioExecutor::new(), io)
            .await
            .unwrap();
        tokio::spawn(connection);
        let uri = format!("http://{}/items/9", target.addr());
        let request = hyper::Request::get(uri)
            .body(Empty::<bytes::Bytes>::new())
            .unwrap();
        sender
            .send_request(request)
            .await
            .unwrap()
            .into_body()
            .collect()
            .await
            .unwrap()
            .to_bytes()
    });
    assert_eq!(body, r#"{"id":9,"name":"item 9"}"#);
    assert_eq!(target.stats().connections, 1);
}

#[test]
fn a_stopped_target_frees_its_port() {
    let target = start(Options {
        threads: 2,
        ..Options::default()
    });
    let addr = target.addr();
    let mut idle = TcpStream::connect(addr).unwrap();
    assert_eq!(http::get(addr, "/").status, 200);
    target.stop();
    assert_eq!(
        TcpStream::connect(addr).unwrap_err().kind(),
        ErrorKind::ConnectionRefused
    );
    assert!(
        matches!(idle.read(&mut [0]), Ok(0) | Err(_)),
        "its connections are broken off"
    );
}

#[test]
fn only_loopback_is_served() {
    let listener = TcpListener::bind("0.0.0.0:0").unwrap();
    let error = Target::start(listener, Options::default())
        .unwrap_err()
        .to_string();
    assert!(error.contains("is not a loopback address"), "{error}");
}

#[test]
fn the_program_tells_where_it_listens() {
    let program = env!("CARGO_BIN_EXE_demo_target");
    let service = ServiceProcess::start("demo_target", Run::new(program).args(["--listen", "127.0.0.1:0"]));
    assert_eq!(http::get(service.addr(), "/").text(), "hello heavy\n");
    let taken = Run::new(program)
        .args(["--listen", &service.addr().to_string()])
        .finish()
        .expect_code(1);
    assert!(
        taken.stderr.contains("cannot listen on 127.0.0.1"),
        "{}",
        taken.stderr
    );
    Run::new(program)
        .args(["--listen", "nowhere"])
        .finish()
        .expect_code(2);
}

//! Which connections requests use, and how many there are.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use futures::future::join_all;
use heavy_sdk::http::{Engine, EngineConfig, ErrorKind, HttpClient, Request};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::task::{spawn_local, yield_now};
use tokio::time::timeout;

use crate::support::{OK, Server, check, execute, get, kind, read_head, run, write};

#[test]
fn one_connection_serves_requests_in_a_row() {
    run(async {
        let server = Server::http1().await;
        let engine = Engine::new(EngineConfig::default());
        for n in 0..20 {
            let exchange = get(&engine, &server.url("/")).await;
            assert_eq!((exchange.status, &exchange.body[..]), (200, &b"hello"[..]));
            assert_eq!(exchange.reused, n > 0);
            let peer = server.url("/").replace("http://", "").replace('/', "");
            assert_eq!(exchange.remote_addr.as_deref(), Some(&*peer));
            assert_eq!(exchange.phases.connect_ns > 0, n == 0);
            assert!(exchange.phases.send_ns > 0 && exchange.phases.wait_ns > 0);
        }
        assert_eq!(
            (server.seen.connections.get(), server.seen.requests.get()),
            (1, 20)
        );
        assert_eq!(
            (engine.stats().open, engine.stats().idle, engine.stats().opened),
            (1, 1, 1)
        );
    });
}

#[test]
fn without_keep_alive_every_request_has_its_own() {
    run(async {
        let server = Server::http1().await;
        let engine = Engine::new(EngineConfig {
            keep_alive: false,
            ..EngineConfig::default()
        });
        for _ in 0..5 {
            let exchange = get(&engine, &server.url("/headers")).await;
            assert!(!exchange.reused);
            assert!(String::from_utf8_lossy(&exchange.body).contains("connection: close"));
        }
        assert_eq!((server.seen.connections.get(), engine.stats().open), (5, 0));
    });
}

#[test]
fn an_answer_that_says_close_ends_its_connection() {
    run(async {
        let server = Server::scripted(|mut stream, _, seen| async move {
            read_head(&mut stream, &seen).await;
            write(
                &mut stream,
                "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok",
            )
            .await;
        })
        .await;
        let engine = Engine::new(EngineConfig::default());
        for _ in 0..3 {
            assert_eq!(get(&engine, &server.url("/")).await.status, 200);
        }
        assert_eq!((server.seen.connections.get(), engine.stats().open), (3, 0));
    });
}

/// The server closes each connection after its answer without saying so. A second socket, closed later, tells that
/// the first one's end has arrived: the kernel reports them in this order.
#[test]
fn a_connection_closed_while_idle_is_replaced_and_nothing_is_sent_twice() {
    run(async {
        let server = Server::scripted(|mut stream, _, seen| async move {
            if read_head(&mut stream, &seen).await {
                write(&mut stream, OK).await;
            }
        })
        .await;
        let engine = Engine::new(EngineConfig::default());
        for n in 1..=10 {
            let exchange = get(&engine, &server.url("/")).await;
            assert_eq!(exchange.error, None);
            assert!(!exchange.reused);
            assert_eq!(server.seen.requests.get(), n);
            let mut marker = TcpStream::connect(server.address).await.unwrap();
            write(&mut marker, "GET / HTTP/1.1\r\n\r\n").await;
            let mut rest = Vec::new();
            marker.read_to_end(&mut rest).await.unwrap();
            server.seen.requests.set(n);
        }
        assert_eq!(engine.stats().opened, 10);
    });
}

#[test]
fn idle_connections_that_were_closed_are_swept_up() {
    run(async {
        let (go, swept) = (Rc::new(Notify::new()), Rc::new(Notify::new()));
        let server = {
            let (go, swept) = (go.clone(), swept.clone());
            Server::scripted(move |mut stream, _, seen| {
                let (go, swept) = (go.clone(), swept.clone());
                async move {
                    read_head(&mut stream, &seen).await;
                    write(&mut stream, OK).await;
                    go.notified().await;
                    stream.shutdown().await.unwrap();
                    // The client closes its end when it sweeps the connection up.
                    assert_eq!(stream.read(&mut [0]).await.unwrap(), 0);
                    swept.notify_one();
                }
            })
            .await
        };
        let engine = Engine::new(EngineConfig::default());
        get(&engine, &server.url("/")).await;
        assert_eq!(engine.stats().open, 1);
        go.notify_one();
        timeout(Duration::from_secs(30), swept.notified()).await.unwrap();
        assert_eq!(engine.stats().open, 0);
    });
}

#[test]
fn a_burst_opens_a_bounded_number_of_connections_a_few_at_a_time() {
    run(async {
        let server = Server::http1().await;
        let config = EngineConfig {
            max_connections: 200,
            max_connects_in_progress: 16,
            ..EngineConfig::default()
        };
        let engine = Rc::new(Engine::new(config));
        let over = Rc::new(Cell::new(false));
        let watch = {
            let (engine, over) = (engine.clone(), over.clone());
            spawn_local(async move {
                let mut most = 0;
                while !over.get() {
                    let stats = engine.stats();
                    most = most.max(stats.connecting);
                    assert!(stats.open + stats.connecting <= 200, "{stats:?}");
                    yield_now().await;
                }
                most
            })
        };
        let url = server.url("/");
        let exchanges =
            join_all((0..10_000).map(|_| engine.execute(Request::get(engine.target(&url))))).await;
        over.set(true);
        let most = watch.await.unwrap();
        assert!((1..=16).contains(&most), "{most} connects at once");
        assert!(exchanges.iter().all(|exchange| exchange.status == 200));
        exchanges.iter().for_each(check);
        assert!(exchanges.iter().any(|exchange| exchange.phases.blocked_ns > 0));
        assert_eq!(server.seen.requests.get(), 10_000);
        assert!(server.seen.connections.get() <= 200);
    });
}

#[test]
fn a_returned_connection_serves_whoever_waits_when_no_more_may_be_opened() {
    run(async {
        let server = Server::http1().await;
        let engine = Engine::new(EngineConfig {
            max_connections: 1,
            ..EngineConfig::default()
        });
        let url = server.url("/");
        let exchanges = join_all((0..50).map(|_| get(&engine, &url))).await;
        assert!(exchanges.iter().all(|exchange| exchange.status == 200));
        assert_eq!(exchanges.iter().filter(|exchange| exchange.reused).count(), 49);
        assert_eq!(server.seen.connections.get(), 1);
    });
}

#[test]
fn an_idle_connection_makes_room_for_another_origin() {
    run(async {
        let (a, b) = (Server::http1().await, Server::http1().await);
        let engine = Engine::new(EngineConfig {
            max_connections: 1,
            ..EngineConfig::default()
        });
        for _ in 0..3 {
            assert_eq!(get(&engine, &a.url("/")).await.status, 200);
            assert_eq!(get(&engine, &b.url("/")).await.status, 200);
        }
        assert_eq!((a.seen.connections.get(), b.seen.connections.get()), (3, 3));
        assert_eq!(engine.stats().open, 1);
    });
}

#[test]
fn a_request_that_finds_no_connection_in_time_says_so() {
    run(async {
        let server = Server::scripted(|stream, _, _| async move {
            std::future::pending::<()>().await;
            drop(stream);
        })
        .await;
        let engine = Engine::new(EngineConfig {
            max_connections: 1,
            ..EngineConfig::default()
        });
        let request = || Request::get(server.url("/"));
        let holder = execute(&engine, request().timeout(Duration::from_millis(200)));
        let waiter = execute(&engine, request().timeout(Duration::from_millis(50)));
        let (holder, waiter) = futures::join!(holder, waiter);
        assert_eq!(
            (kind(&holder), kind(&waiter)),
            (Some(ErrorKind::Timeout), Some(ErrorKind::Timeout))
        );
        assert!(
            waiter
                .error
                .as_ref()
                .unwrap()
                .message
                .contains("no free connection"),
            "{waiter:?}"
        );
        assert_eq!(waiter.phases.blocked_ns, waiter.duration_ns());
        assert_eq!(
            engine.stats().open,
            0,
            "the connection of a request that timed out is not used again"
        );
    });
}

#[test]
fn a_request_that_is_dropped_gives_its_place_back() {
    run(async {
        let server = Server::scripted(|mut stream, number, seen| async move {
            while read_head(&mut stream, &seen).await {
                if number == 0 {
                    std::future::pending::<()>().await;
                }
                write(&mut stream, OK).await;
            }
        })
        .await;
        let engine = Engine::new(EngineConfig {
            max_connections: 1,
            ..EngineConfig::default()
        });
        let url = server.url("/");
        let mut abandoned = engine.execute(Request::get(engine.target(&url)));
        while server.seen.requests.get() == 0 {
            assert!(futures::poll!(&mut abandoned).is_pending());
            yield_now().await;
        }
        drop(abandoned);
        assert_eq!(get(&engine, &url).await.status, 200);
        assert_eq!(server.seen.connections.get(), 2);
    });
}

#[test]
fn an_engine_that_is_dropped_closes_its_connections() {
    run(async {
        let server = Server::scripted(|mut stream, _, seen| async move {
            while read_head(&mut stream, &seen).await {
                write(&mut stream, OK).await;
            }
            seen.connections.set(0);
        })
        .await;
        let engine = Engine::new(EngineConfig::default());
        get(&engine, &server.url("/")).await;
        assert_eq!(server.seen.connections.get(), 1);
        drop(engine);
        while server.seen.connections.get() > 0 {
            yield_now().await;
        }
    });
}

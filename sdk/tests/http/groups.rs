//! Connections that belong to a user or an iteration.

use heavy_sdk::http::{Engine, EngineConfig, ErrorKind, HttpClient, Request};
use tokio::task::yield_now;

use crate::support::{Server, execute, kind, run};

#[test]
fn a_group_keeps_its_connections_to_itself_and_loses_them_when_closed() {
    run(async {
        let server = Server::http1().await;
        let engine = Engine::new(EngineConfig::default());
        let get = async |group| {
            execute(&engine, Request::get(server.url("/")).group(group))
                .await
                .reused
        };
        assert!(!get(None).await);
        for iteration in 0..5 {
            assert!(
                !get(Some(iteration)).await,
                "the first request of an iteration connects"
            );
            assert!(get(Some(iteration)).await, "the second one need not");
            engine.close_group(iteration);
        }
        assert!(!get(Some(0)).await, "a closed group starts anew");
        assert!(get(None).await, "shared connections are untouched");
        assert_eq!(server.seen.connections.get(), 7);
        assert_eq!(engine.stats().open, 2);
    });
}

#[test]
fn groups_share_the_limit_on_connections() {
    run(async {
        let server = Server::http1().await;
        let engine = Engine::new(EngineConfig {
            max_connections: 3,
            ..EngineConfig::default()
        });
        for user in 0..20 {
            let exchange = execute(&engine, Request::get(server.url("/")).group(Some(user))).await;
            assert_eq!(exchange.status, 200);
            assert!(engine.stats().open <= 3);
        }
        assert_eq!(server.seen.connections.get(), 20);
    });
}

#[test]
fn closing_a_group_ends_what_waits_in_it() {
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
        let mut holder = engine.execute(Request::get(server.url("/")));
        let mut waiter = engine.execute(Request::get(server.url("/")).group(Some(1)));
        while engine.stats().open == 0 || engine.stats().waiting == 0 {
            assert!(futures::poll!(&mut holder).is_pending());
            assert!(futures::poll!(&mut waiter).is_pending());
            yield_now().await;
        }
        engine.close_group(1);
        assert_eq!(kind(&waiter.await), Some(ErrorKind::Closed));
    });
}

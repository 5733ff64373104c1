//! Databases that do not answer: frozen, cut off, or gone without a word. Results flow again soon after they are back.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use heavy_proto::v1::{self, Outcome, content::Content};
use heavy_testkit::{FaultProxy, Postgres, ProxyFault, Signal};

use crate::bed::{Bed, Collector, Session, iterations};

/// A limit that only bounds a failing test.
const LIMIT: Duration = Duration::from_secs(60);

async fn send(bed: &Bed, session: &mut Session, sequence: u64) -> Outcome {
    let rows = Content::Rows(iterations(sequence * 10..sequence * 10 + 10));
    let ack = session.deliver(bed.batch(v1::Stream::Rows, sequence, rows)).await;
    ack.outcome()
}

/// Sends batches before, during and after a time in which the database does not answer.
async fn through(bed: &Bed, what: &str, begin: impl FnOnce(), end: impl FnOnce()) {
    let collector = Collector::start(Arc::clone(&bed.store)).await;
    let mut session = collector.session().await;
    assert_eq!(send(bed, &mut session, 1).await, Outcome::Stored);
    begin();
    let began = Instant::now();
    assert_eq!(send(bed, &mut session, 2).await, Outcome::Retry);
    let given_up = began.elapsed();
    assert_eq!(send(bed, &mut session, 2).await, Outcome::Retry);
    end();
    let began = Instant::now();
    let mut outcome = send(bed, &mut session, 2).await;
    while outcome == Outcome::Retry {
        assert!(began.elapsed() < LIMIT);
        outcome = send(bed, &mut session, 2).await;
    }
    // What was cut off may have been committed.
    assert!(
        matches!(outcome, Outcome::Stored | Outcome::Duplicate),
        "{outcome:?}"
    );
    eprintln!(
        "{what}: given up after {given_up:?}, stored again after {:?}",
        began.elapsed()
    );
    assert_eq!(send(bed, &mut session, 3).await, Outcome::Stored);
    assert_eq!(bed.value("select count(*) from iterations").await, "30");
}

fn proxied(postgres: &Postgres) -> (FaultProxy, String) {
    let database = postgres.database();
    let server = SocketAddr::from((Ipv4Addr::LOCALHOST, postgres.port()));
    let proxy = FaultProxy::start(server);
    let url = database
        .url()
        .replace(&server.to_string(), &proxy.addr().to_string());
    (proxy, url)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frozen_database_is_given_up_and_used_again() {
    let mut postgres = Postgres::start();
    let bed = Bed::at(postgres.database().url()).await;
    let cell = std::cell::RefCell::new(&mut postgres);
    through(
        &bed,
        "frozen",
        || cell.borrow_mut().signal(Signal::STOP),
        || cell.borrow_mut().signal(Signal::CONT),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_behind_a_black_hole_is_given_up_and_used_again() {
    let (proxy, url) = proxied(Postgres::shared());
    let bed = Bed::at(&url).await;
    through(
        &bed,
        "black hole",
        || proxy.set(ProxyFault::BlackHole),
        || proxy.heal(),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_died_without_a_word_are_replaced() {
    let (proxy, url) = proxied(Postgres::shared());
    let bed = Bed::at(&url).await;
    through(
        &bed,
        "half open",
        || proxy.set(ProxyFault::HalfOpen),
        || proxy.heal(),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_database_is_used_again_when_it_is_back() {
    let mut postgres = Postgres::start();
    let bed = Bed::at(postgres.database().url()).await;
    let cell = std::cell::RefCell::new(&mut postgres);
    through(
        &bed,
        "killed",
        || cell.borrow_mut().kill(),
        || cell.borrow_mut().start_again(),
    )
    .await;
}

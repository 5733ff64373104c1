//! Postgres as it is run: behind a pooler, with other defaults, and with a replica that takes over.

use std::sync::Arc;

use heavy_results::job::{JobInfo, JobSpec, JobState};
use heavy_store::{Error, Store};
use heavy_testkit::{Pooler, Postgres};
use uuid::Uuid;

fn job() -> JobInfo {
    JobInfo {
        state: JobState::Running,
        planned: 10,
        asked_rate: 1.0,
        ..JobInfo::queued(
            Uuid::now_v7(),
            JobSpec::new(
                "a".repeat(64),
                "1/s".parse().expect("a rate"),
                "10s".parse().expect("a duration"),
            ),
            1_800_000_000_000_000_000,
        )
    }
}

async fn add_job(store: &Arc<dyn Store>) -> Result<(), Error> {
    store.create_job(&job()).await
}

#[tokio::test]
async fn a_pooler_is_found_whether_it_refuses_settings_or_drops_them() {
    let postgres = Postgres::shared();
    for ignoring in ["", "extra_float_digits, options"] {
        let pooler = Pooler::start(postgres, ignoring);
        let url = pooler.url(&postgres.database());
        for url in [url.clone(), format!("{url}?prepared_statements=false")] {
            let stores = [
                heavy_store::open(&url).await.expect("it answers"),
                heavy_store::open(&url).await.expect("it answers"),
            ];
            // More transactions than the pooler has connections, in turns: no statement may outlive its own.
            for _ in 0..8 {
                let (one, other) = tokio::join!(add_job(&stores[0]), add_job(&stores[1]));
                one.and(other).expect("both are stored");
            }
            assert_eq!(stores[0].jobs(100).await.expect("they are read").len() % 16, 0);
        }
    }
}

/// A URL with both servers.
fn both(one: &Postgres, other: &Postgres, name: &str) -> String {
    let url = one.database_named(name);
    let one = format!("127.0.0.1:{}", one.port());
    url.replace(&one, &format!("{one},127.0.0.1:{}", other.port()))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_that_every_commit_waited_for_takes_over() {
    let mut first = Postgres::start();
    let name = first.database().name().to_owned();
    let replica = first.replica();
    let store = heavy_store::open(&both(&first, &replica, &name))
        .await
        .expect("it answers");
    add_job(&store).await.expect("the first server takes it");
    first.kill();
    let error = add_job(&store).await.expect_err("the replica only reads");
    assert!(
        error.may_pass() && error.to_string().contains("it only reads"),
        "{error}"
    );
    replica.promote();
    add_job(&store).await.expect("the replica takes it");
    assert_eq!(store.jobs(9).await.expect("they are read").len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_may_lack_results_does_not_take_over() {
    let mut first = Postgres::start();
    let other = Postgres::start();
    let name = first.database().name().to_owned();
    other.create(&name);
    let named = other.database_named(&name);
    heavy_store::open(&named).await.expect("it answers");
    let store = heavy_store::open(&both(&first, &other, &name))
        .await
        .expect("it answers");
    add_job(&store).await.expect("the first server takes it");
    first.kill();
    let error = add_job(&store)
        .await
        .expect_err("nobody knows what the other has");
    assert!(
        error.may_pass() && error.to_string().contains("may be missing there"),
        "{error}"
    );
    first.start_again();
    add_job(&store).await.expect("the first server takes it");
    assert_eq!(store.jobs(9).await.expect("they are read").len(), 2);
}

//! Outcomes of batches.

use std::sync::Arc;

use heavy_proto::v1::{self, Outcome, content::Content};
use heavy_results::job::JobState;
use heavy_store::{Deletion, Producer, Stream};
use uuid::Uuid;

use crate::bed::{Bed, Collector, Session, batch, iterations};
use crate::gate::Gate;

fn rows(numbers: std::ops::Range<u64>) -> Content {
    Content::Rows(iterations(numbers))
}

pub(crate) async fn batches_are_stored_once_and_in_order(bed: &Bed) {
    let collector = Collector::start(Arc::clone(&bed.store)).await;
    let mut session = collector.session().await;
    for (sequence, expected, next) in [
        (2, Outcome::Gap, 1),
        (1, Outcome::Stored, 0),
        (1, Outcome::Duplicate, 0),
        (3, Outcome::Gap, 2),
        (2, Outcome::Stored, 0),
    ] {
        let ack = session
            .deliver(bed.batch(v1::Stream::Rows, sequence, rows(sequence * 10..sequence * 10 + 5)))
            .await;
        assert_eq!(
            (ack.outcome(), ack.expected),
            (expected, next),
            "{sequence}: {}",
            ack.message
        );
    }
    assert_eq!(bed.value("select count(*) from iterations").await, "10");
    // Another session goes on where this one ended.
    drop(session);
    let mut session = collector.session().await;
    let ack = session
        .deliver(bed.batch(v1::Stream::Rows, 3, rows(30..31)))
        .await;
    assert_eq!(ack.outcome(), Outcome::Stored);
    let void = Content::Void(v1::Void {
        reason: "quota".to_owned(),
        requests: 1,
        iterations: 1,
    });
    let ack = session.deliver(bed.batch(v1::Stream::Rows, 4, void)).await;
    assert_eq!(ack.outcome(), Outcome::Stored);
    assert_eq!(
        bed.value("select count(distinct iteration) from iterations")
            .await,
        "11"
    );
}

pub(crate) async fn stats_are_kept_for_the_scheduler(bed: &Bed) {
    let collector = Collector::start(Arc::clone(&bed.store)).await;
    let mut session = collector.session().await;
    let contents = [
        Content::Stats(v1::Stats {
            complete_before_second: 7,
            ..v1::Stats::default()
        }),
        Content::Void(v1::Void::default()),
        Content::Closing(v1::Closing {
            started: 3,
            ..v1::Closing::default()
        }),
    ];
    let mut sent = Vec::new();
    for (sequence, content) in (1..).zip(contents) {
        let batch = bed.batch(v1::Stream::Stats, sequence, content);
        sent.push(batch.content.to_vec());
        assert_eq!(session.deliver(batch).await.outcome(), Outcome::Stored);
    }
    let producer = Producer {
        job: bed.job,
        agent: "one".to_owned(),
        epoch: 1,
        stream: Stream::Stats,
    };
    let stored = bed.store.stats_after(&producer, 0, 10).await.unwrap();
    assert_eq!(
        stored.into_iter().map(|stats| stats.bytes).collect::<Vec<_>>(),
        sent
    );
    let marks = bed.store.marks(bed.job).await.unwrap();
    assert_eq!((marks[0].sequence, marks[0].closed), (3, true));
}

pub(crate) async fn what_can_never_be_stored_is_refused(bed: &Bed) {
    let collector = Collector::start(Arc::clone(&bed.store)).await;
    let mut session = collector.session().await;
    let good = |sequence| bed.batch(v1::Stream::Rows, sequence, rows(0..3));
    let mut damaged = good(1);
    damaged.crc32c ^= 1;
    let mut wrong_index = iterations(0..1);
    wrong_index.dictionary.pop();
    for (batch, expected) in [
        (damaged, "damaged"),
        (
            bed.batch(v1::Stream::Rows, 1, Content::Rows(wrong_index)),
            "workflow refers to text 1",
        ),
        (bed.batch(v1::Stream::Stats, 1, rows(0..1)), "unexpected rows"),
    ] {
        let ack = session.deliver(batch).await;
        assert_eq!(ack.outcome(), Outcome::Refused, "{expected}");
        assert!(ack.message.contains(expected), "{}", ack.message);
    }
    // The stream lives on, and the sequence is still free.
    assert_eq!(session.deliver(good(1)).await.outcome(), Outcome::Stored);
    let ack = session.deliver(bed.batch(v1::Stream::Rows, 1, rows(5..9))).await;
    assert_eq!(ack.outcome(), Outcome::Refused);
    assert!(
        ack.message.contains("another batch was committed"),
        "{}",
        ack.message
    );
    assert_eq!(bed.value("select count(*) from iterations").await, "3");
}

pub(crate) async fn what_comes_of_a_deleted_job_is_acknowledged(bed: &Bed) {
    let collector = Collector::start(Arc::clone(&bed.store)).await;
    let mut session = collector.session().await;
    let first = session.deliver(bed.batch(v1::Stream::Rows, 1, rows(0..3))).await;
    assert_eq!(first.outcome(), Outcome::Stored);
    let mut job = bed.store.jobs(1).await.unwrap().remove(0);
    job.state = JobState::Stopped;
    bed.store.update_job(&job).await.unwrap();
    bed.store
        .delete_jobs(&[job.id], Deletion::Everything)
        .await
        .unwrap();
    for (stream, sequence, content) in [
        (v1::Stream::Rows, 2, rows(3..6)),
        (v1::Stream::Stats, 1, Content::Stats(v1::Stats::default())),
        (v1::Stream::Stats, 2, Content::Closing(v1::Closing::default())),
    ] {
        let ack = session.deliver(bed.batch(stream, sequence, content)).await;
        assert_eq!(ack.outcome(), Outcome::Stored, "{}", ack.message);
    }
    assert_eq!(bed.value("select count(*) from iteration_rows").await, "0");
    assert_eq!(bed.store.marks(job.id).await.unwrap(), []);
}

pub(crate) async fn a_job_of_another_store_is_kept_by_its_agent(bed: &Bed) {
    let collector = Collector::start(Arc::clone(&bed.store)).await;
    let mut session = collector.session().await;
    let job = Uuid::now_v7();
    for stream in [v1::Stream::Rows, v1::Stream::Stats] {
        let content = match stream {
            v1::Stream::Rows => rows(0..1),
            _ => Content::Stats(v1::Stats::default()),
        };
        let ack = session.deliver(batch(job, "one", stream, 1, content)).await;
        assert_eq!(ack.outcome(), Outcome::Retry, "{stream:?}");
        assert!(ack.message.contains(&job.to_string()), "{}", ack.message);
    }
}

pub(crate) async fn many_producers_share_a_stream(bed: &Bed) {
    let collector = Collector::start(Arc::clone(&bed.store)).await;
    let mut session = collector.session().await;
    let batches = session.batches.clone();
    let job = bed.job;
    tokio::spawn(async move {
        for sequence in 1..=10 {
            for agent in ["one", "two", "three"] {
                let sent = batch(
                    job,
                    agent,
                    v1::Stream::Rows,
                    sequence,
                    rows(sequence..sequence + 1),
                );
                batches.send(sent).await.unwrap();
            }
        }
    });
    let mut last = std::collections::BTreeMap::new();
    for _ in 0..30 {
        let ack = session.ack().await;
        assert_eq!(ack.outcome(), Outcome::Stored, "{}", ack.message);
        let before = last
            .insert(ack.producer.unwrap().agent, ack.sequence)
            .unwrap_or(0);
        assert_eq!(ack.sequence, before + 1);
    }
    assert_eq!(bed.value("select count(*) from iterations").await, "30");
}

/// A collector whose store holds back a batch of rows.
async fn with_held_batch(bed: &Bed) -> (Arc<Gate>, Collector, Session) {
    let gate = Arc::new(Gate::new(Arc::clone(&bed.store)));
    let collector = Collector::start(Arc::clone(&gate) as _).await;
    let session = collector.session().await;
    session
        .batches
        .send(bed.batch(v1::Stream::Rows, 1, rows(0..3)))
        .await
        .unwrap();
    (gate, collector, session)
}

pub(crate) async fn received_batches_are_stored_at_shutdown(bed: &Bed) {
    let (gate, collector, mut session) = with_held_batch(bed).await;
    gate.reached().await;
    collector.shutdown.cancel();
    gate.open();
    assert_eq!(session.ack().await.outcome(), Outcome::Stored);
    assert_eq!(session.acks.message().await.unwrap(), None);
    drop(session);
    collector.serving.await.unwrap().unwrap();
    assert_eq!(bed.value("select count(*) from iterations").await, "3");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_acknowledged_before_its_commit() {
    let bed = Bed::sqlite().await;
    let (gate, _collector, mut session) = with_held_batch(&bed).await;
    // A refusal in another lane overtakes: acknowledgements flow, but the one of the held batch does not come.
    let mut damaged = bed.batch(v1::Stream::Stats, 1, Content::Stats(v1::Stats::default()));
    damaged.crc32c ^= 1;
    tokio::select! {
        ack = session.ack() => panic!("acknowledged before it was committed: {ack:?}"),
        () = gate.reached() => {}
    }
    session.batches.send(damaged).await.unwrap();
    assert_eq!(session.ack().await.outcome(), Outcome::Refused);
    gate.open();
    let ack = session.ack().await;
    assert_eq!((ack.outcome(), ack.sequence), (Outcome::Stored, 1));
    assert_eq!(bed.value("select count(*) from iterations").await, "3");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_is_away_is_waited_for() {
    let bed = Bed::postgres().await;
    let database = bed.database.as_ref().expect("it is on Postgres");
    let other = heavy_testkit::Postgres::shared().database();
    let collector = Collector::start(Arc::clone(&bed.store)).await;
    let mut session = collector.session().await;
    let of = |sequence| bed.batch(v1::Stream::Rows, sequence, rows(sequence..sequence + 1));
    assert_eq!(session.deliver(of(1)).await.outcome(), Outcome::Stored);

    let name = database.name();
    other.query(&format!("alter database {name} allow_connections false"));
    other.query(&format!(
        "select pg_terminate_backend(pid) from pg_stat_activity where datname = '{name}'"
    ));
    let ack = session.deliver(of(2)).await;
    assert_eq!(ack.outcome(), Outcome::Retry);
    assert!(!ack.message.is_empty());

    other.query(&format!("alter database {name} allow_connections true"));
    let ack = session.deliver(of(2)).await;
    assert_eq!(ack.outcome(), Outcome::Stored, "{}", ack.message);
    assert_eq!(bed.value("select count(*) from iterations").await, "2");
}

//! Batches and marks.

use std::sync::Arc;

use heavy_results::aggregate::Voided;
use heavy_store::{Committed, Content, EncodedStats, Mark, Rows, Stream};
use uuid::Uuid;

use crate::bed::{Bed, rows, value};
use crate::data::{self, batch, producer, stats};

pub(crate) async fn each_batch_is_stored_once(bed: &Bed) {
    let store = bed.open().await;
    let job = data::job();
    store.create_job(&job).await.unwrap();
    let from = producer(job.id, "one", Stream::Rows);
    let content = |first| Content::Rows(Box::new(data::rows(first, 10)));
    for (sequence, expected) in [
        (2, Committed::Gap { expected: 1 }),
        (1, Committed::Stored),
        (1, Committed::Duplicate),
        (3, Committed::Gap { expected: 2 }),
        (2, Committed::Stored),
        (1, Committed::Duplicate),
        (0, Committed::Gap { expected: 3 }),
    ] {
        let committed = store
            .commit(&batch(&from, sequence, content(sequence * 10)))
            .await
            .unwrap();
        assert_eq!(committed, expected, "{sequence}");
    }
    let mut other = batch(&from, 2, content(20));
    other.crc32c += 1;
    assert_eq!(store.commit(&other).await.unwrap(), Committed::Conflict);
    // What was damaged on the agent's disk after it was committed comes again as a void.
    let voided = Voided {
        requests: 7,
        iterations: 3,
        damaged_batches: 1,
    };
    for sequence in 1..=2 {
        let mut void = batch(&from, sequence, Content::Void(voided));
        void.crc32c += 1;
        assert_eq!(store.commit(&void).await.unwrap(), Committed::Duplicate);
    }
    for sequence in 3..=4 {
        let void = batch(&from, sequence, Content::Void(voided));
        assert_eq!(store.commit(&void).await.unwrap(), Committed::Stored);
        assert_eq!(store.commit(&void).await.unwrap(), Committed::Duplicate);
    }
    assert_eq!(value(&store, "select count(*) from requests").await, "20");
    assert_eq!(value(&store, "select count(*) from iterations").await, "20");
    let mark = Mark {
        producer: from,
        sequence: 4,
        closed: false,
        voided: Voided {
            requests: 14,
            iterations: 6,
            damaged_batches: 2,
        },
    };
    assert_eq!(store.marks(job.id).await.unwrap(), [mark]);
}

pub(crate) async fn a_racing_duplicate_is_stored_once(bed: &Bed) {
    let store = bed.open().await;
    let job = data::job();
    store.create_job(&job).await.unwrap();
    let from = producer(job.id, "one", Stream::Rows);
    for sequence in 1..=10 {
        let tasks: Vec<_> = (0..4)
            .map(|_| {
                let (store, from) = (Arc::clone(&store), from.clone());
                tokio::spawn(async move {
                    let content = Content::Rows(Box::new(data::rows(0, 5)));
                    store.commit(&batch(&from, sequence, content)).await.unwrap()
                })
            })
            .collect();
        let mut stored = 0;
        for task in tasks {
            match task.await.unwrap() {
                Committed::Stored => stored += 1,
                other => assert_eq!(other, Committed::Duplicate),
            }
        }
        assert_eq!(stored, 1);
    }
    assert_eq!(value(&store, "select count(*) from requests").await, "50");
}

pub(crate) async fn an_unknown_job_has_no_producers(bed: &Bed) {
    let store = bed.open().await;
    let from = producer(Uuid::now_v7(), "one", Stream::Stats);
    for sequence in [1, 2] {
        let committed = store.commit(&batch(&from, sequence, stats(b"x"))).await.unwrap();
        assert_eq!(committed, Committed::UnknownJob);
    }
    assert_eq!(store.marks(from.job).await.unwrap(), []);
}

pub(crate) async fn stats_come_back_in_order(bed: &Bed) {
    let store = bed.open().await;
    let job = data::job();
    store.create_job(&job).await.unwrap();
    let from = producer(job.id, "one", Stream::Stats);
    for sequence in 1..=4u64 {
        let content = Content::Encoded {
            bytes: vec![sequence as u8; 3],
            closing: sequence == 4,
        };
        assert_eq!(
            store.commit(&batch(&from, sequence, content)).await.unwrap(),
            Committed::Stored
        );
    }
    // Of stats the checksum of every batch is known.
    let mut early = batch(&from, 2, stats(&[2; 3]));
    assert_eq!(store.commit(&early).await.unwrap(), Committed::Duplicate);
    early.crc32c += 1;
    assert_eq!(store.commit(&early).await.unwrap(), Committed::Conflict);
    for sequence in [2, 4] {
        let mut void = batch(&from, sequence, Content::EncodedVoid(vec![9]));
        void.crc32c += 1;
        assert_eq!(store.commit(&void).await.unwrap(), Committed::Duplicate);
    }

    let encoded = |sequence: u64| EncodedStats {
        sequence,
        bytes: vec![sequence as u8; 3],
    };
    assert_eq!(
        store.stats_after(&from, 0, 2).await.unwrap(),
        [encoded(1), encoded(2)]
    );
    assert_eq!(
        store.stats_after(&from, 2, 9).await.unwrap(),
        [encoded(3), encoded(4)]
    );
    assert_eq!(store.stats_after(&from, 4, 9).await.unwrap(), []);
    let marks = store.marks(job.id).await.unwrap();
    assert_eq!(marks.len(), 1);
    assert!(marks[0].closed && marks[0].sequence == 4);

    // A void that is the next one is kept like any stats.
    let void = Content::EncodedVoid(vec![5; 3]);
    assert_eq!(
        store.commit(&batch(&from, 5, void)).await.unwrap(),
        Committed::Stored
    );
    assert_eq!(store.stats_after(&from, 4, 9).await.unwrap(), [encoded(5)]);
}

pub(crate) async fn producers_do_not_disturb_each_other(bed: &Bed) {
    let store = bed.open().await;
    let jobs = [data::job(), data::job()];
    for job in &jobs {
        store.create_job(job).await.unwrap();
    }
    let tasks: Vec<_> = (0..8)
        .map(|n| {
            let store = Arc::clone(&store);
            let from = producer(jobs[n % 2].id, &format!("agent {}", n / 2), Stream::Rows);
            tokio::spawn(async move {
                for sequence in 1..=10 {
                    let content = Content::Rows(Box::new(data::rows(sequence * 10, 10)));
                    let committed = store.commit(&batch(&from, sequence, content)).await.unwrap();
                    assert_eq!(committed, Committed::Stored);
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    for job in &jobs {
        let sql = format!(
            "select agent, count(*), min(iteration), max(iteration) from requests where job_id = '{}' \
             group by agent order by agent",
            job.id
        );
        let expected: Vec<_> = (0..4).map(|n| format!("agent {n}|100|10|109")).collect();
        assert_eq!(rows(&store, &sql).await, expected);
        assert_eq!(store.marks(job.id).await.unwrap().len(), 4);
    }
}

pub(crate) async fn hostile_values_are_stored(bed: &Bed) {
    let store = bed.open().await;
    let mut job = data::job();
    job.reason = "nul \0 here".to_owned();
    job.spec.labels.insert("nul".to_owned(), "\0".to_owned());
    store.create_job(&job).await.unwrap();
    let mut hostile = data::rows(0, 1);
    hostile.dictionary[3] = "GET /\0'; drop table samples; -- ünï \u{1f980}".to_owned();
    hostile.dictionary[7] = "no json".to_owned();
    let of = &mut hostile.requests;
    of.status[0] = u32::MAX;
    of.size[0] = u64::MAX;
    of.started_ns[0] = i64::MAX;
    of.duration_ns[0] = u64::MAX;
    of.iteration[0] = u64::MAX;
    of.reused[0] = 9;
    of.window[0] = 9;
    of.sequence_id[0] = "not a \0 UUID".to_owned();
    of.request_id[0] = "\0".to_owned();
    hostile.iterations.scheduled_ns[0] = i64::MIN;
    hostile.iterations.lag_ns[0] = u64::MAX;
    hostile.iterations.duration_ns[0] = u64::MAX;
    let from = producer(job.id, "agent \0 ünï", Stream::Rows);
    let hostile = batch(&from, 1, Content::Rows(Box::new(hostile)));
    assert_eq!(store.commit(&hostile).await.unwrap(), Committed::Stored);
    assert_eq!(
        rows(
            &store,
            "select agent, name, size, sequence_id, request_id, reused, time_window, tags from requests"
        )
        .await,
        [format!(
            "agent \u{fffd} ünï|GET /\u{fffd}'; drop table samples; -- ünï \u{1f980}|{}|not a \u{fffd} UUID|\u{fffd}|-|\
             ramp-down|\"no json\"",
            i64::MAX
        )]
    );
    // Everything can be read, nothing overflows.
    for sql in [
        "select * from requests",
        "select * from iterations",
        "select * from jobs",
    ] {
        assert_eq!(rows(&store, sql).await.len(), 1, "{sql}");
    }
    assert_eq!(store.jobs(1).await.unwrap(), [job]);
    assert_eq!(store.commit(&hostile).await.unwrap(), Committed::Duplicate);
}

pub(crate) async fn large_and_empty_batches_are_stored(bed: &Bed) {
    let store = bed.open().await;
    let job = data::job();
    store.create_job(&job).await.unwrap();
    let from = producer(job.id, "one", Stream::Rows);
    for (sequence, count) in [(1, 0), (2, 3333), (3, 1)] {
        let rows = if count == 0 {
            Rows::default()
        } else {
            data::rows(sequence * 10_000, count)
        };
        let committed = store
            .commit(&batch(&from, sequence, Content::Rows(Box::new(rows))))
            .await
            .unwrap();
        assert_eq!(committed, Committed::Stored);
    }
    for relation in ["requests", "iterations"] {
        let sql = format!(
            "select count(*), count(distinct iteration), count(distinct sequence_id) from {relation}"
        );
        assert_eq!(value(&store, &sql).await, "3334|3334|3334");
    }
}

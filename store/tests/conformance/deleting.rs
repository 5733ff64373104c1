//! Deleting and pruning jobs.

use std::sync::Arc;

use heavy_results::aggregate::SeriesUpdate;
use heavy_results::job::JobInfo;
use heavy_store::{Committed, Content, Deletion, Error, Store, Stream};
use uuid::Uuid;

use crate::bed::{Bed, ask, rows, value};
use crate::data::{self, START_WALL_NS, batch, producer, stats};
use crate::relations::series;

/// A job that has ended, with something in every table.
async fn stored(store: &Arc<dyn Store>, mut job: JobInfo) -> JobInfo {
    store.create_job(&job).await.unwrap();
    job = data::finished(job);
    store.update_job(&job).await.unwrap();
    let summary = data::summary(&job);
    store
        .save_series(job.id, &series(), Some(&summary))
        .await
        .unwrap();
    for sequence in 1..=2 {
        deliver(store, job.id, sequence, Committed::Stored).await;
    }
    job
}

/// Delivers a batch of statistics and ten rows of either kind.
async fn deliver(store: &Arc<dyn Store>, job: Uuid, sequence: u64, expected: Committed) {
    let content = Content::Rows(Box::new(data::rows(sequence * 10, 10)));
    for (stream, content) in [(Stream::Stats, stats(&[1, 2, 3])), (Stream::Rows, content)] {
        let batch = batch(&producer(job, "one", stream), sequence, content);
        let committed = store.commit(&batch).await.unwrap();
        assert_eq!(committed, expected, "{stream:?} {sequence}");
    }
}

/// Tables that hold something of a job, but the note that it was deleted.
async fn tables_with(bed: &Bed, store: &Arc<dyn Store>, job: Uuid) -> Vec<String> {
    let tables = if bed.postgres.is_some() {
        "select c.relname from pg_class c join pg_attribute a on a.attrelid = c.oid \
         where a.attname = 'job_id' and c.relkind in ('r', 'p') and pg_table_is_visible(c.oid) order by 1"
    } else {
        "select s.name from sqlite_schema s join pragma_table_info(s.name) c where s.type = 'table' and c.name = 'job_id' order by 1"
    };
    let mut found = Vec::new();
    let tables = rows(store, tables)
        .await
        .into_iter()
        .map(|table| (table, "job_id"));
    for (table, column) in tables.chain([("jobs".to_owned(), "id"), ("requests".to_owned(), "job_id")]) {
        let count = format!("select count(*) from {table} where {column} = '{job}'");
        if table != "deletions" && value(store, &count).await != "0" {
            found.push(table);
        }
    }
    found
}

pub(crate) async fn nothing_is_left_of_a_deleted_job(bed: &Bed) {
    let store = bed.open().await;
    let (first, second) = (
        stored(&store, data::job()).await,
        stored(&store, data::job()).await,
    );
    let before = tables_with(bed, &store, first.id).await;
    assert!(before.len() > 15, "{before:?}");
    let asked = [first.id, Uuid::nil()];
    let deleted = store.delete_jobs(&asked, Deletion::Everything).await.unwrap();
    assert_eq!(deleted, [first.id]);
    assert_eq!(tables_with(bed, &store, first.id).await, Vec::<String>::new());
    assert_eq!(tables_with(bed, &store, second.id).await, before);
    assert_eq!(store.jobs(10).await.unwrap(), std::slice::from_ref(&second));
    assert_eq!(store.summary(first.id).await.unwrap(), None);
    assert_eq!(value(&store, "select count(*) from stats_batches").await, "2");
    assert_eq!(value(&store, "select count(*) from samples").await, "20");
    assert_eq!(value(&store, "select count(*) from iteration_rows").await, "20");
    assert_eq!(value(&store, "select count(*) from identities").await, "2");
    let again = store
        .delete_jobs(&[first.id], Deletion::Everything)
        .await
        .unwrap();
    assert!(again.is_empty());
}

pub(crate) async fn what_comes_late_is_discarded(bed: &Bed) {
    let store = bed.open().await;
    let job = stored(&store, data::job()).await;
    let other = data::job();
    store.create_job(&other).await.unwrap();
    store.delete_jobs(&[job.id], Deletion::Everything).await.unwrap();
    // The next batch, one that was committed before, one after a gap, and the first of another producer.
    for sequence in [3, 2, 9, 1] {
        deliver(&store, job.id, sequence, Committed::Discarded).await;
    }
    // Whoever still knows the job cannot bring it back.
    store.update_job(&job).await.unwrap();
    let summary = data::summary(&job);
    store
        .save_series(job.id, &series(), Some(&summary))
        .await
        .unwrap();
    assert_eq!(tables_with(bed, &store, job.id).await, Vec::<String>::new());
    assert_eq!(store.marks(job.id).await.unwrap(), []);
    // A job that never was is another matter.
    deliver(&store, Uuid::now_v7(), 1, Committed::UnknownJob).await;
    deliver(&store, other.id, 1, Committed::Stored).await;
}

pub(crate) async fn statistics_outlive_rows(bed: &Bed) {
    let store = bed.open().await;
    let job = stored(&store, data::job()).await;
    let statistics = ask(&store, "select * from request_stats order by step").await;
    let deleted = store.delete_jobs(&[job.id], Deletion::RowsOnly).await.unwrap();
    assert_eq!(deleted, [job.id]);
    for sql in [
        "select count(*) from requests",
        "select count(*) from iterations",
        "select count(*) from samples",
        "select count(*) from identities",
    ] {
        assert_eq!(value(&store, sql).await, "0", "{sql}");
    }
    // Late rows are not kept, late statistics are.
    deliver(&store, job.id, 3, Committed::Stored).await;
    assert_eq!(value(&store, "select count(*) from samples").await, "0");
    assert_eq!(value(&store, "select count(*) from stats_batches").await, "3");
    assert_eq!(store.jobs(10).await.unwrap(), std::slice::from_ref(&job));
    assert_eq!(store.summary(job.id).await.unwrap(), Some(data::summary(&job)));
    let again = ask(&store, "select * from request_stats order by step").await;
    assert_eq!(again, statistics);
    for relation in ["seconds", "events", "logs"] {
        let count = format!("select count(*) > 0 from {relation}");
        assert!(["1", "t"].contains(&&*value(&store, &count).await), "{relation}");
    }
    store.delete_jobs(&[job.id], Deletion::Everything).await.unwrap();
    assert_eq!(tables_with(bed, &store, job.id).await, Vec::<String>::new());
}

pub(crate) async fn old_jobs_are_pruned(bed: &Bed) {
    let store = bed.open().await;
    let old = stored(&store, data::job()).await;
    let mut young = data::job();
    young.submitted_at_wall_ns += 60_000_000_000;
    young = stored(&store, young).await;
    young.ended_at_wall_ns = Some(START_WALL_NS + 60_000_000_000);
    store.update_job(&young).await.unwrap();
    let running = data::job();
    store.create_job(&running).await.unwrap();
    let before = START_WALL_NS + 20_000_000_000;
    for (what, expected) in [
        (Deletion::RowsOnly, &[old.id][..]),
        // Its rows are gone already.
        (Deletion::RowsOnly, &[]),
        (Deletion::Everything, &[old.id]),
        (Deletion::Everything, &[]),
    ] {
        assert_eq!(store.prune(before, what).await.unwrap(), expected, "{what:?}");
    }
    let left: Vec<Uuid> = store.jobs(10).await.unwrap().iter().map(|job| job.id).collect();
    assert_eq!(left, [young.id, running.id]);
    assert_eq!(value(&store, "select count(*) from requests").await, "20");
}

/// The tables of raw rows; of Postgres, those of single days.
async fn days(bed: &Bed, store: &Arc<dyn Store>) -> Vec<String> {
    if bed.postgres.is_none() {
        return Vec::new();
    }
    let sql = "select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid \
               where i.inhparent in ('samples'::regclass, 'iteration_rows'::regclass) and c.relkind = 'r' order by 1";
    rows(store, sql).await
}

/// An id of a day, counted from the epoch.
fn id_of(day: u128, n: u128) -> Uuid {
    Uuid::from_u128((day * 86_400_000) << 80 | 0x7 << 76 | 0b10 << 62 | n)
}

pub(crate) async fn a_day_without_rows_has_no_tables(bed: &Bed) {
    let store = bed.open().await;
    let mut ids = Vec::new();
    // 2026-11-21 and the day after it.
    for id in [id_of(20_778, 1), id_of(20_778, 2), id_of(20_779, 1)] {
        let job = JobInfo { id, ..data::job() };
        ids.push(stored(&store, job).await.id);
    }
    let both = days(bed, &store).await;
    for (job, what, left) in [(ids[0], Deletion::Everything, 2), (ids[1], Deletion::RowsOnly, 1)] {
        store.delete_jobs(&[job], what).await.unwrap();
        let expected: Vec<String> = both
            .iter()
            .filter(|table| left == 2 || !table.ends_with("20261121"))
            .cloned()
            .collect();
        assert_eq!(days(bed, &store).await, expected);
        assert_eq!(
            value(&store, "select count(*) from requests").await,
            (left * 20).to_string()
        );
    }
    assert_eq!(both.len(), if bed.postgres.is_some() { 4 } else { 0 });
    // A job of that day, which another process created before its tables were dropped.
    if let Some(database) = &bed.postgres {
        let copied = format!(
            "insert into job_rows select (jsonb_populate_record(j, jsonb_build_object('id', '{}', 'final', false))).* \
             from job_rows j where id = '{}'",
            id_of(20_778, 3),
            ids[1]
        );
        database.query(&copied);
        deliver(&store, id_of(20_778, 3), 1, Committed::Stored).await;
        assert_eq!(days(bed, &store).await, both);
        assert_eq!(value(&store, "select count(*) from requests").await, "30");
    }
}

pub(crate) async fn a_job_that_runs_is_kept(bed: &Bed) {
    let store = bed.open().await;
    let ended = stored(&store, data::job()).await;
    let running = data::job();
    store.create_job(&running).await.unwrap();
    deliver(&store, running.id, 1, Committed::Stored).await;
    for what in [Deletion::Everything, Deletion::RowsOnly] {
        let error = store
            .delete_jobs(&[ended.id, running.id], what)
            .await
            .unwrap_err();
        assert!(
            matches!(&error, Error::Running { job, state } if *job == running.id && state == "running"),
            "{error}"
        );
    }
    assert_eq!(value(&store, "select count(*) from requests").await, "30");
    assert_eq!(value(&store, "select count(*) from deletions").await, "0");
    deliver(&store, running.id, 2, Committed::Stored).await;
}

/// What one process knows of a deleted job must not be taken for what it knows of the next one.
pub(crate) async fn another_job_takes_nothing_over(bed: &Bed) {
    let (collector, operator) = (bed.open().await, bed.open().await);
    let first = stored(&collector, data::job()).await;
    operator
        .delete_jobs(&[first.id], Deletion::Everything)
        .await
        .unwrap();
    let second = stored(&operator, data::job()).await;
    collector
        .save_series(second.id, &SeriesUpdate::default(), None)
        .await
        .unwrap();
    deliver(&collector, second.id, 3, Committed::Stored).await;
    let sql = "select job_id, name, count(*) from requests group by job_id, name";
    assert_eq!(rows(&operator, sql).await, [format!("{}|GET /pay|30", second.id)]);
}

pub(crate) async fn a_job_that_is_created_again_keeps_its_rows(bed: &Bed) {
    let store = bed.open().await;
    let first = stored(&store, data::job()).await;
    let second = stored(&store, data::job()).await;
    store
        .delete_jobs(&[second.id], Deletion::Everything)
        .await
        .unwrap();
    store.create_job(&first).await.unwrap();
    let sql = format!("select count(*) from requests where job_id = '{}'", first.id);
    assert_eq!(value(&store, &sql).await, "20");
}

/// Jobs of one day that are stored and deleted one after the other.
async fn come_and_go(store: Arc<dyn Store>, numbers: std::ops::Range<u128>) {
    for n in numbers {
        let id = id_of(20_778, n);
        stored(&store, JobInfo { id, ..data::job() }).await;
        for table in ["requests", "iterations"] {
            let count = format!("select count(*) from {table} where job_id = '{id}'");
            assert_eq!(value(&store, &count).await, "20", "{table} {n}");
        }
        store.delete_jobs(&[id], Deletion::Everything).await.unwrap();
    }
}

pub(crate) async fn jobs_are_stored_while_others_are_deleted(bed: &Bed) {
    let (one, other) = (bed.open().await, bed.open().await);
    let kept = JobInfo {
        id: id_of(20_779, 1),
        ..data::job()
    };
    one.create_job(&kept).await.unwrap();
    let deliver_all = async {
        for sequence in 1..=30 {
            deliver(&one, kept.id, sequence, Committed::Stored).await;
        }
    };
    let first = tokio::spawn(come_and_go(Arc::clone(&one), 1..11));
    let second = tokio::spawn(come_and_go(other, 11..21));
    let ((), first, second) = tokio::join!(deliver_all, first, second);
    first.unwrap();
    second.unwrap();
    assert_eq!(value(&one, "select count(*) from requests").await, "300");
    assert_eq!(value(&one, "select count(*) from iterations").await, "300");
    assert_eq!(
        value(&one, "select count(*) from deletions where not swept").await,
        "0"
    );
}

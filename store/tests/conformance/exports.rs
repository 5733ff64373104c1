//! Raw rows and histograms, passed on as they are read.

use std::borrow::Cow;
use std::io;

use heavy_load::histogram::Histogram;
use heavy_results::aggregate::{SecondRow, SeriesUpdate};
use heavy_store::{Content, Error, ExportRelation, RowSink, Stream, second_histograms};

use crate::bed::{Bed, value};
use crate::data::{self, batch, producer};

/// Keeps sums, and the first rows.
#[derive(Debug, Default)]
struct Sums {
    fields: usize,
    rows: u64,
    sum: f64,
    column: usize,
    first: Vec<Vec<Option<String>>>,
    fails_at: Option<u64>,
}

impl RowSink for Sums {
    fn row(&mut self, values: &[Option<Cow<'_, str>>]) -> io::Result<()> {
        if self.fails_at == Some(self.rows) {
            return Err(io::Error::new(io::ErrorKind::StorageFull, "no room"));
        }
        assert_eq!(values.len(), self.fields);
        self.rows += 1;
        if let Some(value) = &values[self.column] {
            self.sum += value.parse::<f64>().unwrap();
        }
        if self.first.len() < 3 {
            self.first.push(
                values
                    .iter()
                    .map(|value| value.clone().map(Cow::into_owned))
                    .collect(),
            );
        }
        Ok(())
    }
}

fn column(raw: ExportRelation, name: &str) -> usize {
    raw.fields().iter().position(|field| field.name == name).unwrap()
}

fn sums(raw: ExportRelation, summed: &str) -> Sums {
    Sums {
        fields: raw.fields().len(),
        column: column(raw, summed),
        ..Sums::default()
    }
}

pub(crate) async fn all_rows_of_a_job_are_passed_on(bed: &Bed) {
    const BATCHES: u64 = 20;
    const ROWS: u64 = 500;
    let store = bed.open().await;
    let (job, other) = (data::job(), data::job());
    for job in [&job, &other] {
        store.create_job(job).await.unwrap();
    }
    for number in 0..BATCHES {
        for (job, rows) in [(&job, ROWS), (&other, 1)] {
            let content = Content::Rows(Box::new(data::rows(number * ROWS, rows)));
            let from = producer(job.id, "one", Stream::Rows);
            store.commit(&batch(&from, number + 1, content)).await.unwrap();
        }
    }
    let store = heavy_store::open_to_read(&bed.url).await.unwrap();
    for (raw, name) in [
        (ExportRelation::Requests, "requests"),
        (ExportRelation::Iterations, "iterations"),
    ] {
        let mut sink = sums(raw, "duration_ms");
        let count = store.export(job.id, raw, &mut sink).await.unwrap();
        assert_eq!((count, sink.rows), (BATCHES * ROWS, BATCHES * ROWS));
        let sql = format!("select sum(duration_ms) from {name} where job_id = '{}'", job.id);
        let sum: f64 = value(&store, &sql).await.parse().unwrap();
        assert!((sink.sum - sum).abs() < sum * 1e-9, "{} {sum}", sink.sum);
    }
    let nobody = store
        .export(
            uuid::Uuid::nil(),
            ExportRelation::Requests,
            &mut sums(ExportRelation::Requests, "size"),
        )
        .await;
    assert_eq!(nobody.unwrap(), 0);
}

pub(crate) async fn both_databases_give_the_same_texts(bed: &Bed) {
    let store = bed.open().await;
    let job = data::job();
    store.create_job(&job).await.unwrap();
    let from = producer(job.id, "one", Stream::Rows);
    let mut rows = data::rows(0, 1);
    // Not said.
    rows.requests.reused[0] = 2;
    let content = Content::Rows(Box::new(rows));
    store.commit(&batch(&from, 1, content)).await.unwrap();
    let mut sink = sums(ExportRelation::Requests, "size");
    store
        .export(job.id, ExportRelation::Requests, &mut sink)
        .await
        .unwrap();
    let row = &sink.first[0];
    for (name, expected) in [
        ("job_id", Some(job.id.to_string().as_str())),
        ("step", Some("pay")),
        ("status", Some("200")),
        ("failed", Some("false")),
        ("error", Some("")),
        ("started_at", Some("2027-01-15T08:00:00.123456Z")),
        ("ended_at", Some("2027-01-15T08:00:00.124456Z")),
        ("duration_ms", Some("1")),
        ("connect_ms", Some("0.5")),
        ("send_ms", Some("0.01")),
        ("reused", None),
        ("iteration", Some("0")),
        ("time_window", Some("steady")),
        ("sequence_id", Some(data::sequence_id(0).as_str())),
        ("tags", Some(r#"{"region":"eu"}"#)),
    ] {
        assert_eq!(
            row[column(ExportRelation::Requests, name)].as_deref(),
            expected,
            "{name}"
        );
    }
    let mut sink = sums(ExportRelation::Iterations, "lag_ms");
    store
        .export(job.id, ExportRelation::Iterations, &mut sink)
        .await
        .unwrap();
    let row = &sink.first[0];
    for (name, expected) in [("ok", "true"), ("lag_ms", "0.02"), ("response_ms", "2.02")] {
        assert_eq!(
            row[column(ExportRelation::Iterations, name)].as_deref(),
            Some(expected),
            "{name}"
        );
    }
    store
        .save_series(job.id, &SeriesUpdate::default(), Some(&data::summary(&job)))
        .await
        .unwrap();
    let mut sink = sums(ExportRelation::Metrics, "count");
    assert_eq!(
        store
            .export(job.id, ExportRelation::Metrics, &mut sink)
            .await
            .unwrap(),
        2
    );
    assert!((sink.sum - 100.0).abs() < 1e-9, "{}", sink.sum);
}

pub(crate) async fn an_export_ends_where_it_cannot_be_written(bed: &Bed) {
    let store = bed.open().await;
    let job = data::job();
    store.create_job(&job).await.unwrap();
    let from = producer(job.id, "one", Stream::Rows);
    let content = Content::Rows(Box::new(data::rows(0, 100)));
    store.commit(&batch(&from, 1, content)).await.unwrap();
    let mut sink = sums(ExportRelation::Requests, "size");
    sink.fails_at = Some(7);
    let error = store
        .export(job.id, ExportRelation::Requests, &mut sink)
        .await
        .unwrap_err();
    assert!(
        matches!(&error, Error::Output(error) if error.kind() == io::ErrorKind::StorageFull),
        "{error}"
    );
    assert_eq!(sink.rows, 7);
}

pub(crate) async fn histograms_of_seconds_come_in_pages(bed: &Bed) {
    let store = bed.open().await;
    let job = data::job();
    store.create_job(&job).await.unwrap();
    let mut folded = SeriesUpdate::default();
    for second in 0..10_u64 {
        let mut durations = Histogram::default();
        durations.record_n(1_234_567 * (second + 1), second);
        folded.seconds.push(SecondRow {
            second: second as u32,
            duration: durations.encode(),
            ..SecondRow::default()
        });
    }
    store.save_series(job.id, &folded, None).await.unwrap();
    let page = second_histograms(&*store, job.id, 3, 4).await.unwrap();
    let found: Vec<(u64, u64)> = page
        .iter()
        .map(|one| (one.second, one.durations.count()))
        .collect();
    assert_eq!(found, [(3, 3), (4, 4), (5, 5), (6, 6)]);
    assert_eq!(page[1].durations.max_ns(), 1_234_567 * 5);
    assert_eq!(page[1].responses.count(), 0);
    assert!(
        second_histograms(&*store, job.id, 10, 4)
            .await
            .unwrap()
            .is_empty()
    );
}

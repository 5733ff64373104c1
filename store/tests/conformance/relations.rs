//! What people query: values of rows, series and totals.

use std::sync::Arc;

use heavy_results::aggregate::{AgentSecondRow, SecondRow, SeriesUpdate};
use heavy_results::stats::{Event, LogLine};
use heavy_results::summary::RequestSummary;
use heavy_store::{Content, Store, Stream};

use crate::bed::{Bed, ask, rows, value};
use crate::columns::RELATIONS;
use crate::data::{self, batch, producer};

pub(crate) async fn rows_say_what_was_sent(bed: &Bed) {
    let store = bed.open().await;
    let job = data::job();
    store.create_job(&job).await.unwrap();
    let mut sent = data::rows(999, 2);
    let of = &mut sent.requests;
    (of.failed[0], of.reused[0], of.window[0]) = (true, 2, 1);
    (of.error[0], of.error_kind[0], of.user_id[0], of.remote_addr[0]) = (8, 9, 10, 11);
    of.request_id[0] = "r1".to_owned();
    let of = &mut sent.iterations;
    (of.ok[1], of.interrupted[1], of.has_response[1]) = (false, true, false);
    (of.error[1], of.user_id[1], of.window[1], of.think_ns[1]) = (8, 10, 2, 3_500_000_000);
    sent.dictionary
        .extend(["gave \"up\"", "timeout", "u1", "10.0.0.1:80"].map(str::to_owned));
    let from = producer(job.id, "one", Stream::Rows);
    store
        .commit(&batch(&from, 1, Content::Rows(Box::new(sent))))
        .await
        .unwrap();

    let sql = "select agent, workflow, step, name, method, url, status, size, second, duration_ms, blocked_ms, \
               connect_ms, send_ms, wait_ms, time_window, sequence_id, iteration, user_id, proto, error, error_kind, request_id, remote_addr \
               from requests \
               order by iteration";
    assert_eq!(
        rows(&store, sql).await,
        [
            "one|buy|pay|GET /pay|GET|http://shop/pay|200|12|1|1000|0|0.5|0.01|999.48|warm-up|\
             00000000-0000-4000-8000-0000000003e7|999|u1|HTTP/1.1|gave \"up\"|timeout|r1|10.0.0.1:80",
            "one|buy|pay|GET /pay|GET|http://shop/pay|200|12|2|1001|0|0.5|0.01|1000.48|steady|\
             00000000-0000-4000-8000-0000000003e8|1000||HTTP/1.1||||",
        ]
    );
    let sql = "select started_at, ended_at, failed, reused, tags from requests order by iteration";
    let sqlite = [
        r#"2027-01-15T08:00:01.122456Z|2027-01-15T08:00:02.122456Z|1|-|{"region":"eu"}"#,
        r#"2027-01-15T08:00:01.123456Z|2027-01-15T08:00:02.124456Z|0|0|{"region":"eu"}"#,
    ];
    let postgres = [
        r#"2027-01-15 08:00:01.122456+00|2027-01-15 08:00:02.122456+00|t|-|{"region":"eu"}"#,
        r#"2027-01-15 08:00:01.123456+00|2027-01-15 08:00:02.124456+00|f|f|{"region":"eu"}"#,
    ];
    assert_eq!(
        rows(&store, sql).await,
        if bed.postgres.is_some() { postgres } else { sqlite }
    );
    let sql = "select agent, workflow, iteration, second, lag_ms, slot_wait_ms, generator_lag_ms, duration_ms, \
               response_ms, time_window, error, user_id, think_ms from iterations order by iteration";
    assert_eq!(
        rows(&store, sql).await,
        [
            "one|buy|999|2|0.02|0.005|0.015|1001|1001.02|steady|||0",
            "one|buy|1000|5|0.02|0.005|0.015|1002|-|ramp-down|gave \"up\"|u1|3500",
        ]
    );
    let sql = "select count(*) from iterations where ok and not interrupted";
    assert_eq!(value(&store, sql).await, "1");
}

pub(crate) fn series() -> SeriesUpdate {
    SeriesUpdate {
        seconds: (0..3)
            .map(|second| SecondRow {
                second,
                planned: 100,
                scheduled: 100,
                started: 99,
                ok: 98,
                failed: 1,
                dropped: 1,
                in_flight: 2,
                requests: 99,
                requests_failed: 1,
                p50_ms: Some(1.5),
                p95_ms: Some(2.5),
                p99_ms: Some(3.5),
                response_p99_ms: None,
                duration: vec![1, 2, 3],
                response: Vec::new(),
                partial: second == 2,
            })
            .collect(),
        agent_seconds: vec![AgentSecondRow {
            agent: "one".to_owned(),
            second: 1,
            started: 99,
            dropped: 1,
            in_flight: 2,
            generator_lag_p99_ms: Some(0.125),
            cpu: 0.5,
            rss_mb: 12.5,
            open_files: 20,
        }],
        events: vec![(
            0,
            Event {
                at_ns: 1_500_000_000,
                kind: "started".to_owned(),
                who: "scheduler".to_owned(),
                ..Event::default()
            },
        )],
        log: vec![(
            0,
            "one".to_owned(),
            LogLine {
                at_ns: 2_000_000_000,
                stream: "stderr".into(),
                text: "hello \0 \u{1f980}".into(),
            },
        )],
    }
}

async fn prepared(bed: &Bed) -> (Arc<dyn Store>, heavy_results::job::JobInfo) {
    let store = bed.open().await;
    let job = data::finished(data::job());
    store.create_job(&job).await.unwrap();
    store
        .save_series(job.id, &series(), Some(&data::summary(&job)))
        .await
        .unwrap();
    (store, job)
}

pub(crate) async fn series_and_totals_can_be_written_again(bed: &Bed) {
    let (store, job) = prepared(bed).await;
    let mut written = series();
    written.seconds.remove(0);
    // Percentiles follow from the histograms.
    for row in &mut written.seconds {
        (row.p50_ms, row.p95_ms, row.p99_ms) = (None, None, None);
        row.partial = false;
    }
    (written.events, written.log) = (Vec::new(), Vec::new());
    assert_eq!(store.series(job.id, &[1, 2, 7]).await.unwrap(), written);
    let mut everything = Vec::new();
    for (relation, ..) in RELATIONS {
        everything.push(rows(&store, &format!("select * from {relation}")).await);
    }
    let mut again = series();
    again.seconds.push(again.seconds[2].clone());
    store
        .save_series(job.id, &again, Some(&data::summary(&job)))
        .await
        .unwrap();
    for ((relation, ..), before) in RELATIONS.into_iter().zip(everything) {
        assert_eq!(
            rows(&store, &format!("select * from {relation}")).await,
            before,
            "{relation}"
        );
    }
    let mut changed = SeriesUpdate::default();
    changed.seconds.push(SecondRow {
        second: 2,
        ok: 97,
        ..SecondRow::default()
    });
    store.save_series(job.id, &changed, None).await.unwrap();
    assert_eq!(
        rows(
            &store,
            "select second, ok, rps, p50_ms from seconds order by second"
        )
        .await,
        ["0|98|99|1.5", "1|98|99|1.5", "2|97|0|-"]
    );
    assert_eq!(
        value(&store, "select line from logs").await,
        "hello \u{fffd} \u{1f980}"
    );
    let log = heavy_store::log_lines(&*store, job.id, 0, 10).await.unwrap();
    let [line] = &*log else { panic!("{log:?}") };
    assert_eq!((line.number, &*line.stream), (0, "stderr"));
    assert_eq!(line.line, "hello \u{fffd} \u{1f980}");
    for (job, from, limit) in [(job.id, 1, 10), (job.id, 0, 0), (uuid::Uuid::nil(), 0, 10)] {
        let none = heavy_store::log_lines(&*store, job, from, limit).await;
        assert_eq!(none.unwrap(), []);
    }
    assert_eq!(value(&store, "select at_second from events").await, "1.5");
    assert_eq!(store.summary(job.id).await.unwrap(), Some(data::summary(&job)));
    assert_eq!(store.summary(uuid::Uuid::nil()).await.unwrap(), None);
}

pub(crate) async fn totals_are_replaced(bed: &Bed) {
    let (store, job) = prepared(bed).await;
    for (sql, expected) in [
        (
            "select count, ok_p90_ms from request_stats where step = ''",
            "100|81.002496",
        ),
        ("select count(*) from request_stats", "2"),
        ("select count, failed from step_stats", "100|5"),
        (
            "select count, dropped, response_count from workflow_stats",
            "100|10|100",
        ),
        ("select sum(count) from latency_buckets where step = 'pay'", "100"),
        ("select sum(count) from status_counts", "1980"),
        ("select passes, fails from checks", "985|5"),
        (
            "select expression, value from thresholds where passed",
            "http_reqs: rate>10|99",
        ),
        (
            "select expression, value from thresholds where not passed",
            "checks: rate>0.5|-",
        ),
        (
            "select kind, count, example from errors",
            "status|5|500 Internal Server Error",
        ),
        (
            "select count, value, max_ms from metrics where kind = 'trend'",
            "50|25.5|50",
        ),
        (
            "select count, value, max_ms from metrics where kind = 'counter'",
            "50|25.5|-",
        ),
        (
            "select completed, dropped, cpu_max from assignments",
            "990|10|0.7",
        ),
    ] {
        let value = value(&store, sql).await;
        // Percentiles are those of the histogram, within its 0.05%.
        let close = expected.split('|').zip(value.split('|')).all(|(expected, value)| {
            expected == value
                || matches!((expected.parse::<f64>(), value.parse::<f64>()), (Ok(a), Ok(b)) if (a / b - 1.0).abs() < 0.001)
        });
        assert!(close, "{sql}: {value} is not {expected}");
    }
    let mut summary = data::summary(&job);
    summary.workflows[0].steps.clear();
    summary.errors.clear();
    store
        .save_series(job.id, &SeriesUpdate::default(), Some(&summary))
        .await
        .unwrap();
    for (sql, expected) in [
        ("select count(*) from request_stats", "1"),
        ("select count(*) from step_stats", "0"),
        ("select count(*) from errors", "0"),
        ("select count(*) from seconds", "3"),
    ] {
        assert_eq!(value(&store, sql).await, expected, "{sql}");
    }
}

pub(crate) async fn protocols_that_share_a_name_are_apart(bed: &Bed) {
    let (store, job) = prepared(bed).await;
    let mut summary = data::summary(&job);
    let requests = &mut summary.workflows[0].requests;
    requests.push(RequestSummary {
        protocol: "websocket".to_owned(),
        status_counts: [(1000, 100)].into(),
        ..requests[0].clone()
    });
    store
        .save_series(job.id, &SeriesUpdate::default(), Some(&summary))
        .await
        .unwrap();
    for (sql, expected) in [
        (
            "select protocol, count from request_stats where step = '' order by protocol",
            &["http|100", "websocket|100"][..],
        ),
        (
            "select protocol, status, count from status_counts where step = '' order by protocol, status",
            &["http|200|985", "http|500|5", "websocket|1000|100"],
        ),
        (
            "select protocol, sum(count) from latency_buckets where step = '' group by protocol order by protocol",
            &["http|100", "websocket|100"],
        ),
    ] {
        assert_eq!(rows(&store, sql).await, expected, "{sql}");
    }
    assert_eq!(store.summary(job.id).await.unwrap(), Some(summary));
}

pub(crate) async fn the_usual_questions_have_answers(bed: &Bed) {
    let (store, job) = prepared(bed).await;
    let other = data::finished(data::job());
    store.create_job(&other).await.unwrap();
    store
        .save_series(other.id, &series(), Some(&data::summary(&other)))
        .await
        .unwrap();
    let from = producer(job.id, "one", Stream::Rows);
    store
        .commit(&batch(&from, 1, Content::Rows(Box::new(data::rows(0, 50)))))
        .await
        .unwrap();
    let mut answers = Vec::new();
    for question in include_str!("../questions.sql").split(';') {
        if !question.contains("select") {
            continue;
        }
        let sql = question
            .replace(":job", &format!("'{}'", job.id))
            .replace(":other", &format!("'{}'", other.id))
            .replace(":sequence", &format!("'{}'", data::sequence_id(7)))
            .replace("j.service = ", "'shop' = ")
            .replace(":service", "j.service");
        answers.push(ask(&store, &sql).await.rows.len());
    }
    assert_eq!(answers, [2, 2, 1, 3, 1, 20, 1, 1, 4, 1, 2, 4, 1, 3, 2, 1]);
}

pub(crate) async fn percentiles_can_be_asked_for(bed: &Bed) {
    let store = bed.open().await;
    let job = data::job();
    store.create_job(&job).await.unwrap();
    let from = producer(job.id, "one", Stream::Rows);
    store
        .commit(&batch(&from, 1, Content::Rows(Box::new(data::rows(0, 100)))))
        .await
        .unwrap();
    let sql = if bed.postgres.is_some() {
        "select percentile_disc(0.9) within group (order by duration_ms) from requests"
    } else {
        "select percentile_disc(duration_ms, 0.9) from requests"
    };
    assert_eq!(value(&store, sql).await, "90");
    let portable = "select min(duration_ms) from (select duration_ms, cume_dist() over (order by duration_ms) as share \
                    from requests) as ranked where share >= 0.995";
    assert_eq!(value(&store, portable).await, "100");
}

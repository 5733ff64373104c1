//! The columns are what the generated code reads.

use super::*;
use crate::rollup::requests::RequestTallies;
use heavy_plugin::line::Phases;
use heavy_proto::v1;
use prost::Message;

/// Rows of a job that keeps these samples.
fn rows_kept(samples: Samples) -> RowBuffer {
    let mut spec =
        heavy_results::job::JobSpec::new("a".repeat(64), "1".parse().unwrap(), "1m".parse().unwrap());
    spec.samples = samples;
    RowBuffer::new(Keep::of(&spec))
}

fn rows_of(batch: &ClosedBatch) -> v1::Rows {
    match v1::Content::decode(batch.content.as_slice()).unwrap().content {
        Some(v1::content::Content::Rows(rows)) => rows,
        other => panic!("not rows: {other:?}"),
    }
}

fn request<'a>() -> RequestLine<'a> {
    RequestLine {
        sequence_id: "11111111-2222".into(),
        url: "http://u:p@h/items/7?k=v".into(),
        method: "GET".into(),
        status: 503,
        size: 300,
        duration_ns: 5_000_000,
        error: Some("see http://x:y@h".into()),
        workflow: "w".into(),
        iteration: Some(0),
        user_id: "u1".into(),
        reused: Some(true),
        phases: Some(Phases {
            wait_ns: 9,
            ..Phases::default()
        }),
        ..RequestLine::default()
    }
}

#[test]
fn what_is_pushed_is_what_is_decoded() {
    let (mut table, mut tables) = (RequestTallies::default(), Tables::default());
    let mut rows = rows_kept(Samples::All);
    for round in 0..2 {
        let line = request();
        let class = table.add(&line, (0, <_>::default()), &mut tables);
        for started_ns in [-5, 1_000_000_000] {
            rows.request(&line, &class, started_ns, 0, &tables);
        }
        let iteration = IterationLine {
            workflow: "w".into(),
            iteration: 300,
            sequence_id: "s".into(),
            lag_ns: 1,
            ok: true,
            ..IterationLine::default()
        };
        rows.iteration(&iteration, class.identity.workflow, (77, true), 0, &tables);
        let batch = rows.take_due(0, true).unwrap();
        assert_eq!((batch.requests, batch.iterations), (2, 1), "round {round}");
        check(&rows_of(&batch));
    }
}

fn check(decoded: &v1::Rows) {
    let text = |place: u32| decoded.dictionary[place as usize].as_str();
    let requests = decoded.requests.as_ref().unwrap();
    assert_eq!(decoded.dictionary[0], "");
    assert_eq!(text(requests.url[0]), "http://h/items/7?k=");
    assert_eq!(text(requests.name[1]), "GET /items/{id}");
    assert_eq!(text(requests.error[0]), "see http://h");
    assert_eq!(text(requests.error_kind[0]), "status");
    assert_eq!(text(requests.workflow[0]), "w");
    assert_eq!(text(requests.user_id[0]), "u1");
    assert_eq!(requests.started_ns, [-5, 1_000_000_000]);
    assert_eq!(requests.status, [503, 503]);
    assert_eq!(requests.failed, [true, true]);
    assert_eq!(requests.wait_ns, [9, 9]);
    assert_eq!(requests.iteration, [1, 1]);
    assert_eq!(requests.reused, [1, 1]);
    assert_eq!(requests.sequence_id, ["11111111-2222", "11111111-2222"]);
    assert_eq!(requests.request_id, ["", ""]);
    assert_eq!(requests.tags.len(), 2);
    assert_eq!((requests.window.len(), requests.old_window.len()), (2, 0));
    let iterations = decoded.iterations.as_ref().unwrap();
    assert_eq!(iterations.iteration, [300]);
    assert_eq!((iterations.window.len(), iterations.old_window.len()), (1, 0));
    assert_eq!(iterations.scheduled_ns, [77]);
    assert_eq!(text(iterations.workflow[0]), "w");
    assert_eq!((iterations.ok[0], iterations.has_response[0]), (true, true));
}

#[test]
fn a_batch_closes_by_rows_by_age_and_on_demand() {
    let (mut table, mut tables) = (RequestTallies::default(), Tables::default());
    let mut rows = rows_kept(Samples::All);
    assert!(rows.take_due(0, true).is_none(), "nothing is no batch");
    let line = request();
    let class = table.add(&line, (0, <_>::default()), &mut tables);
    rows.request(&line, &class, 0, 10, &tables);
    assert!(rows.take_due(MAX_AGE_NS, false).is_none());
    assert!(rows.take_due(MAX_AGE_NS + 10, false).is_some());
    for _ in 0..MAX_ROWS {
        rows.request(&line, &class, 0, 0, &tables);
        assert!(rows.requests.len() == MAX_ROWS || rows.take_full().is_none());
    }
    assert_eq!(rows.take_full().unwrap().requests, MAX_ROWS);
}

#[test]
fn samples_say_which_rows_are_kept() {
    let (mut table, mut tables) = (RequestTallies::default(), Tables::default());
    let ids: Vec<String> = (0..1000).map(|n| format!("{n}-{n}")).collect();
    for (samples, range) in [
        (Samples::None, 0..=0),
        (Samples::Errors, 500..=500),
        (Samples::Percent(10.0), 60..=140),
        (Samples::Percent(100.0), 1000..=1000),
        (Samples::Percent(0.0), 0..=0),
    ] {
        let mut rows = rows_kept(samples);
        for (n, id) in ids.iter().enumerate() {
            let line = RequestLine {
                sequence_id: id.as_str().into(),
                error: None,
                status: if n % 2 == 0 { 200 } else { 500 },
                ..request()
            };
            let class = table.add(&line, (0, <_>::default()), &mut tables);
            rows.request(&line, &class, 0, 0, &tables);
        }
        let kept = rows.take_due(0, true).map_or(0, |batch| batch.requests);
        assert!(range.contains(&kept), "{samples}: {kept}");
    }
}

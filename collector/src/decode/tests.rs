//! Valid and invalid messages.

use super::*;

fn sent(stream: v1::Stream, content: Wire) -> v1::Batch {
    let content = v1::Content {
        content: Some(content),
    }
    .encode_to_vec();
    v1::Batch {
        producer: Some(v1::Producer {
            job: Uuid::nil().to_string(),
            agent: "one".to_owned(),
            epoch: 1,
            stream: stream.into(),
        }),
        sequence: 3,
        crc32c: crc32c::crc32c(&content),
        content: content.into(),
    }
}

fn iterations(change: impl FnOnce(&mut v1::Rows)) -> v1::Batch {
    let mut rows = v1::Rows {
        dictionary: vec![String::new(), "buy".to_owned()],
        requests: None,
        iterations: Some(v1::IterationRows {
            workflow: vec![1],
            iteration: vec![7],
            user_id: vec![0],
            sequence_id: vec!["s".to_owned()],
            scheduled_ns: vec![-1],
            lag_ns: vec![1],
            slot_wait_ns: vec![0],
            duration_ns: vec![2],
            ok: vec![true],
            interrupted: vec![false],
            error: vec![0],
            window: vec![0],
            has_response: vec![true],
            ..v1::IterationRows::default()
        }),
    };
    change(&mut rows);
    sent(v1::Stream::Rows, Wire::Rows(rows))
}

#[test]
fn rows_are_moved_as_they_are() {
    let Content::Rows(rows) = batch(iterations(|_| {})).unwrap().content else {
        panic!("rows were sent");
    };
    assert_eq!(rows.dictionary, ["", "buy"]);
    assert_eq!(
        (rows.iterations.workflow, rows.iterations.scheduled_ns),
        (vec![1], vec![-1])
    );
    assert!(rows.requests.workflow.is_empty());
}

#[test]
fn windows_of_an_old_spool_are_renumbered() {
    for (old, new) in [(0, 1), (1, 0), (2, 2)] {
        let sent = iterations(|rows| {
            let of = rows.iterations.as_mut().expect("there are iterations");
            (of.old_window, of.window) = (vec![old], Vec::new());
        });
        let Content::Rows(rows) = batch(sent).unwrap().content else {
            panic!("rows were sent");
        };
        assert_eq!(
            (rows.iterations.window, rows.iterations.old_window),
            (vec![new], vec![])
        );
    }
}

#[test]
fn stats_keep_their_bytes() {
    for (wire, closes) in [
        (Wire::Stats(v1::Stats::default()), Some(false)),
        (Wire::Void(v1::Void::default()), None),
        (Wire::Closing(v1::Closing::default()), Some(true)),
    ] {
        let sent = sent(v1::Stream::Stats, wire);
        let expected = sent.content.clone();
        let (bytes, closing) = match batch(sent).unwrap().content {
            Content::Encoded { bytes, closing } => (bytes, Some(closing)),
            Content::EncodedVoid(bytes) => (bytes, None),
            Content::Rows(_) | Content::Void(_) => panic!("stats were sent"),
        };
        assert_eq!((&bytes[..], closing), (&expected[..], closes));
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    let of = |rows: &mut v1::Rows, change: fn(&mut v1::IterationRows)| {
        change(rows.iterations.as_mut().expect("there are iterations"));
    };
    let with = |change: fn(&mut v1::Batch)| {
        let mut batch = iterations(|_| {});
        change(&mut batch);
        batch
    };
    for (sent, expected) in [
        (
            iterations(|rows| of(rows, |of| of.error[0] = 2)),
            "error refers to text 2, the dictionary has 2",
        ),
        (
            iterations(|rows| of(rows, |of| of.ok.push(true))),
            "ok has 2 values, expected 1",
        ),
        (
            iterations(|rows| of(rows, |of| of.lag_ns.clear())),
            "lag_ns has 0 values, expected 1",
        ),
        (
            iterations(|rows| rows.dictionary.clear()),
            "refers to text 1, the dictionary has 0",
        ),
        (
            iterations(|rows| rows.dictionary[0].push('x')),
            "does not start with the empty text",
        ),
        (with(|batch| batch.crc32c ^= 1), "damaged: checksum"),
        (with(|batch| batch.producer = None), "missing"),
        (
            with(|batch| batch.producer.as_mut().unwrap().stream = 0),
            "no stream",
        ),
        (
            with(|batch| batch.producer.as_mut().unwrap().stream = 1),
            "unexpected rows",
        ),
        (
            with(|batch| batch.producer.as_mut().unwrap().job = "x".to_owned()),
            "the job id is not a UUID",
        ),
        (
            with(|batch| batch.producer.as_mut().unwrap().agent.clear()),
            "no agent",
        ),
        (
            sent(v1::Stream::Rows, Wire::Stats(v1::Stats::default())),
            "unexpected stats",
        ),
    ] {
        let refusal = batch(sent).unwrap_err().to_string();
        assert!(refusal.contains(expected), "{refusal}");
    }
}

#[test]
fn what_is_no_content_is_refused() {
    for (content, expected) in [(&b"\xff"[..], "invalid content"), (b"", "it is empty")] {
        let sent = v1::Batch {
            crc32c: crc32c::crc32c(content),
            content: content.into(),
            ..iterations(|_| {})
        };
        let refusal = batch(sent).unwrap_err().to_string();
        assert!(refusal.contains(expected), "{refusal}");
    }
}

//! Valid and invalid lines.

use std::borrow::Cow;
use std::sync::LazyLock;

use heavy_load::vocabulary::MetricKind;
use heavy_testkit::Schema;
use proptest::prelude::*;

use super::*;
use crate::timestamp;

const GO_LO: &str = r#"{"sequenceID":"s","url":"http://h/","method":"GET","status":200,"size":12,"timestamp":"2026-11-21T09:30:00.5+01:00","duration":1234567,"error":null}"#;

static SCHEMA: LazyLock<Schema> = LazyLock::new(|| Schema::of_docs("output-line.schema.json"));

fn problems(line: &[u8]) -> Vec<String> {
    SCHEMA.problems(&serde_json::from_slice(line).unwrap())
}

fn request(line: &str) -> RequestLine<'_> {
    match Line::decode(line.as_bytes()) {
        Ok(Line::Request(request)) => request,
        other => panic!("{line} is {other:?}"),
    }
}

#[test]
fn a_go_lo_line_is_a_request() {
    let line = request(GO_LO);
    assert_eq!(
        (&*line.sequence_id, &*line.url, &*line.method),
        ("s", "http://h/", "GET")
    );
    assert_eq!((line.status, line.size, line.duration_ns), (200, 12, 1_234_567));
    assert_eq!(
        line.started_ns,
        timestamp::parse("2026-11-21T08:30:00.5Z").unwrap()
    );
    assert_eq!(line.error, None);
    assert_eq!(problems(GO_LO.as_bytes()), [""; 0]);
    assert!(matches!(line.url, Cow::Borrowed(_)));
    assert!(!line.is_failed());
}

#[test]
fn an_error_may_be_anything() {
    for (error, kept) in [
        (r#""refused""#, Some("refused")),
        (r#"{"Op":"dial","Err":{}}"#, Some(r#"{"Op":"dial","Err":{}}"#)),
        (r#""a \"quoted\" one""#, Some("a \"quoted\" one")),
        ("17", Some("17")),
        ("null", None),
    ] {
        let line = GO_LO.replace(r#""error":null"#, &format!(r#""error":{error}"#));
        let line = request(&line);
        assert_eq!(line.error.as_deref(), kept);
        assert_eq!(line.is_failed(), kept.is_some());
    }
}

#[test]
fn a_status_fails_requests_over_http_only() {
    for (proto, status, failed, is_failed, kind) in [
        ("", 0, None, true, "other"),
        ("", 200, None, false, ""),
        ("HTTP/2", 404, None, true, "status"),
        ("HTTP/2", 404, Some(false), false, ""),
        ("HTTP/1.1", 200, Some(true), true, "other"),
        ("grpc", 0, None, false, ""),
        ("websocket", 1006, None, false, ""),
        ("websocket", 1006, Some(true), true, "other"),
    ] {
        let line = RequestLine {
            proto: proto.into(),
            status,
            failed,
            ..RequestLine::default()
        };
        assert_eq!(
            (line.is_failed(), line.failure_kind()),
            (is_failed, kind),
            "{proto} {status}"
        );
    }
    let broken = RequestLine {
        proto: "grpc".into(),
        error: Some("reset".into()),
        error_kind: "reset".into(),
        ..RequestLine::default()
    };
    assert_eq!((broken.is_failed(), broken.failure_kind()), (true, "reset"));
}

#[test]
fn numbers_may_be_fractions_and_a_size_unknown() {
    let line = GO_LO.replace("1234567", "1234566.7").replace("12,", "-1,");
    let line = request(&line);
    assert_eq!((line.duration_ns, line.size), (1_234_567, 0));
}

#[test]
fn lines_that_are_no_results_say_why() {
    let negative = GO_LO.replace("1234567", "-5");
    let bad_time = GO_LO.replace("2026-11-21T09", "yesterday");
    let numeric_tag = GO_LO.replace(r#""error":null"#, r#""error":null,"tags":{"a":1}"#);
    for (line, reason) in [
        ("", NotAResult::Text),
        ("hello", NotAResult::Text),
        ("[1]", NotAResult::Text),
        ("{", NotAResult::Text),
        ("{\"url\":", NotAResult::Text),
        ("{}", NotAResult::WrongFields),
        (r#"{"type":7}"#, NotAResult::WrongFields),
        (r#"{"type":"iteration"}"#, NotAResult::WrongFields),
        (
            r#"{"type":"hello","protocol":1,"sdk":""}"#,
            NotAResult::UnknownType,
        ),
        (&negative, NotAResult::WrongFields),
        (&bad_time, NotAResult::WrongFields),
        (&numeric_tag, NotAResult::WrongFields),
    ] {
        assert_eq!(Line::decode(line.as_bytes()), Err(reason), "{line}");
        if reason == NotAResult::WrongFields {
            assert_ne!(problems(line.as_bytes()), [""; 0], "{line}");
        }
    }
    assert_eq!(Line::decode(b"\xff\xfe"), Err(NotAResult::NotUtf8));
    assert_eq!(
        Line::decode(&vec![b'{'; crate::line::MAX_LINE_BYTES + 1]),
        Err(NotAResult::TooLong)
    );
    assert_eq!(Line::decode(b"\0\0"), Err(NotAResult::Text));
    assert_eq!(
        Line::decode("[".repeat(100_000).as_bytes()),
        Err(NotAResult::Text)
    );
    assert!(Line::decode("{\"a\":".repeat(100_000).as_bytes()).is_err());
}

fn round_trip(written: Vec<u8>) -> Line<'static> {
    let line = Box::leak(written.into_boxed_slice());
    assert_eq!(line.last(), Some(&b'\n'));
    assert_eq!(problems(line), [""; 0]);
    Line::decode(&line[..line.len() - 1]).unwrap()
}

proptest! {
    #[test]
    fn every_request_survives(
        texts in prop::collection::vec("\\PC{0,12}|[\\x00-\\x7f]{0,8}", 10),
        numbers in prop::collection::vec(any::<u64>(), 12),
        started_ns in 0u64..7_000_000_000_000_000_000,
        status in any::<u16>(),
        flags in any::<(Option<bool>, Option<bool>, bool, bool)>(),
    ) {
        let text = |at: usize| Cow::Owned(texts[at].clone());
        let line = RequestLine {
            sequence_id: text(0), url: text(1), method: text(2), status, size: numbers[0], started_ns,
            duration_ns: numbers[1], error: flags.2.then(|| text(3)), error_kind: text(4), failed: flags.0,
            workflow: text(5), step: text(6), name: text(7), iteration: flags.3.then_some(numbers[2]),
            user_id: text(8), request_id: text(9), proto: text(4), remote_addr: text(7), reused: flags.1,
            phases: flags.2.then_some(Phases {
                blocked_ns: numbers[3], dns_ns: numbers[4], connect_ns: numbers[5], tls_ns: numbers[6],
                send_ns: numbers[7], wait_ns: numbers[8], receive_ns: numbers[9],
            }),
            tags: Cow::Borrowed(if flags.3 { r#"{"k":"v"}"# } else { "" }),
        };
        let mut out = Vec::new();
        line.write(&mut out);
        prop_assert_eq!(round_trip(out), Line::Request(line));
    }

    #[test]
    fn every_iteration_survives(
        name in "\\PC{0,12}", numbers in prop::collection::vec(any::<u64>(), 7), ok in any::<bool>(),
        scheduled_ns in 0u64..7_000_000_000_000_000_000,
    ) {
        let text = || Cow::Owned(name.clone());
        let line = IterationLine {
            workflow: text(), iteration: numbers[0], user_id: text(), sequence_id: text(), scheduled_ns,
            lag_ns: numbers[1], slot_wait_ns: numbers[2], duration_ns: numbers[3], think_ns: numbers[6], ok, interrupted: !ok,
            error: (!ok).then(text), error_kind: text(),
            steps: vec![StepOutcome { name: text(), duration_ns: numbers[4], ok }; 2],
            checks: vec![CheckOutcome { name: text(), passes: numbers[5], fails: 1 }],
        };
        let mut out = Vec::new();
        line.write(&mut out);
        prop_assert_eq!(round_trip(out), Line::Iteration(line));
    }

    #[test]
    fn dropped_lines_and_metrics_survive(name in "\\PC{0,12}", count in any::<u64>(), value in -1e12f64..1e12) {
        let dropped = DroppedLine {
            workflow: Cow::Owned(name.clone()), reason: "full".into(), count, first: 1, last: count,
        };
        let mut out = Vec::new();
        dropped.write(&mut out);
        prop_assert_eq!(round_trip(out), Line::Dropped(dropped));
        let metric = MetricLine {
            name: Cow::Owned(name), kind: MetricKind::Trend, value, step: "s".into(), tags: "".into(),
        };
        let mut out = Vec::new();
        metric.write(&mut out);
        prop_assert_eq!(round_trip(out), Line::Metric(metric));
    }

    #[test]
    fn what_is_printed_survives_and_is_no_result(text in "\\PC{0,12}|[\\x00-\\x7f]{0,8}", dropped in any::<u64>()) {
        let result = r#"{"type":"dropped","workflow":"w","reason":"full","count":1,"first":1,"last":1}"#;
        for text in [&*text, result] {
            let printed = PrintedLine { text: text.into(), dropped };
            let mut out = Vec::new();
            printed.write(&mut out);
            prop_assert_eq!(round_trip(out), Line::Log(printed));
        }
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Line::decode(&bytes);
    }
}

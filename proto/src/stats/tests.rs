//! Every field survives the wire, and damaged messages are refused.

use heavy_load::vocabulary::{Ended, SandboxLevel};
use std::sync::Arc;

use heavy_load::histogram::Histogram;
use heavy_results::stats::{
    Checks, Closing, Delta, Dropped, Errors, Event, GeneratorHealth, Iterations, LogLine, Metrics, Requests,
    Steps,
};

use heavy_load::window::Window;

use super::*;

fn text(text: &str) -> Arc<str> {
    Arc::from(text)
}

fn histogram(values: &[u64]) -> Histogram {
    let mut histogram = Histogram::default();
    values.iter().for_each(|value| histogram.record(*value));
    histogram
}

#[expect(clippy::too_many_lines, reason = "every field has a value of its own")]
fn delta() -> Delta {
    Delta {
        complete_before_second: 7,
        requests: vec![Requests {
            second: 3,
            window: Window::RampDown,
            workflow: text("w"),
            step: text("s"),
            method: text("GET"),
            name: text("GET /"),
            status: 503,
            error_kind: text("status"),
            failed: true,
            bytes: 12,
            duration: histogram(&[1, 2_000_000]),
            phases_ns: [1, 2, 3, 4, 5, 6, 7],
            protocol: text("websocket"),
        }],
        iterations: vec![Iterations {
            second: 4,
            window: Window::WarmUp,
            workflow: text("w"),
            scheduled: 10,
            started: 8,
            ok: 5,
            failed: 1,
            interrupted: 1,
            dropped: Dropped {
                full: 1,
                late: 2,
                gap: 3,
            },
            lost: 1,
            unknown: 0,
            duration: histogram(&[5]),
            response: histogram(&[6]),
            generator_lag: histogram(&[7]),
            last_ended_ns: 4_500_000_000,
        }],
        steps: vec![Steps {
            second: 1,
            workflow: text("w"),
            step: text("s"),
            failed: 1,
            duration: histogram(&[9]),
        }],
        checks: vec![Checks {
            second: 1,
            workflow: text("w"),
            name: text("c"),
            passes: 2,
            fails: 3,
        }],
        metrics: vec![Metrics {
            second: 2,
            name: text("m"),
            kind: text("trend"),
            step: text(""),
            count: 2,
            sum: 3.5,
            min: 1.0,
            max: 2.5,
            last: 2.5,
            nonzero: 2,
            distribution: histogram(&[1_000_000, 2_500_000]),
        }],
        errors: vec![Errors {
            workflow: text("w"),
            step: text(""),
            name: text("GET /"),
            kind: text("refused"),
            count: 4,
            repeats: 3,
            first_ns: -5,
            last_ns: 9,
            example: text("connection refused"),
        }],
        health: vec![GeneratorHealth {
            second: 1,
            in_flight: 3,
            load_test_cpu: 0.5,
            agent_cpu: 0.25,
            load_test_rss_bytes: 1,
            agent_rss_bytes: 2,
            open_files: 4,
            spool_bytes: 5,
        }],
        not_results: vec![(text("text"), 2)],
        log: vec![LogLine {
            at_ns: -1,
            stream: text("stderr"),
            text: text("hello"),
        }],
        events: vec![Event {
            at_ns: 1,
            kind: "started".into(),
            who: "a".into(),
            old_value: "x".into(),
            new_value: "y".into(),
        }],
        last_ended_ns: 77,
    }
}

#[test]
fn every_delta_survives_the_wire() {
    let delta = delta();
    assert_eq!(
        decode(&encode_delta(&delta)),
        Ok(Statistics::Delta(Box::new(delta)))
    );
}

/// Batches written before roll-ups had a protocol hold none: they were all of HTTP.
#[test]
fn a_roll_up_without_a_protocol_is_of_http() {
    let mut delta = delta();
    delta.requests[0].protocol = text("http");
    let wire = super::wire(&delta);
    assert_eq!(wire.requests[0].protocol, 0);
    assert_eq!(super::delta(&wire), Ok(delta));
}

#[test]
fn every_closing_survives_the_wire() {
    let closing = Closing {
        last_rows_sequence: 1,
        scheduled: 2,
        started: 3,
        ok: 4,
        failed: 5,
        interrupted: 6,
        lost: 7,
        dropped: 8,
        malformed: 9,
        generator_lag: histogram(&[10]),
        cpu_max: 1.5,
        clock_offset_ns: -11,
        clock_error_ns: 12,
        voided_requests: 13,
        voided_iterations: 14,
        log_lines_dropped: 15,
        ended: Some(Ended::Finished),
        sandbox: Some(SandboxLevel::Files),
    };
    assert_eq!(
        decode(&encode_closing(&closing)),
        Ok(Statistics::Closing(Box::new(closing)))
    );
}

#[test]
fn damaged_messages_are_refused() {
    let mut wire = super::wire(&delta());
    wire.requests[0].name = 99;
    assert_eq!(super::delta(&wire), Err(Error::Text(99)));
    let mut wire = super::wire(&delta());
    wire.requests[0].status = 70_000;
    assert_eq!(super::delta(&wire), Err(Error::Status(70_000)));
    let mut wire = super::wire(&delta());
    wire.steps[0].duration.push(1);
    assert!(matches!(super::delta(&wire), Err(Error::Histogram(_))));
}

#[test]
fn what_holds_no_statistics_is_said_to() {
    let void = v1::Void {
        reason: "disk full".to_owned(),
        ..v1::Void::default()
    };
    for (bytes, expected) in [
        (encode(Content::Void(void)), Error::Void("disk full".to_owned())),
        (encode(Content::Rows(v1::Rows::default())), Error::NoStatistics),
        (Vec::new(), Error::NoStatistics),
    ] {
        assert_eq!(decode(&bytes), Err(expected));
    }
    assert!(matches!(decode(&[0xff]), Err(Error::Encoding(_))));
}

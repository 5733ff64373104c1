//! How the shop's job went over time.

use std::collections::BTreeMap;

use heavy_results::stats::Event;
use heavy_results::summary::{Point, Timeline, WindowSummary};

use crate::sample::{all_ok, latencies};

pub(crate) fn timeline() -> Timeline {
    let points = (0..10).map(|second| {
        let slow = if second == 6 { 8.0 } else { 1.0 };
        Point {
            second,
            length_s: 1.0,
            load_s: Some(1.0),
            planned: 100,
            scheduled: 100,
            started: 100,
            ok: 100,
            in_flight: 1 + u64::from(second % 3),
            requests: 200,
            status_classes: BTreeMap::from([(2, 200)]),
            p50_ms: Some(0.3 + f64::from(second) * 0.02),
            p95_ms: Some(0.7 * slow),
            p99_ms: Some(0.9 * slow),
            p999_ms: Some(1.1 * slow),
            max_ms: Some(1.3 * slow),
            response_p99_ms: Some(1.9 * slow),
            lag_p99_ms: Some(0.1),
            bands: vec![20, 100, 60, 15, 4, u64::from(second == 6)],
            ..Point::default()
        }
    });
    Timeline {
        point_s: 1,
        bands_upper_ms: vec![0.3, 0.5, 0.7, 1.0, 3.0, 10.4],
        points: points.collect(),
    }
}

/// The same, with errors in its seventh second.
pub(crate) fn timeline_with_errors() -> Timeline {
    let mut timeline = timeline();
    let point = &mut timeline.points[6];
    point.requests_failed = 9;
    point.status_classes = BTreeMap::from([(0, 2), (2, 191), (5, 7)]);
    point.error_kinds = BTreeMap::from([("status".to_owned(), 7), ("<b>refused\u{1b}".to_owned(), 2)]);
    timeline
}

pub(crate) fn windows() -> Vec<WindowSummary> {
    let window = |name: &str, from_s, until_s, n| WindowSummary {
        name: name.to_owned(),
        from_s,
        until_s,
        iterations: all_ok(n),
        iteration_rate: Some(n as f64 / (until_s - from_s)),
        iteration_duration: latencies(n, 600),
        response_time: Some(latencies(n, 640)),
        requests_failed: 0,
        request_rate: 2.0 * n as f64 / (until_s - from_s),
        duration: latencies(2 * n, 220),
    };
    vec![
        window("warm-up", 0.0, 2.0, 200),
        window("steady", 2.0, 8.0, 600),
        window("ramp-down", 8.0, 10.0, 200),
    ]
}

pub(crate) fn events(who: &str) -> Vec<Event> {
    let event = |at_ns, kind: &str, old: &str, new: &str| Event {
        at_ns,
        kind: kind.to_owned(),
        who: who.to_owned(),
        old_value: old.to_owned(),
        new_value: new.to_owned(),
    };
    vec![
        event(-1_500_000_000, "prepared", "", ""),
        event(0, "started", "", ""),
        event(6_200_000_000, "rate", "100/s", "120/s"),
    ]
}

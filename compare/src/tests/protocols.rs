//! Requests of two protocols that share a name.

use super::{judged, small};
use crate::{Finding, Measured};
use heavy_load::histogram::Histogram;
use heavy_results::stats::{Delta, Requests};

#[test]
fn two_protocols_of_one_name_are_two_places() {
    let record = |feed_ns: u64| {
        let mut recorder = small(1).record();
        for second in 0..60 {
            let row = |protocol: &str, ns: u64| {
                let mut duration = Histogram::default();
                duration.record_n(ns, 20);
                Requests {
                    second,
                    workflow: "shop".into(),
                    method: "GET".into(),
                    name: "GET /feed".into(),
                    protocol: protocol.into(),
                    duration,
                    ..Requests::default()
                }
            };
            recorder.apply(&Delta {
                requests: vec![row("http", 2_000_000), row("websocket", feed_ns)],
                ..Delta::default()
            });
        }
        Measured::from_recorder(&recorder, 1)
    };
    let comparison = judged(&[record(1_000_000)], &record(3_000_000));
    let feeds: Vec<_> = comparison
        .places
        .iter()
        .filter(|place| &*place.place.name == "GET /feed")
        .collect();
    let shown: Vec<_> = feeds
        .iter()
        .map(|place| (place.place.title(), place.count_now, place.finding))
        .collect();
    assert_eq!(
        shown,
        [
            ("request GET /feed".to_owned(), 1_200, Finding::NoDifference),
            ("request GET /feed (websocket)".to_owned(), 1_200, Finding::Slower),
        ]
    );
}

//! All that spools deliver, whatever batches it is in.

use std::collections::{BTreeMap, BTreeSet};

use heavy_proto::stats::{self, Statistics};
use heavy_proto::v1::content::Content;
use heavy_results::stats::{Closing, Delta};

use super::{Collected, closing_of, decode, numbers_of};
use crate::spool::{Spool, SpoolStream};

/// All that arrives in the end.
#[derive(Debug, PartialEq)]
pub(super) struct Delivered {
    pub(super) sums: BTreeMap<String, u64>,
    pub(super) iterations: BTreeSet<u64>,
    pub(super) requests: BTreeSet<u64>,
    /// Requests and iterations of discarded rows.
    pub(super) voided: (u64, u64),
    /// Without what depends on the number of batches.
    pub(super) closing: Closing,
}

/// What a spool delivers.
pub(super) fn collected(spool: &Spool) -> Collected {
    let mut collected = Collected::new();
    for stream in SpoolStream::ALL {
        for sequence in spool.first(stream)..=spool.durable(stream) {
            let (content, crc32c) = spool.read(stream, sequence);
            collected.insert((stream as usize, sequence), (crc32c, content.to_vec()));
        }
    }
    collected
}

/// All that arrives with batches of which none of roll-ups is a void.
pub(super) fn delivered(collected: &Collected) -> Delivered {
    let mut voided = (0, 0);
    let mut sums: BTreeMap<String, u64> = BTreeMap::new();
    for ((stream, _), (_, content)) in collected {
        if *stream == 0 {
            if let Statistics::Delta(delta) = stats::decode(content).unwrap() {
                for (name, count) in counts(&delta).into_iter().filter(|(_, count)| *count > 0) {
                    *sums.entry(name).or_default() += count;
                }
            }
        } else {
            match decode(content) {
                Some(Content::Void(void)) => {
                    voided = (voided.0 + void.requests, voided.1 + void.iterations);
                }
                content => assert!(matches!(content, Some(Content::Rows(_)))),
            }
        }
    }
    let (iterations, requests) = numbers_of(collected);
    let closing = Closing {
        last_rows_sequence: 0,
        log_lines_dropped: 0,
        ..closing_of(collected).expect("it is closed")
    };
    Delivered {
        sums,
        iterations,
        requests,
        voided,
        closing,
    }
}

/// What roll-ups count, by name, without the seconds.
fn counts(delta: &Delta) -> Vec<(String, u64)> {
    let mut counts = Vec::new();
    for row in &delta.requests {
        let name = format!("{} {} {} {}", row.name, row.status, row.failed, row.error_kind);
        counts.push((name, row.duration.count()));
    }
    for row in &delta.iterations {
        let own = [
            row.scheduled,
            row.started,
            row.ok,
            row.failed,
            row.interrupted,
            row.lost,
        ];
        let dropped = [row.dropped.full, row.dropped.late, row.dropped.gap];
        let all = own.into_iter().chain(dropped).enumerate();
        counts.extend(all.map(|(place, count)| (format!("iterations {place}"), count)));
        counts.push(("durations".to_owned(), row.duration.count()));
    }
    let steps = delta.steps.iter();
    counts.extend(steps.map(|row| (format!("step {}", row.step), row.duration.count())));
    let checks = delta.checks.iter();
    counts.extend(checks.map(|row| (format!("check {}", row.name), row.passes + 1000 * row.fails)));
    let metrics = delta.metrics.iter();
    counts.extend(metrics.map(|row| (format!("metric {}", row.name), row.count)));
    for row in &delta.errors {
        let name = format!("error {} {}", row.kind, row.name);
        counts.push((name, row.count + 1000 * row.repeats));
    }
    let not_results = delta.not_results.iter();
    counts.extend(not_results.map(|(reason, count)| (reason.to_string(), *count)));
    counts
}

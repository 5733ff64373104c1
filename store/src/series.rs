//! Changes of a job's series as rows: each column of a relation is named here once, beside its value.

use std::collections::BTreeMap;

use heavy_results::aggregate::SeriesUpdate;
use uuid::Uuid;

use crate::cell::{Cell, Rowset, named};
use crate::text::instant_ns;

/// All rows that `update` changes. One statement must not write the same row twice: the newest counts.
pub(crate) fn rowsets(job: Uuid, update: &SeriesUpdate) -> [Rowset; 4] {
    [
        seconds(job, update),
        agent_seconds(job, update),
        events(job, update),
        log(job, update),
    ]
}

fn seconds(job: Uuid, update: &SeriesUpdate) -> Rowset {
    let mut rowset = Rowset::new("seconds", 2);
    let newest: BTreeMap<u32, _> = update.seconds.iter().map(|row| (row.second, row)).collect();
    for row in newest.into_values() {
        rowset.push(named([
            ("job_id", job.into()),
            ("second", u64::from(row.second).into()),
            ("planned", row.planned.into()),
            ("scheduled", row.scheduled.into()),
            ("started", row.started.into()),
            ("ok", row.ok.into()),
            ("failed", row.failed.into()),
            ("dropped", row.dropped.into()),
            ("in_flight", row.in_flight.into()),
            ("requests", row.requests.into()),
            ("requests_failed", row.requests_failed.into()),
            ("rps", (row.requests as f64).into()),
            ("p50_ms", row.p50_ms.into()),
            ("p95_ms", row.p95_ms.into()),
            ("p99_ms", row.p99_ms.into()),
            ("response_p99_ms", row.response_p99_ms.into()),
            ("duration_histogram", Cell::Blob(row.duration.clone())),
            ("response_histogram", Cell::Blob(row.response.clone())),
            ("partial", row.partial.into()),
        ]));
    }
    rowset
}

fn agent_seconds(job: Uuid, update: &SeriesUpdate) -> Rowset {
    let mut rowset = Rowset::new("agent_seconds", 3);
    let newest: BTreeMap<_, _> = update
        .agent_seconds
        .iter()
        .map(|row| ((&row.agent, row.second), row))
        .collect();
    for row in newest.into_values() {
        rowset.push(named([
            ("job_id", job.into()),
            ("agent", row.agent.as_str().into()),
            ("second", u64::from(row.second).into()),
            ("started", row.started.into()),
            ("dropped", row.dropped.into()),
            ("in_flight", row.in_flight.into()),
            ("generator_lag_p99_ms", row.generator_lag_p99_ms.into()),
            ("cpu", row.cpu.into()),
            ("rss_mb", row.rss_mb.into()),
            ("open_files", row.open_files.into()),
        ]));
    }
    rowset
}

fn events(job: Uuid, update: &SeriesUpdate) -> Rowset {
    let mut rowset = Rowset::new("event_rows", 2);
    let newest: BTreeMap<u64, _> = update
        .events
        .iter()
        .map(|(number, event)| (*number, event))
        .collect();
    for (number, event) in newest {
        rowset.push(named([
            ("job_id", job.into()),
            ("number", number.into()),
            ("at_ns", Cell::Int(instant_ns(event.at_ns))),
            ("kind", event.kind.as_str().into()),
            ("who", event.who.as_str().into()),
            ("old_value", event.old_value.as_str().into()),
            ("new_value", event.new_value.as_str().into()),
        ]));
    }
    rowset
}

fn log(job: Uuid, update: &SeriesUpdate) -> Rowset {
    let mut rowset = Rowset::new("log_rows", 2);
    let newest: BTreeMap<u64, _> = update
        .log
        .iter()
        .map(|(number, agent, line)| (*number, (agent, line)))
        .collect();
    for (number, (agent, line)) in newest {
        rowset.push(named([
            ("job_id", job.into()),
            ("number", number.into()),
            ("agent", agent.as_str().into()),
            ("at_ns", Cell::Int(instant_ns(line.at_ns))),
            ("stream", (&*line.stream).into()),
            ("line", (&*line.text).into()),
        ]));
    }
    rowset
}

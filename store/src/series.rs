//! SeriesUpdate seconds, events and log lines as rows.

use std::collections::BTreeMap;

use heavy_results::aggregate::SeriesUpdate;
use uuid::Uuid;

use crate::cell::{Cell, Rowset};
use crate::text::instant_ns;

/// All rows that `folded` changes.
pub(crate) fn rowsets(job: Uuid, folded: &SeriesUpdate) -> [Rowset; 4] {
    [
        seconds(job, folded),
        agent_seconds(job, folded),
        events(job, folded),
        log(job, folded),
    ]
}

fn seconds(job: Uuid, folded: &SeriesUpdate) -> Rowset {
    let mut rowset = Rowset::new(
        "seconds",
        2,
        "job_id second planned scheduled started ok failed dropped in_flight requests requests_failed rps \
         p50_ms p95_ms p99_ms response_p99_ms duration_histogram response_histogram partial",
    );
    // One statement must not write the same row twice; the newest counts.
    let newest: BTreeMap<u32, _> = folded.seconds.iter().map(|row| (row.second, row)).collect();
    rowset.rows.extend(newest.into_values().map(|row| {
        vec![
            Cell::Id(job),
            u64::from(row.second).into(),
            row.planned.into(),
            row.scheduled.into(),
            row.started.into(),
            row.ok.into(),
            row.failed.into(),
            row.dropped.into(),
            row.in_flight.into(),
            row.requests.into(),
            row.requests_failed.into(),
            (row.requests as f64).into(),
            row.p50_ms.into(),
            row.p95_ms.into(),
            row.p99_ms.into(),
            row.response_p99_ms.into(),
            Cell::Blob(row.duration.clone()),
            Cell::Blob(row.response.clone()),
            Cell::Bool(row.partial),
        ]
    }));
    rowset
}

fn agent_seconds(job: Uuid, folded: &SeriesUpdate) -> Rowset {
    let mut rowset = Rowset::new(
        "agent_seconds",
        3,
        "job_id agent second started dropped in_flight generator_lag_p99_ms cpu rss_mb open_files",
    );
    let newest: BTreeMap<_, _> = folded
        .agent_seconds
        .iter()
        .map(|row| ((&row.agent, row.second), row))
        .collect();
    rowset.rows.extend(newest.into_values().map(|row| {
        vec![
            Cell::Id(job),
            row.agent.as_str().into(),
            u64::from(row.second).into(),
            row.started.into(),
            row.dropped.into(),
            row.in_flight.into(),
            row.generator_lag_p99_ms.into(),
            row.cpu.into(),
            row.rss_mb.into(),
            row.open_files.into(),
        ]
    }));
    rowset
}

fn events(job: Uuid, folded: &SeriesUpdate) -> Rowset {
    let mut rowset = Rowset::new(
        "event_rows",
        2,
        "job_id number at_ns kind who old_value new_value",
    );
    let newest: BTreeMap<u64, _> = folded
        .events
        .iter()
        .map(|(number, event)| (*number, event))
        .collect();
    rowset.rows.extend(newest.into_iter().map(|(number, event)| {
        vec![
            Cell::Id(job),
            number.into(),
            Cell::Int(instant_ns(event.at_ns)),
            event.kind.as_str().into(),
            event.who.as_str().into(),
            event.old_value.as_str().into(),
            event.new_value.as_str().into(),
        ]
    }));
    rowset
}

fn log(job: Uuid, folded: &SeriesUpdate) -> Rowset {
    let mut rowset = Rowset::new("log_rows", 2, "job_id number agent at_ns stream line");
    let newest: BTreeMap<u64, _> = folded
        .log
        .iter()
        .map(|(number, agent, line)| (*number, (agent, line)))
        .collect();
    rowset
        .rows
        .extend(newest.into_iter().map(|(number, (agent, line))| {
            vec![
                Cell::Id(job),
                number.into(),
                agent.as_str().into(),
                Cell::Int(instant_ns(line.at_ns)),
                (&*line.stream).into(),
                (&*line.text).into(),
            ]
        }));
    rowset
}

//! Changes of a job's series as rows, and those rows read back: each column of a relation is named here, beside its value.

use std::collections::BTreeMap;

use heavy_results::aggregate::{AgentSecondRow, SecondRow, SeriesUpdate};
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

/// Selects a [`StoredSecond`] of a job by its second.
pub(crate) const SECOND: &str = "SELECT planned, scheduled, started, ok, failed, dropped, in_flight, requests, \
     requests_failed, duration_histogram, response_histogram FROM seconds WHERE job_id = $1 AND second = $2";

/// The columns of [`SECOND`].
pub(crate) type StoredSecond = (i64, i64, i64, i64, i64, i64, i64, i64, i64, Vec<u8>, Vec<u8>);

/// A row of `seconds`, without its percentiles, which follow from its histograms.
pub(crate) fn second(second: u32, row: StoredSecond) -> SecondRow {
    let (
        planned,
        scheduled,
        started,
        ok,
        failed,
        dropped,
        in_flight,
        requests,
        requests_failed,
        duration,
        response,
    ) = row;
    SecondRow {
        second,
        planned: planned as u64,
        scheduled: scheduled as u64,
        started: started as u64,
        ok: ok as u64,
        failed: failed as u64,
        dropped: dropped as u64,
        in_flight: in_flight as u64,
        requests: requests as u64,
        requests_failed: requests_failed as u64,
        duration,
        response,
        ..SecondRow::default()
    }
}

/// Selects the [`StoredAgentSecond`]s of a job in a second.
pub(crate) const AGENT_SECONDS: &str = "SELECT agent, started, dropped, in_flight, generator_lag_p99_ms, cpu, rss_mb, \
     open_files FROM agent_seconds WHERE job_id = $1 AND second = $2";

/// The columns of [`AGENT_SECONDS`].
pub(crate) type StoredAgentSecond = (String, i64, i64, i64, Option<f64>, f64, f64, i64);

/// A row of `agent_seconds`.
pub(crate) fn agent_second(second: u32, row: StoredAgentSecond) -> AgentSecondRow {
    let (agent, started, dropped, in_flight, generator_lag_p99_ms, cpu, rss_mb, open_files) = row;
    AgentSecondRow {
        agent,
        second,
        started: started as u64,
        dropped: dropped as u64,
        in_flight: in_flight as u64,
        generator_lag_p99_ms,
        cpu,
        rss_mb,
        open_files: open_files as u64,
    }
}

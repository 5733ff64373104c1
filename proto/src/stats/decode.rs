//! Wire to heavy-results. What comes from the wire is checked; nothing in it can panic.

use heavy_load::vocabulary::{Ended, UnknownWord};
use std::sync::Arc;

use heavy_load::histogram::{Histogram, Malformed};
use heavy_load::protocol;
use heavy_load::window::Window;
use heavy_results::stats;

use crate::v1;

/// Why a batch of statistics cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Not a message of the contract.
    #[error("the content is damaged: {0}")]
    Encoding(#[from] prost::DecodeError),
    /// The agent sent this in place of the statistics.
    #[error("the agent discarded the statistics: {0}")]
    Void(String),
    /// Raw rows, or nothing at all.
    #[error("the content holds no statistics")]
    NoStatistics,
    /// An index beyond the dictionary.
    #[error("text {0} is not in the batch's dictionary")]
    Text(u32),
    /// A damaged histogram.
    #[error("a histogram of the batch is damaged")]
    Histogram(#[from] Malformed),
    /// A status that is no status.
    #[error("{0} is not a status code")]
    Status(u32),
    /// A window that is none.
    #[error("{0} is not a window of a job")]
    Window(u32),
    /// An end of an assignment that this version does not know.
    #[error(transparent)]
    Ended(#[from] UnknownWord),
}

struct Texts(Vec<Arc<str>>);

impl Texts {
    fn get(&self, index: u32) -> Result<Arc<str>, Error> {
        if index == 0 {
            return Ok(Arc::from(""));
        }
        self.0.get(index as usize).cloned().ok_or(Error::Text(index))
    }
}

pub(super) fn delta(wire: &v1::Stats) -> Result<stats::Delta, Error> {
    let texts = Texts(
        wire.dictionary
            .iter()
            .map(|text| Arc::from(text.as_str()))
            .collect(),
    );
    Ok(stats::Delta {
        complete_before_second: wire.complete_before_second,
        requests: wire
            .requests
            .iter()
            .map(|row| request(row, &texts))
            .collect::<Result<_, _>>()?,
        iterations: wire
            .iterations
            .iter()
            .map(|row| iteration(row, &texts))
            .collect::<Result<_, _>>()?,
        steps: wire
            .steps
            .iter()
            .map(|row| step(row, &texts))
            .collect::<Result<_, _>>()?,
        checks: wire
            .checks
            .iter()
            .map(|row| check(row, &texts))
            .collect::<Result<_, _>>()?,
        metrics: wire
            .metrics
            .iter()
            .map(|row| metric(row, &texts))
            .collect::<Result<_, _>>()?,
        errors: wire
            .errors
            .iter()
            .map(|row| error(row, &texts))
            .collect::<Result<_, _>>()?,
        health: wire.health.iter().map(health).collect(),
        not_results: wire
            .not_results
            .iter()
            .map(|row| Ok((texts.get(row.reason)?, row.count)))
            .collect::<Result<_, Error>>()?,
        log: wire
            .log
            .iter()
            .map(|line| {
                Ok(stats::LogLine {
                    at_ns: line.at_ns,
                    stream: texts.get(line.stream)?,
                    text: Arc::from(line.text.as_str()),
                })
            })
            .collect::<Result<_, Error>>()?,
        events: wire.events.iter().map(event).collect(),
        last_ended_ns: wire.last_ended_ns,
    })
}

pub(super) fn closing(wire: &v1::Closing) -> Result<stats::Closing, Error> {
    Ok(stats::Closing {
        last_rows_sequence: wire.last_rows_sequence,
        scheduled: wire.scheduled,
        started: wire.started,
        ok: wire.ok,
        failed: wire.failed,
        interrupted: wire.interrupted,
        lost: wire.lost,
        dropped: wire.dropped,
        malformed: wire.malformed,
        generator_lag: Histogram::decode(&wire.generator_lag)?,
        cpu_max: wire.cpu_max,
        clock_offset_ns: wire.clock_offset_ns,
        clock_error_ns: wire.clock_error_ns,
        voided_requests: wire.voided_requests,
        voided_iterations: wire.voided_iterations,
        log_lines_dropped: wire.log_lines_dropped,
        ended: ended(&wire.ended)?,
    })
}

fn ended(word: &str) -> Result<Option<Ended>, UnknownWord> {
    let ended = (!word.is_empty()).then(|| word.parse());
    ended.transpose()
}

fn request(row: &v1::RequestRollUp, texts: &Texts) -> Result<stats::Requests, Error> {
    let mut phases_ns = [0; 7];
    for (place, phase) in phases_ns.iter_mut().zip(&row.phases_ns) {
        *place = *phase;
    }
    Ok(stats::Requests {
        second: row.second,
        window: window(row.window)?,
        workflow: texts.get(row.workflow)?,
        step: texts.get(row.step)?,
        method: texts.get(row.method)?,
        name: texts.get(row.name)?,
        status: u16::try_from(row.status).map_err(|_| Error::Status(row.status))?,
        error_kind: texts.get(row.error_kind)?,
        failed: row.failed,
        bytes: row.bytes,
        duration: Histogram::decode(&row.duration)?,
        phases_ns,
        protocol: match row.protocol {
            0 => Arc::from(protocol::HTTP),
            index => texts.get(index)?,
        },
    })
}

fn iteration(row: &v1::IterationRollUp, texts: &Texts) -> Result<stats::Iterations, Error> {
    Ok(stats::Iterations {
        second: row.second,
        window: window(row.window)?,
        workflow: texts.get(row.workflow)?,
        scheduled: row.scheduled,
        started: row.started,
        ok: row.ok,
        failed: row.failed,
        interrupted: row.interrupted,
        dropped: stats::Dropped {
            full: row.dropped_full,
            late: row.dropped_late,
            gap: row.dropped_gap,
        },
        lost: row.lost,
        duration: Histogram::decode(&row.duration)?,
        response: Histogram::decode(&row.response)?,
        generator_lag: Histogram::decode(&row.generator_lag)?,
    })
}

fn window(number: u32) -> Result<Window, Error> {
    crate::window::window(number).ok_or(Error::Window(number))
}

fn step(row: &v1::StepRollUp, texts: &Texts) -> Result<stats::Steps, Error> {
    Ok(stats::Steps {
        second: row.second,
        workflow: texts.get(row.workflow)?,
        step: texts.get(row.step)?,
        failed: row.failed,
        duration: Histogram::decode(&row.duration)?,
    })
}

fn check(row: &v1::CheckRollUp, texts: &Texts) -> Result<stats::Checks, Error> {
    Ok(stats::Checks {
        second: row.second,
        workflow: texts.get(row.workflow)?,
        name: texts.get(row.name)?,
        passes: row.passes,
        fails: row.fails,
    })
}

fn metric(row: &v1::MetricRollUp, texts: &Texts) -> Result<stats::Metrics, Error> {
    Ok(stats::Metrics {
        second: row.second,
        name: texts.get(row.name)?,
        kind: texts.get(row.kind)?,
        step: texts.get(row.step)?,
        count: row.count,
        sum: row.sum,
        min: row.min,
        max: row.max,
        last: row.last,
        nonzero: row.nonzero,
        distribution: Histogram::decode(&row.distribution)?,
    })
}

fn error(row: &v1::ErrorRollUp, texts: &Texts) -> Result<stats::Errors, Error> {
    Ok(stats::Errors {
        workflow: texts.get(row.workflow)?,
        step: texts.get(row.step)?,
        name: texts.get(row.name)?,
        kind: texts.get(row.kind)?,
        count: row.count,
        first_ns: row.first_ns,
        last_ns: row.last_ns,
        example: texts.get(row.example)?,
    })
}

fn health(row: &v1::Health) -> stats::Health {
    stats::Health {
        second: row.second,
        in_flight: row.in_flight,
        load_test_cpu: row.load_test_cpu,
        agent_cpu: row.agent_cpu,
        load_test_rss_bytes: row.load_test_rss_bytes,
        agent_rss_bytes: row.agent_rss_bytes,
        open_files: row.open_files,
        spool_bytes: row.spool_bytes,
    }
}

fn event(event: &v1::Event) -> stats::Event {
    stats::Event {
        at_ns: event.at_ns,
        kind: event.kind.clone(),
        who: event.who.clone(),
        old_value: event.old_value.clone(),
        new_value: event.new_value.clone(),
    }
}

//! heavy-results to wire.

use heavy_load::protocol;
use heavy_results::stats;

use super::dictionary::Dictionary;
use crate::{v1, window};

pub(super) fn delta(delta: &stats::Delta) -> v1::Stats {
    let mut texts = Dictionary::new();
    let mut wire = v1::Stats {
        complete_before_second: delta.complete_before_second,
        requests: delta
            .requests
            .iter()
            .map(|row| request(row, &mut texts))
            .collect(),
        iterations: delta
            .iterations
            .iter()
            .map(|row| iteration(row, &mut texts))
            .collect(),
        steps: delta.steps.iter().map(|row| step(row, &mut texts)).collect(),
        checks: delta.checks.iter().map(|row| check(row, &mut texts)).collect(),
        metrics: delta.metrics.iter().map(|row| metric(row, &mut texts)).collect(),
        errors: delta.errors.iter().map(|row| error(row, &mut texts)).collect(),
        health: delta.health.iter().map(health).collect(),
        not_results: delta
            .not_results
            .iter()
            .map(|(reason, count)| v1::NotResults {
                reason: texts.index(reason),
                count: *count,
            })
            .collect(),
        log: delta
            .log
            .iter()
            .map(|line| v1::LogLine {
                at_ns: line.at_ns,
                stream: texts.index(&line.stream),
                text: line.text.to_string(),
            })
            .collect(),
        events: delta.events.iter().map(event).collect(),
        last_ended_ns: delta.last_ended_ns,
        dictionary: Vec::new(),
    };
    wire.dictionary = texts.into_texts();
    wire
}

pub(super) fn closing(closing: &stats::Closing) -> v1::Closing {
    v1::Closing {
        last_rows_sequence: closing.last_rows_sequence,
        scheduled: closing.scheduled,
        started: closing.started,
        ok: closing.ok,
        failed: closing.failed,
        interrupted: closing.interrupted,
        lost: closing.lost,
        dropped: closing.dropped,
        malformed: closing.malformed,
        generator_lag: closing.generator_lag.encode(),
        cpu_max: closing.cpu_max,
        clock_offset_ns: closing.clock_offset_ns,
        clock_error_ns: closing.clock_error_ns,
        voided_requests: closing.voided_requests,
        voided_iterations: closing.voided_iterations,
        log_lines_dropped: closing.log_lines_dropped,
        ended: closing.ended.map(|ended| ended.to_string()).unwrap_or_default(),
    }
}

fn request(row: &stats::Requests, texts: &mut Dictionary) -> v1::RequestRollUp {
    v1::RequestRollUp {
        second: row.second,
        workflow: texts.index(&row.workflow),
        step: texts.index(&row.step),
        method: texts.index(&row.method),
        name: texts.index(&row.name),
        status: u32::from(row.status),
        error_kind: texts.index(&row.error_kind),
        failed: row.failed,
        bytes: row.bytes,
        duration: row.duration.encode(),
        phases_ns: row.phases_ns.to_vec(),
        window: window::number(row.window),
        protocol: match &*row.protocol {
            protocol::HTTP => 0,
            _ => texts.index(&row.protocol),
        },
    }
}

fn iteration(row: &stats::Iterations, texts: &mut Dictionary) -> v1::IterationRollUp {
    v1::IterationRollUp {
        second: row.second,
        workflow: texts.index(&row.workflow),
        scheduled: row.scheduled,
        started: row.started,
        ok: row.ok,
        failed: row.failed,
        interrupted: row.interrupted,
        dropped_full: row.dropped.full,
        dropped_late: row.dropped.late,
        dropped_gap: row.dropped.gap,
        lost: row.lost,
        duration: row.duration.encode(),
        response: row.response.encode(),
        generator_lag: row.generator_lag.encode(),
        window: window::number(row.window),
    }
}

fn step(row: &stats::Steps, texts: &mut Dictionary) -> v1::StepRollUp {
    v1::StepRollUp {
        second: row.second,
        workflow: texts.index(&row.workflow),
        step: texts.index(&row.step),
        failed: row.failed,
        duration: row.duration.encode(),
    }
}

fn check(row: &stats::Checks, texts: &mut Dictionary) -> v1::CheckRollUp {
    v1::CheckRollUp {
        second: row.second,
        workflow: texts.index(&row.workflow),
        name: texts.index(&row.name),
        passes: row.passes,
        fails: row.fails,
    }
}

fn metric(row: &stats::Metrics, texts: &mut Dictionary) -> v1::MetricRollUp {
    v1::MetricRollUp {
        second: row.second,
        name: texts.index(&row.name),
        kind: texts.index(&row.kind),
        step: texts.index(&row.step),
        count: row.count,
        sum: row.sum,
        min: row.min,
        max: row.max,
        last: row.last,
        distribution: row.distribution.encode(),
        nonzero: row.nonzero,
    }
}

fn error(row: &stats::Errors, texts: &mut Dictionary) -> v1::ErrorRollUp {
    v1::ErrorRollUp {
        workflow: texts.index(&row.workflow),
        step: texts.index(&row.step),
        name: texts.index(&row.name),
        kind: texts.index(&row.kind),
        count: row.count,
        first_ns: row.first_ns,
        last_ns: row.last_ns,
        example: texts.index(&row.example),
    }
}

fn health(row: &stats::Health) -> v1::Health {
    v1::Health {
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

fn event(event: &stats::Event) -> v1::Event {
    v1::Event {
        at_ns: event.at_ns,
        kind: event.kind.clone(),
        who: event.who.clone(),
        old_value: event.old_value.clone(),
        new_value: event.new_value.clone(),
    }
}

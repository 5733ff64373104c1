//! The rules of INVALID, and what the generator does to the figures of a job that is not.

use heavy_load::vocabulary::OUTPUT_DROPPED;

use crate::digits::count;
use crate::summary::Summary;

/// Generator lag P99 may be this, or [`LAG_SHARE`] of the median response time if that is more.
const LAG_LIMIT_MS: f64 = 5.0;
const LAG_SHARE: f64 = 0.10;
/// With fewer samples the P99 is the largest, and one late start is not a generator that cannot keep up.
pub(crate) const FEWEST_FOR_P99: u64 = 100;
/// Iterations dropped because of the generator may be this share of those due.
const DROPS_SHARE: f64 = 0.001;
/// Cores that load test and agent together use when the generator may be what is slow.
const BUSY_CORES: f64 = 0.9;
/// The highest share of all requests whose lines a load test may drop.
const OUTPUT_DROPPED_SHARE: f64 = 0.001;
/// Generator lag P99 beyond this share of the P99 of what is reported distorts it.
const WARN_LAG_SHARE: f64 = 0.05;
/// Less lag is never worth a warning: it is what the operating system takes to wake a thread, whatever the target does.
const WARN_LAG_MS: f64 = 1.0;
/// Drops because of the generator beyond this share of those due are worth knowing.
const WARN_DROPS_SHARE: f64 = 0.0002;
/// Kinds of request errors that mean that the generator's host ran out of a resource.
const RESOURCE_ERRORS: [(&str, &str); 2] = [("ports", "local ports"), ("descriptors", "file descriptors")];

/// Why the job is INVALID, if it is; otherwise adds how far the generator affects its figures to the warnings.
pub(super) fn check(summary: &Summary, warnings: &mut Vec<String>) -> Option<String> {
    let invalid = lag(summary)
        .or_else(|| drops(summary))
        .or_else(|| errors(summary))
        .or_else(|| output(summary));
    if invalid.is_none() {
        warnings.extend(distorting_lag(summary));
        warnings.extend(missing_iterations(summary));
    }
    invalid
}

/// The highest P99 of generator lag, at a median response time.
pub(crate) fn lag_limit_ms(median_response_ms: f64) -> f64 {
    LAG_LIMIT_MS.max(median_response_ms * LAG_SHARE)
}

fn lag(summary: &Summary) -> Option<String> {
    let lag_ms = summary.generator_lag.p99_ms;
    let median_ms = summary
        .response_time
        .as_ref()
        .map_or(0.0, |response| response.p50_ms);
    let limit_ms = lag_limit_ms(median_ms);
    (lag_ms > limit_ms && summary.generator_lag.count >= FEWEST_FOR_P99).then(|| {
        format!(
            "the generator started iterations late: lag P99 {lag_ms:.2} ms, limit {limit_ms:.2} ms{}",
            busy(summary)
        )
    })
}

/// How much of the reported times is the generator's own lateness, if that is much.
fn distorting_lag(summary: &Summary) -> Option<String> {
    let lag_ms = summary.generator_lag.p99_ms;
    let (name, p99_ms, effect) = match &summary.response_time {
        Some(response) => ("response time", response.p99_ms, "which includes it"),
        None => (
            "iteration duration",
            summary.iteration_duration.p99_ms,
            "which does not include it, but starts were late",
        ),
    };
    (p99_ms > 0.0 && lag_ms > WARN_LAG_MS.max(p99_ms * WARN_LAG_SHARE)).then(|| {
        format!(
            "generator lag P99 {lag_ms:.2} ms is {:.0}% of the {name}'s P99 ({p99_ms:.2} ms), {effect}{}",
            lag_ms / p99_ms * 100.0,
            busy(summary)
        )
    })
}

/// The CPU time that the generator used, if that may be the cause.
fn busy(summary: &Summary) -> String {
    let cpu = summary
        .agents
        .iter()
        .map(|agent| agent.cpu_max)
        .fold(0.0, f64::max);
    if cpu < BUSY_CORES {
        return String::new();
    }
    format!(" (load test and agent used up to {cpu:.1} cores: the load test may be CPU-bound)")
}

/// The share of iterations that were due and dropped because of the generator, in words too.
fn dropped(summary: &Summary) -> (f64, String) {
    let dropped = summary.iterations.dropped;
    let share = (dropped.late + dropped.gap) as f64 / summary.iterations.scheduled.max(1) as f64;
    let text = format!(
        "the generator dropped {} iterations as late and {} as gap: {:.3}% of those due",
        count(dropped.late),
        count(dropped.gap),
        share * 100.0,
    );
    (share, text)
}

fn drops(summary: &Summary) -> Option<String> {
    let (share, text) = dropped(summary);
    (share > DROPS_SHARE).then(|| format!("{text}, limit {:.1}%", DROPS_SHARE * 100.0))
}

fn missing_iterations(summary: &Summary) -> Option<String> {
    let (share, text) = dropped(summary);
    (share > WARN_DROPS_SHARE).then(|| format!("{text}; counts, rates and percentiles do not include them"))
}

fn errors(summary: &Summary) -> Option<String> {
    RESOURCE_ERRORS.iter().find_map(|(kind, name)| {
        let requests: u64 = summary
            .errors
            .iter()
            .filter(|error| *error.kind == **kind)
            .map(|error| error.count)
            .sum();
        (requests > 0).then(|| {
            format!(
                "the generator ran out of {name}: {} requests could not be sent",
                count(requests)
            )
        })
    })
}

/// Requests that are in no statistics because the load test could not write their lines.
fn output(summary: &Summary) -> Option<String> {
    let unwritten: f64 = summary
        .metrics
        .iter()
        .filter(|metric| metric.name == OUTPUT_DROPPED)
        .map(|metric| metric.value)
        .sum();
    let share = unwritten / (summary.requests.duration.count as f64 + unwritten).max(1.0);
    (share > OUTPUT_DROPPED_SHARE).then(|| {
        format!(
            "the load test could not write {} lines of requests or metrics: {:.3}% of its requests, limit {:.1}%",
            count(unwritten as u64),
            share * 100.0,
            OUTPUT_DROPPED_SHARE * 100.0
        )
    })
}

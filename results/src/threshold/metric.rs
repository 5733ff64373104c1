//! What thresholds can be about: every metric, with what can be asked of it.

use heavy_load::phases::Phase;

use super::aggregate::Aggregate;

/// Something that is measured. k6's names where k6 has it; heavy's own for what only heavy has.
#[derive(Debug, PartialEq, Eq)]
pub struct Metric {
    name: &'static str,
    pub(super) source: Source,
    pub(super) kind: Kind,
}

/// Where in the roll-ups it comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    /// Durations of requests.
    RequestDuration,
    /// Sums of one phase of requests.
    Phase(Phase),
    /// Requests.
    Requests,
    /// Of requests, the failed.
    FailedRequests,
    /// Body bytes received.
    Bytes,
    /// Iterations that came to an end of their own.
    Iterations,
    /// Of them, the failed.
    FailedIterations,
    /// Iterations that were due and not started.
    Dropped,
    /// Of those due, the dropped.
    DroppedOfDue,
    IterationDuration,
    ResponseTime,
    GeneratorLag,
    StepDuration,
    /// Of steps, the failed.
    FailedSteps,
    /// Of checks, the passed.
    Checks,
    /// A metric of the load test's own.
    Custom,
}

/// What kind of values it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Times, as distributions.
    Trend,
    /// Times, of which only sums are rolled up.
    Sum,
    /// Something that is counted.
    Counter,
    /// A share from 0 to 1.
    Share,
    /// What it is shows in the results.
    Custom,
}

const fn metric(name: &'static str, source: Source, kind: Kind) -> Metric {
    Metric { name, source, kind }
}

/// All of them, in the order in which they are listed to people.
pub(super) static METRICS: [Metric; 22] = [
    metric("http_req_duration", Source::RequestDuration, Kind::Trend),
    metric("http_req_failed", Source::FailedRequests, Kind::Share),
    metric("http_reqs", Source::Requests, Kind::Counter),
    metric("http_req_blocked", Source::Phase(Phase::Blocked), Kind::Sum),
    metric("http_req_looking_up", Source::Phase(Phase::Dns), Kind::Sum),
    metric("http_req_connecting", Source::Phase(Phase::Connect), Kind::Sum),
    metric("http_req_tls_handshaking", Source::Phase(Phase::Tls), Kind::Sum),
    metric("http_req_sending", Source::Phase(Phase::Send), Kind::Sum),
    metric("http_req_waiting", Source::Phase(Phase::Wait), Kind::Sum),
    metric("http_req_receiving", Source::Phase(Phase::Receive), Kind::Sum),
    metric("data_received", Source::Bytes, Kind::Counter),
    metric("response_time", Source::ResponseTime, Kind::Trend),
    metric("iteration_duration", Source::IterationDuration, Kind::Trend),
    metric("iterations", Source::Iterations, Kind::Counter),
    metric("iteration_failed", Source::FailedIterations, Kind::Share),
    metric("dropped_iterations", Source::Dropped, Kind::Counter),
    metric("iteration_dropped", Source::DroppedOfDue, Kind::Share),
    metric("generator_lag", Source::GeneratorLag, Kind::Trend),
    metric("step_duration", Source::StepDuration, Kind::Trend),
    metric("step_failed", Source::FailedSteps, Kind::Share),
    metric("checks", Source::Checks, Kind::Share),
    metric("metric", Source::Custom, Kind::Custom),
];

/// k6's names of what has another name here, or is not here at all.
const FOREIGN: [(&str, &str); 7] = [
    ("group_duration", "heavy calls it step_duration"),
    (
        "grpc_req_duration",
        "heavy counts every request under http_req_duration",
    ),
    (
        "vus",
        "the number of running iterations is in the relation `seconds`, and no threshold can be set on it",
    ),
    (
        "vus_max",
        "the number of running iterations is in the relation `seconds`, and no threshold can be set on it",
    ),
    (
        "data_sent",
        "bytes that were sent are not measured; data_received is",
    ),
    ("request_duration", "it has k6's name http_req_duration"),
    (
        "duration",
        "say which: http_req_duration, iteration_duration or step_duration",
    ),
];

impl Metric {
    /// As it is written.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The metric of this name.
    ///
    /// # Errors
    /// Says what is meant, perhaps, or what there is.
    pub(super) fn find(name: &str) -> Result<&'static Self, String> {
        if let Some(found) = METRICS.iter().find(|metric| metric.name == name) {
            return Ok(found);
        }
        let unknown = format!("there is no metric {name:?}");
        if let Some((_, hint)) = FOREIGN.iter().find(|(foreign, _)| *foreign == name) {
            return Err(format!("{unknown}: {hint}"));
        }
        let own = format!("one of the load test's own is written metric{{name:{name}}}");
        let nearest = METRICS
            .iter()
            .map(|metric| (distance(metric.name, name), metric.name))
            .min()
            .filter(|(distance, _)| *distance <= 1 + name.len() / 5);
        Err(match nearest {
            Some((_, nearest)) => format!("{unknown}: did you mean {nearest}? ({own})"),
            None => {
                let all: Vec<&str> = METRICS.iter().map(|metric| metric.name).collect();
                format!("{unknown}: there are {}; {own}", all.join(", "))
            }
        })
    }

    /// The keys by which it can be restricted.
    pub(super) const fn keys(&self) -> &'static [&'static str] {
        match self.source {
            Source::RequestDuration
            | Source::Phase(_)
            | Source::Requests
            | Source::FailedRequests
            | Source::Bytes => &[
                "workflow",
                "step",
                "name",
                "method",
                "status",
                "error_kind",
                "expected_response",
            ],
            Source::Iterations
            | Source::FailedIterations
            | Source::Dropped
            | Source::DroppedOfDue
            | Source::IterationDuration
            | Source::ResponseTime
            | Source::GeneratorLag => &["workflow"],
            Source::StepDuration | Source::FailedSteps => &["workflow", "step"],
            Source::Checks => &["workflow", "check"],
            Source::Custom => &["name", "step"],
        }
    }

    /// Whether an aggregate makes sense of it.
    ///
    /// # Errors
    /// Says which do.
    pub(super) fn check(&self, aggregate: Aggregate) -> Result<(), String> {
        use Aggregate::{Avg, Count, Max, Med, Min, Percentile, Rate};
        let (good, has) = match self.kind {
            Kind::Trend => (
                matches!(aggregate, Avg | Min | Med | Max | Percentile(_) | Count),
                "avg, min, med, max, p(N) and count",
            ),
            Kind::Sum => (matches!(aggregate, Avg), "avg"),
            Kind::Counter => (matches!(aggregate, Count | Rate), "count and rate (in a second)"),
            Kind::Share => (matches!(aggregate, Rate), "rate (a share from 0 to 1)"),
            Kind::Custom => (true, ""),
        };
        if good {
            return Ok(());
        }
        let why = if self.kind == Kind::Sum {
            ": phases are rolled up as sums, so that only their means are known (heavy sql has each request's)"
        } else {
            ""
        };
        Err(format!("{} has no {aggregate}, only {has}{why}", self.name))
    }

    /// Whether its values are times.
    pub(super) const fn is_time(&self) -> bool {
        matches!(self.kind, Kind::Trend | Kind::Sum)
    }

    /// Whether its rate may be one of time.
    pub(super) const fn may_be_counted(&self) -> bool {
        matches!(self.kind, Kind::Counter | Kind::Custom)
    }
}

/// How many letters have to be changed, left out or put in (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let changed = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

//! What thresholds can be about: every metric, with what can be asked of it.

use heavy_load::phases::Phase;

use super::aggregate::Aggregate;
use crate::nearest::{did_you_mean, nearest};

/// Something that is measured. k6's names where k6 has it; heavy's own for what only heavy has.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Metric {
    pub(super) name: &'static str,
    pub(super) source: MetricSource,
    pub(super) kind: MetricType,
}

/// Where in the roll-ups it comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MetricSource {
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

/// What a value of a metric belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MeasuredUnit {
    Request,
    Iteration,
    Step,
    Check,
    Custom,
}

impl MetricSource {
    /// What its values belong to.
    pub(super) const fn unit(self) -> MeasuredUnit {
        match self {
            Self::RequestDuration | Self::Phase(_) | Self::Requests | Self::FailedRequests | Self::Bytes => {
                MeasuredUnit::Request
            }
            Self::Iterations
            | Self::FailedIterations
            | Self::Dropped
            | Self::DroppedOfDue
            | Self::IterationDuration
            | Self::ResponseTime
            | Self::GeneratorLag => MeasuredUnit::Iteration,
            Self::StepDuration | Self::FailedSteps => MeasuredUnit::Step,
            Self::Checks => MeasuredUnit::Check,
            Self::Custom => MeasuredUnit::Custom,
        }
    }
}

/// What kind of values it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MetricType {
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

/// All of them, in the order in which they are listed to people.
pub(super) static METRICS: [Metric; 22] = {
    use MetricSource::{
        Bytes, Checks, Dropped, DroppedOfDue, FailedIterations, FailedRequests, FailedSteps, GeneratorLag,
        IterationDuration, Iterations, Phase, RequestDuration, Requests, ResponseTime, StepDuration,
    };
    use MetricType::{Counter, Custom, Share, Sum, Trend};
    use heavy_load::phases::Phase::{Blocked, Connect, Dns, Receive, Send, Tls, Wait};
    const fn metric(name: &'static str, source: MetricSource, kind: MetricType) -> Metric {
        Metric { name, source, kind }
    }
    [
        metric("http_req_duration", RequestDuration, Trend),
        metric("http_req_failed", FailedRequests, Share),
        metric("http_reqs", Requests, Counter),
        metric("http_req_blocked", Phase(Blocked), Sum),
        metric("http_req_looking_up", Phase(Dns), Sum),
        metric("http_req_connecting", Phase(Connect), Sum),
        metric("http_req_tls_handshaking", Phase(Tls), Sum),
        metric("http_req_sending", Phase(Send), Sum),
        metric("http_req_waiting", Phase(Wait), Sum),
        metric("http_req_receiving", Phase(Receive), Sum),
        metric("data_received", Bytes, Counter),
        metric("response_time", ResponseTime, Trend),
        metric("iteration_duration", IterationDuration, Trend),
        metric("iterations", Iterations, Counter),
        metric("iteration_failed", FailedIterations, Share),
        metric("dropped_iterations", Dropped, Counter),
        metric("iteration_dropped", DroppedOfDue, Share),
        metric("generator_lag", GeneratorLag, Trend),
        metric("step_duration", StepDuration, Trend),
        metric("step_failed", FailedSteps, Share),
        metric("checks", Checks, Share),
        metric("metric", MetricSource::Custom, Custom),
    ]
};

/// k6's names of what has another name here, or is not here at all.
const FOREIGN: [(&str, &str); 7] = [
    ("group_duration", "heavy calls it step_duration"),
    (
        "grpc_req_duration",
        "heavy counts every request in http_req_duration",
    ),
    (
        "vus",
        "thresholds on the number of running iterations are not supported; the relation `seconds` has it",
    ),
    (
        "vus_max",
        "thresholds on the number of running iterations are not supported; the relation `seconds` has it",
    ),
    (
        "data_sent",
        "sent bytes are not measured; data_received has the received ones",
    ),
    ("request_duration", "did you mean `http_req_duration`?"),
    (
        "duration",
        "expected http_req_duration, iteration_duration or step_duration",
    ),
];

impl Metric {
    /// The metric of this name.
    ///
    /// # Errors
    /// Says what is meant, perhaps, or what there is.
    pub(super) fn find(name: &str) -> Result<&'static Self, String> {
        if let Some(found) = METRICS.iter().find(|metric| metric.name == name) {
            return Ok(found);
        }
        let unknown = format!("unknown metric `{name}`");
        if let Some((_, hint)) = FOREIGN.iter().find(|(foreign, _)| *foreign == name) {
            return Err(format!("{unknown}: {hint}"));
        }
        let own = format!("write metric{{name:{name}}} for a custom metric");
        let all: Vec<&str> = METRICS.iter().map(|metric| metric.name).collect();
        Err(match nearest(name, all.iter().copied()) {
            Some(nearest) => format!("{unknown}{} ({own})", did_you_mean(nearest)),
            None => {
                format!("{unknown}: expected one of {}; {own}", all.join(", "))
            }
        })
    }

    /// The keys by which it can be restricted.
    pub(super) const fn keys(&self) -> &'static [&'static str] {
        match self.source.unit() {
            MeasuredUnit::Request => &[
                "workflow",
                "step",
                "name",
                "method",
                "status",
                "error_kind",
                "expected_response",
            ],
            MeasuredUnit::Iteration => &["workflow"],
            MeasuredUnit::Step => &["workflow", "step"],
            MeasuredUnit::Check => &["workflow", "check"],
            MeasuredUnit::Custom => &["name", "step"],
        }
    }

    /// Whether an aggregate makes sense of it.
    ///
    /// # Errors
    /// Says which do.
    pub(super) fn check(&self, aggregate: Aggregate) -> Result<(), String> {
        use Aggregate::{Avg, Count, Max, Med, Min, Percentile, Rate};
        let (good, has) = match self.kind {
            MetricType::Trend => (
                matches!(aggregate, Avg | Min | Med | Max | Percentile(_) | Count),
                "avg, min, med, max, p(N) and count",
            ),
            MetricType::Sum => (matches!(aggregate, Avg), "avg"),
            MetricType::Counter => (matches!(aggregate, Count | Rate), "count and rate (in a second)"),
            MetricType::Share => (matches!(aggregate, Rate), "rate (a share from 0 to 1)"),
            MetricType::Custom => (true, ""),
        };
        if good {
            return Ok(());
        }
        let why = if self.kind == MetricType::Sum {
            ": phases are stored as sums, so only their means are known (heavy sql has the phases of each request)"
        } else {
            ""
        };
        Err(format!("{} has no {aggregate}, only {has}{why}", self.name))
    }

    /// Whether its values are times.
    pub(super) const fn is_time(&self) -> bool {
        matches!(self.kind, MetricType::Trend | MetricType::Sum)
    }

    /// Whether its rate may be one of time.
    pub(super) const fn may_be_counted(&self) -> bool {
        matches!(self.kind, MetricType::Counter | MetricType::Custom)
    }
}

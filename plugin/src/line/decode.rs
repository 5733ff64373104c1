//! Reading output lines, borrowing from the line wherever a text has no escapes.

mod fields;

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::{
    DroppedLine, IterationLine, Line, MetricKind, MetricLine, NotAResult, Phases, RequestLine, StepOutcome,
};
use fields::{AnyError, Checks, Instant, Nanos, Size, Tags, Text};

/// How an iteration line of the SDK begins.
const ITERATION: &str = r#"{"type":"iteration","#;

impl<'a> Line<'a> {
    /// Decodes one line, given without its newline. A trailing carriage return is white space.
    ///
    /// # Errors
    /// Says why the line is not a result; nothing about such a line is fatal.
    pub fn decode(line: &'a [u8]) -> Result<Self, NotAResult> {
        if line.len() > super::MAX_LINE_BYTES {
            return Err(NotAResult::TooLong);
        }
        let line = std::str::from_utf8(line).map_err(|_| NotAResult::NotUtf8)?;
        if !line.trim_ascii_start().starts_with('{') {
            return Err(NotAResult::Text);
        }
        // The SDK writes `type` first: half of all lines are then known without being parsed in vain.
        if line.starts_with(ITERATION)
            && let Ok(iteration) = serde_json::from_str::<IterationWire<'a>>(line)
        {
            return Ok(Self::Iteration(iteration.into()));
        }
        // Requests come first without a look at `type`: a line of another type lacks their fields.
        match serde_json::from_str::<RequestWire<'a>>(line) {
            Ok(request) if request.kind.0.is_empty() || request.kind.0 == "request" => {
                Ok(Self::Request(request.into()))
            }
            _ => decode_tagged(line),
        }
    }
}

fn decode_tagged(line: &str) -> Result<Line<'_>, NotAResult> {
    let wrong = |_| NotAResult::WrongFields;
    let Tag { kind } = serde_json::from_str(line).map_err(|_| {
        if serde_json::from_str::<IgnoredAny>(line).is_ok() {
            NotAResult::WrongFields
        } else {
            NotAResult::Text
        }
    })?;
    match &*kind.0 {
        "" | "request" => Err(NotAResult::WrongFields),
        "iteration" => serde_json::from_str::<IterationWire<'_>>(line)
            .map(|i| Line::Iteration(i.into()))
            .map_err(wrong),
        "dropped" => serde_json::from_str::<DroppedWire<'_>>(line)
            .map(|d| Line::Dropped(d.into()))
            .map_err(wrong),
        "metric" => serde_json::from_str::<MetricWire<'_>>(line)
            .map(|m| Line::Metric(m.into()))
            .map_err(wrong),
        _ => Err(NotAResult::UnknownType),
    }
}

#[derive(Deserialize)]
struct Tag<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Text<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RequestWire<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Text<'a>,
    #[serde(borrow, rename = "sequenceID")]
    sequence_id: Text<'a>,
    #[serde(borrow)]
    url: Text<'a>,
    #[serde(borrow)]
    method: Text<'a>,
    status: u16,
    #[serde(default)]
    size: Size,
    timestamp: Instant,
    duration: Nanos,
    #[serde(borrow, default)]
    error: Option<AnyError<'a>>,
    #[serde(borrow, default)]
    error_kind: Text<'a>,
    #[serde(default)]
    failed: Option<bool>,
    #[serde(borrow, default)]
    workflow: Text<'a>,
    #[serde(borrow, default)]
    step: Text<'a>,
    #[serde(borrow, default)]
    name: Text<'a>,
    #[serde(default)]
    iteration: Option<u64>,
    #[serde(borrow, default, rename = "userID")]
    user_id: Text<'a>,
    #[serde(borrow, default, rename = "requestID")]
    request_id: Text<'a>,
    #[serde(borrow, default)]
    proto: Text<'a>,
    #[serde(default)]
    reused: Option<bool>,
    #[serde(default)]
    phases: Option<PhasesWire>,
    #[serde(borrow, default)]
    tags: Tags<'a>,
}

impl<'a> From<RequestWire<'a>> for RequestLine<'a> {
    fn from(wire: RequestWire<'a>) -> Self {
        Self {
            sequence_id: wire.sequence_id.0,
            url: wire.url.0,
            method: wire.method.0,
            status: wire.status,
            size: wire.size.0,
            started_ns: wire.timestamp.0,
            duration_ns: wire.duration.0,
            error: wire.error.map(|error| error.0),
            error_kind: wire.error_kind.0,
            failed: wire.failed,
            workflow: wire.workflow.0,
            step: wire.step.0,
            name: wire.name.0,
            iteration: wire.iteration,
            user_id: wire.user_id.0,
            request_id: wire.request_id.0,
            proto: wire.proto.0,
            reused: wire.reused,
            phases: wire.phases.map(Phases::from),
            tags: wire.tags.0,
        }
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct PhasesWire {
    blocked: Nanos,
    dns: Nanos,
    connect: Nanos,
    tls: Nanos,
    send: Nanos,
    wait: Nanos,
    receive: Nanos,
}

impl From<PhasesWire> for Phases {
    fn from(wire: PhasesWire) -> Self {
        Self {
            blocked_ns: wire.blocked.0,
            dns_ns: wire.dns.0,
            connect_ns: wire.connect.0,
            tls_ns: wire.tls.0,
            send_ns: wire.send.0,
            wait_ns: wire.wait.0,
            receive_ns: wire.receive.0,
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct IterationWire<'a> {
    #[serde(borrow)]
    workflow: Text<'a>,
    iteration: u64,
    #[serde(borrow, default, rename = "userID")]
    user_id: Text<'a>,
    #[serde(borrow, default, rename = "sequenceID")]
    sequence_id: Text<'a>,
    scheduled: Instant,
    lag: Nanos,
    #[serde(default)]
    slot_wait: Nanos,
    duration: Nanos,
    ok: bool,
    #[serde(default)]
    interrupted: bool,
    #[serde(borrow, default)]
    error: Option<AnyError<'a>>,
    #[serde(borrow, default)]
    steps: Vec<StepWire<'a>>,
    #[serde(borrow, default)]
    checks: Checks<'a>,
}

impl<'a> From<IterationWire<'a>> for IterationLine<'a> {
    fn from(wire: IterationWire<'a>) -> Self {
        Self {
            workflow: wire.workflow.0,
            iteration: wire.iteration,
            user_id: wire.user_id.0,
            sequence_id: wire.sequence_id.0,
            scheduled_ns: wire.scheduled.0,
            lag_ns: wire.lag.0,
            slot_wait_ns: wire.slot_wait.0,
            duration_ns: wire.duration.0,
            ok: wire.ok,
            interrupted: wire.interrupted,
            error: wire.error.map(|error| error.0),
            steps: wire
                .steps
                .into_iter()
                .map(|step| StepOutcome {
                    name: step.name.0,
                    duration_ns: step.duration.0,
                    ok: step.ok,
                })
                .collect(),
            checks: wire.checks.0,
        }
    }
}

#[derive(Deserialize)]
struct StepWire<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    duration: Nanos,
    ok: bool,
}

#[derive(Deserialize)]
struct DroppedWire<'a> {
    #[serde(borrow)]
    workflow: Text<'a>,
    #[serde(borrow)]
    reason: Text<'a>,
    count: u64,
    first: u64,
    last: u64,
}

impl<'a> From<DroppedWire<'a>> for DroppedLine<'a> {
    fn from(wire: DroppedWire<'a>) -> Self {
        Self {
            workflow: wire.workflow.0,
            reason: wire.reason.0,
            count: wire.count,
            first: wire.first,
            last: wire.last,
        }
    }
}

#[derive(Deserialize)]
struct MetricWire<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    kind: MetricKind,
    value: f64,
    #[serde(borrow, default)]
    step: Text<'a>,
    #[serde(borrow, default)]
    tags: Tags<'a>,
}

impl<'a> From<MetricWire<'a>> for MetricLine<'a> {
    fn from(wire: MetricWire<'a>) -> Self {
        Self {
            name: wire.name.0,
            kind: wire.kind,
            value: wire.value,
            step: wire.step.0,
            tags: wire.tags.0,
        }
    }
}

#[cfg(test)]
mod tests;

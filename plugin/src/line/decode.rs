//! Reading output lines, borrowing from the line wherever a text has no escapes.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::{
    CheckOutcome, DroppedLine, IterationLine, Line, MetricKind, MetricLine, NotAResult, Phases, RequestLine,
    StepOutcome,
};
use crate::timestamp;

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
        // Requests are the bulk and come first without a look at `type`: a line of another type lacks their fields.
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

/// A JSON string, or null for the empty one. Unlike serde's own `Cow`, it borrows inside of options and vectors too.
#[derive(Default)]
struct Text<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;
        impl<'de> Visitor<'de> for TextVisitor {
            type Value = Text<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }
            fn visit_str<E>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
            fn visit_unit<E>(self) -> Result<Text<'de>, E> {
                Ok(Text::default())
            }
        }
        deserializer.deserialize_any(TextVisitor)
    }
}

/// Nanoseconds, given as an integer or as a fraction; a negative number is a wrong field.
#[derive(Default)]
struct Nanos(u64);

/// Body bytes; a negative number (go-lo's "unknown") counts as 0.
#[derive(Default)]
struct Size(u64);

struct NumberVisitor {
    negative_as_zero: bool,
}

impl Visitor<'_> for NumberVisitor {
    type Value = u64;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number that is not negative")
    }
    fn visit_u64<E>(self, number: u64) -> Result<u64, E> {
        Ok(number)
    }
    fn visit_i64<E: Error>(self, number: i64) -> Result<u64, E> {
        if self.negative_as_zero {
            Ok(0)
        } else {
            Err(E::custom(format_args!("{number} is negative")))
        }
    }
    fn visit_f64<E: Error>(self, number: f64) -> Result<u64, E> {
        // The cast saturates, so that no number is out of range.
        if number >= 0.0 || self.negative_as_zero {
            Ok(number.round() as u64)
        } else {
            Err(E::custom(format_args!("{number} is negative")))
        }
    }
}

impl<'de> Deserialize<'de> for Nanos {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer
            .deserialize_any(NumberVisitor {
                negative_as_zero: false,
            })
            .map(Self)
    }
}

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer
            .deserialize_any(NumberVisitor {
                negative_as_zero: true,
            })
            .map(Self)
    }
}

/// An RFC 3339 timestamp as nanoseconds since the Unix epoch.
struct Instant(u64);

impl<'de> Deserialize<'de> for Instant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Text::deserialize(deserializer)?;
        timestamp::parse(&text.0)
            .map(Self)
            .ok_or_else(|| D::Error::custom("not an RFC 3339 timestamp"))
    }
}

/// The `error` of a line: a string as it is, anything else as its JSON.
struct AnyError<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for AnyError<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw: &'de RawValue = Deserialize::deserialize(deserializer)?;
        let json = raw.get();
        if json.starts_with('"') {
            let text: Text<'de> = serde_json::from_str(json).map_err(D::Error::custom)?;
            return Ok(Self(text.0));
        }
        Ok(Self(Cow::Borrowed(json)))
    }
}

/// Tags: an object of strings, kept as the JSON that was given; an empty object is no tags.
#[derive(Default)]
struct Tags<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Tags<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw: &'de RawValue = Deserialize::deserialize(deserializer)?;
        if raw.get() == "null" {
            return Ok(Self::default());
        }
        let mut checker = serde_json::Deserializer::from_str(raw.get());
        let tags = checker.deserialize_map(StringMap).map_err(D::Error::custom)?;
        Ok(Self(if tags == 0 {
            Cow::Borrowed("")
        } else {
            Cow::Borrowed(raw.get())
        }))
    }
}

struct StringMap;

impl<'de> Visitor<'de> for StringMap {
    type Value = usize;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of strings")
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<usize, A::Error> {
        let mut count = 0;
        while map.next_entry::<Text<'de>, Text<'de>>()?.is_some() {
            count += 1;
        }
        Ok(count)
    }
}

/// `{name: [passes, fails]}`.
#[derive(Default)]
struct Checks<'a>(Vec<CheckOutcome<'a>>);

impl<'de: 'a, 'a> Deserialize<'de> for Checks<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ChecksVisitor;
        impl<'de> Visitor<'de> for ChecksVisitor {
            type Value = Checks<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of [passes, fails]")
            }
            fn visit_unit<E>(self) -> Result<Checks<'de>, E> {
                Ok(Checks::default())
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Checks<'de>, A::Error> {
                let mut checks = Vec::new();
                while let Some((name, Tally { passes, fails })) = map.next_entry::<Text<'de>, Tally>()? {
                    checks.push(CheckOutcome {
                        name: name.0,
                        passes,
                        fails,
                    });
                }
                Ok(Checks(checks))
            }
        }
        deserializer.deserialize_any(ChecksVisitor)
    }
}

struct Tally {
    passes: u64,
    fails: u64,
}

impl<'de> Deserialize<'de> for Tally {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TallyVisitor;
        impl<'de> Visitor<'de> for TallyVisitor {
            type Value = Tally;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("[passes, fails]")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Tally, A::Error> {
                let passes = seq
                    .next_element()?
                    .ok_or_else(|| A::Error::invalid_length(0, &self))?;
                let fails = seq
                    .next_element()?
                    .ok_or_else(|| A::Error::invalid_length(1, &self))?;
                Ok(Tally { passes, fails })
            }
        }
        deserializer.deserialize_seq(TallyVisitor)
    }
}

#[cfg(test)]
mod tests;

//! Output lines: the JSON lines on a load test's stdout.
//!
//! [`Line::decode`] reads one line and borrows from it where it can; the `write` methods of the line types append one
//! line, newline included. The format is fixed and documented in `docs/protocol.md` and, as a JSON
//! Schema, in `docs/output-line.schema.json`.

mod dropped;
mod fields;
mod iteration;
mod json;
mod log;
mod metric;
mod request;

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

pub use dropped::DroppedLine;
pub use heavy_load::phases::{Phase, Phases};
pub use iteration::{CheckOutcome, FAILED, IterationLine, PANIC, StepOutcome, TIMEOUT};
pub use log::{LOG_LINES_PER_SECOND, MAX_LOG_BYTES, PrintedLine};
pub use metric::MetricLine;
pub use request::{RequestLine, STATUS_KIND, status_fails};

use fields::Text;
use request::RequestWire;

/// Maximum length of a line without its newline. Readers skip the rest of a longer one.
pub const MAX_LINE_BYTES: usize = 1 << 20;

/// One decoded output line. It lives on its decoder's stack: a box would cost an allocation for every request.
#[derive(Debug, Clone, PartialEq)]
pub enum Line<'a> {
    /// One request.
    Request(RequestLine<'a>),
    /// The outcome of one iteration.
    Iteration(IterationLine<'a>),
    /// Iterations that were due and never started.
    Dropped(DroppedLine<'a>),
    /// A value of a custom metric.
    Metric(MetricLine<'a>),
    /// A line that the load test printed: log output, and no result.
    Log(PrintedLine<'a>),
}

/// Why a line is not a result. The agent keeps such a line as log output and counts it by this reason; it is never fatal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum NotAResult {
    /// Not a JSON object: a stray `println!`, most often.
    Text,
    /// A JSON object without the fields of a result, or with a field of a wrong type.
    WrongFields,
    /// A JSON object whose `type` is not known.
    UnknownType,
    /// Bytes that are not UTF-8.
    NotUtf8,
    /// Longer than [`MAX_LINE_BYTES`].
    TooLong,
    /// The process ended before the line's newline, and what is there is not a result.
    CutOff,
}

impl NotAResult {
    /// Every reason, in a stable order.
    pub const ALL: [Self; 6] = [
        Self::Text,
        Self::WrongFields,
        Self::UnknownType,
        Self::NotUtf8,
        Self::TooLong,
        Self::CutOff,
    ];

    /// The reason's stable name in results: `text`, `wrong-fields`, `unknown-type`, `not-utf8`, `too-long`, `cut-off`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::WrongFields => "wrong-fields",
            Self::UnknownType => "unknown-type",
            Self::NotUtf8 => "not-utf8",
            Self::TooLong => "too-long",
            Self::CutOff => "cut-off",
        }
    }
}

/// How an iteration line of the SDK begins.
const ITERATION: &str = r#"{"type":"iteration","#;

impl<'a> Line<'a> {
    /// Decodes one line, given without its newline. A trailing carriage return is white space.
    ///
    /// # Errors
    /// The reason why the line is not a result.
    pub fn decode(line: &'a [u8]) -> Result<Self, NotAResult> {
        if line.len() > MAX_LINE_BYTES {
            return Err(NotAResult::TooLong);
        }
        let line = std::str::from_utf8(line).map_err(|_| NotAResult::NotUtf8)?;
        if !line.trim_ascii_start().starts_with('{') {
            return Err(NotAResult::Text);
        }
        // The SDK writes `type` first, so that half of all lines need not be parsed as a request in vain.
        if line.starts_with(ITERATION)
            && let Ok(iteration) = serde_json::from_str(line)
        {
            return Ok(Self::Iteration(iteration));
        }
        // Requests are tried first, whatever their `type`: a line of another type lacks their fields.
        match serde_json::from_str::<RequestWire<'a>>(line) {
            Ok(request) if request.is_request() => Ok(Self::Request(request.into())),
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
        "iteration" => serde_json::from_str(line).map(Line::Iteration).map_err(wrong),
        "dropped" => serde_json::from_str(line).map(Line::Dropped).map_err(wrong),
        "metric" => serde_json::from_str(line).map(Line::Metric).map_err(wrong),
        "log" => serde_json::from_str(line).map(Line::Log).map_err(wrong),
        _ => Err(NotAResult::UnknownType),
    }
}

#[derive(Deserialize)]
struct Tag<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Text<'a>,
}

#[cfg(test)]
mod tests;

//! Output lines: the JSON lines on a load test's stdout, their types, and why a line may be none of them.
//!
//! [`Line::decode`] reads one line without copying what it need not copy; the `write` methods of the line types
//! append one line, newline included. The format is fixed and documented in `docs/protocol.md` and, as a JSON
//! Schema, in `docs/output-line.schema.json`.

mod decode;
mod encode;

use std::borrow::Cow;

use serde::Serialize;

/// No line may be longer, its newline excluded; the rest of a longer one is skipped to the next newline.
pub const MAX_LINE_BYTES: usize = 1 << 20;

/// One decoded output line.
#[derive(Debug, Clone, PartialEq)]
#[expect(
    clippy::large_enum_variant,
    reason = "a line lives on its decoder's stack; a box would cost an allocation for every request"
)]
pub enum Line<'a> {
    /// One request.
    Request(RequestLine<'a>),
    /// The outcome of one iteration.
    Iteration(IterationLine<'a>),
    /// Iterations that were due and never started.
    Dropped(DroppedLine<'a>),
    /// A value of a custom metric.
    Metric(MetricLine<'a>),
}

/// Why a line is not a result. Such a line is log output: kept, counted by this reason, never fatal.
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

/// One request. The first eight fields are go-lo's; the others are optional on the wire.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RequestLine<'a> {
    /// `sequenceID`: ties the requests of one journey together.
    pub sequence_id: Cow<'a, str>,
    /// The URL as it was requested.
    pub url: Cow<'a, str>,
    /// The method, as in `GET`.
    pub method: Cow<'a, str>,
    /// The status code; 0 when there was no answer.
    pub status: u16,
    /// Body bytes received.
    pub size: u64,
    /// `timestamp`: the start, in ns since the Unix epoch.
    pub started_ns: u64,
    /// From asking for a connection to the last body byte.
    pub duration_ns: u64,
    /// What went wrong, for people; an object is kept as its JSON.
    pub error: Option<Cow<'a, str>>,
    /// `errorKind`: short and stable: refused, reset, timeout, dns, tls, status, body, ... Empty when not given.
    pub error_kind: Cow<'a, str>,
    /// Overrides the definition of a failed request.
    pub failed: Option<bool>,
    /// Empty when not given.
    pub workflow: Cow<'a, str>,
    /// Empty when not given.
    pub step: Cow<'a, str>,
    /// The request's identity; empty when not given (then it is derived from method and path).
    pub name: Cow<'a, str>,
    /// The number of the iteration that made the request.
    pub iteration: Option<u64>,
    /// `userID`; empty when not given.
    pub user_id: Cow<'a, str>,
    /// `requestID`; empty when not given.
    pub request_id: Cow<'a, str>,
    /// The protocol, as in `HTTP/1.1`; empty when not given.
    pub proto: Cow<'a, str>,
    /// Whether the connection had served a request before.
    pub reused: Option<bool>,
    /// Where the time went.
    pub phases: Option<Phases>,
    /// The request's tags as the JSON object that was given; empty when not given.
    pub tags: Cow<'a, str>,
}

impl RequestLine<'_> {
    /// Whether the request failed: as the line says, else by the definition (no status, an error, or a status of
    /// 400 or more).
    #[must_use]
    pub fn is_failed(&self) -> bool {
        self.failed
            .unwrap_or(self.status == 0 || self.status >= 400 || self.error.is_some())
    }
}

/// The phases of a request, in ns; their sum is its duration.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Phases {
    /// Waiting for a free connection, or for permission to open one.
    pub blocked_ns: u64,
    /// Resolving the host name.
    pub dns_ns: u64,
    /// The TCP connect.
    pub connect_ns: u64,
    /// The TLS handshake.
    pub tls_ns: u64,
    /// Writing the request.
    pub send_ns: u64,
    /// From the request written to the first byte of the answer.
    pub wait_ns: u64,
    /// From the first byte of the answer to the last.
    pub receive_ns: u64,
}

impl Phases {
    /// The sum of all phases.
    #[must_use]
    pub fn total_ns(&self) -> u64 {
        self.blocked_ns
            + self.dns_ns
            + self.connect_ns
            + self.tls_ns
            + self.send_ns
            + self.wait_ns
            + self.receive_ns
    }
}

/// The outcome of one iteration.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct IterationLine<'a> {
    /// The workflow.
    pub workflow: Cow<'a, str>,
    /// The number of the iteration, as released.
    pub iteration: u64,
    /// `userID`; empty when not given.
    pub user_id: Cow<'a, str>,
    /// `sequenceID`; empty when not given.
    pub sequence_id: Cow<'a, str>,
    /// `scheduled`: when it was due, in ns since the Unix epoch.
    pub scheduled_ns: u64,
    /// `lag`: started - scheduled.
    pub lag_ns: u64,
    /// `slotWait`: the part of `lag` spent waiting for a free slot; the rest is the generator's own lag.
    pub slot_wait_ns: u64,
    /// `duration`: ended - started.
    pub duration_ns: u64,
    /// Whether `run` returned `Ok`.
    pub ok: bool,
    /// Whether it was cut off by the end of grace; then it is neither ok nor failed.
    pub interrupted: bool,
    /// The error, panic message or timeout, for people.
    pub error: Option<Cow<'a, str>>,
    /// The steps, in the order in which they ended.
    pub steps: Vec<StepOutcome<'a>>,
    /// Passes and fails of each check.
    pub checks: Vec<CheckOutcome<'a>>,
}

/// One step of an iteration.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct StepOutcome<'a> {
    /// The step's name.
    pub name: Cow<'a, str>,
    /// How long it took.
    pub duration_ns: u64,
    /// Whether it succeeded.
    pub ok: bool,
}

/// How one check of an iteration came out.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CheckOutcome<'a> {
    /// The check's name.
    pub name: Cow<'a, str>,
    /// How often it was true.
    pub passes: u64,
    /// How often it was false.
    pub fails: u64,
}

/// Iterations that were due and never started. `[first, last]` spans the numbers; `count` says how many of this
/// process's released iterations in that span were dropped.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DroppedLine<'a> {
    /// The workflow.
    pub workflow: Cow<'a, str>,
    /// `full` or `late`.
    pub reason: Cow<'a, str>,
    /// How many.
    pub count: u64,
    /// The lowest number among them.
    pub first: u64,
    /// The highest number among them.
    pub last: u64,
}

/// A value of a custom metric.
#[derive(Debug, Clone, PartialEq)]
pub struct MetricLine<'a> {
    /// The metric's name.
    pub name: Cow<'a, str>,
    /// How values are put together.
    pub kind: MetricKind,
    /// The value: added to a counter, the newest of a gauge, 0 or 1 of a rate, one sample of a trend.
    pub value: f64,
    /// The step in which it was given; empty outside of steps.
    pub step: Cow<'a, str>,
    /// Tags as the JSON object that was given; empty when not given.
    pub tags: Cow<'a, str>,
}

/// How the values of a custom metric are put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MetricKind {
    /// Values are added up.
    Counter,
    /// The newest value stands.
    Gauge,
    /// The share of values that are not zero.
    Rate,
    /// Values are samples of a distribution.
    Trend,
}

impl MetricKind {
    /// The kind's name on the wire: `counter`, `gauge`, `rate`, `trend`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Rate => "rate",
            Self::Trend => "trend",
        }
    }
}

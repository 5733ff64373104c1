//! Raw rows of a job to be passed on: which there are, what their values are, and the statement that gives them.

use std::borrow::Cow;
use std::io;

use uuid::Uuid;

/// Rows that can be exported: the relations of these names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportRelation {
    /// Requests whose rows were kept.
    Requests,
    /// Iterations whose rows were kept.
    Iterations,
    /// Custom metrics.
    Metrics,
}

/// One value of every row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExportField {
    /// The relation's column.
    pub name: &'static str,
    /// How its text is meant.
    pub kind: ValueKind,
}

/// How the text of a value is meant. The texts are the same whichever database they come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueKind {
    /// As it is.
    Text,
    /// An integer or a fraction, as in JSON.
    Number,
    /// `true` or `false`.
    Flag,
    /// RFC 3339 in UTC, with microseconds.
    Instant,
    /// A JSON document.
    Json,
}

/// Takes rows as they are read.
pub trait RowSink: Send {
    /// One row: a value for each of [`ExportRelation::fields`], `None` for NULL.
    ///
    /// # Errors
    /// When it cannot be passed on; the export ends.
    fn row(&mut self, values: &[Option<Cow<'_, str>>]) -> io::Result<()>;
}

const fn text(name: &'static str) -> ExportField {
    let kind = ValueKind::Text;
    ExportField { name, kind }
}

const fn number(name: &'static str) -> ExportField {
    let kind = ValueKind::Number;
    ExportField { name, kind }
}

const fn flag(name: &'static str) -> ExportField {
    let kind = ValueKind::Flag;
    ExportField { name, kind }
}

const fn instant(name: &'static str) -> ExportField {
    let kind = ValueKind::Instant;
    ExportField { name, kind }
}

const REQUESTS: &[ExportField] = &[
    text("job_id"),
    text("agent"),
    text("workflow"),
    text("step"),
    text("name"),
    text("method"),
    text("url"),
    number("status"),
    flag("failed"),
    text("error"),
    text("error_kind"),
    number("size"),
    instant("started_at"),
    instant("ended_at"),
    number("second"),
    number("duration_ms"),
    number("blocked_ms"),
    number("dns_ms"),
    number("connect_ms"),
    number("tls_ms"),
    number("send_ms"),
    number("wait_ms"),
    number("receive_ms"),
    flag("reused"),
    text("time_window"),
    text("sequence_id"),
    text("request_id"),
    number("iteration"),
    text("user_id"),
    text("proto"),
    text("remote_addr"),
    ExportField {
        name: "tags",
        kind: ValueKind::Json,
    },
];

const ITERATIONS: &[ExportField] = &[
    text("job_id"),
    text("agent"),
    text("workflow"),
    number("iteration"),
    text("user_id"),
    text("sequence_id"),
    instant("scheduled_at"),
    instant("started_at"),
    instant("ended_at"),
    number("second"),
    number("lag_ms"),
    number("slot_wait_ms"),
    number("generator_lag_ms"),
    number("duration_ms"),
    number("response_ms"),
    flag("ok"),
    flag("interrupted"),
    text("error"),
    text("time_window"),
];

const METRICS: &[ExportField] = &[
    text("job_id"),
    text("name"),
    text("kind"),
    text("step"),
    number("value"),
    number("count"),
    number("min_ms"),
    number("mean_ms"),
    number("p10_ms"),
    number("p25_ms"),
    number("p50_ms"),
    number("p75_ms"),
    number("p90_ms"),
    number("p95_ms"),
    number("p99_ms"),
    number("p999_ms"),
    number("max_ms"),
];

impl ExportRelation {
    /// The relation.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Requests => "requests",
            Self::Iterations => "iterations",
            Self::Metrics => "metrics",
        }
    }

    /// What every row holds, in this order.
    #[must_use]
    pub const fn fields(self) -> &'static [ExportField] {
        match self {
            Self::Requests => REQUESTS,
            Self::Iterations => ITERATIONS,
            Self::Metrics => METRICS,
        }
    }

    /// The statement for all rows of a job; `instant` writes an instant's column as a text.
    pub(crate) fn select(self, job: Uuid, instant: impl Fn(&str) -> String) -> String {
        let columns: Vec<String> = self
            .fields()
            .iter()
            .map(|ExportField { name, kind }| match kind {
                ValueKind::Text | ValueKind::Number | ValueKind::Json => (*name).to_owned(),
                ValueKind::Flag => format!("CASE WHEN {name} THEN 'true' WHEN NOT {name} THEN 'false' END"),
                ValueKind::Instant => instant(name),
            })
            .collect();
        format!(
            "SELECT {} FROM {} WHERE job_id = '{job}'",
            columns.join(", "),
            self.name()
        )
    }
}

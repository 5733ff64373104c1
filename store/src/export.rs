//! Raw rows of a job to be passed on: which there are, what their values are, and the statement that selects them.

use std::borrow::Cow;
use std::io;
use std::time::Duration;

use futures::{Stream, TryStreamExt};
use tokio::time::timeout;
use uuid::Uuid;

use crate::Error;

/// A database that looks for the next row takes some time if others have many more.
const LONGEST_WAIT: Duration = Duration::from_mins(10);

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

/// Fields in their order, after their kinds.
macro_rules! fields {
    ($($kind:ident: $($name:ident)*;)*) => {
        &[$($(ExportField { name: stringify!($name), kind: ValueKind::$kind }),*),*]
    };
}

const REQUESTS: &[ExportField] = fields![
    Text: job_id agent workflow step name method url;
    Number: status;
    Flag: failed;
    Text: error error_kind;
    Number: size;
    Instant: started_at ended_at;
    Number: second duration_ms blocked_ms dns_ms connect_ms tls_ms send_ms wait_ms receive_ms;
    Flag: reused;
    Text: time_window sequence_id request_id;
    Number: iteration;
    Text: user_id proto remote_addr;
    Json: tags;
];

const ITERATIONS: &[ExportField] = fields![
    Text: job_id agent workflow;
    Number: iteration;
    Text: user_id sequence_id;
    Instant: scheduled_at started_at ended_at;
    Number: second lag_ms slot_wait_ms generator_lag_ms duration_ms response_ms;
    Flag: ok interrupted;
    Text: error time_window;
    Number: think_ms;
];

const METRICS: &[ExportField] = fields![
    Text: job_id name kind step;
    Number: value count min_ms mean_ms p10_ms p25_ms p50_ms p75_ms p90_ms p95_ms p99_ms p999_ms max_ms;
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

/// Reads a field of a row from its column.
type FieldReader<R> = for<'r> fn(&'r R, usize, &ExportField) -> Result<Option<Cow<'r, str>>, sqlx::Error>;

/// The next row, which is not waited for without limit: a connection that was cut says nothing.
async fn next<R>(
    rows: &mut (impl Stream<Item = Result<R, sqlx::Error>> + Unpin),
) -> Result<Option<R>, sqlx::Error> {
    timeout(LONGEST_WAIT, rows.try_next()).await.unwrap_or_else(|_| {
        let problem = format!("no row within {} s", LONGEST_WAIT.as_secs());
        Err(io::Error::new(io::ErrorKind::TimedOut, problem).into())
    })
}

/// Passes rows on to `sink` and returns their number.
pub(crate) async fn pass_on<R>(
    mut rows: impl Stream<Item = Result<R, sqlx::Error>> + Unpin,
    fields: &[ExportField],
    sink: &mut dyn RowSink,
    value: FieldReader<R>,
) -> Result<u64, Error> {
    let mut count = 0;
    while let Some(row) = next(&mut rows).await? {
        let columns = fields.iter().enumerate();
        let values = columns
            .map(|(column, field)| value(&row, column, field))
            .collect::<Result<Vec<_>, _>>()?;
        sink.row(&values).map_err(Error::Output)?;
        count += 1;
    }
    Ok(count)
}

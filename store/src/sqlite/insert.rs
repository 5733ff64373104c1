//! Raw rows by multi-row inserts.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use sqlx::sqlite::SqliteArguments;
use sqlx::{Arguments, SqliteConnection};

use crate::identity::{BatchIdentities, Identity};
use crate::rows::StoredTexts;
use crate::text::{clean, count, duration_ns, instant_ns, shared, time_window};
use crate::{IterationRows, RequestRows, Rows};

/// Rows of one statement, descending; each size is prepared once. Larger ones are slower: they do not fit
/// into the processor's cache.
const SIZES: [usize; 4] = [128, 16, 4, 1];

/// Inserts into one table.
struct Insert {
    /// The query for the highest id of a job.
    highest: String,
    /// For each of [`SIZES`].
    sql: [String; 4],
    columns: usize,
}

impl Insert {
    fn new(table: &str, columns: &str) -> Self {
        let width = columns.split(',').count();
        let row = format!("({})", vec!["?"; width].join(","));
        Self {
            highest: format!("SELECT max(id) FROM {table} WHERE id >= ? AND id < ?"),
            sql: SIZES.map(|size| {
                let rows = vec![row.as_str(); size].join(",");
                format!("INSERT INTO {table} ({columns}) VALUES {rows}")
            }),
            columns: width,
        }
    }
}

static SAMPLES: LazyLock<Insert> = LazyLock::new(|| {
    Insert::new(
        "samples",
        "id, identity, url, status, flags, size, started_ns, duration_ns, blocked_ns, connecting, send_ns, wait_ns, \
         receive_ns, sequence_id, iteration, extra",
    )
});

static ITERATIONS: LazyLock<Insert> = LazyLock::new(|| {
    Insert::new(
        "iteration_rows",
        "id, identity, iteration, sequence_id, scheduled_ns, lag_ns, slot_wait_ns, duration_ns, flags, extra",
    )
});

/// The values of one statement.
#[derive(Default)]
struct Values(SqliteArguments);

impl Values {
    fn push<'t, T>(&mut self, value: T)
    where
        T: sqlx::Encode<'t, sqlx::Sqlite> + sqlx::Type<sqlx::Sqlite>,
    {
        self.0.add(value).expect("integers and texts can always be bound");
    }
}

type Texts = StoredTexts<Arc<str>>;

/// A JSON object of the texts that are not empty, if there are any. `json` is a member that is JSON already.
fn extra(texts: &[(&str, &str)], json: (&str, &str)) -> Option<String> {
    if json.1.is_empty() && texts.iter().all(|(_, text)| text.is_empty()) {
        return None;
    }
    let members: Vec<_> = texts
        .iter()
        .filter(|(_, text)| !text.is_empty())
        .map(|(name, text)| format!("\"{name}\":{}", serde_json::Value::from(*text)))
        .chain((!json.1.is_empty()).then(|| format!("\"{}\":{}", json.0, json.1)))
        .collect();
    Some(format!("{{{}}}", members.join(",")))
}

/// The ids of a job's identities, in their order; those that are new are made and added to `new`.
pub(super) async fn identities(
    connection: &mut SqliteConnection,
    job: i64,
    distinct: &[Identity],
    known: &HashMap<(i64, Identity), i64>,
    new: &mut Vec<((i64, Identity), i64)>,
) -> Result<Vec<i64>, sqlx::Error> {
    let mut ids = Vec::with_capacity(distinct.len());
    for identity in distinct {
        let key = (job, identity.clone());
        if let Some(id) = known.get(&key) {
            ids.push(*id);
            continue;
        }
        let mut query = sqlx::query_scalar(
            "INSERT INTO identities (job, agent, workflow, step, name, method, proto) VALUES (?, ?, ?, ?, ?, ?, ?) \
             ON CONFLICT DO UPDATE SET agent = excluded.agent RETURNING id",
        )
        .bind(job);
        for text in identity {
            query = query.bind(text.clone());
        }
        let id = query.fetch_one(&mut *connection).await?;
        ids.push(id);
        new.push((key, id));
    }
    Ok(ids)
}

/// Writes all rows of a batch behind those that the job has.
pub(super) async fn rows(
    connection: &mut SqliteConnection,
    job: i64,
    rows: &Rows,
    identities: &BatchIdentities,
    ids: &[i64],
) -> Result<(), sqlx::Error> {
    let texts = StoredTexts::new(rows, shared);
    let requests = &rows.requests;
    let identity = |row: usize| ids[identities.of_requests[row] as usize];
    insert(
        connection,
        &SAMPLES,
        job,
        requests.workflow.len(),
        |values, row| {
            request(values, identity(row), requests, row, &texts);
        },
    )
    .await?;
    let iterations = &rows.iterations;
    let identity = |row: usize| ids[identities.of_iterations[row] as usize];
    insert(
        connection,
        &ITERATIONS,
        job,
        iterations.workflow.len(),
        |values, row| {
            iteration(values, identity(row), iterations, row, &texts);
        },
    )
    .await
}

/// Inserts rows whose values after the id `bind` gives. While a statement runs, the values of the next one are made.
async fn insert(
    connection: &mut SqliteConnection,
    insert: &'static Insert,
    job: i64,
    rows: usize,
    mut bind: impl FnMut(&mut Values, usize),
) -> Result<(), sqlx::Error> {
    let highest: Option<i64> = sqlx::query_scalar(insert.highest.as_str())
        .bind(job << 40)
        .bind((job + 1) << 40)
        .fetch_one(&mut *connection)
        .await?;
    let first_id = highest.map_or(job << 40, |highest| highest + 1);
    let mut make = |(size, first): (usize, usize)| {
        let mut values = Values::default();
        values.0.reserve(size * insert.columns, 0);
        for row in first..first + size {
            values.push(first_id + row as i64);
            bind(&mut values, row);
        }
        values
    };
    let mut groups = groups(rows).into_iter().peekable();
    let mut ready = groups.peek().map(|(_, group)| make(*group));
    while let (Some((kind, _)), Some(values)) = (groups.next(), ready.take()) {
        let running = sqlx::query_with(insert.sql[kind].as_str(), values.0).execute(&mut *connection);
        let (ran, next) = tokio::join!(running, async { groups.peek().map(|(_, group)| make(*group)) });
        ran?;
        ready = next;
    }
    Ok(())
}

/// Rows in groups of [`SIZES`]: which size, and (size, first row).
fn groups(rows: usize) -> Vec<(usize, (usize, usize))> {
    let mut groups = Vec::new();
    let mut next = 0;
    for (kind, size) in SIZES.into_iter().enumerate() {
        while rows - next >= size {
            groups.push((kind, (size, next)));
            next += size;
        }
    }
    groups
}

fn request(values: &mut Values, identity: i64, of: &RequestRows, row: usize, texts: &Texts) {
    values.push(identity);
    values.push(Arc::clone(texts.plain(of.url[row])));
    values.push(i64::from(of.status[row]));
    values.push(i64::from(of.failed[row]) | i64::from(of.reused[row].min(2)) << 1 | window(of.window[row]));
    values.push(count(of.size[row]));
    values.push(instant_ns(of.started_ns[row]));
    values.push(duration_ns(of.duration_ns[row]));
    values.push(duration_ns(of.blocked_ns[row]));
    let connecting = [of.dns_ns[row], of.connect_ns[row], of.tls_ns[row]].map(duration_ns);
    values.push((connecting != [0; 3]).then(|| format!("{connecting:?}")));
    values.push(duration_ns(of.send_ns[row]));
    values.push(duration_ns(of.wait_ns[row]));
    values.push(duration_ns(of.receive_ns[row]));
    values.push(not_empty(&of.sequence_id[row]));
    values.push(of.iteration[row].checked_sub(1).map(count));
    values.push(extra(
        &[
            ("error", texts.plain(of.error[row])),
            ("error_kind", texts.plain(of.error_kind[row])),
            ("request_id", &clean(&of.request_id[row])),
            ("user_id", texts.plain(of.user_id[row])),
            ("remote_addr", texts.plain(of.remote_addr[row])),
        ],
        ("tags", texts.tags(of.tags[row])),
    ));
}

fn iteration(values: &mut Values, identity: i64, of: &IterationRows, row: usize, texts: &Texts) {
    values.push(identity);
    values.push(count(of.iteration[row]));
    values.push(not_empty(&of.sequence_id[row]));
    values.push(instant_ns(of.scheduled_ns[row]));
    values.push(duration_ns(of.lag_ns[row]));
    values.push(duration_ns(of.slot_wait_ns[row]));
    values.push(duration_ns(of.duration_ns[row]));
    values.push(
        i64::from(of.ok[row])
            | i64::from(of.interrupted[row]) << 1
            | i64::from(of.has_response[row]) << 2
            | window(of.window[row]),
    );
    let think = match duration_ns(of.think_ns[row]) {
        0 => String::new(),
        think_ns => think_ns.to_string(),
    };
    values.push(extra(
        &[
            ("error", texts.plain(of.error[row])),
            ("user_id", texts.plain(of.user_id[row])),
        ],
        ("think_ns", &think),
    ));
}

/// Its part of the flags.
fn window(window: u32) -> i64 {
    i64::from(time_window(window)) << 3
}

/// NULL takes the least time.
fn not_empty(text: &str) -> Option<Arc<str>> {
    (!text.is_empty()).then(|| shared(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_in_one_group() {
        for rows in [0, 1, 5, 127, 128, 1000] {
            let mut next = 0;
            for (kind, (size, first)) in groups(rows) {
                assert_eq!((SIZES[kind], first), (size, next));
                next += size;
            }
            assert_eq!(next, rows);
        }
    }

    #[test]
    fn extras_are_json_or_nothing() {
        assert_eq!(extra(&[("a", ""), ("b", "")], ("tags", "")), None);
        assert_eq!(
            extra(&[("a", "say \"x\"\n"), ("b", "")], ("tags", r#"{"k":"v"}"#)).as_deref(),
            Some(r#"{"a":"say \"x\"\n","tags":{"k":"v"}}"#)
        );
    }
}

//! Raw rows by multi-row inserts.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use sqlx::sqlite::SqliteArguments;
use sqlx::{Arguments, SqliteConnection};

use crate::identity::{Identities, Identity};
use crate::text::{cleaned, count, duration_ns, instant_ns, json, shared};
use crate::{IterationColumns, RequestColumns, Rows};

/// Rows of one statement; each size is prepared once.
const SIZES: [usize; 4] = [256, 32, 4, 1];

static SAMPLES: LazyLock<[String; 4]> = LazyLock::new(|| {
    statements(
        "samples (id, identity, url, status, failed, error, error_kind, size, started_ns, duration_ns, blocked_ns, \
         dns_ns, connect_ns, tls_ns, send_ns, wait_ns, receive_ns, reused, time_window, sequence_id, request_id, \
         iteration, user_id, tags)",
        24,
    )
});

static ITERATIONS: LazyLock<[String; 4]> = LazyLock::new(|| {
    statements(
        "iteration_rows (id, identity, iteration, user_id, sequence_id, scheduled_ns, lag_ns, slot_wait_ns, \
         duration_ns, ok, interrupted, error, time_window, has_response)",
        14,
    )
});

fn statements(table: &str, width: usize) -> [String; 4] {
    let row = format!("({})", vec!["?"; width].join(","));
    SIZES.map(|size| {
        format!(
            "INSERT INTO {table} VALUES {}",
            vec![row.as_str(); size].join(",")
        )
    })
}

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

/// The dictionary as it is stored.
struct Texts {
    plain: Vec<Arc<str>>,
    /// Only of entries that are tags.
    tags: Vec<Option<Arc<str>>>,
}

impl Texts {
    fn of(rows: &Rows) -> Self {
        let plain: Vec<_> = rows.dictionary.iter().map(|text| shared(text)).collect();
        let mut tags = vec![None; plain.len()];
        for index in &rows.requests.tags {
            let index = *index as usize;
            tags[index].get_or_insert_with(|| Arc::from(json(&plain[index])));
        }
        Self { plain, tags }
    }

    fn plain(&self, index: u32) -> Arc<str> {
        Arc::clone(&self.plain[index as usize])
    }
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
        for text in identity.texts() {
            query = query.bind(text.to_owned());
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
    identities: &Identities,
    ids: &[i64],
) -> Result<(), sqlx::Error> {
    let texts = Texts::of(rows);
    let requests = &rows.requests;
    let first = next_id(
        &mut *connection,
        "SELECT max(id) FROM samples WHERE id >= ? AND id < ?",
        job,
    )
    .await?;
    let id = |row: usize| first + row as i64;
    let identity = |row: usize| ids[identities.of_requests[row] as usize];
    insert(connection, &SAMPLES, requests.workflow.len(), |values, row| {
        request(values, id(row), identity(row), requests, row, &texts);
    })
    .await?;

    let iterations = &rows.iterations;
    let first = next_id(
        &mut *connection,
        "SELECT max(id) FROM iteration_rows WHERE id >= ? AND id < ?",
        job,
    )
    .await?;
    let id = |row: usize| first + row as i64;
    let identity = |row: usize| ids[identities.of_iterations[row] as usize];
    insert(
        connection,
        &ITERATIONS,
        iterations.workflow.len(),
        |values, row| {
            iteration(values, id(row), identity(row), iterations, row, &texts);
        },
    )
    .await
}

async fn next_id(connection: &mut SqliteConnection, sql: &'static str, job: i64) -> Result<i64, sqlx::Error> {
    let highest: Option<i64> = sqlx::query_scalar(sql)
        .bind(job << 40)
        .bind((job + 1) << 40)
        .fetch_one(connection)
        .await?;
    Ok(highest.map_or(job << 40, |highest| highest + 1))
}

async fn insert(
    connection: &mut SqliteConnection,
    statements: &'static [String; 4],
    rows: usize,
    mut bind: impl FnMut(&mut Values, usize),
) -> Result<(), sqlx::Error> {
    let mut next = 0;
    for (size, sql) in SIZES.into_iter().zip(statements) {
        while rows - next >= size {
            let mut values = Values::default();
            for row in next..next + size {
                bind(&mut values, row);
            }
            sqlx::query_with(sql.as_str(), values.0)
                .execute(&mut *connection)
                .await?;
            next += size;
        }
    }
    Ok(())
}

fn request(values: &mut Values, id: i64, identity: i64, of: &RequestColumns, row: usize, texts: &Texts) {
    let text = |index: u32| texts.plain(index);
    values.push(id);
    values.push(identity);
    values.push(text(of.url[row]));
    values.push(i64::from(of.status[row]));
    values.push(of.failed[row]);
    values.push(text(of.error[row]));
    values.push(text(of.error_kind[row]));
    values.push(count(of.size[row]));
    values.push(instant_ns(of.started_ns[row]));
    for column in [
        &of.duration_ns,
        &of.blocked_ns,
        &of.dns_ns,
        &of.connect_ns,
        &of.tls_ns,
        &of.send_ns,
        &of.wait_ns,
        &of.receive_ns,
    ] {
        values.push(duration_ns(column[row]));
    }
    values.push((of.reused[row] < 2).then_some(of.reused[row] == 1));
    values.push(i64::from(of.window[row].min(2)));
    values.push(cleaned(of.sequence_id[row].clone()));
    values.push(cleaned(of.request_id[row].clone()));
    values.push(of.iteration[row].checked_sub(1).map(count));
    values.push(text(of.user_id[row]));
    values.push(texts.tags[of.tags[row] as usize].clone());
}

fn iteration(values: &mut Values, id: i64, identity: i64, of: &IterationColumns, row: usize, texts: &Texts) {
    values.push(id);
    values.push(identity);
    values.push(count(of.iteration[row]));
    values.push(texts.plain(of.user_id[row]));
    values.push(cleaned(of.sequence_id[row].clone()));
    values.push(instant_ns(of.scheduled_ns[row]));
    values.push(duration_ns(of.lag_ns[row]));
    values.push(duration_ns(of.slot_wait_ns[row]));
    values.push(duration_ns(of.duration_ns[row]));
    values.push(of.ok[row]);
    values.push(of.interrupted[row]);
    values.push(texts.plain(of.error[row]));
    values.push(i64::from(of.window[row].min(2)));
    values.push(of.has_response[row]);
}

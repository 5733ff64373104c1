//! Raw rows by binary `COPY` into the partition of the job's day.

use std::borrow::Cow;

use sqlx::PgConnection;
use uuid::Uuid;

use super::encode::Encoder;
use super::partitions;
use crate::identity::BatchIdentities;
use crate::rows::StoredTexts;
use crate::text::{clean, count, duration_ns, instant_ns, time_window};
use crate::{IterationRows, RequestRows, Rows};

/// Bytes handed to the connection at once.
const CHUNK_BYTES: usize = 256 << 10;

const SAMPLE_COLUMNS: &str = "identity, started_ns, duration_ns, size, send_ns, wait_ns, receive_ns, blocked_ns, \
    dns_ns, connect_ns, tls_ns, iteration, status, time_window, failed, reused, job_id, sequence, sequence_text, url, \
    error, error_kind, request_id, user_id, tags, remote_addr";
const ITERATION_COLUMNS: &str = "identity, iteration, scheduled_ns, lag_ns, duration_ns, slot_wait_ns, time_window, \
    ok, interrupted, has_response, job_id, sequence, sequence_text, error, user_id, think_ns";

#[derive(Debug)]
pub(super) struct Encoded {
    samples: Option<Vec<u8>>,
    iterations: Option<Vec<u8>>,
}

type Texts<'a> = StoredTexts<Cow<'a, str>>;

/// Encodes all rows; `ids` are those of `identities.distinct`.
pub(super) fn encode(job: Uuid, rows: &Rows, identities: &BatchIdentities, ids: &[i64]) -> Encoded {
    let texts = StoredTexts::new(rows, clean);
    let requests = &rows.requests;
    let samples = (!requests.workflow.is_empty()).then(|| {
        let mut encoder = Encoder::new(SAMPLE_COLUMNS, requests.workflow.len(), 280);
        for (row, identity) in identities.of_requests.iter().enumerate() {
            encoder.row();
            encoder.bigint(ids[*identity as usize]);
            sample(&mut encoder, job, requests, row, &texts);
        }
        encoder.finish()
    });
    let iterations = &rows.iterations;
    let iterations = (!iterations.workflow.is_empty()).then(|| {
        let mut encoder = Encoder::new(ITERATION_COLUMNS, iterations.workflow.len(), 160);
        for (row, identity) in identities.of_iterations.iter().enumerate() {
            encoder.row();
            encoder.bigint(ids[*identity as usize]);
            iteration(&mut encoder, job, iterations, row, &texts);
        }
        encoder.finish()
    });
    Encoded { samples, iterations }
}

pub(super) async fn write(
    connection: &mut PgConnection,
    job: Uuid,
    encoded: &Encoded,
) -> Result<(), sqlx::Error> {
    if let Some(bytes) = &encoded.samples {
        copy(connection, &partitions::of("samples", job), SAMPLE_COLUMNS, bytes).await?;
    }
    if let Some(bytes) = &encoded.iterations {
        copy(
            connection,
            &partitions::of("iteration_rows", job),
            ITERATION_COLUMNS,
            bytes,
        )
        .await?;
    }
    Ok(())
}

async fn copy(
    connection: &mut PgConnection,
    table: &str,
    columns: &str,
    bytes: &[u8],
) -> Result<(), sqlx::Error> {
    let sql = format!("COPY {table} ({columns}) FROM STDIN (FORMAT binary)");
    let mut copy = connection.copy_in_raw(&sql).await?;
    for chunk in bytes.chunks(CHUNK_BYTES) {
        if let Err(error) = copy.send(chunk).await {
            // The connection is broken; there is nobody to tell.
            copy.abort("cannot send").await.ok();
            return Err(error);
        }
    }
    copy.finish().await.map(drop)
}

fn sequence(encoder: &mut Encoder, sequence_id: &str) {
    // Only the spelling that Postgres returns is stored as a UUID.
    let id = Uuid::try_parse(sequence_id)
        .ok()
        .filter(|_| sequence_id.len() == 36 && !sequence_id.bytes().any(|byte| byte.is_ascii_uppercase()));
    if let Some(id) = id {
        encoder.uuid(id);
        encoder.null();
    } else {
        encoder.null();
        encoder.text_or_null(&clean(sequence_id));
    }
}

fn sample(encoder: &mut Encoder, job: Uuid, of: &RequestRows, row: usize, texts: &Texts<'_>) {
    encoder.bigint(instant_ns(of.started_ns[row]));
    encoder.bigint(duration_ns(of.duration_ns[row]));
    encoder.bigint(count(of.size[row]));
    encoder.bigint(duration_ns(of.send_ns[row]));
    encoder.bigint(duration_ns(of.wait_ns[row]));
    encoder.bigint(duration_ns(of.receive_ns[row]));
    encoder.bigint_or_null(duration_ns(of.blocked_ns[row]));
    encoder.bigint_or_null(duration_ns(of.dns_ns[row]));
    encoder.bigint_or_null(duration_ns(of.connect_ns[row]));
    encoder.bigint_or_null(duration_ns(of.tls_ns[row]));
    match of.iteration[row].checked_sub(1) {
        Some(iteration) => encoder.bigint(count(iteration)),
        None => encoder.null(),
    }
    encoder.integer(i32::try_from(of.status[row]).unwrap_or(i32::MAX));
    encoder.smallint(time_window(of.window[row]) as i16);
    encoder.boolean(of.failed[row]);
    if of.reused[row] < 2 {
        encoder.boolean(of.reused[row] == 1);
    } else {
        encoder.null();
    }
    encoder.uuid(job);
    sequence(encoder, &of.sequence_id[row]);
    encoder.text(texts.plain(of.url[row]));
    encoder.text_or_null(texts.plain(of.error[row]));
    encoder.text_or_null(texts.plain(of.error_kind[row]));
    encoder.text_or_null(&clean(&of.request_id[row]));
    encoder.text_or_null(texts.plain(of.user_id[row]));
    encoder.text_or_null(texts.tags(of.tags[row]));
    encoder.text_or_null(texts.plain(of.remote_addr[row]));
}

fn iteration(encoder: &mut Encoder, job: Uuid, of: &IterationRows, row: usize, texts: &Texts<'_>) {
    encoder.bigint(count(of.iteration[row]));
    encoder.bigint(instant_ns(of.scheduled_ns[row]));
    encoder.bigint(duration_ns(of.lag_ns[row]));
    encoder.bigint(duration_ns(of.duration_ns[row]));
    encoder.bigint_or_null(duration_ns(of.slot_wait_ns[row]));
    encoder.smallint(time_window(of.window[row]) as i16);
    encoder.boolean(of.ok[row]);
    encoder.boolean(of.interrupted[row]);
    encoder.boolean(of.has_response[row]);
    encoder.uuid(job);
    sequence(encoder, &of.sequence_id[row]);
    encoder.text_or_null(texts.plain(of.error[row]));
    encoder.text_or_null(texts.plain(of.user_id[row]));
    encoder.bigint_or_null(duration_ns(of.think_ns[row]));
}

//! Batches: content and mark in one transaction.

use sqlx::SqliteConnection;
use uuid::Uuid;

use super::database::{SqliteStore, id};
use super::writer::Transaction;
use super::{insert, jobs, room};
use crate::sequence::{self, Last, SequenceCheck, stream_name};
use crate::text::{clean, count};
use crate::{Batch, Committed, Content, Error, identity};

/// Beyond this many the cache of identities is cleared, and they are looked up again.
const MOST_KNOWN_IDENTITIES: usize = 100_000;

pub(super) async fn commit(store: &SqliteStore, batch: &Batch) -> Result<Committed, Error> {
    // What needs no database is done before the one writer is taken.
    let prepared = match &batch.content {
        Content::Rows(rows) => Some((rows, identity::of(&batch.producer.agent, rows))),
        Content::Encoded { .. } | Content::EncodedVoid(_) | Content::Void(_) => None,
    };
    let mut writer = store.writer.lock().await;
    if prepared.is_some()
        && let Some(problem) = room::too_little(store.file(), writer.connection().await?).await
    {
        return Err(store.disk_full(problem));
    }
    let mut transaction = Transaction::begin(writer).await?;
    let producer = match advance(&mut transaction, batch).await? {
        Ok(producer) => producer,
        Err(known) => {
            transaction.leave().await;
            return Ok(known);
        }
    };
    let mut new_identities = Vec::new();
    match &batch.content {
        Content::Rows(_) => {
            if let Some((rows, identities)) = prepared
                && let Some(job) = key_for_rows(&mut transaction, batch.producer.job).await?
            {
                let (connection, known) = transaction.parts();
                let ids =
                    insert::identities(connection, job, &identities.distinct, known, &mut new_identities)
                        .await?;
                insert::rows(&mut transaction, job, rows, &identities, &ids).await?;
            }
        }
        Content::Encoded { bytes, .. } | Content::EncodedVoid(bytes) => {
            sqlx::query(
                "INSERT INTO stats_batches (producer, sequence, crc32c, content) VALUES (?, ?, ?, ?)",
            )
            .bind(producer)
            .bind(count(batch.sequence))
            .bind(i64::from(batch.crc32c))
            .bind(bytes.clone())
            .execute(&mut *transaction)
            .await?;
        }
        Content::Void(voided) => {
            sqlx::query(
                "UPDATE producers SET voided_requests = voided_requests + ?, voided_iterations = voided_iterations + ?, \
                 damaged_batches = damaged_batches + ? WHERE id = ?",
            )
            .bind(count(voided.requests))
            .bind(count(voided.iterations))
            .bind(count(voided.damaged_batches))
            .bind(producer)
            .execute(&mut *transaction)
            .await?;
        }
    }
    let mut writer = transaction.commit_and_keep().await?;
    if writer.identities.len() + new_identities.len() > MOST_KNOWN_IDENTITIES {
        writer.identities.clear();
    }
    writer.identities.extend(new_identities);
    Ok(Committed::Stored)
}

/// Moves the producer's mark and returns the producer's id, or the outcome if the batch was handled before.
async fn advance(
    connection: &mut SqliteConnection,
    batch: &Batch,
) -> Result<Result<i64, Committed>, sqlx::Error> {
    let producer = &batch.producer;
    let row: Option<(i64, i64, i64)> = sqlx::query_as(
        "SELECT id, sequence, crc32c FROM producers WHERE job_id = ? AND agent = ? AND epoch = ? AND stream = ?",
    )
    .bind(id(producer.job))
    .bind(clean(&producer.agent).into_owned())
    .bind(producer.epoch)
    .bind(stream_name(producer.stream))
    .fetch_optional(&mut *connection)
    .await?;
    let last = row.map(|(_, sequence, crc32c)| Last {
        sequence: sequence as u64,
        crc32c: crc32c as u32,
    });
    match (sequence::check(last, batch), row) {
        (SequenceCheck::Next, None) => first(connection, batch).await,
        (SequenceCheck::Next, Some((id, ..))) => {
            sqlx::query("UPDATE producers SET sequence = ?, crc32c = ?, closed = closed OR ? WHERE id = ?")
                .bind(count(batch.sequence))
                .bind(i64::from(batch.crc32c))
                .bind(sequence::closes(batch))
                .bind(id)
                .execute(connection)
                .await?;
            Ok(Ok(id))
        }
        (SequenceCheck::Earlier, row) => {
            let crc32c: Option<i64> =
                sqlx::query_scalar("SELECT crc32c FROM stats_batches WHERE producer = ? AND sequence = ?")
                    .bind(row.map(|(id, ..)| id))
                    .bind(count(batch.sequence))
                    .fetch_optional(connection)
                    .await?;
            Ok(Err(sequence::earlier(crc32c, batch)))
        }
        (SequenceCheck::Known(Committed::Gap { expected }), None) => {
            if jobs::exists(connection, producer.job).await? {
                return Ok(Err(Committed::Gap { expected }));
            }
            without_job(connection, producer.job).await.map(Err)
        }
        (SequenceCheck::Known(committed), _) => Ok(Err(committed)),
    }
}

/// Inserts the mark of a new producer.
async fn first(
    connection: &mut SqliteConnection,
    batch: &Batch,
) -> Result<Result<i64, Committed>, sqlx::Error> {
    let producer = &batch.producer;
    if !jobs::exists(connection, producer.job).await? {
        return without_job(connection, producer.job).await.map(Err);
    }
    let id = sqlx::query_scalar(
        "INSERT INTO producers (job_id, agent, epoch, stream, sequence, crc32c, closed) \
         VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING id",
    )
    .bind(id(producer.job))
    .bind(clean(&producer.agent).into_owned())
    .bind(producer.epoch)
    .bind(stream_name(producer.stream))
    .bind(count(batch.sequence))
    .bind(i64::from(batch.crc32c))
    .bind(sequence::closes(batch))
    .fetch_one(connection)
    .await?;
    Ok(Ok(id))
}

/// The key of a job; `None` if its rows were deleted.
async fn key_for_rows(connection: &mut SqliteConnection, job: Uuid) -> Result<Option<i64>, sqlx::Error> {
    sqlx::query_scalar("SELECT key FROM job_rows WHERE id = ? AND id NOT IN (SELECT job_id FROM deletions)")
        .bind(id(job))
        .fetch_optional(connection)
        .await
}

/// The outcome of a batch of an unknown job.
async fn without_job(connection: &mut SqliteConnection, job: Uuid) -> Result<Committed, sqlx::Error> {
    let deleted = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM deletions WHERE job_id = ?)")
        .bind(id(job))
        .fetch_one(connection)
        .await?;
    Ok(if deleted {
        Committed::Discarded
    } else {
        Committed::UnknownJob
    })
}

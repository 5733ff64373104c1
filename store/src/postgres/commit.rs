//! Batches: content and mark in one transaction.

use sqlx::PgConnection;
use uuid::Uuid;

use super::database::PostgresStore;
use super::{copy, known, partitions};
use crate::identity::{self, BatchIdentities};
use crate::sequence::{self, Last, SequenceCheck, stream_name};
use crate::text::{clean, count};
use crate::{Batch, Committed, Content, Error};

/// Rows, encoded before a connection is taken.
struct EncodedRows {
    identities: BatchIdentities,
    ids: Vec<i64>,
    encoded: copy::Encoded,
}

pub(super) async fn commit(store: &PostgresStore, batch: &Batch) -> Result<Committed, Error> {
    match try_commit(store, batch).await {
        // Dropped with the rows of all other jobs of its day, before this job had any.
        Err(Error::Database(error)) if partitions::is_missing(&error) => {
            partitions::ensure(&store.pool, batch.producer.job).await?;
            try_commit(store, batch).await
        }
        committed => committed,
    }
}

async fn try_commit(store: &PostgresStore, batch: &Batch) -> Result<Committed, Error> {
    let job = batch.producer.job;
    let prepared = match &batch.content {
        Content::Rows(rows) => {
            let identities = identity::of(&batch.producer.agent, rows);
            let ids: Vec<i64> = identities.distinct.iter().map(known::id).collect();
            let encoded = copy::encode(job, rows, &identities, &ids);
            Some(EncodedRows {
                identities,
                ids,
                encoded,
            })
        }
        Content::Encoded { .. } | Content::EncodedVoid(_) | Content::Void(_) => None,
    };
    let mut transaction = store.pool.begin().await?;
    let producer = match advance(&mut transaction, batch).await? {
        Ok(producer) => producer,
        Err(known) => {
            transaction.leave().await;
            return Ok(known);
        }
    };
    let mut new = Vec::new();
    if let Some(prepared) = &prepared
        && !deleted(&mut transaction, job).await?
    {
        new = store.identities.unknown(job, &prepared.ids);
        if !new.is_empty() {
            let ids = new.iter().map(|place| prepared.ids[*place]).collect();
            let identities: Vec<_> = new
                .iter()
                .map(|place| &prepared.identities.distinct[*place])
                .collect();
            known::store(&mut transaction, job, ids, &identities).await?;
        }
        copy::write(&mut transaction, job, &prepared.encoded).await?;
    }
    if let Content::Encoded { bytes, .. } | Content::EncodedVoid(bytes) = &batch.content {
        sqlx::query(
            "INSERT INTO stats_batches (producer, sequence, crc32c, content) VALUES ($1, $2, $3, $4)",
        )
        .bind(producer)
        .bind(count(batch.sequence))
        .bind(i64::from(batch.crc32c))
        .bind(bytes.as_slice())
        .execute(&mut *transaction)
        .await?;
    }
    if let Content::Void(voided) = &batch.content {
        sqlx::query(
            "UPDATE producers SET voided_requests = voided_requests + $2, voided_iterations = voided_iterations + $3, \
             damaged_batches = damaged_batches + $4 WHERE id = $1",
        )
        .bind(producer)
        .bind(count(voided.requests))
        .bind(count(voided.iterations))
        .bind(count(voided.damaged_batches))
        .execute(&mut *transaction)
        .await?;
    }
    transaction.commit().await?;
    if let Some(prepared) = &prepared {
        store
            .identities
            .remember(job, new.iter().map(|place| prepared.ids[*place]));
    }
    Ok(Committed::Stored)
}

/// Moves the producer's mark and returns the producer's id, or the outcome if the batch was handled before.
async fn advance(
    connection: &mut PgConnection,
    batch: &Batch,
) -> Result<Result<i64, Committed>, sqlx::Error> {
    let producer = &batch.producer;
    let sql = if batch.sequence == 1 {
        "INSERT INTO producers (job_id, agent, epoch, stream, sequence, crc32c, closed) \
         SELECT id, $2, $3, $4, $5, $6, $7 FROM job_rows WHERE id = $1 FOR KEY SHARE ON CONFLICT DO NOTHING RETURNING id"
    } else {
        "UPDATE producers SET sequence = $5, crc32c = $6, closed = closed OR $7 \
         WHERE job_id = $1 AND agent = $2 AND epoch = $3 AND stream = $4 AND sequence = $5 - 1 RETURNING id"
    };
    let id: Option<i64> = sqlx::query_scalar(sql)
        .bind(producer.job)
        .bind(&*clean(&producer.agent))
        .bind(i64::from(producer.epoch))
        .bind(stream_name(producer.stream))
        .bind(count(batch.sequence))
        .bind(i64::from(batch.crc32c))
        .bind(sequence::closes(batch))
        .fetch_optional(&mut *connection)
        .await?;
    match id {
        Some(id) => Ok(Ok(id)),
        None => known_sequence(connection, batch).await.map(Err),
    }
}

/// The outcome of a batch that is not its producer's next one.
async fn known_sequence(connection: &mut PgConnection, batch: &Batch) -> Result<Committed, sqlx::Error> {
    let producer = &batch.producer;
    let row: Option<(i64, i64, i64)> = sqlx::query_as(
        "SELECT id, sequence, crc32c FROM producers WHERE job_id = $1 AND agent = $2 AND epoch = $3 AND stream = $4",
    )
    .bind(producer.job)
    .bind(&*clean(&producer.agent))
    .bind(i64::from(producer.epoch))
    .bind(stream_name(producer.stream))
    .fetch_optional(&mut *connection)
    .await?;
    let Some((id, sequence, crc32c)) = row else {
        let job_exists: bool = sqlx::query_scalar("SELECT EXISTS (SELECT FROM job_rows WHERE id = $1)")
            .bind(producer.job)
            .fetch_one(&mut *connection)
            .await?;
        return Ok(if job_exists {
            Committed::Gap { expected: 1 }
        } else if deleted(connection, producer.job).await? {
            Committed::Discarded
        } else {
            Committed::UnknownJob
        });
    };
    let last = Last {
        sequence: sequence as u64,
        crc32c: crc32c as u32,
    };
    match sequence::check(Some(last), batch) {
        SequenceCheck::Known(committed) => Ok(committed),
        // The one before it was committed while this one was looked at: it is to be sent again.
        SequenceCheck::Next => Ok(Committed::Gap {
            expected: batch.sequence,
        }),
        SequenceCheck::Earlier => {
            let crc32c: Option<i64> =
                sqlx::query_scalar("SELECT crc32c FROM stats_batches WHERE producer = $1 AND sequence = $2")
                    .bind(id)
                    .bind(count(batch.sequence))
                    .fetch_optional(connection)
                    .await?;
            Ok(sequence::earlier(crc32c, batch))
        }
    }
}

/// Whether the job or its rows were deleted.
async fn deleted(connection: &mut PgConnection, job: Uuid) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("SELECT EXISTS (SELECT FROM deletions WHERE job_id = $1)")
        .bind(job)
        .fetch_one(connection)
        .await
}

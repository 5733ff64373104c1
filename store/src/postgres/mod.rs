//! The results database in Postgres: a pool, `COPY` for raw rows, partitions by the job's day.

mod bind;
mod commit;
mod copy;
mod database;
mod delete;
mod encode;
mod explain;
mod export;
mod jobs;
mod known;
mod migrate;
mod open;
mod partitions;
mod query;
mod relations;
mod results;

use std::sync::Arc;

use async_trait::async_trait;
use heavy_results::aggregate::SeriesUpdate;
use heavy_results::job::JobInfo;
use heavy_results::summary::Summary;
use uuid::Uuid;

use self::database::PostgresStore;
use crate::{
    Batch, Committed, Deletion, EncodedStats, Error, ExportRelation, Mark, Producer, Relation, RowSink,
    Store, Table,
};

/// Connects and migrates.
pub(crate) async fn open(url: &str) -> Result<Arc<dyn Store>, Error> {
    Ok(Arc::new(open::store(url).await?))
}

/// Connects, and looks whether there is something to read.
pub(crate) async fn open_to_read(url: &str) -> Result<Arc<dyn Store>, Error> {
    Ok(Arc::new(open::to_read(url).await?))
}

#[async_trait]
impl Store for PostgresStore {
    async fn create_job(&self, job: &JobInfo) -> Result<(), Error> {
        partitions::ensure(&self.pool, job.id)
            .await
            .map_err(|error| self.locate(error.into()))?;
        jobs::create(self, job).await.map_err(|error| self.locate(error))
    }

    async fn update_job(&self, job: &JobInfo) -> Result<(), Error> {
        jobs::update(self, job).await.map_err(|error| self.locate(error))
    }

    async fn jobs_with_prefix(&self, prefix: &str, limit: u32) -> Result<Vec<JobInfo>, Error> {
        jobs::with_prefix(self, prefix, limit)
            .await
            .map_err(|error| self.locate(error))
    }

    async fn jobs(&self, limit: u32) -> Result<Vec<JobInfo>, Error> {
        jobs::newest(self, limit)
            .await
            .map_err(|error| self.locate(error))
    }

    async fn unfinished_jobs(&self) -> Result<Vec<JobInfo>, Error> {
        jobs::unfinished(self).await.map_err(|error| self.locate(error))
    }

    async fn delete_jobs(&self, jobs: &[Uuid], what: Deletion) -> Result<Vec<Uuid>, Error> {
        delete::jobs(self, jobs, what)
            .await
            .map_err(|error| self.locate(error))
    }

    async fn prunable_jobs(&self, ended_before_wall_ns: u64, what: Deletion) -> Result<Vec<Uuid>, Error> {
        delete::prunable(self, ended_before_wall_ns, what)
            .await
            .map_err(|error| self.locate(error))
    }

    async fn commit(&self, batch: &Batch) -> Result<Committed, Error> {
        commit::commit(self, batch)
            .await
            .map_err(|error| self.locate(error))
    }

    async fn marks(&self, job: Uuid) -> Result<Vec<Mark>, Error> {
        commit::marks(self, job).await.map_err(|error| self.locate(error))
    }

    async fn stats_after(
        &self,
        producer: &Producer,
        after: u64,
        limit: u32,
    ) -> Result<Vec<EncodedStats>, Error> {
        commit::stats_after(self, producer, after, limit)
            .await
            .map_err(|error| self.locate(error))
    }

    async fn save_series(
        &self,
        job: Uuid,
        update: &SeriesUpdate,
        summary: Option<&Summary>,
    ) -> Result<(), Error> {
        results::save(self, job, update, summary)
            .await
            .map_err(|error| self.locate(error))
    }

    async fn summary(&self, job: Uuid) -> Result<Option<Summary>, Error> {
        results::summary(self, job)
            .await
            .map_err(|error| self.locate(error))
    }

    async fn query(&self, sql: &str, max_rows: usize) -> Result<Table, Error> {
        query::run(self, sql, max_rows)
            .await
            .map_err(|error| self.locate(error))
    }

    async fn relations(&self) -> Result<Vec<Relation>, Error> {
        relations::all(self).await.map_err(|error| self.locate(error))
    }

    async fn export(&self, job: Uuid, raw: ExportRelation, sink: &mut dyn RowSink) -> Result<u64, Error> {
        export::run(self, job, raw, sink)
            .await
            .map_err(|error| self.locate(error))
    }
}

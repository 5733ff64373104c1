//! The results database in a SQLite file: one writer, several readers, write-ahead log.

mod bind;
mod commit;
mod database;
mod delete;
mod export;
mod insert;
mod jobs;
mod migrate;
mod open;
mod query;
mod read;
mod relations;
mod results;

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use heavy_results::aggregate::SeriesUpdate;
use heavy_results::job::JobInfo;
use heavy_results::summary::Summary;
use uuid::Uuid;

use self::database::SqliteStore;
use crate::{
    Batch, Committed, Deletion, EncodedStats, Error, ExportRelation, Mark, Producer, Relation, RowSink,
    Store, Table,
};

/// Opens the file, creates it if it is not there, migrates it.
pub(crate) async fn open(path: &Path) -> Result<Arc<dyn Store>, Error> {
    Ok(Arc::new(open::store(path).await?))
}

/// Opens a file that is there, and looks whether there is something to read in it.
pub(crate) async fn open_to_read(path: &Path) -> Result<Arc<dyn Store>, Error> {
    Ok(Arc::new(read::store(path).await?))
}

#[async_trait]
impl Store for SqliteStore {
    async fn create_job(&self, job: &JobInfo) -> Result<(), Error> {
        jobs::create(self, job).await
    }

    async fn update_job(&self, job: &JobInfo) -> Result<(), Error> {
        jobs::update(self, job).await
    }

    async fn jobs_with_prefix(&self, prefix: &str, limit: u32) -> Result<Vec<JobInfo>, Error> {
        jobs::with_prefix(self, prefix, limit).await
    }

    async fn jobs(&self, limit: u32) -> Result<Vec<JobInfo>, Error> {
        jobs::newest(self, limit).await
    }

    async fn unfinished_jobs(&self) -> Result<Vec<JobInfo>, Error> {
        jobs::unfinished(self).await
    }

    async fn delete_jobs(&self, jobs: &[Uuid], what: Deletion) -> Result<Vec<Uuid>, Error> {
        delete::jobs(self, jobs, what).await
    }

    async fn prunable_jobs(&self, ended_before_wall_ns: u64, what: Deletion) -> Result<Vec<Uuid>, Error> {
        delete::prunable(self, ended_before_wall_ns, what).await
    }

    async fn commit(&self, batch: &Batch) -> Result<Committed, Error> {
        commit::commit(self, batch).await
    }

    async fn marks(&self, job: Uuid) -> Result<Vec<Mark>, Error> {
        commit::marks(self, job).await
    }

    async fn stats_after(
        &self,
        producer: &Producer,
        after: u64,
        limit: u32,
    ) -> Result<Vec<EncodedStats>, Error> {
        commit::stats_after(self, producer, after, limit).await
    }

    async fn save_series(
        &self,
        job: Uuid,
        update: &SeriesUpdate,
        summary: Option<&Summary>,
    ) -> Result<(), Error> {
        results::save(self, job, update, summary).await
    }

    async fn summary(&self, job: Uuid) -> Result<Option<Summary>, Error> {
        results::summary(self, job).await
    }

    async fn query(&self, sql: &str, max_rows: usize) -> Result<Table, Error> {
        query::run(self, sql, max_rows).await
    }

    async fn relations(&self) -> Result<Vec<Relation>, Error> {
        relations::all(self).await
    }

    async fn export(&self, job: Uuid, raw: ExportRelation, sink: &mut dyn RowSink) -> Result<u64, Error> {
        export::run(self, job, raw, sink).await
    }
}

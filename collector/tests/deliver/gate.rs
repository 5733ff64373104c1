//! A store whose commits wait until they are let through.

use std::sync::Arc;

use heavy_results::aggregate::SeriesUpdate;
use heavy_results::job::JobInfo;
use heavy_results::summary::Summary;
use heavy_store::{
    Batch, ClusterTable, Committed, Conclusion, DatabaseSize, Deletion, EncodedStats, Error, ExportRelation,
    Handover, Mark, Producer, QueryResult, Relation, RowSink, SchedulerTable, Settled, Store,
};
use tokio::sync::Semaphore;
use uuid::Uuid;

/// Passes everything on; commits wait at the gate.
#[derive(Debug)]
pub(crate) struct Gate {
    store: Arc<dyn Store>,
    arrived: Semaphore,
    opened: Semaphore,
}

impl Gate {
    pub(crate) fn new(store: Arc<dyn Store>) -> Self {
        Self {
            store,
            arrived: Semaphore::new(0),
            opened: Semaphore::new(0),
        }
    }

    /// Waits until a commit has arrived.
    pub(crate) async fn reached(&self) {
        self.arrived.acquire().await.unwrap().forget();
    }

    /// Lets one commit through.
    pub(crate) fn open(&self) {
        self.opened.add_permits(1);
    }
}

#[tonic::async_trait]
impl Store for Gate {
    fn schedulers(&self) -> &dyn SchedulerTable {
        self.store.schedulers()
    }

    fn cluster(&self) -> &dyn ClusterTable {
        self.store.cluster()
    }

    fn fenced(&self, epoch: u64) -> Arc<dyn Store> {
        self.store.fenced(epoch)
    }

    async fn commit(&self, batch: &Batch) -> Result<Committed, Error> {
        self.arrived.add_permits(1);
        self.opened.acquire().await.unwrap().forget();
        self.store.commit(batch).await
    }

    async fn create_owned_job(&self, owner: &str, job: &JobInfo) -> Result<(), Error> {
        self.store.create_owned_job(owner, job).await
    }

    async fn owner(&self, job: Uuid) -> Result<String, Error> {
        self.store.owner(job).await
    }

    async fn adopt_job(&self, owner: &str, job: Uuid) -> Result<(), Error> {
        self.store.adopt_job(owner, job).await
    }

    async fn update_job(&self, job: &JobInfo) -> Result<(), Error> {
        self.store.update_job(job).await
    }

    async fn jobs_with_prefix(&self, prefix: &str, limit: u32) -> Result<Vec<JobInfo>, Error> {
        self.store.jobs_with_prefix(prefix, limit).await
    }

    async fn jobs(&self, limit: u32) -> Result<Vec<JobInfo>, Error> {
        self.store.jobs(limit).await
    }

    async fn delete_jobs(&self, jobs: &[Uuid], what: Deletion) -> Result<Vec<Uuid>, Error> {
        self.store.delete_jobs(jobs, what).await
    }

    async fn prunable_jobs(&self, ended_before_wall_ns: u64, what: Deletion) -> Result<Vec<Uuid>, Error> {
        self.store.prunable_jobs(ended_before_wall_ns, what).await
    }

    async fn size(&self) -> Result<DatabaseSize, Error> {
        self.store.size().await
    }

    async fn unfinished_jobs(&self) -> Result<Vec<JobInfo>, Error> {
        self.store.unfinished_jobs().await
    }

    async fn marks(&self, job: Uuid) -> Result<Vec<Mark>, Error> {
        self.store.marks(job).await
    }

    async fn stats_after(
        &self,
        producer: &Producer,
        after: u64,
        limit: u32,
    ) -> Result<Vec<EncodedStats>, Error> {
        self.store.stats_after(producer, after, limit).await
    }

    async fn save_series(
        &self,
        job: Uuid,
        update: &SeriesUpdate,
        summary: Option<&Summary>,
    ) -> Result<(), Error> {
        self.store.save_series(job, update, summary).await
    }

    async fn series(&self, job: Uuid, seconds: &[u32]) -> Result<SeriesUpdate, Error> {
        self.store.series(job, seconds).await
    }

    async fn hand_over(&self, job: Uuid, handover: &Handover) -> Result<(), Error> {
        self.store.hand_over(job, handover).await
    }

    async fn handover(&self, job: Uuid) -> Result<Option<Handover>, Error> {
        self.store.handover(job).await
    }

    async fn conclude(&self, conclusion: &Conclusion<'_>) -> Result<(), Error> {
        self.store.conclude(conclusion).await
    }

    async fn settled(&self, job: Uuid) -> Result<Option<Settled>, Error> {
        self.store.settled(job).await
    }

    async fn late_jobs(&self) -> Result<Vec<(Uuid, u64)>, Error> {
        self.store.late_jobs().await
    }

    async fn summary(&self, job: Uuid) -> Result<Option<Summary>, Error> {
        self.store.summary(job).await
    }

    async fn query(&self, sql: &str, max_rows: usize) -> Result<QueryResult, Error> {
        self.store.query(sql, max_rows).await
    }

    async fn relations(&self) -> Result<Vec<Relation>, Error> {
        self.store.relations().await
    }

    async fn export(&self, job: Uuid, raw: ExportRelation, sink: &mut dyn RowSink) -> Result<u64, Error> {
        self.store.export(job, raw, sink).await
    }
}

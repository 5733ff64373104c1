//! Code that is the same for both databases: sqlx has different types for each, so a generic function would need long bounds.
//!
//! Statements here number their parameters (`$1`), which both databases understand. What differs is in modules of the
//! same names in `postgres` and `sqlite`.

/// Implements [`Store`](crate::Store) for `$store`, which holds a job's id as `$id` gives it.
macro_rules! implement_store {
    ($store:ty, $id:path) => {
        use async_trait::async_trait;
        use heavy_results::aggregate::SeriesUpdate;
        use heavy_results::job::JobInfo;
        use heavy_results::summary::Summary;
        use uuid::Uuid;

        use crate::sequence::{MARK, mark, stream_name};
        use crate::text::{clean, count};
        use crate::{
            Batch, Committed, Conclusion, DatabaseSize, Deletion, EncodedStats, Error, ExportRelation, Handover, Mark, Producer,
            QueryResult, Relation, RowSink, Settled, job_rows, saved, series,
        };

        #[async_trait]
        impl crate::Store for $store {
            fn schedulers(&self) -> &dyn crate::SchedulerTable {
                self
            }

            fn cluster(&self) -> &dyn crate::ClusterTable {
                self
            }

            fn fenced(&self, epoch: u64) -> std::sync::Arc<dyn crate::Store> {
                std::sync::Arc::new(Self {
                    fence: Some(epoch),
                    ..self.clone()
                })
            }

            async fn create_owned_job(&self, owner: &str, job: &JobInfo) -> Result<(), Error> {
                self.in_time(jobs::create(self, owner, job)).await
            }

            async fn owner(&self, job: Uuid) -> Result<String, Error> {
                let owner = sqlx::query_scalar("SELECT owner FROM job_rows WHERE id = $1")
                    .bind($id(job));
                let owner: Option<String> = crate::both::read!(self, owner, fetch_optional)?;
                Ok(owner.unwrap_or_default())
            }

            async fn adopt_job(&self, owner: &str, job: Uuid) -> Result<(), Error> {
                self.in_time(jobs::adopt(self, owner, job)).await
            }

            async fn update_job(&self, job: &JobInfo) -> Result<(), Error> {
                self.in_time(jobs::update(self, job)).await
            }

            async fn jobs_with_prefix(&self, prefix: &str, limit: u32) -> Result<Vec<JobInfo>, Error> {
                let Some(pattern) = job_rows::pattern(prefix) else {
                    return Ok(Vec::new());
                };
                let infos = sqlx::query_scalar(
                    "SELECT info FROM job_rows WHERE CAST(id AS text) LIKE $1 \
                     ORDER BY submitted_wall_ns DESC, id DESC LIMIT $2",
                )
                .bind(pattern)
                .bind(i64::from(limit));
                let infos = crate::both::read!(self, infos, fetch_all);
                job_rows::parse(infos?)
            }

            async fn jobs(&self, limit: u32) -> Result<Vec<JobInfo>, Error> {
                let infos = sqlx::query_scalar(
                    "SELECT info FROM job_rows ORDER BY submitted_wall_ns DESC, id DESC LIMIT $1",
                )
                .bind(i64::from(limit));
                let infos = crate::both::read!(self, infos, fetch_all);
                job_rows::parse(infos?)
            }

            async fn size(&self) -> Result<DatabaseSize, Error> {
                self.in_time(self.space()).await
            }

            async fn unfinished_jobs(&self) -> Result<Vec<JobInfo>, Error> {
                let infos = sqlx::query_scalar(
                    "SELECT info FROM job_rows WHERE NOT final ORDER BY submitted_wall_ns, id",
                );
                let infos = crate::both::read!(self, infos, fetch_all);
                job_rows::parse(infos?)
            }

            async fn delete_jobs(&self, jobs: &[Uuid], what: Deletion) -> Result<Vec<Uuid>, Error> {
                self.located(delete::jobs(self, jobs, what).await)
            }

            async fn prunable_jobs(
                &self,
                ended_before_wall_ns: u64,
                what: Deletion,
            ) -> Result<Vec<Uuid>, Error> {
                let ids = sqlx::query_scalar(
                    "SELECT CAST(id AS text) FROM job_rows j \
                     WHERE final AND coalesce(ended_wall_ns, submitted_wall_ns) < $1 \
                     AND NOT ($2 AND EXISTS (SELECT 1 FROM deletions d WHERE d.job_id = j.id)) \
                     ORDER BY submitted_wall_ns, j.id",
                )
                .bind(count(ended_before_wall_ns))
                .bind(what == Deletion::RowsOnly);
                let ids: Vec<String> = crate::both::read!(self, ids, fetch_all)?;
                ids.iter().map(|id| job_rows::parse_id(id)).collect()
            }

            async fn commit(&self, batch: &Batch) -> Result<Committed, Error> {
                self.in_time(commit::commit(self, batch)).await
            }

            async fn marks(&self, job: Uuid) -> Result<Vec<Mark>, Error> {
                let rows = sqlx::query_as(sqlx::AssertSqlSafe(format!(
                    "SELECT {MARK} FROM producers WHERE job_id = $1 ORDER BY agent, epoch, stream"
                )))
                .bind($id(job));
                let rows = crate::both::read!(self, rows, fetch_all);
                Ok(rows?
                    .into_iter()
                    .map(|row| mark(job, row))
                    .collect())
            }

            async fn stats_after(
                &self,
                producer: &Producer,
                after: u64,
                limit: u32,
            ) -> Result<Vec<EncodedStats>, Error> {
                let rows = sqlx::query_as(
                    "SELECT b.sequence, b.content FROM stats_batches b JOIN producers p ON p.id = b.producer \
                     WHERE p.job_id = $1 AND p.agent = $2 AND p.epoch = $3 AND p.stream = $4 AND b.sequence > $5 \
                     ORDER BY b.sequence LIMIT $6",
                )
                .bind($id(producer.job))
                .bind(clean(&producer.agent).into_owned())
                .bind(i64::from(producer.epoch))
                .bind(stream_name(producer.stream))
                .bind(count(after))
                .bind(i64::from(limit));
                let rows: Vec<(i64, Vec<u8>)> = crate::both::read!(self, rows, fetch_all)?;
                let batches = rows.into_iter().map(|(sequence, bytes)| EncodedStats {
                    sequence: sequence as u64,
                    bytes,
                });
                Ok(batches.collect())
            }

            async fn save_series(
                &self,
                job: Uuid,
                update: &SeriesUpdate,
                summary: Option<&Summary>,
            ) -> Result<(), Error> {
                let changes = saved::Changes::new(job, update, summary)?;
                self.in_time(jobs::save(self, job, &changes)).await
            }

            async fn series(&self, job: Uuid, seconds: &[u32]) -> Result<SeriesUpdate, Error> {
                let mut found = SeriesUpdate::default();
                for &second in seconds {
                    let row = sqlx::query_as(series::SECOND)
                        .bind($id(job))
                        .bind(i64::from(second));
                    let row = crate::both::read!(self, row, fetch_optional)?;
                    found.seconds.extend(row.map(|row| series::second(second, row)));
                    let rows = sqlx::query_as(series::AGENT_SECONDS)
                        .bind($id(job))
                        .bind(i64::from(second));
                    let rows = crate::both::read!(self, rows, fetch_all)?.into_iter();
                    found.agent_seconds.extend(rows.map(|row| series::agent_second(second, row)));
                }
                Ok(found)
            }

            async fn hand_over(&self, job: Uuid, handover: &Handover) -> Result<(), Error> {
                let changes = saved::Changes::of_handover(job, handover)?;
                self.in_time(jobs::save(self, job, &changes)).await
            }

            async fn handover(&self, job: Uuid) -> Result<Option<Handover>, Error> {
                let document = sqlx::query_scalar("SELECT document FROM handovers WHERE job_id = $1")
                    .bind($id(job));
                let document: Option<String> = crate::both::read!(self, document, fetch_optional)?;
                document
                    .map(|document| saved::parse(job, "handover", &document))
                    .transpose()
            }

            async fn conclude(&self, conclusion: &Conclusion<'_>) -> Result<(), Error> {
                let changes = saved::Changes::of_conclusion(conclusion)?;
                self.in_time(jobs::save(self, conclusion.job.id, &changes)).await
            }

            async fn settled(&self, job: Uuid) -> Result<Option<Settled>, Error> {
                let document = sqlx::query_scalar("SELECT document FROM settlements WHERE job_id = $1")
                    .bind($id(job));
                let document: Option<String> = crate::both::read!(self, document, fetch_optional)?;
                document
                    .map(|document| saved::parse(job, "settlement", &document))
                    .transpose()
            }

            async fn late_jobs(&self) -> Result<Vec<(Uuid, u64)>, Error> {
                let rows = sqlx::query_as(
                    "SELECT CAST(s.job_id AS text), CAST(sum(p.sequence) AS bigint) FROM settlements s \
                     JOIN producers p ON p.job_id = s.job_id WHERE NOT s.complete \
                     GROUP BY s.job_id, s.seen HAVING sum(p.sequence) > s.seen",
                );
                let rows: Vec<(String, i64)> = crate::both::read!(self, rows, fetch_all)?;
                rows.into_iter()
                    .map(|(id, sum)| Ok((job_rows::parse_id(&id)?, sum as u64)))
                    .collect()
            }

            async fn summary(&self, job: Uuid) -> Result<Option<Summary>, Error> {
                let document = sqlx::query_scalar("SELECT document FROM summaries WHERE job_id = $1")
                    .bind($id(job));
                let document: Option<String> = crate::both::read!(self, document, fetch_optional)?;
                document
                    .map(|document| saved::parse(job, "summary", &document))
                    .transpose()
            }

            async fn query(&self, sql: &str, max_rows: usize) -> Result<QueryResult, Error> {
                self.located(query::run(self, sql, max_rows).await)
            }

            async fn relations(&self) -> Result<Vec<Relation>, Error> {
                self.in_time(relations::all(self)).await
            }

            async fn export(
                &self,
                job: Uuid,
                raw: ExportRelation,
                sink: &mut dyn RowSink,
            ) -> Result<u64, Error> {
                self.located(export::run(self, job, raw, sink).await)
            }
        }
    };
}
pub(crate) use implement_store;

/// Fetches the rows of a query in a transaction that reads.
macro_rules! read {
    ($store:expr, $query:expr, $fetch:ident) => {
        $store
            .in_time(async {
                let mut reading = $store.reading().await?;
                let found = $query.$fetch(&mut *reading).await;
                Ok::<_, Error>(reading.read(found).await?)
            })
            .await
    };
}
pub(crate) use read;

/// Functions that write rows of small relations on a connection.
macro_rules! implement_writing {
    ($database:ty, $arguments:ty, $connection:ty, $id:path) => {
        use sqlx::AssertSqlSafe;
        use sqlx::query::Query;
        use uuid::Uuid;

        use crate::cell::{Cell, Rowset};
        use crate::saved::Changes;

        fn bind(
            query: Query<'static, $database, $arguments>,
            cell: Cell,
        ) -> Query<'static, $database, $arguments> {
            match cell {
                Cell::Id(id) => query.bind($id(id)),
                Cell::Text(text) => query.bind(text),
                Cell::OptText(text) => query.bind(text),
                Cell::Int(value) => query.bind(value),
                Cell::OptInt(value) => query.bind(value),
                Cell::Real(value) => query.bind(value),
                Cell::OptReal(value) => query.bind(value),
                Cell::Bool(value) => query.bind(value),
                Cell::Blob(bytes) => query.bind(bytes),
            }
        }

        /// Writes all rows; those that are there are replaced.
        pub(super) async fn upsert(connection: &mut $connection, rowset: &Rowset) -> Result<(), sqlx::Error> {
            for group in rowset.groups() {
                let mut query =
                    sqlx::query(AssertSqlSafe(rowset.upsert(group.len()))).persistent(group.len() == 1);
                for cell in group.iter().flatten() {
                    query = bind(query, cell.clone());
                }
                query.execute(&mut *connection).await?;
            }
            Ok(())
        }

        /// Writes all changes of a job's results.
        pub(super) async fn write(
            connection: &mut $connection,
            job: Uuid,
            changes: &Changes,
        ) -> Result<(), sqlx::Error> {
            for rowset in &changes.rows {
                upsert(connection, rowset).await?;
            }
            for rowset in &changes.totals {
                let delete = format!("DELETE FROM {} WHERE job_id = $1", rowset.table);
                sqlx::query(AssertSqlSafe(delete))
                    .bind($id(job))
                    .execute(&mut *connection)
                    .await?;
                upsert(connection, rowset).await?;
            }
            Ok(())
        }
    };
}
pub(crate) use implement_writing;

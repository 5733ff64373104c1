//! Rows of schedulers, and the fence of what they write: statements that both databases understand.
//!
//! sqlx has different types for each, so a generic function would need long bounds.

/// Implements [`SchedulerTable`](crate::SchedulerTable) for `$store`, and the fence for its `$connection`; `$lock` ends a query that
/// keeps its row until the transaction ends, and `$id` is how the database holds a job's id.
macro_rules! implement_fencing {
    ($store:ty, $connection:ty, $lock:literal, $id:path) => {
        use async_trait::async_trait;
        use heavy_results::job::JobInfo;
        use uuid::Uuid;

        use crate::schedulers::{SchedulerClaim, SchedulerColumns, SchedulerRow, SchedulerTable, row};
        use crate::text::count;
        use crate::{Error, job_rows};

        #[async_trait]
        impl SchedulerTable for $store {
            async fn scheduler_rows(&self) -> Result<Vec<SchedulerRow>, Error> {
                let rows = sqlx::query_as(
                    "SELECT epoch, beat, released, name, holder, owner, command, host, pid, url, since_wall_ns \
                     FROM schedulers ORDER BY epoch",
                );
                let rows: Vec<SchedulerColumns> = crate::both::read!(self, rows, fetch_all)?;
                Ok(rows.into_iter().map(row).collect())
            }

            async fn register(
                &self,
                claim: &SchedulerClaim,
                dead: Option<&SchedulerRow>,
            ) -> Result<Option<u64>, Error> {
                self.in_time(register(self, claim, dead)).await
            }

            async fn take_over(&self, epoch: u64, dead: &SchedulerRow) -> Result<bool, Error> {
                self.in_time(take_over(self, epoch, dead)).await
            }

            async fn take_unowned(&self, epoch: u64) -> Result<(), Error> {
                self.in_time(take_unowned(self, epoch)).await
            }

            async fn beat(&self, epoch: u64) -> Result<bool, Error> {
                self.in_time(beat(self, epoch)).await
            }

            async fn release(&self, epoch: u64) -> Result<(), Error> {
                self.in_time(release(self, epoch)).await
            }

            async fn held_jobs(&self, epoch: u64) -> Result<Vec<JobInfo>, Error> {
                let infos = sqlx::query_scalar(
                    "SELECT info FROM job_rows WHERE epoch = $1 AND NOT final ORDER BY submitted_wall_ns, id",
                )
                .bind(count(epoch));
                let infos = crate::both::read!(self, infos, fetch_all);
                job_rows::parse(infos?)
            }
        }

        async fn register(
            store: &$store,
            claim: &SchedulerClaim,
            dead: Option<&SchedulerRow>,
        ) -> Result<Option<u64>, Error> {
            let mut transaction = store.begin().await?;
            if let Some(dead) = dead
                && !remove(&mut transaction, dead).await?
            {
                transaction.leave().await;
                return Ok(None);
            }
            let epoch = insert(&mut transaction, claim).await?;
            if let (Some(epoch), Some(dead)) = (epoch, dead) {
                pass(&mut transaction, dead.epoch, epoch).await?;
            }
            transaction.commit().await?;
            Ok(epoch)
        }

        async fn take_over(store: &$store, epoch: u64, dead: &SchedulerRow) -> Result<bool, Error> {
            let mut transaction = store.begin().await?;
            require(&mut transaction, Some(epoch)).await?;
            let removed = remove(&mut transaction, dead).await?;
            if removed {
                pass(&mut transaction, dead.epoch, epoch).await?;
            }
            transaction.commit().await?;
            Ok(removed)
        }

        async fn take_unowned(store: &$store, epoch: u64) -> Result<(), Error> {
            let mut transaction = store.begin().await?;
            require(&mut transaction, Some(epoch)).await?;
            sqlx::query(
                "UPDATE job_rows SET epoch = $1 WHERE epoch = 0 AND NOT final AND owner NOT LIKE 'run-%'",
            )
            .bind(count(epoch))
            .execute(&mut *transaction)
            .await?;
            transaction.commit().await?;
            Ok(())
        }

        async fn beat(store: &$store, epoch: u64) -> Result<bool, Error> {
            let mut transaction = store.begin().await?;
            let raised = sqlx::query("UPDATE schedulers SET beat = beat + 1 WHERE epoch = $1")
                .bind(count(epoch))
                .execute(&mut *transaction)
                .await?;
            transaction.commit().await?;
            Ok(raised.rows_affected() == 1)
        }

        async fn release(store: &$store, epoch: u64) -> Result<(), Error> {
            let mut transaction = store.begin().await?;
            let left: bool =
                sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM job_rows WHERE epoch = $1 AND NOT final)")
                    .bind(count(epoch))
                    .fetch_one(&mut *transaction)
                    .await?;
            let sql = if left {
                "UPDATE schedulers SET released = true WHERE epoch = $1"
            } else {
                "DELETE FROM schedulers WHERE epoch = $1"
            };
            sqlx::query(sql).bind(count(epoch)).execute(&mut *transaction).await?;
            transaction.commit().await?;
            Ok(())
        }

        async fn insert(
            connection: &mut $connection,
            claim: &SchedulerClaim,
        ) -> Result<Option<u64>, Error> {
            let epoch: Option<i64> = sqlx::query_scalar(
                "INSERT INTO schedulers (name, holder, owner, command, host, pid, url, since_wall_ns) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (name) DO NOTHING RETURNING epoch",
            )
            .bind(claim.name.clone())
            .bind(claim.holder.clone())
            .bind(claim.owner.clone())
            .bind(claim.command.clone())
            .bind(claim.host.clone())
            .bind(i64::from(claim.pid))
            .bind(claim.url.clone())
            .bind(count(claim.since_wall_ns))
            .fetch_optional(connection)
            .await?;
            Ok(epoch.map(i64::unsigned_abs))
        }

        /// Removes a row; false if it was raised since, or is gone.
        async fn remove(
            connection: &mut $connection,
            dead: &SchedulerRow,
        ) -> Result<bool, Error> {
            let removed = sqlx::query("DELETE FROM schedulers WHERE epoch = $1 AND beat = $2")
                .bind(count(dead.epoch))
                .bind(count(dead.beat))
                .execute(connection)
                .await?;
            Ok(removed.rows_affected() == 1)
        }

        /// Passes the unfinished jobs of one epoch to another.
        async fn pass(connection: &mut $connection, from: u64, to: u64) -> Result<(), Error> {
            sqlx::query("UPDATE job_rows SET epoch = $1 WHERE epoch = $2 AND NOT final")
                .bind(count(to))
                .bind(count(from))
                .execute(connection)
                .await?;
            Ok(())
        }

        /// Keeps the row of this process until the transaction ends. Nothing is to be kept without a fence.
        pub(super) async fn require(connection: &mut $connection, fence: Option<u64>) -> Result<(), Error> {
            let Some(epoch) = fence else { return Ok(()) };
            let found: Option<i64> =
                sqlx::query_scalar(concat!("SELECT epoch FROM schedulers WHERE epoch = $1", $lock))
                    .bind(count(epoch))
                    .fetch_optional(connection)
                    .await?;
            found.map(drop).ok_or(Error::Superseded)
        }

        /// Takes the row of a job as the process with this fence, until the transaction ends. False if the job was deleted. A job
        /// that has ended passes to whoever writes it, once its process is gone.
        pub(super) async fn take(
            connection: &mut $connection,
            fence: u64,
            job: Uuid,
        ) -> Result<bool, Error> {
            require(connection, Some(fence)).await?;
            if pass_one(connection, job, fence, fence).await? {
                return Ok(true);
            }
            take_of_gone(connection, fence, job, true).await
        }

        /// Makes a process the owner of a job whose process is gone. False if the job was deleted.
        pub(super) async fn adopt(
            connection: &mut $connection,
            fence: Option<u64>,
            owner: &str,
            job: Uuid,
        ) -> Result<bool, Error> {
            if let Some(fence) = fence {
                require(connection, Some(fence)).await?;
                if !pass_one(connection, job, fence, fence).await?
                    && !take_of_gone(connection, fence, job, false).await?
                {
                    return Ok(false);
                }
            }
            let adopted = sqlx::query("UPDATE job_rows SET owner = $1 WHERE id = $2")
                .bind(owner.to_owned())
                .bind($id(job))
                .execute(connection)
                .await?;
            Ok(adopted.rows_affected() == 1)
        }

        /// The epoch is read first and compared again by the update: a subquery would not see a process that registers meanwhile.
        async fn take_of_gone(
            connection: &mut $connection,
            fence: u64,
            job: Uuid,
            only_final: bool,
        ) -> Result<bool, Error> {
            let found: Option<(i64, bool)> =
                sqlx::query_as("SELECT epoch, final FROM job_rows WHERE id = $1")
                    .bind($id(job))
                    .fetch_optional(&mut *connection)
                    .await?;
            let Some((epoch, is_final)) = found else {
                return Ok(false);
            };
            let lives: bool = sqlx::query_scalar(
                "SELECT EXISTS (SELECT 1 FROM schedulers WHERE epoch = $1 AND NOT released)",
            )
            .bind(epoch)
            .fetch_one(&mut *connection)
            .await?;
            let may_be_taken = !lives && (is_final || !only_final);
            if may_be_taken && pass_one(connection, job, epoch.unsigned_abs(), fence).await? {
                return Ok(true);
            }
            Err(Error::OwnedByOther { job })
        }

        /// Passes a job from one epoch to another; false if it has another one, or is gone.
        async fn pass_one(
            connection: &mut $connection,
            job: Uuid,
            from: u64,
            to: u64,
        ) -> Result<bool, Error> {
            let passed = sqlx::query("UPDATE job_rows SET epoch = $1 WHERE id = $2 AND epoch = $3")
                .bind(count(to))
                .bind($id(job))
                .bind(count(from))
                .execute(connection)
                .await?;
            Ok(passed.rows_affected() == 1)
        }
    };
}
pub(crate) use implement_fencing;

//! The row that this process has in the results database: how it gets one, and that it ends when it loses it.
//!
//! One process takes jobs of others in a database, `heavy-sched serve`; its row has the name `scheduler`. Commands
//! with jobs of their own have rows of their own names.

mod decision;
mod others;

use std::sync::Arc;
use std::time::Duration;

use heavy_process::clock::{monotonic_ns, wall_ns};
use heavy_process::holder::host_name;
use heavy_process::owners::{OwnerDir, OwnerKind};
use heavy_store::{SchedulerClaim, SchedulerRow, Store};
use jiff::Timestamp;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout};
use tokio_util::sync::{CancellationToken, DropGuard};

use self::decision::{DATABASE_SCHEDULER, Decision, RowWatch, decide};

pub(crate) use self::others::take_over_dead_commands;

const BEAT_PERIOD: Duration = Duration::from_secs(1);
const LOOK_PERIOD: Duration = Duration::from_millis(250);
/// How long in a row a database may not answer that was just opened: on a busy machine the first answers take their time.
const ANSWER_LIMIT: Duration = Duration::from_secs(10);
/// While the database does not answer, the next process waits some seconds instead.
const RELEASE_LIMIT: Duration = Duration::from_secs(2);

/// Why a process gets no row, or cannot keep it.
#[derive(Debug, thiserror::Error)]
pub enum RegistrationError {
    /// A living process has the row.
    #[error(
        "the results database {database} is in use by another scheduler, {other}: use it{flag}, stop it, or choose another database \
         with --database"
    )]
    Held {
        /// The database without a password.
        database: String,
        /// Who, where, and since when.
        other: String,
        /// How to use it, with a space before, if it has said where it listens.
        flag: String,
    },
    /// Another process has taken the row.
    #[error(
        "lost the results database {database} to another scheduler{other}, which had not heard of this one for some seconds: this one \
         has stopped its jobs and writes nothing more"
    )]
    Superseded {
        /// The database without a password.
        database: String,
        /// Who, where, and since when, if that is known.
        other: String,
    },
    /// The database does not answer.
    #[error("cannot register with the results database: {0}")]
    Store(#[from] heavy_store::Error),
}

/// The row of this process. It is raised until it is released, dropped, or lost.
#[derive(Debug)]
pub struct Registration {
    store: Arc<dyn Store>,
    epoch: u64,
    claim: SchedulerClaim,
    database: String,
    lost: CancellationToken,
    _beating: DropGuard,
}

impl Registration {
    /// Registers the scheduler of the database, which takes jobs of others and listens at `url`. Waits for some seconds if
    /// another one may be dead.
    ///
    /// # Errors
    /// When another one lives, or the database does not answer.
    pub async fn of_database(
        store: &Arc<dyn Store>,
        owner: &OwnerDir,
        url: &str,
    ) -> Result<Self, RegistrationError> {
        let wanted = claim(DATABASE_SCHEDULER, owner, url);
        Self::register(store, owner, wanted).await
    }

    /// Registers a command that works on jobs of its own. There may be any number of them.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn of_command(
        store: &Arc<dyn Store>,
        owner: &OwnerDir,
        url: &str,
    ) -> Result<Self, RegistrationError> {
        let wanted = claim(&owner.record().name, owner, url);
        Self::register(store, owner, wanted).await
    }

    async fn register(
        store: &Arc<dyn Store>,
        owner: &OwnerDir,
        claim: SchedulerClaim,
    ) -> Result<Self, RegistrationError> {
        let database = owner.record().database.clone();
        let epoch = wait_for_row(&**store, &claim, &database).await?;
        let (lost, beating) = (CancellationToken::new(), CancellationToken::new());
        let beats = beat(Arc::clone(store), epoch, lost.clone());
        tokio::spawn(beating.clone().run_until_cancelled_owned(beats));
        let registration = Self {
            store: store.fenced(epoch),
            epoch,
            claim,
            database,
            lost,
            _beating: beating.drop_guard(),
        };
        if owner.record().kind == OwnerKind::Scheduler {
            answered(|| registration.take_over_earlier()).await?;
        }
        Ok(registration)
    }

    /// Takes what other processes had that held the lock of this one, and what nobody has.
    async fn take_over_earlier(&self) -> Result<(), heavy_store::Error> {
        let table = self.store.schedulers();
        for row in table.scheduler_rows().await? {
            if row.epoch != self.epoch && row.claim.holder == self.claim.holder {
                table.take_over(self.epoch, &row).await?;
            }
        }
        table.take_unowned(self.epoch).await
    }

    /// The database, which refuses to write for this process once its row is lost.
    #[must_use]
    pub fn store(&self) -> Arc<dyn Store> {
        Arc::clone(&self.store)
    }

    /// Cancelled when another process has taken the row.
    #[must_use]
    pub fn lost(&self) -> CancellationToken {
        self.lost.clone()
    }

    pub(crate) const fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Gives the row back, so that the next process need not wait.
    ///
    /// # Errors
    /// When the row was lost.
    pub(crate) async fn release(self) -> Result<(), RegistrationError> {
        if self.lost.is_cancelled() {
            return Err(self.superseded().await);
        }
        let released = timeout(RELEASE_LIMIT, self.store.schedulers().release(self.epoch)).await;
        if !matches!(released, Ok(Ok(()))) {
            tracing::warn!(
                "cannot tell the database that this scheduler has ended: the next one waits some seconds"
            );
        }
        Ok(())
    }

    async fn superseded(&self) -> RegistrationError {
        let rows = self.store.schedulers().scheduler_rows().await.unwrap_or_default();
        let other = rows.iter().find(|row| row.claim.name == self.claim.name);
        RegistrationError::Superseded {
            database: self.database.clone(),
            other: other.map_or_else(String::new, |row| format!(", {}", describe(row))),
        }
    }
}

fn claim(name: &str, owner: &OwnerDir, url: &str) -> SchedulerClaim {
    let record = owner.record();
    SchedulerClaim {
        name: name.to_owned(),
        holder: owner.holder(),
        owner: record.name.clone(),
        command: record.command.clone(),
        host: host_name(),
        pid: record.pid,
        url: url.to_owned(),
        since_wall_ns: wall_ns(),
    }
}

/// Waits until the row of this name is free, or known to be held.
async fn wait_for_row(
    store: &dyn Store,
    claim: &SchedulerClaim,
    database: &str,
) -> Result<u64, RegistrationError> {
    let table = store.schedulers();
    let mut watch = RowWatch::default();
    let mut waits = false;
    loop {
        let rows = answered(|| table.scheduler_rows()).await?;
        let row = rows.iter().find(|row| row.claim.name == claim.name);
        let seen = row.map(|row| (row, watch.look(monotonic_ns(), row)));
        match (decide(seen, &claim.holder), row) {
            (Decision::TakeOver, row) => {
                // None if another process was faster, which the next look tells.
                if let Some(epoch) = answered(|| table.register(claim, row)).await? {
                    return Ok(epoch);
                }
            }
            (Decision::Refuse, Some(row)) => {
                return Err(RegistrationError::Held {
                    database: database.to_owned(),
                    other: describe(row),
                    flag: match row.claim.url.as_str() {
                        "" => String::new(),
                        url => format!(" with --scheduler {url}"),
                    },
                });
            }
            (Decision::Wait, Some(row)) if !waits => {
                waits = true;
                tracing::info!("waiting to see whether {} still runs", describe(row));
            }
            (Decision::Wait | Decision::Refuse, _) => {}
        }
        sleep(LOOK_PERIOD).await;
    }
}

/// Asks the database again for as long as it does not answer, but not for ever.
async fn answered<T, Asked>(mut ask: impl FnMut() -> Asked) -> Result<T, heavy_store::Error>
where
    Asked: Future<Output = Result<T, heavy_store::Error>>,
{
    let until = Instant::now() + ANSWER_LIMIT;
    let mut waits = false;
    loop {
        match ask().await {
            Err(error) if error.may_pass() && Instant::now() < until => {
                if !std::mem::replace(&mut waits, true) {
                    tracing::info!(%error, "waiting for the results database");
                }
                sleep(LOOK_PERIOD).await;
            }
            answered => return answered,
        }
    }
}

/// `heavy-sched serve` on host a (process 7) at URL, since 2026-11-21T09:30:00Z
fn describe(row: &SchedulerRow) -> String {
    let claim = &row.claim;
    let since = Timestamp::from_nanosecond(claim.since_wall_ns.into()).unwrap_or_default();
    format!(
        "`{}` on host {} (process {}) at {}, since {}",
        claim.command,
        claim.host,
        claim.pid,
        claim.url,
        since.strftime("%Y-%m-%dT%H:%M:%SZ")
    )
}

/// Raises a row until it is gone.
async fn beat(store: Arc<dyn Store>, epoch: u64, lost: CancellationToken) {
    let mut ticks = interval(BEAT_PERIOD);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut fails = false;
    loop {
        ticks.tick().await;
        match store.schedulers().beat(epoch).await {
            Ok(true) => fails = false,
            Ok(false) => {
                lost.cancel();
                return;
            }
            Err(error) => {
                if !fails {
                    tracing::warn!(%error, "cannot tell the database that this scheduler lives, trying again");
                }
                fails = true;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unreachable() -> heavy_store::Error {
        heavy_store::Error::Unreachable {
            url: "postgres://h/d".to_owned(),
            problem: "no answer".to_owned(),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_database_that_does_not_answer_at_first_is_asked_again_and_not_for_ever() {
        let mut asked = 0;
        let ask = |answers_at: u64, asked: &mut u64| {
            *asked += 1;
            let answer = if *asked == answers_at {
                Ok(7)
            } else {
                Err(unreachable())
            };
            std::future::ready(answer)
        };
        assert_eq!(answered(|| ask(20, &mut asked)).await.ok(), Some(7));
        let began = Instant::now();
        assert!(answered(|| ask(0, &mut asked)).await.is_err());
        assert!(began.elapsed() >= ANSWER_LIMIT && began.elapsed() < 2 * ANSWER_LIMIT);
        let mut asked = 0;
        let refuse = || {
            asked += 1;
            std::future::ready(Err::<(), _>(heavy_store::Error::Superseded))
        };
        assert!(answered(refuse).await.is_err());
        assert_eq!(asked, 1);
    }
}

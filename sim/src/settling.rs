//! The accounts of a job, settled by what its scheduler hands over: when it ends, and again when everything has come.

use std::collections::BTreeMap;

use heavy_proto::stats::{self, Statistics};
use heavy_results::aggregate::Aggregator;
use heavy_results::summary::Accounting;
use heavy_sched::simulation::EndedJob;

use crate::database::{Database, ShareKey, host_of};
use crate::facts::{Attempt, Ledger, number_of, spec};

/// What the events of a job call an agent that has missed a plan, or heard of it too late.
const MISSED: [&str; 2] = ["revision-unacknowledged", "revision-late"];

/// A job that has ended, as its figures were then.
#[derive(Debug)]
pub(crate) struct SettledJob {
    pub(crate) job: u32,
    ended: EndedJob,
    account: Accounting,
}

impl SettledJob {
    /// # Errors
    /// When its account does not balance.
    pub(crate) fn new(ended: EndedJob, database: &Database) -> Result<Self, String> {
        let job = number_of(&ended.job);
        let account = account(job, &ended, database)?;
        Ok(Self { job, ended, account })
    }

    /// Whether the job says that an agent has missed a plan, or heard of it too late.
    pub(crate) fn says_of(&self, host: usize) -> bool {
        let mut events = self.ended.events.iter();
        events.any(|event| MISSED.contains(&&*event.kind) && host_of(&event.who) == host)
    }

    fn is_any_missed(&self) -> bool {
        let mut events = self.ended.events.iter();
        events.any(|event| MISSED.contains(&&*event.kind))
    }

    /// Compares the account, now that everything has come, with what its load tests did. `is_sure`: nothing was lost with a host.
    pub(crate) fn judge(
        &self,
        database: &Database,
        ledgers: &BTreeMap<ShareKey, &Ledger>,
        is_sure: bool,
    ) -> Result<(), String> {
        let account = account(self.job, &self.ended, database)?;
        let sum = |of: fn(&Ledger) -> u64| ledgers.values().map(|ledger| of(ledger)).sum::<u64>();
        let started = sum(|ledger| ledger.started);
        let ended = sum(|ledger| ledger.iterations.len() as u64);
        let settlement = self.ended.settlement.as_ref();
        let shares = settlement.into_iter().flat_map(|settlement| &settlement.shares);
        let due: u64 = shares.flat_map(|share| &share.due).map(|due| due.all).sum();
        let is_whole = settlement.is_some_and(|settlement| settlement.to_the_end) && !self.is_any_missed();
        let wrong = if self.ended.is_complete && account != self.account {
            "has changed, although the job said that it was complete"
        } else if settlement.is_none() && started > 0 {
            "is none, and something was started"
        } else if settlement.is_none() || !is_sure {
            return Ok(());
        } else if is_whole && account.scheduled != due {
            "is not of all that was due"
        } else if started > account.started + account.unknown {
            "lacks iterations that were started"
        } else if account.ok + account.failed + account.interrupted > ended {
            "has iterations that nobody finished"
        } else {
            return Ok(());
        };
        Err(format!(
            "the settled account of job {} {wrong}: {account:?}, was {:?}; {due} were due, {started} started, {ended} finished",
            self.job, self.account
        ))
    }
}

/// The settled account of a job from what is stored.
fn account(job: u32, ended: &EndedJob, database: &Database) -> Result<Accounting, String> {
    let Some(settlement) = &ended.settlement else {
        return Ok(Accounting::default());
    };
    let mut aggregator = Aggregator::new(settlement.load(&spec().load()), []);
    for ((host, attempt), batches) in &database.statistics {
        let Attempt { epoch, .. } = *attempt;
        let agent = format!("a{host}");
        for (_, content) in batches.values().filter(|_| attempt.job == job) {
            match stats::decode(content) {
                Ok(Statistics::Delta(delta)) => aggregator.apply(&agent, epoch, &delta),
                Ok(Statistics::Closing(closing)) => aggregator.close(&agent, epoch, *closing),
                // What the disk has lost.
                Err(_) => {}
            }
        }
    }
    aggregator.settle(settlement);
    let account = aggregator.accounting();
    if account.balances() {
        Ok(account)
    } else {
        Err(format!(
            "the settled account of job {job} does not add up: {account:?}"
        ))
    }
}

//! What must hold: at each acknowledgement, and when everything has come to its end.

use std::collections::BTreeMap;

use heavy_proto::stats::{self, Statistics};
use heavy_results::stats::Closing;

use crate::database::{Database, ShareKey};
use crate::facts::Ledger;
use crate::host::Host;
use crate::world::World;

/// What an assignment reported.
#[derive(Debug, Default)]
pub(crate) struct Reported {
    pub(crate) requests: u64,
    pub(crate) iterations: u64,
    pub(crate) started: u64,
    pub(crate) scheduled: u64,
    pub(crate) lost: u64,
    pub(crate) dropped: u64,
    pub(crate) full: u64,
    /// Batches.
    pub(crate) voided: u64,
    pub(crate) closings: Vec<Closing>,
}

impl World {
    /// Whether nothing more will happen.
    pub(crate) fn is_over(&self) -> bool {
        self.scheduler.state().is_none() && self.hosts.iter().all(Host::is_idle)
    }

    /// Compares what is stored with what load tests wrote.
    pub(crate) fn judge(&self) -> Result<(), String> {
        let database = &self.collector.database;
        if let Some((share, _)) = database.repeated.first() {
            return Err(format!("statistics of {share:?} are stored twice"));
        }
        for (place, host) in self.hosts.iter().enumerate() {
            for (attempt, ledger) in &host.ledgers {
                let share = (place, *attempt);
                let what = |what: String| format!("a{place}, {attempt:?}: {what}");
                self.judge_share(share, ledger, host.lossy.contains(attempt))
                    .map_err(what)?;
            }
        }
        self.judge_jobs()?;
        let ledger_of = |share: &ShareKey| self.hosts[share.0].ledgers.get(&share.1);
        for ((share, key), fact) in &database.requests {
            let written = ledger_of(share).and_then(|ledger| ledger.requests.get(key));
            if written != Some(fact) {
                return Err(format!(
                    "request {key:?} of {share:?} is stored as {fact:?}, was written as {written:?}"
                ));
            }
        }
        for ((share, n), fact) in &database.iterations {
            let written = ledger_of(share).and_then(|ledger| ledger.iterations.get(n));
            if written != Some(fact) {
                return Err(format!(
                    "iteration {n} of {share:?} is stored as {fact:?}, was written as {written:?}"
                ));
            }
        }
        Ok(())
    }

    /// Compares the accounts of jobs with what their load tests did, and looks for iterations that two agents had.
    fn judge_jobs(&self) -> Result<(), String> {
        for settled in &self.settled {
            let ledgers = self.hosts.iter().enumerate().flat_map(|(place, host)| {
                let of_job = host
                    .ledgers
                    .iter()
                    .filter(|(attempt, _)| attempt.job == settled.job);
                of_job.map(move |(attempt, ledger)| ((place, *attempt), ledger))
            });
            let ledgers: BTreeMap<ShareKey, &Ledger> = ledgers.collect();
            let is_sure = ledgers.keys().all(|share| {
                let host = &self.hosts[share.0];
                !host.lossy.contains(&share.1) && reported(&self.collector.database, *share).voided == 0
            });
            settled.judge(&self.collector.database, &ledgers, is_sure)?;
            let doubled = self.releases.doubled(settled.job, |host| settled.says_of(host));
            if let Some((n, shares)) = doubled {
                return Err(format!(
                    "iteration {n} of job {} was released by {shares:?}, and no event tells that one of them missed a plan",
                    settled.job
                ));
            }
        }
        Ok(())
    }

    fn judge_share(&self, share: ShareKey, ledger: &Ledger, is_lossy: bool) -> Result<(), String> {
        let database = &self.collector.database;
        let reported = reported(database, share);
        if reported.voided > 0 {
            let what = format!("statistics are missing: {reported:?}");
            return if is_lossy { Ok(()) } else { Err(what) };
        }
        let rows = database.rows(share);
        let written = (ledger.requests.len() as u64, ledger.iterations.len() as u64);
        // What a full disk did not take may be sent, and be unknown to the next agent: it shows as missing results.
        let was_full = self.hosts[share.0].was_full;
        let closing = match &reported.closings[..] {
            [] if is_lossy => return Ok(()),
            // Nothing counts before the start.
            [] if reported.scheduled == 0 && written == (0, 0) => return Ok(()),
            [] => return Err(format!("it was never closed: {reported:?}")),
            [closing] => closing,
            _ => return Err("it was closed twice".to_owned()),
        };
        let mark = database.marks.get(&(share, true)).cloned().unwrap_or_default();
        let last = mark.last.map_or(0, |(sequence, _)| sequence);
        if last < closing.last_rows_sequence {
            let names = closing.last_rows_sequence;
            return Err(format!(
                "its closing names {names} batches of rows, and {last} are there"
            ));
        }
        let closed = (closing.scheduled, closing.started, closing.lost, closing.dropped);
        let summed = (
            reported.scheduled,
            reported.started,
            reported.lost,
            reported.dropped,
        );
        if closed != summed {
            return Err(format!("its closing says {closed:?}, its reports {summed:?}"));
        }
        let kept = (rows.0 + mark.voided.requests, rows.1 + mark.voided.iterations);
        let totals = reported.balanced(kept)?;
        if is_lossy {
            return Ok(());
        }
        if totals != written || reported.full != ledger.dropped {
            let dropped = (reported.full, ledger.dropped);
            return Err(format!(
                "totals are {totals:?}, written were {written:?}; dropped {dropped:?}"
            ));
        }
        if rows != written && !was_full {
            return Err(format!(
                "rows are {rows:?}, written were {written:?}: {:?}",
                mark.voided
            ));
        }
        Ok(())
    }
}

impl Reported {
    /// The totals of requests and iterations, which must be those of rows and discarded rows, and balance.
    fn balanced(&self, kept: (u64, u64)) -> Result<(u64, u64), String> {
        let totals = (self.requests, self.iterations);
        if kept != totals {
            return Err(format!("totals are {totals:?}, rows and discarded rows {kept:?}"));
        }
        if self.scheduled != self.started + self.dropped {
            return Err(format!("scheduled is not started and dropped: {self:?}"));
        }
        if self.started != self.iterations + self.lost {
            return Err(format!("started is not ended and lost: {self:?}"));
        }
        Ok(totals)
    }
}

/// Adds up what an assignment reported.
pub(crate) fn reported(database: &Database, share: ShareKey) -> Reported {
    let mut reported = Reported::default();
    let none = BTreeMap::new();
    for (_, content) in database.statistics.get(&share).unwrap_or(&none).values() {
        match stats::decode(content) {
            // What the disk has lost.
            Err(_) => reported.voided += 1,
            Ok(Statistics::Closing(closing)) => reported.closings.push(*closing),
            Ok(Statistics::Delta(delta)) => {
                let requests = delta.requests.iter().map(|row| row.duration.count());
                reported.requests += requests.sum::<u64>();
                for row in &delta.iterations {
                    reported.scheduled += row.scheduled;
                    reported.started += row.started;
                    reported.iterations += row.ok + row.failed + row.interrupted;
                    reported.lost += row.lost;
                    reported.dropped += row.dropped.total();
                    reported.full += row.dropped.full;
                }
            }
        }
    }
    reported
}

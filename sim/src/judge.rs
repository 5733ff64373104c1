//! What must hold: at each acknowledgement, and when everything has come to its end.

use std::collections::BTreeMap;

use heavy_proto::stats::{self, Statistics};
use heavy_proto::v1::{Ack, Outcome, Stream};
use heavy_results::stats::Closing;

use crate::database::{Database, ShareKey, host_of};
use crate::facts::Ledger;
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

/// Whether what is acknowledged is stored.
pub(crate) fn is_stored(database: &Database, ack: &Ack) -> Result<(), String> {
    let Some(producer) = &ack.producer else {
        return Err("an acknowledgement of nobody".to_owned());
    };
    if !matches!(ack.outcome(), Outcome::Stored | Outcome::Duplicate) {
        return Ok(());
    }
    let share = (host_of(&producer.agent), producer.epoch);
    let last = database.last(share, producer.stream() == Stream::Rows);
    if last < ack.sequence {
        return Err(format!(
            "{:?} {} of {share:?} is acknowledged and not stored: the last one there is {last}",
            producer.stream(),
            ack.sequence
        ));
    }
    Ok(())
}

impl World {
    /// Whether nothing more will happen.
    pub(crate) fn is_over(&self) -> bool {
        self.hosts.iter().all(|host| {
            let process = host.process.as_ref();
            process.is_some_and(|process| process.share.is_none() && process.couriers.is_empty())
        })
    }

    /// Compares what is stored with what load tests wrote.
    pub(crate) fn judge(&self) -> Result<(), String> {
        let database = &self.collector.database;
        if let Some((share, _)) = database.repeated.first() {
            return Err(format!("statistics of {share:?} are stored twice"));
        }
        for (place, host) in self.hosts.iter().enumerate() {
            for (epoch, ledger) in &host.ledgers {
                let share = (place, *epoch);
                let what = |what: String| format!("a{place}, attempt {epoch}: {what}");
                self.judge_share(share, ledger, host.lossy.contains(epoch))
                    .map_err(what)?;
            }
        }
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

    fn judge_share(&self, share: ShareKey, ledger: &Ledger, is_lossy: bool) -> Result<(), String> {
        let database = &self.collector.database;
        let reported = reported(database, share);
        if reported.voided > 0 {
            let what = format!("statistics are missing: {reported:?}");
            return if is_lossy { Ok(()) } else { Err(what) };
        }
        let rows = (
            database
                .requests
                .range((share, (0, 0))..=(share, (u64::MAX, u64::MAX)))
                .count() as u64,
            database.iterations.range((share, 0)..=(share, u64::MAX)).count() as u64,
        );
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

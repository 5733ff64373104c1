//! The results database: content and mark of a batch change together or not at all. What is next in a sequence is the store's own rule.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use heavy_proto::stats::{self, Statistics};
use heavy_proto::v1::{self, Ack, Outcome};
use heavy_store::simulation::place;
use heavy_store::{Batch, Committed, Content, Rows, Stream, Voided};

use crate::facts::{Attempt, IterationFact, RequestFact, RequestKey};

/// An assignment: its host, and the attempt.
pub(crate) type ShareKey = (usize, Attempt);

/// The progress of one stream of an assignment.
#[derive(Debug, Clone, Default)]
pub(crate) struct StreamMark {
    /// The last sequence, and its checksum.
    pub(crate) last: Option<(u64, u32)>,
    pub(crate) closed: bool,
    pub(crate) voided: Voided,
    /// When each sequence was committed last; only the faulty rule looks at it.
    committed_ns: BTreeMap<u64, u64>,
}

#[derive(Debug, Default)]
pub(crate) struct Database {
    pub(crate) marks: BTreeMap<(ShareKey, bool), StreamMark>,
    /// Of each assignment by sequence: checksum and content.
    pub(crate) statistics: BTreeMap<ShareKey, BTreeMap<u64, (u32, Vec<u8>)>>,
    pub(crate) requests: BTreeMap<(ShareKey, RequestKey), RequestFact>,
    pub(crate) iterations: BTreeMap<(ShareKey, u64), IterationFact>,
    /// Statistics that were stored twice, for the faulty rule.
    pub(crate) repeated: Vec<(ShareKey, Vec<u8>)>,
    pub(crate) commits: u64,
}

/// How batches are recognised that come again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Recognition {
    BySequence,
    /// Wrong on purpose: what came within this time, in ns.
    ByTime(u64),
}

impl Database {
    /// Commits a batch.
    ///
    /// # Errors
    /// When something is stored that is there.
    pub(crate) fn commit(
        &mut self,
        batch: Batch,
        rule: Recognition,
        now_ns: u64,
    ) -> Result<Committed, String> {
        let producer = &batch.producer;
        let attempt = Attempt::new(&producer.job.to_string(), producer.epoch);
        let share = (host_of(&producer.agent), attempt);
        let is_rows = batch.producer.stream == Stream::Rows;
        let key = (share, is_rows);
        let mark = self.marks.get(&key);
        let last = mark.and_then(|mark| mark.last);
        let stored = |sequence| Some(self.statistics.get(&share)?.get(&sequence)?.0);
        let mut known = place(last, &batch, stored);
        if let (Recognition::ByTime(window_ns), Some(Committed::Duplicate)) = (rule, known) {
            let at_ns = mark.and_then(|mark| mark.committed_ns.get(&batch.sequence));
            if at_ns.is_none_or(|at_ns| now_ns - at_ns > window_ns) {
                known = None;
            }
        }
        if let Some(known) = known {
            return Ok(known);
        }
        self.commits += 1;
        let mark = self.marks.entry(key).or_default();
        mark.last = mark.last.max(Some((batch.sequence, batch.crc32c)));
        if matches!(rule, Recognition::ByTime(_)) {
            mark.committed_ns.insert(batch.sequence, now_ns);
        }
        match batch.content {
            Content::Rows(rows) => self.add_rows(share, &rows)?,
            Content::Encoded { bytes, closing } => {
                mark.closed |= closing;
                self.add_statistics(share, (batch.sequence, batch.crc32c), bytes);
            }
            Content::EncodedVoid(bytes) => {
                self.add_statistics(share, (batch.sequence, batch.crc32c), bytes);
            }
            Content::Void(voided) => {
                mark.voided.requests += voided.requests;
                mark.voided.iterations += voided.iterations;
                mark.voided.damaged_batches += voided.damaged_batches;
            }
        }
        Ok(Committed::Stored)
    }

    /// The last sequence of a stream.
    pub(crate) fn last(&self, share: ShareKey, is_rows: bool) -> u64 {
        let mark = self.marks.get(&(share, is_rows));
        mark.and_then(|mark| mark.last)
            .map_or(0, |(sequence, _)| sequence)
    }

    /// Checks that what is acknowledged is stored.
    ///
    /// # Errors
    /// When it is not.
    pub(crate) fn confirms(&self, ack: &Ack) -> Result<(), String> {
        let Some(producer) = &ack.producer else {
            return Err("an acknowledgement of nobody".to_owned());
        };
        if !matches!(ack.outcome(), Outcome::Stored | Outcome::Duplicate) {
            return Ok(());
        }
        let attempt = Attempt::new(&producer.job, producer.epoch);
        let share = (host_of(&producer.agent), attempt);
        let last = self.last(share, producer.stream() == v1::Stream::Rows);
        if last < ack.sequence {
            return Err(format!(
                "{:?} {} of {share:?} is acknowledged and not stored: the last one there is {last}",
                producer.stream(),
                ack.sequence
            ));
        }
        Ok(())
    }

    /// Whether everything of an assignment is there, as its closing says.
    pub(crate) fn has_all(&self, share: ShareKey) -> bool {
        let last = self.statistics.get(&share).and_then(BTreeMap::last_key_value);
        match last.map(|(_, (_, content))| stats::decode(content)) {
            Some(Ok(Statistics::Closing(closing))) => self.last(share, true) >= closing.last_rows_sequence,
            _ => false,
        }
    }

    /// How many rows there are of an assignment: requests and iterations.
    pub(crate) fn rows(&self, share: ShareKey) -> (u64, u64) {
        let requests = self
            .requests
            .range((share, (0, 0))..=(share, (u64::MAX, u64::MAX)));
        let iterations = self.iterations.range((share, 0)..=(share, u64::MAX));
        (requests.count() as u64, iterations.count() as u64)
    }

    fn add_statistics(&mut self, share: ShareKey, (sequence, crc32c): (u64, u32), bytes: Vec<u8>) {
        match self.statistics.entry(share).or_default().entry(sequence) {
            Entry::Vacant(place) => {
                place.insert((crc32c, bytes));
            }
            Entry::Occupied(_) => self.repeated.push((share, bytes)),
        }
    }

    fn add_rows(&mut self, share: ShareKey, rows: &Rows) -> Result<(), String> {
        let requests = &rows.requests;
        for (row, id) in requests.request_id.iter().enumerate() {
            let key = key_of(id).ok_or_else(|| format!("a request has the id {id}"))?;
            if requests.iteration[row] != key.0 + 1 {
                return Err(format!("request {id} says that its iteration is another"));
            }
            let fact = RequestFact {
                started_ns: requests.started_ns[row],
                duration_ns: requests.duration_ns[row],
                status: requests.status[row],
                size: requests.size[row],
            };
            if self.requests.insert((share, key), fact).is_some() {
                return Err(format!("request {id} of {share:?} is stored twice"));
            }
        }
        let iterations = &rows.iterations;
        for (row, n) in iterations.iteration.iter().enumerate() {
            let fact = IterationFact {
                scheduled_ns: iterations.scheduled_ns[row],
                lag_ns: iterations.lag_ns[row],
                duration_ns: iterations.duration_ns[row],
                ok: iterations.ok[row],
                interrupted: iterations.interrupted[row],
            };
            if self.iterations.insert((share, *n), fact).is_some() {
                return Err(format!("iteration {n} of {share:?} is stored twice"));
            }
        }
        Ok(())
    }
}

/// The host of an agent, by its name.
pub(crate) fn host_of(agent: &str) -> usize {
    agent[1..].parse().expect("names are a0, a1 and so on")
}

fn key_of(id: &str) -> Option<RequestKey> {
    let (n, part) = id.split_once('-')?;
    Some((n.parse().ok()?, part.parse().ok()?))
}

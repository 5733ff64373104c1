//! The one reader of the statistics that collectors have stored of a job.

use std::collections::BTreeMap;

use heavy_proto::stats::{Statistics, decode};
use heavy_results::aggregate::{Aggregator, Voided};
use heavy_results::stats::Delta;
use uuid::Uuid;

use crate::{Error, Mark, Producer, ReadUpTo, Store, Stream};

/// Batches that are in memory at once.
const BATCHES_PER_READ: u32 = 64;

/// Reads the statistics of a job, each batch once: a call continues where the call before ended.
#[derive(Debug)]
pub struct StatisticsReader {
    job: Uuid,
    assignments: BTreeMap<(String, u32), Position>,
    damaged: u64,
    /// Up to which sequences an earlier reader has read.
    read_before: Vec<ReadUpTo>,
}

#[derive(Debug, Default, Clone, Copy)]
struct Position {
    /// The highest sequence of statistics that has been read.
    read: u64,
    /// The highest sequence of raw rows that is stored.
    rows: u64,
    /// The sequence with which the raw rows end, as the closing says.
    last_rows: Option<u64>,
    /// The rows that were given up.
    voided: Voided,
}

impl Position {
    fn is_complete(&self) -> bool {
        self.last_rows.is_some_and(|last| self.rows >= last)
    }
}

impl StatisticsReader {
    /// Nothing has been read yet.
    #[must_use]
    pub fn new(job: Uuid) -> Self {
        Self {
            job,
            assignments: BTreeMap::new(),
            damaged: 0,
            read_before: Vec::new(),
        }
    }

    /// Nothing has been read yet by this one, but another has read so far, and the events and log lines are written.
    #[must_use]
    pub fn again(job: Uuid, read_before: Vec<ReadUpTo>) -> Self {
        Self {
            read_before,
            ..Self::new(job)
        }
    }

    /// Applies what was stored since the last call, at most some batches of each assignment, so that what they have in common
    /// can be forgotten in between. Returns whether there is more.
    ///
    /// # Errors
    /// When the database cannot be read. What was applied before that stays applied.
    pub async fn aggregate(&mut self, store: &dyn Store, aggregator: &mut Aggregator) -> Result<bool, Error> {
        let read_before = std::mem::take(&mut self.read_before);
        let was_read = |producer: &Producer, sequence: u64| {
            read_before.iter().any(|before| {
                before.agent == producer.agent
                    && before.epoch == producer.epoch
                    && sequence <= before.sequence
            })
        };
        let read = self
            .read(store, |producer, sequence, statistics| {
                let (agent, epoch) = (&producer.agent, producer.epoch);
                match statistics {
                    Statistics::Delta(delta) if was_read(producer, sequence) => {
                        aggregator.apply_again(agent, epoch, &delta);
                    }
                    Statistics::Delta(delta) => aggregator.apply(agent, epoch, &delta),
                    Statistics::Closing(closing) => aggregator.close(agent, epoch, *closing),
                }
            })
            .await;
        self.read_before = read_before;
        for ((agent, epoch), position) in &self.assignments {
            if position.voided != Voided::default() {
                aggregator.set_voided(agent, *epoch, position.voided);
            }
        }
        read
    }

    /// As [`Self::aggregate`], for deltas alone.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn deltas(&mut self, store: &dyn Store, mut apply: impl FnMut(&Delta)) -> Result<(), Error> {
        let mut take = |_: &Producer, _, statistics: Statistics| {
            if let Statistics::Delta(delta) = statistics {
                apply(&delta);
            }
        };
        while self.read(store, &mut take).await? {}
        Ok(())
    }

    /// Whether an assignment has closed and all of its raw rows are stored.
    #[must_use]
    pub fn is_complete(&self, agent: &str, epoch: u32) -> bool {
        let position = self.assignments.get(&(agent.to_owned(), epoch));
        position.is_some_and(Position::is_complete)
    }

    /// Whether nothing is missing of any assignment that has something stored.
    #[must_use]
    pub fn all_complete(&self) -> bool {
        self.damaged == 0 && self.assignments.values().all(Position::is_complete)
    }

    /// The agent of each assignment that has something stored, in order; an agent with two assignments comes twice.
    pub fn agents(&self) -> impl Iterator<Item = &str> {
        self.assignments.keys().map(|(agent, _)| agent.as_str())
    }

    /// Batches that could not be read, or that the agent discarded.
    #[must_use]
    pub const fn damaged(&self) -> u64 {
        self.damaged
    }

    /// What is missing of statistics that were delivered, and of the rows of closed assignments, in words.
    #[must_use]
    pub fn missing(&self) -> Vec<String> {
        let mut missing = Vec::new();
        for ((agent, _), position) in &self.assignments {
            let left = position
                .last_rows
                .map_or(0, |last| last.saturating_sub(position.rows));
            if left > 0 {
                missing.push(format!(
                    "agent {agent} did not deliver {left} batches of raw rows"
                ));
            }
        }
        if self.damaged > 0 {
            let batches = if self.damaged == 1 { "batch" } else { "batches" };
            missing.push(format!("{} {batches} of statistics were damaged", self.damaged));
        }
        missing
    }

    /// How far each stream of statistics was read.
    #[must_use]
    pub fn read_up_to(&self) -> Vec<ReadUpTo> {
        self.assignments
            .iter()
            .map(|((agent, epoch), position)| ReadUpTo {
                agent: agent.clone(),
                epoch: *epoch,
                sequence: position.read,
            })
            .collect()
    }

    /// The sum of all sequences that were read or seen, as [`Store::late_jobs`] has it.
    #[must_use]
    pub fn seen(&self) -> u64 {
        let positions = self.assignments.values();
        positions.map(|position| position.read + position.rows).sum()
    }

    /// Reads the next batches of each assignment; returns whether there are more.
    async fn read(
        &mut self,
        store: &dyn Store,
        mut take: impl FnMut(&Producer, u64, Statistics),
    ) -> Result<bool, Error> {
        let mut has_more = false;
        for Mark {
            producer,
            sequence,
            voided,
            ..
        } in store.marks(self.job).await?
        {
            let key = (producer.agent.clone(), producer.epoch);
            let position = self.assignments.entry(key).or_default();
            match producer.stream {
                Stream::Rows => (position.rows, position.voided) = (sequence, voided),
                Stream::Stats if sequence > position.read => {
                    self.damaged += position.read_on(store, &producer, &mut take).await?;
                    has_more |= sequence > position.read;
                }
                Stream::Stats => {}
            }
        }
        Ok(has_more)
    }
}

impl Position {
    /// Reads the next batches of one assignment; returns the number of damaged ones.
    async fn read_on(
        &mut self,
        store: &dyn Store,
        producer: &Producer,
        take: &mut impl FnMut(&Producer, u64, Statistics),
    ) -> Result<u64, Error> {
        let mut damaged = 0;
        for batch in store.stats_after(producer, self.read, BATCHES_PER_READ).await? {
            self.read = batch.sequence;
            match decode(&batch.bytes) {
                Ok(statistics) => {
                    if let Statistics::Closing(closing) = &statistics {
                        self.last_rows = Some(closing.last_rows_sequence);
                    }
                    take(producer, batch.sequence, statistics);
                }
                Err(problem) => {
                    damaged += 1;
                    let (agent, sequence) = (&producer.agent, batch.sequence);
                    tracing::warn!(job = %producer.job, agent, sequence, %problem, "stored statistics are damaged");
                }
            }
        }
        Ok(damaged)
    }
}

//! The one reader of the statistics that collectors have stored of a job.

use std::collections::BTreeMap;

use heavy_proto::stats::{Statistics, decode};
use heavy_results::aggregate::Aggregator;
use heavy_results::stats::Delta;
use uuid::Uuid;

use crate::{Error, Mark, Producer, Store, Stream};

/// Batches that are in memory at once.
const BATCHES_PER_READ: u32 = 64;

/// Reads the statistics of a job, each batch once: a call continues where the call before ended.
#[derive(Debug)]
pub struct StatisticsReader {
    job: Uuid,
    assignments: BTreeMap<(String, u32), Position>,
    damaged: u64,
}

#[derive(Debug, Default, Clone, Copy)]
struct Position {
    /// The highest sequence of statistics that has been read.
    read: u64,
    /// The highest sequence of raw rows that is stored.
    rows: u64,
    /// The sequence with which the raw rows end, as the closing says.
    last_rows: Option<u64>,
}

impl StatisticsReader {
    /// Nothing has been read yet.
    #[must_use]
    pub fn new(job: Uuid) -> Self {
        Self {
            job,
            assignments: BTreeMap::new(),
            damaged: 0,
        }
    }

    /// Applies everything that was stored since the last call.
    ///
    /// # Errors
    /// When the database cannot be read. What was applied before that stays applied.
    pub async fn aggregate(&mut self, store: &dyn Store, aggregator: &mut Aggregator) -> Result<(), Error> {
        self.read(store, |agent, statistics| match statistics {
            Statistics::Delta(delta) => aggregator.apply(agent, &delta),
            Statistics::Closing(closing) => aggregator.close(agent, *closing),
        })
        .await
    }

    /// As [`Self::aggregate`], for deltas alone.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn deltas(&mut self, store: &dyn Store, mut apply: impl FnMut(&Delta)) -> Result<(), Error> {
        self.read(store, |_, statistics| {
            if let Statistics::Delta(delta) = statistics {
                apply(&delta);
            }
        })
        .await
    }

    /// Whether an agent has closed an assignment and all raw rows of it are stored.
    #[must_use]
    pub fn is_complete(&self, agent: &str) -> bool {
        self.assignments
            .iter()
            .filter(|((name, _), _)| name == agent)
            .any(|(_, position)| position.last_rows.is_some_and(|last| position.rows >= last))
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

    async fn read(&mut self, store: &dyn Store, mut take: impl FnMut(&str, Statistics)) -> Result<(), Error> {
        for Mark {
            producer, sequence, ..
        } in store.marks(self.job).await?
        {
            let key = (producer.agent.clone(), producer.epoch);
            let position = self.assignments.entry(key).or_default();
            match producer.stream {
                Stream::Rows => position.rows = sequence,
                Stream::Stats if sequence > position.read => {
                    self.damaged += position.read_on(store, &producer, &mut take).await?;
                }
                Stream::Stats => {}
            }
        }
        Ok(())
    }
}

impl Position {
    /// Reads one assignment to its end; returns the number of damaged batches.
    async fn read_on(
        &mut self,
        store: &dyn Store,
        producer: &Producer,
        take: &mut impl FnMut(&str, Statistics),
    ) -> Result<u64, Error> {
        let mut damaged = 0;
        loop {
            let batches = store.stats_after(producer, self.read, BATCHES_PER_READ).await?;
            for batch in &batches {
                self.read = batch.sequence;
                match decode(&batch.bytes) {
                    Ok(statistics) => {
                        if let Statistics::Closing(closing) = &statistics {
                            self.last_rows = Some(closing.last_rows_sequence);
                        }
                        take(&producer.agent, statistics);
                    }
                    Err(problem) => {
                        damaged += 1;
                        let (agent, sequence) = (&producer.agent, batch.sequence);
                        tracing::warn!(job = %producer.job, agent, sequence, %problem, "stored statistics are damaged");
                    }
                }
            }
            if batches.len() < BATCHES_PER_READ as usize {
                return Ok(damaged);
            }
        }
    }
}

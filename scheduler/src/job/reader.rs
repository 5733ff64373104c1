//! Reads what collectors have stored of a job's statistics into a fold.

use std::collections::BTreeMap;
use std::sync::Arc;

use heavy_proto::{stats, v1};
use heavy_results::aggregate::Aggregator;
use heavy_store::{Mark, Producer, Store, Stream};
use prost::Message;
use uuid::Uuid;

const BATCHES_A_READ: u32 = 64;

/// How far one assignment was read.
#[derive(Debug, Default, Clone, Copy)]
struct Place {
    /// The highest stats sequence that is folded.
    folded: u64,
    /// The highest sequence of raw rows that is stored.
    rows: u64,
    /// What the closing says the rows stream ends with.
    last_rows: Option<u64>,
}

/// Reads one job's streams, each batch once.
#[derive(Debug)]
pub(crate) struct Reader {
    store: Arc<dyn Store>,
    job: Uuid,
    places: BTreeMap<(String, u32), Place>,
    damaged: u64,
}

impl Reader {
    pub(crate) fn new(store: Arc<dyn Store>, job: Uuid) -> Self {
        Self {
            store,
            job,
            places: BTreeMap::new(),
            damaged: 0,
        }
    }

    /// Folds everything that has come since the last call.
    ///
    /// # Errors
    /// When the database does not answer; what was folded before stays folded, and the next call goes on there.
    pub(crate) async fn read(&mut self, fold: &mut Aggregator) -> Result<(), heavy_store::Error> {
        for Mark {
            producer, sequence, ..
        } in self.store.marks(self.job).await?
        {
            let key = (producer.agent.clone(), producer.epoch);
            let place = self.places.entry(key).or_default();
            match producer.stream {
                Stream::Rows => place.rows = sequence,
                Stream::Stats if sequence > place.folded => self.read_stats(&producer, fold).await?,
                Stream::Stats => {}
            }
        }
        Ok(())
    }

    /// Whether an agent has closed and all its raw rows are stored.
    pub(crate) fn is_complete(&self, agent: &str) -> bool {
        self.places
            .iter()
            .filter(|((name, _), _)| name == agent)
            .any(|(_, place)| place.last_rows.is_some_and(|last| place.rows >= last))
    }

    /// Agents of which something is stored.
    pub(crate) fn agents(&self) -> impl Iterator<Item = &str> {
        self.places.keys().map(|(agent, _)| agent.as_str())
    }

    /// Batches that could not be read.
    pub(crate) fn damaged(&self) -> u64 {
        self.damaged
    }

    async fn read_stats(
        &mut self,
        producer: &Producer,
        fold: &mut Aggregator,
    ) -> Result<(), heavy_store::Error> {
        let place = self
            .places
            .entry((producer.agent.clone(), producer.epoch))
            .or_default();
        loop {
            let batches = self
                .store
                .stats_after(producer, place.folded, BATCHES_A_READ)
                .await?;
            for batch in &batches {
                match apply(&producer.agent, &batch.bytes, fold) {
                    Ok(last_rows) => place.last_rows = last_rows.or(place.last_rows),
                    Err(problem) => {
                        self.damaged += 1;
                        let (agent, sequence) = (&producer.agent, batch.sequence);
                        tracing::error!(job = %self.job, agent, sequence, %problem, "stored statistics are damaged");
                    }
                }
                place.folded = batch.sequence;
            }
            if batches.len() < BATCHES_A_READ as usize {
                return Ok(());
            }
        }
    }
}

/// Folds one batch; gives the last sequence of raw rows if it is a closing.
fn apply(agent: &str, bytes: &[u8], fold: &mut Aggregator) -> Result<Option<u64>, String> {
    let content = v1::Content::decode(bytes).map_err(|error| error.to_string())?;
    match content.content {
        Some(v1::content::Content::Stats(wire)) => {
            let delta = stats::delta_from_wire(&wire).map_err(|error| error.to_string())?;
            fold.apply(agent, &delta);
            Ok(None)
        }
        Some(v1::content::Content::Closing(wire)) => {
            let closing = stats::closing_from_wire(&wire).map_err(|error| error.to_string())?;
            let last_rows = closing.last_rows_sequence;
            fold.close(agent, closing);
            Ok(Some(last_rows))
        }
        Some(v1::content::Content::Void(void)) => Err(format!("the agent gave it up: {}", void.reason)),
        Some(v1::content::Content::Rows(_)) | None => Err("no statistics in it".to_owned()),
    }
}

//! Seconds that an aggregation has forgotten: how long it keeps them, and reading those back of which more was reported.

use heavy_results::aggregate::{Aggregator, SeriesUpdate};
use heavy_store::{Error, StatisticsReader, Store};
use uuid::Uuid;

/// How long written seconds are kept: reports of them may still be on their way, and progress shows the last minute.
pub(crate) const KEPT_S: u32 = 75;
/// Forgotten seconds that are read back at once.
const AT_ONCE: usize = 64;

/// Reads some of the torn seconds back; returns whether there were any.
pub(crate) async fn mend_some(
    store: &dyn Store,
    job: Uuid,
    aggregator: &mut Aggregator,
) -> Result<bool, Error> {
    let torn = aggregator.torn(AT_ONCE);
    if !torn.is_empty() {
        aggregator.restore(&torn, &store.series(job, &torn).await?);
    }
    Ok(!torn.is_empty())
}

/// Reads all of them back, before the last rows are written.
pub(crate) async fn mend_all(store: &dyn Store, job: Uuid, aggregator: &mut Aggregator) -> Result<(), Error> {
    while mend_some(store, job, aggregator).await? {}
    Ok(())
}

/// A job that is aggregated from its first batch, because nobody does so any more. Its seconds are written in passing, so that
/// memory does not grow with the length of the job. What fails may be tried again.
#[derive(Debug)]
pub(crate) struct Reaggregation {
    job: Uuid,
    pub(crate) reader: StatisticsReader,
    pub(crate) aggregator: Aggregator,
    /// Seconds that are to be written.
    unwritten: SeriesUpdate,
    /// What else has changed: events and log lines, which are few.
    rest: SeriesUpdate,
}

impl Reaggregation {
    pub(crate) fn new(job: Uuid, reader: StatisticsReader, aggregator: Aggregator) -> Self {
        Self {
            job,
            reader,
            aggregator,
            unwritten: SeriesUpdate::default(),
            rest: SeriesUpdate::default(),
        }
    }

    /// Aggregates all that is stored.
    pub(crate) async fn finish(&mut self, store: &dyn Store) -> Result<(), Error> {
        self.write(store).await?;
        while self.read(store).await? {
            self.write_complete(store).await?;
        }
        Ok(())
    }

    /// Aggregates some of what is stored; returns whether there is more.
    pub(crate) async fn read(&mut self, store: &dyn Store) -> Result<bool, Error> {
        self.reader.aggregate(store, &mut self.aggregator).await
    }

    /// Writes the seconds that are complete, and forgets old ones.
    pub(crate) async fn write_complete(&mut self, store: &dyn Store) -> Result<(), Error> {
        self.write(store).await?;
        mend_all(store, self.job, &mut self.aggregator).await?;
        let complete = self.aggregator.complete_before_second();
        self.unwritten = self.aggregator.take_changes(complete);
        self.rest.events.append(&mut self.unwritten.events);
        self.rest.log.append(&mut self.unwritten.log);
        self.write(store).await
    }

    async fn write(&mut self, store: &dyn Store) -> Result<(), Error> {
        if self.unwritten == SeriesUpdate::default() {
            return Ok(());
        }
        store.save_series(self.job, &self.unwritten, None).await?;
        self.unwritten = SeriesUpdate::default();
        let complete = self.aggregator.complete_before_second();
        self.aggregator.forget_before(complete.saturating_sub(KEPT_S));
        Ok(())
    }

    /// What there is to settle and to write, once enough is aggregated.
    pub(crate) fn into_parts(self) -> (StatisticsReader, Aggregator, SeriesUpdate) {
        let mut update = self.unwritten;
        update.events = self.rest.events;
        update.log = self.rest.log;
        (self.reader, self.aggregator, update)
    }
}

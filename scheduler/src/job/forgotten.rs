//! Seconds that an aggregation has forgotten: how long it keeps them, and reading those back of which more was reported.

use heavy_results::aggregate::{Aggregator, SeriesUpdate};
use heavy_store::{Error, StatisticsReader, Store};
use uuid::Uuid;

/// How long written seconds are kept: reports of them may still be on their way, and progress shows the last minute.
pub(crate) const KEPT_S: u32 = 120;
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

/// Aggregates all that is stored of a job that nobody aggregates any more, and writes its seconds in passing: memory does not
/// grow with the length of the job. Returns what else has changed: events and log lines, which are few.
pub(crate) async fn aggregate_again(
    store: &dyn Store,
    job: Uuid,
    reader: &mut StatisticsReader,
    aggregator: &mut Aggregator,
) -> Result<SeriesUpdate, Error> {
    let mut rest = SeriesUpdate::default();
    while reader.aggregate(store, aggregator).await? {
        mend_all(store, job, aggregator).await?;
        let complete = aggregator.complete_before_second();
        let mut update = aggregator.take_changes(complete);
        rest.events.append(&mut update.events);
        rest.log.append(&mut update.log);
        store.save_series(job, &update, None).await?;
        aggregator.forget_before(complete.saturating_sub(KEPT_S));
    }
    Ok(rest)
}

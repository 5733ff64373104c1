//! Waiting for the rest of the results of a job whose load was over when its scheduler ended.

use std::sync::Arc;
use std::time::Duration;

use heavy_process::clock::wall_ns;
use heavy_results::aggregate::Aggregator;
use heavy_results::job::JobInfo;
use heavy_store::{Delivering, StatisticsReader, Store};
use tokio::sync::{mpsc, watch};

use super::aggregation_order::{AggregationOrder, take_orders};
use super::collecting::{Collected, Collecting, CollectingPauses};
use super::forgotten::Reaggregation;
use super::handing_over::HandingOver;
use super::live::LiveResults;

/// While the database is away, this many failures are not worth a line in the log.
const COMPLAIN_EVERY: u32 = 50;

/// Aggregates a job from its first batch until everything is in, or nothing more is awaited; `None` if nobody wants the results
/// any more.
pub(super) async fn resume(
    store: Arc<dyn Store>,
    job: JobInfo,
    delivering: Delivering,
    mut orders: mpsc::Receiver<AggregationOrder>,
    seen: watch::Sender<LiveResults>,
) -> Option<Collected> {
    let load = delivering.settlement.load(&job.spec.load());
    let aggregator = Aggregator::new(load, []).watching(&job.spec.thresholds);
    let mut again = Reaggregation::new(job.id, StatisticsReader::new(job.id), aggregator);
    let mut collecting = Collecting::new(delivering.settlement.clone());
    let aborted = delivering.aborted.clone();
    let mut handing_over = HandingOver::again(delivering);
    let mut pauses = CollectingPauses::default();
    let mut failures: u32 = 0;
    loop {
        let (has_more, is_read) = match go_on(&mut again, &*store).await {
            Ok(has_more) => {
                failures = 0;
                (has_more, !has_more)
            }
            Err(error) => {
                if failures.is_multiple_of(COMPLAIN_EVERY) {
                    tracing::warn!(job = %job.id, %error, "cannot go on with the results of a job, trying again");
                }
                failures += 1;
                (false, false)
            }
        };
        let reported_before = again.aggregator.complete_before_second();
        seen.send_replace(LiveResults {
            figures: again.aggregator.live(reported_before),
            broken: None,
        });
        let (is_complete, is_over) =
            collecting.standing(|agent, epoch| again.reader.is_complete(agent, epoch));
        if is_over && is_read {
            let (reader, aggregator, update) = again.into_parts();
            return Some(Collected {
                complete: is_complete && reader.all_complete(),
                aggregator,
                unwritten: Some(update),
                reader,
                settlement: collecting.settlement,
                is_again: true,
                aborted,
            });
        }
        let started_ns = job.started_at_wall_ns.unwrap_or_default();
        handing_over
            .save(&*store, job.id, wall_ns().saturating_sub(started_ns))
            .await;
        let period = if has_more {
            Duration::ZERO
        } else {
            pauses.next(again.reader.seen())
        };
        let take = |order| match order {
            AggregationOrder::EndsAs(state, reason) => {
                handing_over.ends_as(state, reason);
                false
            }
            order => collecting.take(order),
        };
        if take_orders(&mut orders, period, take).await.is_break() {
            return None;
        }
    }
}

/// Aggregates some more; returns whether there is more.
async fn go_on(again: &mut Reaggregation, store: &dyn Store) -> Result<bool, heavy_store::Error> {
    let has_more = again.read(store).await?;
    again.write_complete(store).await?;
    Ok(has_more)
}

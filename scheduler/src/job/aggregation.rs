//! Keeps a running job's series and totals up to date, and completes them at its end.
//!
//! Twice a second it aggregates what collectors have stored. A second is written when every agent has reported it, or
//! five seconds late as partial; a later report writes it again. What is written is forgotten after a while, so that memory
//! does not grow with the length of a job. All of this runs on a thread of its own: it would hold up other tasks.

use std::sync::Arc;
use std::time::Duration;

use heavy_process::clock::monotonic_ns;
use heavy_results::aggregate::{Aggregator, SeriesUpdate};
use heavy_results::job::{JobInfo, JobState};
use heavy_results::threshold::{Threshold, ThresholdSummary};
use heavy_store::{Delivering, StatisticsReader, Store};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;

use super::aggregation_order::{AggregationOrder, take_orders};
use super::collecting::{Collected, Collecting, CollectingPauses, settlement};
use super::forgotten::{KEPT_S, mend_some};
use super::handing_over::HandingOver;
use super::live::{LiveEvents, LiveResults};
use super::machine::event::FIRST_EPOCH;
use super::machine::team::Team;
use super::own_thread;
use super::patient_sender::PatientSender;
use super::resuming::resume;

const ORDERS: usize = 1024;
const PERIOD: Duration = Duration::from_millis(500);
/// While a threshold may stop the load, which is to be soon.
const PERIOD_WATCHING: Duration = Duration::from_millis(200);
const SUMMARY_PERIOD: Duration = Duration::from_secs(2);
const PARTIAL_AFTER_S: u64 = 5;
/// An agent that is later than this is silent: progress goes on without it.
const SILENT_AFTER_S: u64 = 3;

/// The aggregation of one job.
#[derive(Debug)]
pub(crate) struct Aggregation {
    pub(crate) orders: PatientSender<AggregationOrder>,
    pub(crate) seen: watch::Receiver<LiveResults>,
    /// Until it has ended; closed without a value if it broke.
    result: Option<oneshot::Receiver<Option<Collected>>>,
}

impl Aggregation {
    /// Starts to aggregate; `job` is the job as it is now, `start_ns` its start on the monotonic clock.
    pub(crate) fn start(
        store: Arc<dyn Store>,
        job: watch::Receiver<JobInfo>,
        team: Team,
        start_ns: u64,
    ) -> Self {
        let (orders, taken) = mpsc::channel(ORDERS);
        let (seen_sender, seen) = watch::channel(LiveResults::default());
        let task = AggregationTask {
            store,
            job,
            shares: team.shares(),
            handing_over: HandingOver::new(&team),
            team,
            start_ns,
            collecting: None,
            broken: None,
        };
        Self::on_own_thread(orders, seen, async move { task.run(taken, seen_sender).await })
    }

    /// Goes on with a job whose load is over, and that another process aggregated before: from the first batch.
    pub(crate) fn resume(store: Arc<dyn Store>, job: JobInfo, delivering: Delivering) -> Self {
        let (orders, taken) = mpsc::channel(ORDERS);
        let (seen_sender, seen) = watch::channel(LiveResults::default());
        Self::on_own_thread(orders, seen, resume(store, job, delivering, taken, seen_sender))
    }

    fn on_own_thread(
        orders: mpsc::Sender<AggregationOrder>,
        seen: watch::Receiver<LiveResults>,
        work: impl Future<Output = Option<Collected>> + Send + 'static,
    ) -> Self {
        Self {
            orders: PatientSender::new(orders),
            seen,
            result: Some(own_thread::spawn("aggregation", work)),
        }
    }

    /// Waits for its end, for ever once it was given. `None` if it broke.
    pub(crate) async fn collected(&mut self) -> Option<Collected> {
        let Some(result) = &mut self.result else {
            return std::future::pending().await;
        };
        let collected = result.await;
        self.result = None;
        collected
            .inspect_err(|_| tracing::error!("the aggregation of results broke"))
            .ok()
            .flatten()
    }
}

#[derive(Debug)]
struct AggregationTask {
    store: Arc<dyn Store>,
    job: watch::Receiver<JobInfo>,
    team: Team,
    /// How many iterations are planned for each agent.
    shares: Vec<(String, u64)>,
    start_ns: u64,
    /// Once the load is over.
    collecting: Option<Collecting>,
    handing_over: HandingOver,
    /// The threshold that stops the load.
    broken: Option<ThresholdSummary>,
}

impl AggregationTask {
    /// Aggregates until told to collect and everything is in; `None` if nobody wants the results any more.
    async fn run(
        mut self,
        mut orders: mpsc::Receiver<AggregationOrder>,
        seen: watch::Sender<LiveResults>,
    ) -> Option<Collected> {
        let (id, thresholds) = {
            let job = self.job.borrow();
            (job.id, job.spec.thresholds.clone())
        };
        let watching = thresholds.iter().any(Threshold::aborts);
        let assignments = self.team.known().map(|agent| (agent.to_owned(), FIRST_EPOCH));
        let mut aggregator = Aggregator::new(self.team.load().clone(), assignments).watching(&thresholds);
        let mut live_events = LiveEvents::default();
        let mut reader = StatisticsReader::new(id);
        let mut unwritten = None;
        let mut summarised = Instant::now();
        let mut pauses = CollectingPauses::default();
        loop {
            let has_more = reader.aggregate(&*self.store, &mut aggregator).await;
            let has_more = has_more.unwrap_or_else(|error| {
                tracing::warn!(job = %id, %error, "cannot read results, trying again");
                false
            });
            if let Some(breach) = aggregator.judge_before(self.sealed_before(&aggregator)) {
                self.broken = Some(breach);
            }
            let figures = aggregator.live(self.ended_before(SILENT_AFTER_S));
            for event in live_events.find(&figures, self.load_s()) {
                aggregator.add_event(event);
            }
            seen.send_replace(LiveResults {
                figures,
                broken: self.broken.as_ref().map(ThresholdSummary::abort_reason),
            });
            if let Some(collecting) = &self.collecting {
                let (is_complete, is_over) =
                    collecting.standing(|agent, epoch| reader.is_complete(agent, epoch));
                // What is stored is read, even if nothing more is awaited.
                if is_over && !has_more {
                    let settlement = collecting.settlement.clone();
                    return Some(Collected {
                        complete: is_complete && reader.all_complete(),
                        aggregator,
                        unwritten,
                        reader,
                        settlement,
                        is_again: false,
                        aborted: Vec::new(),
                    });
                }
            }
            let summary_due = summarised.elapsed() >= SUMMARY_PERIOD;
            if summary_due {
                summarised = Instant::now();
            }
            self.write(&mut aggregator, &mut unwritten, summary_due).await;
            let at_ns = self.elapsed_ns();
            self.handing_over.save(&*self.store, id, at_ns).await;
            let period = if has_more {
                Duration::ZERO
            } else if self.collecting.is_some() {
                pauses.next(reader.seen())
            } else if watching {
                PERIOD_WATCHING
            } else {
                PERIOD
            };
            let take = |order| self.take(order, &mut aggregator);
            if take_orders(&mut orders, period, take).await.is_break() {
                return None;
            }
        }
    }

    /// Seconds before it are not waited for any more.
    fn sealed_before(&self, aggregator: &Aggregator) -> u32 {
        let overdue = self.ended_before(PARTIAL_AFTER_S);
        aggregator.complete_before_second().max(overdue)
    }

    /// Seconds of the job that ended at least this time ago.
    fn ended_before(&self, ago_s: u64) -> u32 {
        let elapsed_s = self.elapsed_ns() / 1_000_000_000;
        u32::try_from(elapsed_s.saturating_sub(ago_s)).unwrap_or(u32::MAX)
    }

    fn elapsed_ns(&self) -> u64 {
        monotonic_ns().saturating_sub(self.start_ns)
    }

    /// How many seconds the load has.
    fn load_s(&self) -> u32 {
        let seconds = self.team.load().duration_ns().div_ceil(1_000_000_000);
        u32::try_from(seconds).unwrap_or(u32::MAX)
    }

    async fn write(
        &self,
        aggregator: &mut Aggregator,
        unwritten: &mut Option<SeriesUpdate>,
        with_summary: bool,
    ) {
        let sealed = self.sealed_before(aggregator);
        let job = self.job.borrow().clone();
        let update = match unwritten.take() {
            Some(update) => update,
            None => {
                if let Err(error) = mend_some(&*self.store, job.id, aggregator).await {
                    tracing::warn!(job = %job.id, %error, "cannot read seconds back, trying again");
                }
                aggregator.take_changes(sealed)
            }
        };
        let summary = with_summary.then(|| aggregator.summary(&job, &self.shares, false));
        if update == SeriesUpdate::default() && summary.is_none() {
            return;
        }
        if let Err(error) = self.store.save_series(job.id, &update, summary.as_ref()).await {
            tracing::warn!(job = %job.id, %error, "cannot write series, trying again");
            *unwritten = Some(update);
        } else {
            aggregator.forget_before(sealed.saturating_sub(KEPT_S));
        }
    }

    /// Takes an order; true if it is about the end.
    fn take(&mut self, order: AggregationOrder, aggregator: &mut Aggregator) -> bool {
        match order {
            AggregationOrder::Record(event) => aggregator.add_event(event),
            AggregationOrder::Leave(agent, epoch) => {
                aggregator.leave(&agent, epoch);
                self.handing_over.lose(&agent, epoch, self.elapsed_ns());
            }
            AggregationOrder::Replan(team) => {
                aggregator.set_load(team.load().clone());
                self.shares = team.shares();
                self.team = *team;
                self.handing_over.replan(&self.team);
            }
            AggregationOrder::Collect { shares, end_ns } => {
                self.collecting = Some(Collecting::new(settlement(&self.team, &shares, end_ns)));
                return true;
            }
            AggregationOrder::EndsAs(state, reason) => {
                if let Some(collecting) = &self.collecting {
                    let is_aborted = state == JobState::Finished && !reason.is_empty();
                    let aborted = self.broken.iter().filter(|_| is_aborted).cloned().collect();
                    self.handing_over
                        .deliver(&collecting.settlement, (state, reason), aborted);
                }
            }
            order => {
                return self
                    .collecting
                    .as_mut()
                    .is_some_and(|collecting| collecting.take(order));
            }
        }
        false
    }
}

//! Keeps a running job's series and totals up to date, and completes them at its end.
//!
//! Twice a second it aggregates what collectors have stored. A second is written when every agent has reported it, or
//! five seconds late as partial; a later report writes it again.

use std::sync::Arc;
use std::time::Duration;

use heavy_process::clock::monotonic_ns;
use heavy_results::aggregate::{Aggregator, SeriesUpdate};
use heavy_results::job::JobInfo;
use heavy_results::stats::Event;
use heavy_results::threshold::Threshold;
use heavy_store::{StatisticsReader, Store};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};

use super::live::{LiveEvents, LiveResults};
use super::machine::team::Team;

const ORDERS: usize = 1024;
const PERIOD: Duration = Duration::from_millis(500);
/// While a threshold may stop the load, which is to be soon.
const PERIOD_WATCHING: Duration = Duration::from_millis(200);
const PERIOD_COLLECTING: Duration = Duration::from_millis(50);
const SUMMARY_PERIOD: Duration = Duration::from_secs(2);
/// Time after the end of the last agent within which results may arrive.
const COLLECT_LIMIT: Duration = Duration::from_secs(60);
const PARTIAL_AFTER_S: u64 = 5;
/// An agent that is later than this is silent: progress goes on without it.
const SILENT_AFTER_S: u64 = 3;

#[derive(Debug)]
pub(crate) enum AggregationOrder {
    Record(Event),
    /// An agent is gone: do not wait for its seconds.
    Leave(String),
    /// The plan or the team is another.
    Replan(Box<Team>),
    /// All agents are done: aggregate the rest and end, without waiting for agents that are lost. Due instants count up
    /// to `end_ns` from the job's start.
    Collect {
        lost: Vec<String>,
        end_ns: u64,
    },
}

/// Waiting for the rest of the results, until a limit.
#[derive(Debug)]
struct Collecting {
    lost: Vec<String>,
    end_ns: u64,
    limit: Instant,
}

#[derive(Debug)]
pub(crate) struct Collected {
    pub(crate) aggregator: Aggregator,
    /// Changes that could not yet be written.
    pub(crate) unwritten: Option<SeriesUpdate>,
    /// Whether nothing is missing.
    pub(crate) complete: bool,
    /// Those that took part, with their shares of the plan.
    pub(crate) shares: Vec<(String, u64)>,
    /// Up to where due instants count, from the job's start, if that is known.
    pub(crate) end_ns: Option<u64>,
}

/// The aggregation of one job, a task of its own.
#[derive(Debug)]
pub(crate) struct Aggregation {
    pub(crate) orders: mpsc::Sender<AggregationOrder>,
    pub(crate) seen: watch::Receiver<LiveResults>,
    /// Until it has ended.
    task: Option<JoinHandle<Collected>>,
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
            team,
            start_ns,
        };
        let task = Some(tokio::spawn(task.run(taken, seen_sender)));
        Self { orders, seen, task }
    }

    /// Waits for its end, for ever once it was given. `None` if it broke.
    pub(crate) async fn collected(&mut self) -> Option<Collected> {
        let Some(task) = &mut self.task else {
            return std::future::pending().await;
        };
        let ended = task.await;
        self.task = None;
        ended
            .inspect_err(|error| tracing::error!(%error, "the aggregation broke"))
            .ok()
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
}

impl AggregationTask {
    /// Aggregates until told to collect and everything is in.
    async fn run(
        mut self,
        mut orders: mpsc::Receiver<AggregationOrder>,
        seen: watch::Sender<LiveResults>,
    ) -> Collected {
        let (id, thresholds) = {
            let job = self.job.borrow();
            (job.id, job.spec.thresholds.clone())
        };
        let watching = thresholds.iter().any(Threshold::aborts);
        let mut aggregator = Aggregator::new(self.team.load().clone(), self.team.known().map(str::to_owned))
            .watching(&thresholds);
        let mut broken = None;
        let mut live_events = LiveEvents::default();
        let mut reader = StatisticsReader::new(id);
        let mut unwritten = None;
        let mut summarised = Instant::now();
        let mut collecting: Option<Collecting> = None;
        loop {
            if let Err(error) = reader.aggregate(&*self.store, &mut aggregator).await {
                tracing::warn!(job = %id, %error, "cannot read results, trying again");
            }
            if let Some(breach) = aggregator.judge_before(self.sealed_before(&aggregator)) {
                broken = Some(breach.abort_reason());
            }
            let figures = aggregator.live(self.ended_before(SILENT_AFTER_S));
            for event in live_events.find(&figures, self.load_s()) {
                aggregator.add_event(event);
            }
            seen.send_replace(LiveResults {
                figures,
                broken: broken.clone(),
            });
            if let Some(collect) = &collecting {
                let complete = self.is_complete(&reader, &collect.lost);
                if complete || Instant::now() >= collect.limit {
                    let complete = complete && reader.damaged() == 0;
                    self.settle(&mut aggregator, collect.end_ns);
                    return Collected {
                        aggregator,
                        unwritten,
                        complete,
                        shares: self.shares,
                        end_ns: Some(collect.end_ns),
                    };
                }
            }
            let summary_due = summarised.elapsed() >= SUMMARY_PERIOD;
            if summary_due {
                summarised = Instant::now();
            }
            self.write(&mut aggregator, &mut unwritten, summary_due).await;
            let period = if collecting.is_some() {
                PERIOD_COLLECTING
            } else if watching {
                PERIOD_WATCHING
            } else {
                PERIOD
            };
            if let Some(collect) = self.wait(period, &mut orders, &mut aggregator).await {
                collecting = Some(collect);
            }
        }
    }

    fn is_complete(&self, reader: &StatisticsReader, lost: &[String]) -> bool {
        self.shares
            .iter()
            .map(|(agent, _)| agent)
            .filter(|agent| !lost.contains(agent))
            .all(|agent| reader.is_complete(agent))
    }

    /// Seconds before it are not waited for any more.
    fn sealed_before(&self, aggregator: &Aggregator) -> u32 {
        let overdue = self.ended_before(PARTIAL_AFTER_S);
        aggregator.complete_before_second().max(overdue)
    }

    /// Seconds of the job that ended at least this time ago.
    fn ended_before(&self, ago_s: u64) -> u32 {
        let elapsed_s = monotonic_ns().saturating_sub(self.start_ns) / 1_000_000_000;
        u32::try_from(elapsed_s.saturating_sub(ago_s)).unwrap_or(u32::MAX)
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
        let update = unwritten
            .take()
            .unwrap_or_else(|| aggregator.take_changes(sealed));
        let job = self.job.borrow().clone();
        let summary = with_summary.then(|| aggregator.summary(&job, &self.shares, false));
        if update == SeriesUpdate::default() && summary.is_none() {
            return;
        }
        if let Err(error) = self.store.save_series(job.id, &update, summary.as_ref()).await {
            tracing::warn!(job = %job.id, %error, "cannot write series, trying again");
            *unwritten = Some(update);
        }
    }

    /// Accounts for agents that have not closed, or closed too early: what was due to them and not reported was not
    /// started.
    fn settle(&self, aggregator: &mut Aggregator, end_ns: u64) {
        let job = self.job.borrow().clone();
        // A job that names no workflow runs the load test's only one, whose name shows in the results.
        let summary = aggregator.summary(&job, &[], false);
        let only = summary.workflows.into_iter().next().map(|workflow| workflow.name);
        for (agent, due) in self.team.due(end_ns, &only.unwrap_or_default()) {
            aggregator.settle_agent(&agent, &due, end_ns >= self.team.load().duration_ns());
        }
    }

    /// Takes orders for a period; ends early, and says how, when it is time to collect.
    async fn wait(
        &mut self,
        period: Duration,
        orders: &mut mpsc::Receiver<AggregationOrder>,
        aggregator: &mut Aggregator,
    ) -> Option<Collecting> {
        let until = Instant::now() + period;
        loop {
            tokio::select! {
                () = sleep_until(until) => return None,
                Some(order) = orders.recv() => match order {
                    AggregationOrder::Record(event) => aggregator.add_event(event),
                    AggregationOrder::Leave(agent) => aggregator.leave(&agent),
                    AggregationOrder::Replan(team) => {
                        aggregator.set_load(team.load().clone());
                        self.shares = team.shares();
                        self.team = *team;
                    }
                    AggregationOrder::Collect { lost, end_ns } => {
                        let limit = Instant::now() + COLLECT_LIMIT;
                        return Some(Collecting { lost, end_ns, limit });
                    }
                },
            }
        }
    }
}

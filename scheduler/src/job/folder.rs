//! Keeps a running job's series and totals up to date, and sees to it that they become complete.
//!
//! Twice a second what collectors have stored is folded. A second is written when every agent has reported it, or
//! five seconds late as partial; a later report writes it again.

use std::sync::Arc;
use std::time::Duration;

use heavy_results::aggregate::{Aggregator, SecondRow, SeriesUpdate};
use heavy_results::job::JobInfo;
use heavy_results::stats::Event;
use heavy_results::summary::Accounting;
use heavy_results::threshold::Threshold;
use heavy_store::{StatisticsReader, Store};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};

use super::team::Team;
use crate::clock::Clock;

const PERIOD: Duration = Duration::from_millis(500);
/// While a threshold may stop the load, which is to be soon.
const PERIOD_WATCHING: Duration = Duration::from_millis(200);
const PERIOD_COLLECTING: Duration = Duration::from_millis(50);
const SUMMARY_PERIOD: Duration = Duration::from_secs(2);
/// Results may arrive so long after the last agent was done.
const COLLECT_LIMIT: Duration = Duration::from_secs(60);
const PARTIAL_AFTER_S: u64 = 5;

/// What the driver tells the folder.
#[derive(Debug)]
pub(crate) enum Order {
    /// Something happened to the job.
    Note(Event),
    /// An agent is gone, so that its seconds are not waited for.
    Leave(String),
    /// Who takes part or what is planned has changed.
    Team(Box<Team>),
    /// All agents are done: fold the rest and end.
    Collect(Collect),
}

/// How a job's results are to be completed.
#[derive(Debug)]
pub(crate) struct Collect {
    /// Agents that are not waited for.
    pub(crate) lost: Vec<String>,
    /// Up to where due instants count, from the job's start.
    pub(crate) end_ns: u64,
}

/// What the folder knows at a moment.
#[derive(Debug, Clone, Default)]
pub(crate) struct Seen {
    pub(crate) accounting: Accounting,
    /// The newest second that all agents have reported.
    pub(crate) newest: Option<SecondRow>,
    /// Why the load is to stop: the threshold that is broken.
    pub(crate) broken: Option<String>,
}

/// The folder's last word.
#[derive(Debug)]
pub(crate) struct Collected {
    pub(crate) fold: Aggregator,
    /// Changes that could not yet be written.
    pub(crate) unwritten: Option<SeriesUpdate>,
    /// Whether nothing is missing.
    pub(crate) complete: bool,
}

/// Folds one job.
#[derive(Debug)]
pub(crate) struct Folder {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Clock,
    /// The job as it is now.
    pub(crate) job: watch::Receiver<JobInfo>,
    /// Those that take part.
    pub(crate) team: Team,
    pub(crate) shares: Vec<(String, u64)>,
    /// When the job starts, on `clock`'s monotonic time.
    pub(crate) start_ns: u64,
}

impl Folder {
    /// Folds until told to collect and everything is in.
    pub(crate) async fn run(
        mut self,
        mut orders: mpsc::Receiver<Order>,
        seen: watch::Sender<Seen>,
    ) -> Collected {
        let (id, thresholds) = {
            let job = self.job.borrow();
            (job.id, job.spec.thresholds.clone())
        };
        let watching = thresholds.iter().any(Threshold::aborts);
        let mut fold = Aggregator::new(self.team.load().clone(), self.team.known().map(str::to_owned))
            .watching(&thresholds);
        let mut broken = None;
        let mut reader = StatisticsReader::new(id);
        let mut unwritten = None;
        let mut summarised = Instant::now();
        let mut collecting: Option<(Collect, Instant)> = None;
        loop {
            if let Err(error) = reader.aggregate(&*self.store, &mut fold).await {
                tracing::warn!(job = %id, %error, "cannot read results, trying again");
            }
            if let Some(breach) = fold.judge_before(self.sealed_before(&fold)) {
                broken = Some(breach.reason());
            }
            seen.send_replace(Seen {
                accounting: fold.accounting(),
                newest: fold.newest_complete_second(),
                broken: broken.clone(),
            });
            if let Some((collect, limit)) = &collecting {
                let complete = self.is_complete(&reader, &collect.lost);
                if complete || Instant::now() >= *limit {
                    let complete = complete && reader.damaged() == 0;
                    self.settle(&mut fold, collect.end_ns);
                    return Collected {
                        fold,
                        unwritten,
                        complete,
                    };
                }
            }
            let summary_due = summarised.elapsed() >= SUMMARY_PERIOD;
            if summary_due {
                summarised = Instant::now();
            }
            self.write(&mut fold, &mut unwritten, summary_due).await;
            let period = if collecting.is_some() {
                PERIOD_COLLECTING
            } else if watching {
                PERIOD_WATCHING
            } else {
                PERIOD
            };
            if let Some(collect) = self.wait(period, &mut orders, &mut fold).await {
                collecting = Some((collect, Instant::now() + COLLECT_LIMIT));
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
    fn sealed_before(&self, fold: &Aggregator) -> u32 {
        let elapsed_s = self.clock.now_ns().saturating_sub(self.start_ns) / 1_000_000_000;
        let overdue = u32::try_from(elapsed_s.saturating_sub(PARTIAL_AFTER_S)).unwrap_or(u32::MAX);
        fold.complete_before_second().max(overdue)
    }

    async fn write(&self, fold: &mut Aggregator, unwritten: &mut Option<SeriesUpdate>, with_summary: bool) {
        let sealed = self.sealed_before(fold);
        let folded = unwritten.take().unwrap_or_else(|| fold.take_changes(sealed));
        let job = self.job.borrow().clone();
        let summary = with_summary.then(|| fold.summary(&job, &self.shares, false));
        if folded == SeriesUpdate::default() && summary.is_none() {
            return;
        }
        if let Err(error) = self.store.save_series(job.id, &folded, summary.as_ref()).await {
            tracing::warn!(job = %job.id, %error, "cannot write series, trying again");
            *unwritten = Some(folded);
        }
    }

    /// Accounts for agents that have not closed, or closed too early: what was due to them and not reported was not
    /// started.
    fn settle(&self, fold: &mut Aggregator, end_ns: u64) {
        let job = self.job.borrow().clone();
        // A job that names no workflow runs the load test's only one, whose name shows in the results.
        let summary = fold.summary(&job, &[], false);
        let only = summary.workflows.into_iter().next().map(|workflow| workflow.name);
        for (agent, due) in self.team.due(end_ns, &only.unwrap_or_default()) {
            fold.settle_agent(&agent, &due, end_ns >= self.team.load().duration_ns());
        }
    }

    /// Takes orders for a period; ends early, and says how, when it is time to collect.
    async fn wait(
        &mut self,
        period: Duration,
        orders: &mut mpsc::Receiver<Order>,
        fold: &mut Aggregator,
    ) -> Option<Collect> {
        let until = Instant::now() + period;
        loop {
            tokio::select! {
                () = sleep_until(until) => return None,
                Some(order) = orders.recv() => match order {
                    Order::Note(event) => fold.add_event(event),
                    Order::Leave(agent) => fold.leave(&agent),
                    Order::Team(team) => {
                        fold.set_load(team.load().clone());
                        self.shares = team.shares();
                        self.team = *team;
                    }
                    Order::Collect(collect) => return Some(collect),
                },
            }
        }
    }
}

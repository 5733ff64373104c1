//! What a job's driver tells the aggregation of its results.

use std::ops::ControlFlow;
use std::time::Duration;

use heavy_results::job::JobState;
use heavy_results::stats::Event;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use super::machine::event::EndedShare;
use super::machine::team::Team;

#[derive(Debug)]
pub(crate) enum AggregationOrder {
    Record(Event),
    /// An agent is gone with an assignment: do not wait for its seconds.
    Leave(String, u32),
    /// The plan or the team is another.
    Replan(Box<Team>),
    /// The load is over: aggregate the rest of these assignments and end. Due instants count up to `end_ns` from the job's
    /// start.
    Collect {
        shares: Vec<EndedShare>,
        end_ns: u64,
    },
    /// While collecting: wait for the results of an agent and epoch, again, or not any more.
    Await {
        share: (String, u32),
        is_awaited: bool,
    },
    /// While collecting: wait for nothing any more.
    GiveUp,
    /// While collecting: how the job ends once the results are in, for who may have to end it.
    EndsAs(JobState, String),
}

/// Gives orders to `take` for a period, or until it says that one ends the wait. Breaks when nobody gives orders any more.
pub(super) async fn take_orders(
    orders: &mut mpsc::Receiver<AggregationOrder>,
    period: Duration,
    mut take: impl FnMut(AggregationOrder) -> bool,
) -> ControlFlow<()> {
    let until = Instant::now() + period;
    loop {
        let order = tokio::select! {
            () = sleep_until(until) => return ControlFlow::Continue(()),
            order = orders.recv() => order,
        };
        let Some(order) = order else {
            return ControlFlow::Break(());
        };
        if take(order) {
            return ControlFlow::Continue(());
        }
    }
}

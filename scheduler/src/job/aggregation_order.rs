//! What a job's driver tells the aggregation of its results.

use heavy_results::job::JobState;
use heavy_results::stats::Event;

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

//! Waiting for the rest of a job's results, once its load is over.

use std::collections::BTreeSet;
use std::time::Duration;

use heavy_results::aggregate::{Aggregator, DueIterations, DueShare, SeriesUpdate, Settlement};
use heavy_results::summary::UserTime;
use heavy_results::threshold::ThresholdSummary;
use heavy_store::StatisticsReader;

use super::aggregation_order::AggregationOrder;
use super::machine::event::EndedShare;
use super::machine::team::Team;

const SHORTEST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

/// What there is to sum up once nothing more is awaited.
#[derive(Debug)]
pub(crate) struct Collected {
    pub(crate) aggregator: Aggregator,
    /// Changes that could not yet be written.
    pub(crate) unwritten: Option<SeriesUpdate>,
    /// What was read of the store.
    pub(crate) reader: StatisticsReader,
    /// Whether nothing is missing.
    pub(crate) complete: bool,
    /// What was due to each assignment.
    pub(crate) settlement: Settlement,
    /// Whether another process had aggregated the job before, so that events and log lines are stored already.
    pub(crate) is_again: bool,
    /// The thresholds that are known to have stopped the load, whatever the figures say now.
    pub(crate) aborted: Vec<ThresholdSummary>,
}

/// Waiting for the rest of the results.
#[derive(Debug)]
pub(crate) struct Collecting {
    pub(crate) settlement: Settlement,
    /// Agents and epochs that are not waited for.
    excused: BTreeSet<(String, u32)>,
    given_up: bool,
}

impl Collecting {
    /// Waits for all results of what is to be settled.
    pub(crate) const fn new(settlement: Settlement) -> Self {
        Self {
            settlement,
            excused: BTreeSet::new(),
            given_up: false,
        }
    }

    /// Takes an order about the wait; true if it ends it.
    pub(crate) fn take(&mut self, order: AggregationOrder) -> bool {
        match order {
            AggregationOrder::Await { share, is_awaited } if is_awaited => {
                self.excused.remove(&share);
            }
            AggregationOrder::Await { share, .. } => {
                self.excused.insert(share);
            }
            AggregationOrder::GiveUp => self.given_up = true,
            _ => {}
        }
        self.given_up
    }

    /// Whether nothing is missing, and whether nothing more is awaited; `has_all` says whether all results of an agent and epoch
    /// are in.
    pub(crate) fn standing(&self, has_all: impl Fn(&str, u32) -> bool) -> (bool, bool) {
        let is_excused = |share: &&DueShare| self.excused.contains(&(share.agent.clone(), share.epoch));
        let mut open = self.settlement.shares.iter();
        let is_over =
            self.given_up || open.all(|share| has_all(&share.agent, share.epoch) || is_excused(&share));
        (are_complete(&self.settlement, has_all), is_over)
    }
}

/// When to look for the rest of the results again: soon while some come, ever later while none do.
#[derive(Debug, Default)]
pub(super) struct CollectingPauses {
    last: Option<Duration>,
    seen: u64,
}

impl CollectingPauses {
    /// The next pause; `seen` grows with what was found.
    pub(super) fn next(&mut self, seen: u64) -> Duration {
        let is_new = std::mem::replace(&mut self.seen, seen) != seen;
        let longer = self.last.filter(|_| !is_new).map(|last| last * 2);
        let pause = longer.unwrap_or(SHORTEST_PAUSE).min(LONGEST_PAUSE);
        self.last = Some(pause);
        pause
    }
}

/// Whether all assignments that are to be settled have closed, and all of their rows are stored.
pub(super) fn are_complete(settlement: &Settlement, has_all: impl Fn(&str, u32) -> bool) -> bool {
    let mut shares = settlement.shares.iter();
    shares.all(|share| has_all(&share.agent, share.epoch))
}

/// What was due to the assignments of a job whose load is over, up to `end_ns` from the job's start.
pub(crate) fn settlement(team: &Team, ended: &[EndedShare], end_ns: u64) -> Settlement {
    Settlement {
        end_ns: Some(end_ns),
        to_the_end: end_ns >= team.load().duration_ns(),
        revision: Some((**team.revision()).clone()),
        shares: ended.iter().map(|share| due_share(team, share, end_ns)).collect(),
        users: user_time(team, ended, end_ns),
    }
}

/// What was due to one assignment.
pub(super) fn due_share(team: &Team, share: &EndedShare, end_ns: u64) -> DueShare {
    let due_until = |until_ns: u64| {
        let until_ns = until_ns.min(end_ns);
        team.due_of_attempt(&share.agent, share.epoch, until_ns)
    };
    let due = due_until(end_ns)
        .into_iter()
        .zip(due_until(share.leased_until_ns));
    let due = due.map(|((workflow, all), (_, leased))| DueIterations {
        workflow,
        leased,
        all,
    });
    DueShare {
        agent: share.agent.clone(),
        epoch: share.epoch,
        planned: team.planned_of(&share.agent, share.epoch),
        is_alive: share.is_alive,
        due: due.collect(),
    }
}

/// How long users were planned to be there, and were not.
pub(super) fn user_time(team: &Team, ended: &[EndedShare], end_ns: u64) -> Option<UserTime> {
    let leased_until_ns = |agent: &str, epoch: u32| {
        let mut shares = ended.iter();
        let share = shares.find(|share| (share.agent.as_str(), share.epoch) == (agent, epoch));
        share.map_or(0, |share| share.leased_until_ns)
    };
    let presence = team.user_presence(end_ns, leased_until_ns)?;
    Some(UserTime {
        planned_s: presence.planned_ns as f64 / 1e9,
        missing_s: presence.missing_ns as f64 / 1e9,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_that_do_not_come_are_looked_for_ever_less_often() {
        let mut pauses = CollectingPauses::default();
        let mut next = |seen| pauses.next(seen).as_millis();
        let none_come: Vec<_> = [0, 0, 0, 0, 0, 0].map(&mut next).into();
        assert_eq!(none_come, [50, 100, 200, 400, 500, 500]);
        let some_come: Vec<_> = [3, 4, 9, 9, 9, 10].map(&mut next).into();
        assert_eq!(some_come, [50, 50, 50, 100, 200, 50]);
    }
}

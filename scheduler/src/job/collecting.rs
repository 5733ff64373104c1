//! Waiting for the rest of a job's results, once its load is over.

use std::collections::BTreeSet;

use heavy_results::summary::UserTime;
use heavy_store::StatisticsReader;

use super::machine::event::EndedShare;
use super::machine::team::Team;

/// Waiting for the rest of the results.
#[derive(Debug)]
pub(super) struct Collecting {
    pub(super) shares: Vec<EndedShare>,
    pub(super) end_ns: u64,
    /// Agents and epochs that are not waited for.
    pub(super) excused: BTreeSet<(String, u32)>,
    pub(super) given_up: bool,
}

impl Collecting {
    /// Whether nothing is missing, and whether nothing more is awaited.
    pub(super) fn standing(&self, reader: &StatisticsReader) -> (bool, bool) {
        let mut open = self
            .shares
            .iter()
            .filter(|share| !reader.is_complete(&share.agent, share.epoch))
            .peekable();
        let is_complete = open.peek().is_none();
        let is_excused = |share: &EndedShare| self.excused.contains(&(share.agent.clone(), share.epoch));
        let is_over = self.given_up || open.all(is_excused);
        (is_complete, is_over)
    }

    /// How long users were planned to be there, and were not.
    pub(super) fn user_time(&self, team: &Team) -> Option<UserTime> {
        let leased_until_ns = |agent: &str, epoch: u32| {
            let mut shares = self.shares.iter();
            let share = shares.find(|share| (share.agent.as_str(), share.epoch) == (agent, epoch));
            share.map_or(0, |share| share.leased_until_ns)
        };
        let presence = team.user_presence(self.end_ns, leased_until_ns)?;
        Some(UserTime {
            planned_s: presence.planned_ns as f64 / 1e9,
            missing_s: presence.missing_ns as f64 / 1e9,
        })
    }
}

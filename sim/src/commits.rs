//! When the collector commits, and whether it says so.

use crate::collector::CommitFate;
use crate::world::{World, tell};

impl World {
    /// The collector commits what it has, in one way or another.
    pub(crate) fn commit(&mut self) -> Result<(), String> {
        if !self.collector.has_work() {
            return Ok(());
        }
        let is_bad = self.next_fault.is_some();
        let fate = if self.now_ns < self.away_until_ns {
            CommitFate::Fails
        } else if is_bad && self.dice.one_in(100) {
            CommitFate::IsDoneUnheard
        } else if is_bad && self.dice.one_in(100) {
            CommitFate::IsDoneAndDies
        } else {
            CommitFate::Succeeds
        };
        tell!(self, "the collector commits: {fate:?}");
        if !self.collector.commit(&mut self.network, fate, self.now_ns)? {
            self.break_all();
        }
        Ok(())
    }
}

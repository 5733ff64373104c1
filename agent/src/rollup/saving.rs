//! A roll-up as it goes to another process.

use super::names::NameTable;
use super::saved::SavedRollup;
use super::{FailingIterations, Ledger, Rollup, totals};

impl Rollup {
    /// What is needed to go on; everything else was [taken](Self::take).
    pub(crate) fn save(&mut self) -> SavedRollup {
        let (failing_workflows, failing_numbers) = self.failing.save();
        SavedRollup {
            ledger: Some(self.ledger.save()),
            users: self.users.save(),
            requests: Some(self.requests.save()),
            names: self.name_tables().map(|table| table.save()).into(),
            failing_workflows,
            failing_numbers,
            totals: Some(totals::save(&self.totals)),
            complete_before: self.complete_before,
            last_ended_ns: self.last_ended_ns,
        }
    }

    /// Goes on with what was saved, after [`Self::set_load`].
    pub(crate) fn restore(&mut self, saved: SavedRollup) {
        self.ledger = Ledger::restore(saved.ledger.unwrap_or_default());
        self.users.restore(saved.users);
        self.requests.restore(saved.requests.unwrap_or_default());
        for (table, saved) in self.name_tables().into_iter().zip(saved.names) {
            table.restore(saved);
        }
        self.failing = FailingIterations::restore(saved.failing_workflows, saved.failing_numbers);
        self.totals = totals::restore(&saved.totals.unwrap_or_default());
        self.complete_before = saved.complete_before;
        self.last_ended_ns = saved.last_ended_ns;
    }

    fn name_tables(&mut self) -> [&mut NameTable; 8] {
        let tables = &mut self.tables;
        let [checks, metrics] = self.custom.tables();
        [
            &mut tables.workflows,
            &mut tables.steps,
            &mut tables.methods,
            &mut tables.names,
            &mut tables.kinds,
            tables.protocols.families(),
            checks,
            metrics,
        ]
    }
}

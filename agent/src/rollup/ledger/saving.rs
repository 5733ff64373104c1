//! The account of released iterations as it goes to another process.

use super::super::saved::{SavedLedger, SavedSeconds, SavedSpan};
use super::super::second::LedgerSecond;
use super::span::{DropCause, DropSpan};
use super::{Ledger, WorkflowIndex};

fn index(workflow: u32) -> WorkflowIndex {
    WorkflowIndex::try_from(workflow).unwrap_or(WorkflowIndex::MAX)
}

impl Ledger {
    pub(crate) fn save(&self) -> SavedLedger {
        let seconds = self.workflows.iter().map(|seconds| SavedSeconds {
            seconds: seconds.iter().map(LedgerSecond::save).collect(),
        });
        let spans = self.spans.iter().map(|span| SavedSpan {
            workflow: span.workflow.into(),
            first: span.first,
            last: span.last,
            count: span.count,
            cause: span.reason.number(),
        });
        SavedLedger {
            workflows: seconds.collect(),
            upcoming_due_ns: self.upcoming.iter().map(|(due_ns, _)| *due_ns).collect(),
            upcoming_workflows: self.upcoming.iter().map(|(_, of)| (*of).into()).collect(),
            spans: spans.collect(),
            untold: self.untold.clone(),
            excess: self.excess,
        }
    }

    pub(crate) fn restore(saved: SavedLedger) -> Self {
        let upcoming = saved.upcoming_due_ns.into_iter().zip(saved.upcoming_workflows);
        let spans = saved.spans.iter().map(|span| DropSpan {
            workflow: index(span.workflow),
            first: span.first,
            last: span.last,
            count: span.count,
            reason: DropCause::of_number(span.cause),
        });
        let mut ledger = Self {
            workflows: Vec::new(),
            upcoming: upcoming.map(|(due_ns, of)| (due_ns, index(of))).collect(),
            spans: spans.collect(),
            untold: saved.untold,
            open: 0,
            excess: saved.excess,
        };
        for workflow in saved.workflows {
            let seconds = workflow.seconds.into_iter().map(LedgerSecond::restore);
            ledger.workflows.push(seconds.collect());
        }
        ledger.untold.resize(ledger.workflows.len(), 0);
        ledger.open = ledger.workflows.iter().flatten().map(LedgerSecond::open).sum();
        ledger
    }
}

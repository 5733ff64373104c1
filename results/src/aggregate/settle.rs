//! Settling: what counts as what of assignments that did not account for all that was due to them.
//!
//! Done once, when no more results are awaited. Who aggregates a job again, because results came later, settles it again
//! by the same [`Settlement`].

use std::collections::BTreeSet;
use std::sync::Arc;

use super::agents::AssignmentSums;
use super::settlement::{DueShare, Settlement};
use super::{Aggregator, second_of};
use crate::stats::{Dropped, Iterations};
use crate::summary::Accounting;
use heavy_load::vocabulary::Ended;
use heavy_load::window::{Window, Windows};

impl Aggregator {
    /// Balances the account of every assignment that vanished without a closing, or whose closing ended before its share
    /// did. Nothing may be applied after it: who learns more begins anew.
    pub fn settle(&mut self, settlement: &Settlement) {
        let last = second_of(self.load.duration_ns().saturating_sub(1));
        let windows = Windows::new(&self.load);
        // A job that names no workflow runs the load test's only one, whose name shows in the results.
        let names = self.totals.workflows.names();
        let only = names.min().map(ToString::to_string).unwrap_or_default();
        let keys: BTreeSet<(&str, u32)> = self
            .agents
            .assignments()
            .chain(
                settlement
                    .shares
                    .iter()
                    .map(|share| (share.agent.as_str(), share.epoch)),
            )
            .collect();
        let shares = keys.into_iter().map(|(agent, epoch)| {
            let unknown = || DueShare {
                agent: agent.to_owned(),
                epoch,
                ..DueShare::default()
            };
            settlement.share(agent, epoch).cloned().unwrap_or_else(unknown)
        });
        let shares: Vec<DueShare> = shares.collect();
        for share in shares {
            let sums = self.agents.entry(&share.agent, share.epoch);
            if sums.settled.is_some() {
                continue;
            }
            // Into the first second that it has not completed.
            let second = sums.complete_before_second.min(last);
            let place = (second, windows.of_second(second));
            let rows = rows(sums, &share, settlement.to_the_end, &only, place);
            let mut settled = Accounting::default();
            rows.iter().for_each(|row| settled.add(&Accounting::from(row)));
            sums.settled = Some(settled);
            for row in rows {
                self.totals.add_iterations(&row);
                self.add_iterations(&share.agent, &row);
                self.watch.add_iterations(&row, self.last_second);
            }
        }
        self.users = settlement.users;
        if let Some(end_ns) = settlement.end_ns {
            self.end_at(end_ns);
        }
    }
}

/// The roll-ups, at most one a workflow, that balance an account; `only` is the name of the load test's first workflow.
pub(super) fn rows(
    sums: &AssignmentSums,
    share: &DueShare,
    to_the_end: bool,
    only: &str,
    (second, window): (u32, Window),
) -> Vec<Iterations> {
    let is_closed = match &sums.closing {
        // Nothing more was due once the load test had no data for it.
        Some(closing) if closing.ended == Some(Ended::Data) => return Vec::new(),
        Some(closing) if !to_the_end && !matches!(closing.ended, Some(Ended::Died | Ended::Lease)) => {
            return Vec::new();
        }
        closing => closing.is_some(),
    };
    let mut workflows: Vec<(&str, u64, u64)> = share
        .due
        .iter()
        .map(|due| {
            let name = if due.workflow.is_empty() {
                only
            } else {
                &due.workflow
            };
            (name, due.leased, due.all)
        })
        .collect();
    // Users have no due instants, and may have been reported as started without an outcome.
    for name in sums.workflows.keys() {
        if workflows.iter().all(|(known, ..)| **known != **name) {
            workflows.push((name, 0, 0));
        }
    }
    let row = |(workflow, leased, all): (&str, u64, u64)| {
        let known = sums.workflows.get(workflow).copied().unwrap_or_default();
        // A closed account says what was started: nothing else was.
        let leased = if is_closed { 0 } else { leased };
        // What was started may be reported before it is as due.
        let accounted = known.scheduled.max(known.started + known.dropped.total());
        let unreported = leased.saturating_sub(accounted);
        let gap = all.saturating_sub(leased.max(accounted));
        // Reported as due, and as neither started nor dropped.
        let unheard = known
            .scheduled
            .saturating_sub(known.started + known.dropped.total());
        let (started, unknown) = if share.is_alive && !is_closed {
            (0, unreported + unheard)
        } else {
            (unheard, unreported)
        };
        let ended = known.ok + known.failed + known.interrupted + known.lost;
        Iterations {
            second,
            window,
            workflow: Arc::from(workflow),
            scheduled: accounted - known.scheduled + unreported + gap,
            dropped: Dropped {
                gap,
                ..Dropped::default()
            },
            started,
            lost: (known.started + started).saturating_sub(ended),
            unknown,
            ..Iterations::default()
        }
    };
    let rows = workflows.into_iter().map(row);
    rows.filter(|row| row.scheduled + row.started + row.lost + row.unknown > 0)
        .collect()
}

//! Rolls result lines up into additive deltas: pure, so that a line is counted the same wherever it comes from.
//!
//! Durations count in the second in which they ended, plan and drops in the second due. A second once said to be
//! complete gets no more durations: what is reported later counts in the first one that is not.

mod custom;
mod errors;
mod failing;
mod ledger;
pub(crate) mod log;
pub(crate) mod names;
mod plan;
mod protocols;
mod recorder;
pub(crate) mod redact;
pub(crate) mod requests;
pub(crate) mod saved;
mod saving;
mod second;
mod totals;
mod users;

use std::collections::BTreeMap;
use std::sync::Arc;

use heavy_load::load::{Load, LoadModel, Quota};
use heavy_load::revision::Seated;
use heavy_load::window::Windows;
use heavy_plugin::line::{DroppedLine, IterationLine, MetricLine, RequestLine};
use heavy_results::stats::{Closing, Delta};

use custom::CustomTable;
use errors::{ErrorKey, ErrorTallies};
use failing::FailingIterations;
use ledger::{DropCause, Ledger};
use names::{EMPTY, Symbol};
use plan::PlanTable;
pub(crate) use plan::WorkflowIndex;
use requests::{RequestClass, RequestTallies, Tables};
pub(crate) use totals::Unbalanced;
use users::UserAccounts;

const SECOND_NS: i64 = 1_000_000_000;

/// The reason of lines about iterations that were never released, or were settled before.
pub(crate) const UNRELEASED: &str = "unreleased";

/// Iterations that were planned and never released: how many of a workflow are due in a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Gap {
    pub(crate) workflow: WorkflowIndex,
    /// The second in which they are due.
    pub(crate) second: u32,
    pub(crate) count: u64,
}

/// All that is known and not yet taken of one assignment's results.
#[derive(Debug, Default)]
pub(crate) struct Rollup {
    pub(crate) tables: Tables,
    requests: RequestTallies,
    plan: PlanTable,
    ledger: Ledger,
    users: UserAccounts,
    custom: CustomTable,
    errors: ErrorTallies,
    failing: FailingIterations,
    not_results: BTreeMap<&'static str, u64>,
    /// The sums of all that was taken.
    totals: Closing,
    complete_before: u32,
    last_ended_ns: u64,
    /// Whether lines about iterations are believed that were never released, as far as is known.
    trusts_lines: bool,
}

impl Rollup {
    pub(crate) fn new(workflows: &[String]) -> Self {
        Self {
            plan: PlanTable::new(workflows.iter().map(|name| Arc::from(name.as_str())).collect()),
            ..Self::default()
        }
    }

    /// Sets the borders of the job's windows, which workflows are closed, and what of them belongs to a seat.
    pub(crate) fn set_load(&mut self, load: &Load, seated: &Seated) {
        self.plan.windows = Windows::new(load);
        for (workflow, own) in (0..).zip(&load.workflows) {
            if let LoadModel::Closed(closed) = &own.model {
                let quota = match closed.quota {
                    Quota::Shared(iterations) => {
                        Quota::Shared(seated.iterations_of(iterations, closed.users.most().into()))
                    }
                    other => other,
                };
                let users = seated.count_of(u64::from(closed.users.most()));
                self.users.add(workflow, closed, quota, users);
            }
        }
    }

    /// Records users that are being released, with the instants at which they come and leave.
    pub(crate) fn release_users(&mut self, workflow: WorkflowIndex, users: &[(u64, u64, u64)]) {
        self.users.release(workflow, users);
    }

    /// Whether all that users were to do is done.
    pub(crate) fn users_are_done(&self) -> bool {
        self.users.are_done()
    }

    /// Records iterations that are being released: number and due time, ascending in both.
    pub(crate) fn release(&mut self, workflow: WorkflowIndex, due: &[(u64, u64)]) {
        self.ledger.release(workflow, due);
    }

    /// Counts a request that started at `started_ns`.
    pub(crate) fn request(&mut self, line: &RequestLine<'_>, started_ns: i64, now_ns: i64) -> RequestClass {
        let ended_ns = started_ns.saturating_add_unsigned(line.duration_ns).min(now_ns);
        let second = self.ended_in(ended_ns, now_ns);
        let at = (second, self.plan.windows.at(started_ns));
        let class = self.requests.add(line, at, &mut self.tables);
        if class.failed {
            let place = ErrorKey {
                workflow: class.identity.workflow,
                step: class.identity.step,
                name: class.identity.name,
                kind: class.kind,
            };
            if let Some(iteration) = line.iteration {
                self.failing.add(place.workflow, iteration);
            }
            self.errors.add(place, ended_ns, false, || match &line.error {
                Some(error) => error.to_string(),
                None => format!("{} {} answered {}", line.method, line.url, line.status),
            });
        }
        class
    }

    /// Counts an iteration that was due at `scheduled_ns`, and returns its workflow and whether it has a response time;
    /// `None` if none such was released.
    pub(crate) fn iteration(
        &mut self,
        line: &IterationLine<'_>,
        scheduled_ns: i64,
        now_ns: i64,
    ) -> Option<(Symbol, bool)> {
        let response_ns = line.lag_ns.saturating_add(line.duration_ns);
        let ended_ns = scheduled_ns
            .saturating_add_unsigned(response_ns.saturating_add(line.think_ns))
            .min(now_ns);
        let known = self.plan.workflow(&line.workflow);
        let Some(workflow) =
            known.filter(|workflow| self.was_started(*workflow, line, scheduled_ns, ended_ns))
        else {
            self.not_result(UNRELEASED);
            return None;
        };
        let has_response = self.users.has_response(workflow);
        let second = self.ended_in(ended_ns, now_ns);
        let symbol = self.tables.workflows.symbol(&line.workflow);
        let row = self
            .plan
            .row(workflow, second, self.plan.windows.at(scheduled_ns));
        row.generator_lag
            .record(line.lag_ns.saturating_sub(line.slot_wait_ns));
        row.counts.last_ended_ns = row.counts.last_ended_ns.max(u64::try_from(ended_ns).unwrap_or(0));
        if line.interrupted {
            row.counts.interrupted += 1;
        } else {
            row.counts.ok += u64::from(line.ok);
            row.counts.failed += u64::from(!line.ok);
            row.duration.record(line.duration_ns);
            if has_response {
                row.response.record(response_ns);
            }
        }
        self.custom.add_iteration(line, symbol, second, &mut self.tables);
        let repeats = self.failing.take(symbol, line.iteration);
        if !line.ok && !line.interrupted {
            let message = line.error.as_deref().unwrap_or_default();
            let kind = if line.error_kind.is_empty() {
                heavy_plugin::line::FAILED
            } else {
                &line.error_kind
            };
            let place = ErrorKey {
                workflow: symbol,
                step: EMPTY,
                name: EMPTY,
                kind: self.tables.kinds.symbol(kind),
            };
            self.errors.add(place, ended_ns, repeats, || message.to_owned());
        }
        Some((symbol, has_response))
    }

    /// Records that an iteration had started; false if the agent had not released it.
    fn was_started(
        &mut self,
        workflow: WorkflowIndex,
        line: &IterationLine<'_>,
        scheduled_ns: i64,
        ended_ns: i64,
    ) -> bool {
        let closed = self.users.is_closed(workflow);
        if !closed && self.ledger.started((workflow, line.iteration), &mut self.plan) {
            return true;
        }
        let heard = self.users.heard(workflow, &line.user_id, scheduled_ns, ended_ns) || self.trusts_lines;
        if heard {
            let row = self
                .plan
                .due_at(workflow, u64::try_from(scheduled_ns).unwrap_or(0));
            row.scheduled += 1;
            row.started += 1;
        }
        heard
    }

    pub(crate) fn dropped(&mut self, line: &DroppedLine<'_>) {
        let Some(workflow) = self.plan.workflow(&line.workflow) else {
            self.not_result(UNRELEASED);
            return;
        };
        let span = (line.first, line.last.max(line.first), line.count);
        let reason = DropCause::of(&line.reason);
        if self.ledger.dropped(workflow, span, reason, &mut self.plan) > 0 {
            self.not_result(UNRELEASED);
        }
    }

    pub(crate) fn metric(&mut self, line: &MetricLine<'_>, now_ns: i64) {
        let second = self.second(now_ns, now_ns);
        self.custom.add_metric(line, second, &mut self.tables);
    }

    pub(crate) fn not_result(&mut self, reason: &'static str) {
        *self.not_results.entry(reason).or_default() += 1;
        self.totals.malformed += 1;
    }

    /// Releases are missing from what is known: from now on lines are believed.
    pub(crate) const fn trust_lines(&mut self) {
        self.trusts_lines = true;
    }

    /// How many iterations are due and have no outcome.
    pub(crate) fn in_flight(&self, now_ns: i64) -> u64 {
        self.ledger.in_flight() + self.users.in_flight(now_ns)
    }

    pub(crate) fn count_due(&mut self, now_ns: i64) {
        self.ledger.count_due(now_ns, &mut self.plan);
    }

    /// Takes all that is known; from now on seconds before `complete_before` get no more durations.
    pub(crate) fn take(&mut self, complete_before: u32) -> Delta {
        self.complete_before = self.complete_before.max(complete_before);
        let iterations = self.plan.take();
        totals::add(&mut self.totals, &iterations);
        let (steps, checks, metrics) = self.custom.take(&self.tables);
        let not_results = std::mem::take(&mut self.not_results).into_iter();
        Delta {
            complete_before_second: self.complete_before,
            requests: self.requests.take(&self.tables),
            iterations,
            steps,
            checks,
            metrics,
            errors: self.errors.take(&self.tables),
            not_results: not_results
                .map(|(reason, count)| (Arc::from(reason), count))
                .collect(),
            last_ended_ns: self.last_ended_ns,
            ..Delta::default()
        }
    }

    /// Ends the account: what was due by `end_ns` and has no line is lost; of the rest, what is planned before
    /// `until_ns` is dropped as a gap, and all else is withdrawn. What users had started is lost only if the load test
    /// `died`: else it has told of all.
    pub(crate) fn close(&mut self, end_ns: i64, until_ns: u64, died: bool) {
        self.ledger.close(end_ns, until_ns, &mut self.plan);
        if died {
            for (workflow, lost) in self.users.running(end_ns) {
                let row = self.plan.due_at(workflow, u64::try_from(end_ns).unwrap_or(0));
                row.scheduled += lost;
                row.started += lost;
                row.lost += lost;
            }
        }
        self.users.clear();
    }

    /// Counts what was planned and never released as dropped.
    pub(crate) fn gaps(&mut self, gaps: &[Gap]) {
        for gap in gaps {
            let row = self.plan.at(gap.workflow, gap.second);
            row.scheduled += gap.count;
            row.dropped.gap += gap.count;
        }
    }

    /// Counts released iterations of which it is known that the load test never got them.
    pub(crate) fn not_taken(&mut self, workflow: WorkflowIndex, span: (u64, u64, u64)) {
        self.ledger
            .dropped(workflow, span, DropCause::Gap, &mut self.plan);
    }

    /// The account, once everything was taken.
    pub(crate) fn closing(&self) -> Result<Closing, Unbalanced> {
        totals::balanced(&self.totals)
    }

    /// The second of a request or iteration that ended at an instant, which it records.
    fn ended_in(&mut self, ended_ns: i64, now_ns: i64) -> u32 {
        self.last_ended_ns = self.last_ended_ns.max(u64::try_from(ended_ns).unwrap_or(0));
        self.second(ended_ns, now_ns)
    }

    /// The second for something that ended at an instant, neither in the future nor in a second that is complete.
    fn second(&self, ended_ns: i64, now_ns: i64) -> u32 {
        let of = |at_ns: i64| u32::try_from(at_ns.max(0) / SECOND_NS).unwrap_or(u32::MAX);
        of(ended_ns).min(of(now_ns)).max(self.complete_before)
    }
}

#[cfg(test)]
mod tests;

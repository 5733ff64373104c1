//! The outcome of judging a job: its figures, and what is wrong with them.

use std::fmt;

/// Part of the reason of a job whose scheduler died while it ran.
const SCHEDULER_DIED: &str = "the scheduler was restarted while";

/// The figures of a job that was judged.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JudgedJob {
    /// The job's state.
    pub state: String,
    /// The job's verdict; empty without one.
    pub verdict: String,
    /// Why.
    pub reason: String,
    /// Processes of the load test that kept a ledger.
    pub processes: u64,
    /// Requests that the load tests finished writing.
    pub requests: u64,
    /// Iterations that the load tests finished writing.
    pub iterations: u64,
    /// Lines of writes that were in progress when a process died: each may be stored once or not.
    pub unknown: u64,
    /// Iterations that were run more than once.
    pub run_twice: u64,
    /// How often heavy says that an agent went on by an old plan, because it did not hear of the new one in time: until
    /// then it and another agent may run the same iterations.
    pub late_revisions: u64,
    /// Rows of requests in the store.
    pub request_rows: u64,
    /// Rows of iterations in the store.
    pub iteration_rows: u64,
    /// Requests that were written and are not stored.
    pub missing_requests: u64,
    /// Iterations that were written and are not stored.
    pub missing_iterations: u64,
    /// Rows beyond the first of a result.
    pub doubled: u64,
    /// Rows that differ from what was written.
    pub altered: u64,
    /// Rows that nobody wrote.
    pub spurious: u64,
    /// Rows that heavy says it discarded.
    pub voided_requests: u64,
    /// Rows that heavy says it discarded.
    pub voided_iterations: u64,
    /// Requests by the totals.
    pub total_requests: u64,
    /// Of them, those sent to the target.
    pub total_real_requests: u64,
    /// Of those, the ones that were answered: another one may not have reached the target.
    pub total_answered: u64,
    /// Iterations that ended, by the totals.
    pub total_iterations: u64,
    /// Of them, those that were not cut off.
    pub total_completed: u64,
    /// Names and statuses of which the totals count more or fewer requests than there are rows.
    pub miscounted: u64,
    /// Requests by the series of seconds.
    pub series_requests: u64,
    /// Iterations that were not cut off, by the series of seconds.
    pub series_completed: u64,
    /// Requests by the summary; `None` without one.
    pub summary_requests: Option<u64>,
    /// Iterations that ended, by the summary; `None` without one.
    pub summary_iterations: Option<u64>,
    /// Iterations that heavy calls planned.
    pub planned: u64,
    /// Iterations that heavy calls scheduled.
    pub scheduled: u64,
    /// Iterations that heavy calls started.
    pub started: u64,
    /// Iterations that heavy calls dropped.
    pub dropped: u64,
    /// Iterations that heavy calls interrupted.
    pub interrupted: u64,
    /// Iterations that heavy calls lost.
    pub lost_iterations: u64,
    /// Iterations that heavy calls unknown.
    pub unknown_iterations: u64,
    /// Requests that the target has counted.
    pub target: Option<u64>,
    /// The first examples of what is wrong.
    pub examples: Vec<String>,
    /// What is wrong; empty if nothing is.
    pub faults: Vec<String>,
}

impl JudgedJob {
    /// Results that were written, and neither stored nor counted as discarded.
    #[must_use]
    pub fn lost(&self) -> u64 {
        let requests = self.missing_requests.saturating_sub(self.voided_requests);
        requests + self.missing_iterations.saturating_sub(self.voided_iterations)
    }

    /// Rows that heavy says it discarded.
    #[must_use]
    pub const fn discarded(&self) -> u64 {
        self.voided_requests + self.voided_iterations
    }

    /// Results that were written.
    #[must_use]
    pub const fn written(&self) -> u64 {
        self.requests + self.iterations
    }

    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_right(&self) -> bool {
        self.faults.is_empty()
    }

    /// Whether heavy says that an agent went on by an old plan, or its scheduler died before it could.
    fn has_late_plan(&self) -> bool {
        self.late_revisions > 0 || self.reason.contains(SCHEDULER_DIED)
    }

    /// Finds what is wrong. `answered`: what the load tests wrote of requests that the target answered.
    pub(crate) fn conclude(&mut self, answered: u64) {
        let lost = self.lost();
        let unexplained = if self.has_late_plan() { 0 } else { self.run_twice };
        for (count, what) in [
            (lost, "results lost"),
            (self.doubled, "results doubled"),
            (self.altered, "results altered"),
            (self.spurious, "rows that nobody wrote"),
            (unexplained, "iterations run twice"),
        ] {
            if count > 0 {
                self.faults.push(format!("{count} {what}"));
            }
        }
        if self.processes == 0 {
            self.faults.push("no load test kept a ledger".to_owned());
        }
        let stored = self.request_rows + self.voided_requests;
        self.equal(
            "requests",
            self.total_requests,
            "counted, rows and discarded rows",
            stored,
        );
        let stored = self.iteration_rows + self.voided_iterations;
        self.equal(
            "iterations",
            self.total_iterations,
            "counted, rows and discarded rows",
            stored,
        );
        self.conclude_series();
        if let (Some(requests), Some(iterations)) = (self.summary_requests, self.summary_iterations) {
            self.equal(
                "requests",
                requests,
                "in the summary, in the totals",
                self.total_requests,
            );
            self.equal(
                "iterations",
                iterations,
                "in the summary, in the totals",
                self.total_iterations,
            );
            self.conclude_account(iterations);
        } else {
            self.faults.push("there is no summary".to_owned());
        }
        self.conclude_target(answered);
    }

    fn equal(&mut self, what: &str, count: u64, of: &str, other: u64) {
        if count != other {
            self.faults.push(format!("{count} {what} {of} {other}"));
        }
    }

    /// Whether the series add up to the totals, and these to the rows of each name and status.
    fn conclude_series(&mut self) {
        let (requests, completed) = (self.series_requests, self.series_completed);
        self.equal(
            "requests",
            requests,
            "in the series, in the totals",
            self.total_requests,
        );
        self.equal(
            "iterations",
            completed,
            "in the series, in the totals",
            self.total_completed,
        );
        // Nobody knows the names of rows that were discarded.
        if self.miscounted > 0 && self.voided_requests == 0 {
            self.faults.push(format!(
                "{} names and statuses counted otherwise than their rows",
                self.miscounted
            ));
        }
    }

    /// Whether every iteration is accounted for, and whether the verdict says what is not. `ended`: by the summary.
    fn conclude_account(&mut self, ended: u64) {
        let accounted = self.started + self.dropped + self.unknown_iterations;
        self.equal(
            "iterations",
            accounted,
            "accounted for, scheduled",
            self.scheduled,
        );
        let ended = ended + self.lost_iterations;
        self.equal("iterations", ended, "ended or lost, started", self.started);
        let (lost, open) = (self.lost(), self.lost_iterations + self.unknown_iterations);
        let is_silent = self.discarded() > 0 && !self.reason.contains("discarded");
        if self.verdict == "PASS" && (lost + open > 0 || is_silent) {
            self.faults.push(format!(
                "PASS, although {lost} results and {open} iterations are lost or unknown, and {} rows discarded: {}",
                self.discarded(),
                self.reason
            ));
        }
    }

    fn conclude_target(&mut self, answered: u64) {
        let Some(target) = self.target else { return };
        if target < answered {
            self.faults.push(format!(
                "the target counted {target} requests, it answered {answered}"
            ));
        }
        if target < self.total_answered {
            let fault = format!(
                "{} answers of the target counted, it received {target}",
                self.total_answered
            );
            self.faults.push(fault);
        }
        let open = self.lost_iterations + self.interrupted + self.unknown_iterations;
        let beyond = target.saturating_sub(self.total_real_requests);
        if beyond > open {
            self.faults.push(format!(
                "the target received {beyond} requests more than were counted, and only {open} iterations are lost, \
                 interrupted or unknown"
            ));
        }
    }
}

impl fmt::Display for JudgedJob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let summary = |count: Option<u64>| count.map_or("-".to_owned(), |count| count.to_string());
        writeln!(f, "  state {} {} {}", self.state, self.verdict, self.reason)?;
        writeln!(
            f,
            "  {:<12}{:>10}{:>10}{:>10}{:>10}{:>10}{:>10}",
            "", "written", "rows", "missing", "voided", "totals", "summary"
        )?;
        writeln!(
            f,
            "  {:<12}{:>10}{:>10}{:>10}{:>10}{:>10}{:>10}",
            "requests",
            self.requests,
            self.request_rows,
            self.missing_requests,
            self.voided_requests,
            self.total_requests,
            summary(self.summary_requests)
        )?;
        writeln!(
            f,
            "  {:<12}{:>10}{:>10}{:>10}{:>10}{:>10}{:>10}",
            "iterations",
            self.iterations,
            self.iteration_rows,
            self.missing_iterations,
            self.voided_iterations,
            self.total_iterations,
            summary(self.summary_iterations)
        )?;
        writeln!(
            f,
            "  lost {}  doubled {}  altered {}  spurious {}  in writes cut off {}  run twice {}  processes {}",
            self.lost(),
            self.doubled,
            self.altered,
            self.spurious,
            self.unknown,
            self.run_twice,
            self.processes
        )?;
        writeln!(
            f,
            "  planned {}  scheduled {}  dropped {}  interrupted {}  lost {}  unknown {}  to the target {} of {}",
            self.planned,
            self.scheduled,
            self.dropped,
            self.interrupted,
            self.lost_iterations,
            self.unknown_iterations,
            self.total_real_requests,
            summary(self.target)
        )?;
        for fault in &self.faults {
            writeln!(f, "  WRONG: {fault}")?;
        }
        for example in &self.examples {
            writeln!(f, "    {example}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;

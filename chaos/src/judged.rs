//! The outcome of judging a job: its figures, and what is wrong with them.

use std::fmt;

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
    /// Requests by the summary; `None` without one.
    pub summary_requests: Option<u64>,
    /// Iterations that ended, by the summary; `None` without one.
    pub summary_iterations: Option<u64>,
    /// Iterations that heavy calls planned.
    pub planned: u64,
    /// Iterations that heavy calls scheduled.
    pub scheduled: u64,
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

    /// Finds what is wrong. `answered`: what the load tests wrote of requests that the target answered.
    pub(crate) fn conclude(&mut self, answered: u64) {
        let lost = self.lost();
        for (count, what) in [
            (lost, "results lost"),
            (self.doubled, "results doubled"),
            (self.altered, "results altered"),
            (self.spurious, "rows that nobody wrote"),
        ] {
            if count > 0 {
                self.faults.push(format!("{count} {what}"));
            }
        }
        let stored = self.request_rows + self.voided_requests;
        self.equal("requests", self.total_requests, "rows and discarded rows", stored);
        let stored = self.iteration_rows + self.voided_iterations;
        self.equal(
            "iterations",
            self.total_iterations,
            "rows and discarded rows",
            stored,
        );
        if let (Some(requests), Some(iterations)) = (self.summary_requests, self.summary_iterations) {
            self.equal("requests", requests, "of the totals", self.total_requests);
            self.equal("iterations", iterations, "of the totals", self.total_iterations);
        } else {
            self.faults.push("there is no summary".to_owned());
        }
        self.conclude_target(answered);
    }

    fn equal(&mut self, what: &str, count: u64, of: &str, other: u64) {
        if count != other {
            self.faults.push(format!("{count} {what} counted, {other} {of}"));
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
mod tests {
    use super::*;

    fn right() -> JudgedJob {
        JudgedJob {
            requests: 10,
            iterations: 2,
            request_rows: 10,
            iteration_rows: 2,
            total_requests: 10,
            total_real_requests: 2,
            total_answered: 2,
            total_iterations: 2,
            summary_requests: Some(10),
            summary_iterations: Some(2),
            target: Some(2),
            ..JudgedJob::default()
        }
    }

    fn faults(change: impl FnOnce(&mut JudgedJob)) -> Vec<String> {
        let mut judged = right();
        change(&mut judged);
        judged.conclude(2);
        judged.faults
    }

    #[test]
    fn each_kind_of_fault_is_found() {
        assert!(faults(|_| {}).is_empty());
        for (change, fault) in [
            (
                (|job| job.missing_requests = 1) as fn(&mut JudgedJob),
                "1 results lost",
            ),
            (|job| job.doubled = 2, "2 results doubled"),
            (|job| job.altered = 3, "3 results altered"),
            (|job| job.spurious = 4, "4 rows that nobody wrote"),
            (|job| job.total_requests = 9, "9 requests counted, 10 rows"),
            (|job| job.total_iterations = 3, "3 iterations counted, 2 rows"),
            (
                |job| job.summary_requests = Some(8),
                "8 requests counted, 10 of the totals",
            ),
            (|job| job.summary_requests = None, "no summary"),
            (|job| job.target = Some(1), "it received 1"),
            (|job| job.target = Some(3), "1 requests more"),
        ] {
            let found = faults(change);
            assert!(
                found.iter().any(|found| found.contains(fault)),
                "{fault}: {found:?}"
            );
        }
    }

    #[test]
    fn what_heavy_says_it_discarded_is_not_lost() {
        let discarded = |job: &mut JudgedJob| {
            job.missing_requests = 3;
            job.request_rows = 7;
            job.voided_requests = 3;
        };
        assert_eq!(faults(discarded), Vec::<String>::new());
    }

    #[test]
    fn open_iterations_explain_what_only_the_target_saw() {
        let open = |job: &mut JudgedJob| {
            job.target = Some(5);
            job.lost_iterations = 1;
            job.interrupted = 1;
            job.unknown_iterations = 1;
        };
        assert_eq!(faults(open), Vec::<String>::new());
    }
}

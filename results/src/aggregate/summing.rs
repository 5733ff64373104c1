//! The summary of what was aggregated.

use super::{Aggregator, NS_PER_SECOND};
use crate::job::{JobInfo, JobState};
use crate::summary::{Distribution, Summary, Timeline, VERSION};
use crate::threshold::ThresholdSummary;
use heavy_load::measured_time::MeasuredTime;
use heavy_load::vocabulary::OUTPUT_DROPPED;

impl Aggregator {
    /// The time that all rates are over. While the end of the load is not known, it is the end of the plan if that was
    /// carried out, else as far as agents have reported.
    fn measured(&self, carried_out: bool) -> MeasuredTime {
        let end_ns = match self.end_ns {
            Some(end_ns) => end_ns,
            None if carried_out => self.load.duration_ns(),
            None => {
                let complete_ns = u64::from(self.complete_before_second()) * NS_PER_SECOND;
                complete_ns.max(self.totals.last_ended_ns)
            }
        };
        self.totals
            .measured(&self.load, end_ns, self.agents.are_out_of_data())
    }

    /// The outcomes of the watched thresholds, for a job in this state.
    #[must_use]
    pub fn thresholds(&self, state: JobState) -> Vec<ThresholdSummary> {
        let measured = self.measured(state == JobState::Finished);
        self.watch.outcomes(measured, state.is_final())
    }

    /// The summary as of now. `job` is copied into it; `shares` has the planned iterations of each agent's share;
    /// `complete`: no more results will arrive.
    #[must_use]
    pub fn summary(&self, job: &JobInfo, shares: &[(String, u64)], complete: bool) -> Summary {
        let measured = self.measured(complete && job.state == JobState::Finished);
        let iterations = self.accounting();
        let all = &self.totals.workflows;
        let (durations, _) = self.totals.windows.requests();
        Summary {
            version: VERSION,
            job: job.with_rates(iterations.started, measured),
            heavy_version: env!("CARGO_PKG_VERSION").to_owned(),
            complete,
            revisions: Vec::new(),
            run_time_s: self.totals.last_ended_ns as f64 / 1e9,
            thresholds: self.watch.outcomes(measured, complete),
            iterations,
            iteration_rate: Some(measured.ends_per_second((iterations.ok + iterations.failed) as f64)),
            generator_lag: Distribution::from(&all.merged(|sums| &sums.generator_lag)),
            iteration_duration: Distribution::from(&all.merged(|sums| &sums.duration)),
            response_time: Distribution::from_nonempty(&all.merged(|sums| &sums.response)),
            requests: self.totals.requests.totals(measured, &durations),
            windows: self.totals.windows(&self.load, measured, complete),
            timeline: self.timeline(measured),
            events: self.journal.first_events.clone(),
            workflows: self.totals.workflows(&self.load, measured),
            errors: self.totals.errors.summaries(),
            not_results: self.totals.not_results(),
            metrics: self.totals.metrics.summaries(),
            agents: self.agents.summaries(shares),
            users: self.users,
            missing: self.agents.missing(),
            warnings: self.warnings(),
        }
    }

    fn timeline(&self, measured: MeasuredTime) -> Timeline {
        let seconds = self.series.seconds();
        let in_flight = seconds.map(|second| (second, self.agent_series.in_flight(second)));
        self.columns.timeline(&self.load, in_flight, measured)
    }

    fn warnings(&self) -> Vec<String> {
        let mut warnings = self.agents.warnings();
        warnings.extend(self.totals.unreadable());
        let unwritten = self.totals.metrics.sum_of(OUTPUT_DROPPED);
        if unwritten > 0.0 {
            warnings.push(format!(
                "the load test discarded {unwritten} lines of requests or metrics because its output was not read fast \
                 enough: counts and percentiles do not include them"
            ));
        }
        warnings.extend(self.series.slow_second());
        if self.totals.requests.has_other() {
            warnings.push("too many request names: the rest are aggregated as (other)".to_owned());
        }
        warnings
    }
}

//! A summary as the rows of the relations of totals: each column is named here once, beside its value.

use std::borrow::Cow;

use heavy_load::vocabulary::{Ended, SandboxLevel};
use heavy_results::stats::Errors;
use heavy_results::summary::{
    Accounting, AgentSummary, CheckSummary, Distribution, MetricSummary, PhaseMeans, RequestSummary,
    StepSummary, Summary, WorkflowSummary,
};
use heavy_results::threshold::ThresholdSummary;
use uuid::Uuid;

use crate::cell::{Cell, NamedCell, Rowset, named};
use crate::text::instant_ns;

/// All totals of a job: their tables are to hold these rows and no others.
pub(crate) fn rowsets(job: Uuid, summary: &Summary) -> Vec<Rowset> {
    let mut totals = TotalRows::new(job);
    for agent in &summary.agents {
        totals.assignment(agent);
    }
    for workflow in &summary.workflows {
        totals.workflow(workflow);
    }
    for threshold in &summary.thresholds {
        // Of a running job, what has no samples yet is not even broken.
        if summary.complete || threshold.value.is_some() {
            totals.threshold(threshold);
        }
    }
    for error in &summary.errors {
        totals.error(error);
    }
    for metric in &summary.metrics {
        totals.metric(metric);
    }
    let mut rowsets = totals.into_rowsets();
    rowsets.iter_mut().for_each(Rowset::keep_first_of_each_key);
    rowsets
}

struct TotalRows {
    job: Uuid,
    assignments: Rowset,
    request_stats: Rowset,
    step_stats: Rowset,
    workflow_stats: Rowset,
    status_counts: Rowset,
    errors: Rowset,
    checks: Rowset,
    metrics: Rowset,
    thresholds: Rowset,
    latency_buckets: Rowset,
}

impl TotalRows {
    fn new(job: Uuid) -> Self {
        Self {
            job,
            assignments: Rowset::new("assignments", 2),
            request_stats: Rowset::new("request_stats", 6),
            step_stats: Rowset::new("step_stats", 3),
            workflow_stats: Rowset::new("workflow_stats", 2),
            status_counts: Rowset::new("status_counts", 7),
            errors: Rowset::new("error_rows", 5),
            checks: Rowset::new("checks", 3),
            metrics: Rowset::new("metrics", 4),
            thresholds: Rowset::new("thresholds", 2),
            latency_buckets: Rowset::new("latency_buckets", 7),
        }
    }

    fn into_rowsets(self) -> Vec<Rowset> {
        vec![
            self.assignments,
            self.request_stats,
            self.step_stats,
            self.workflow_stats,
            self.status_counts,
            self.errors,
            self.checks,
            self.metrics,
            self.thresholds,
            self.latency_buckets,
        ]
    }

    fn assignment(&mut self, agent: &AgentSummary) {
        let key = [
            ("job_id", self.job.into()),
            ("agent", agent.agent.as_str().into()),
        ];
        let iterations = &agent.iterations;
        let rest = [
            ("completed", (iterations.ok + iterations.failed).into()),
            ("malformed", agent.malformed.into()),
            ("lag_p99_ms", agent.lag_p99_ms.into()),
            ("cpu_max", agent.cpu_max.into()),
            ("clock_offset_ms", agent.clock_offset_ms.into()),
            ("clock_error_ms", agent.clock_error_ms.into()),
            ("voided_requests", agent.voided_requests.into()),
            ("voided_iterations", agent.voided_iterations.into()),
            ("damaged_batches", agent.damaged_batches.into()),
            ("ended", agent.ended.map_or("", Ended::as_str).into()),
            ("sandbox", agent.sandbox.map_or("", SandboxLevel::as_str).into()),
        ];
        self.assignments
            .push(named(key).chain(counts(iterations)).chain(named(rest)));
    }

    fn workflow(&mut self, workflow: &WorkflowSummary) {
        let name = workflow.name.as_str();
        let key = [("job_id", self.job.into()), ("workflow", name.into())];
        self.workflow_stats.push(
            named(key)
                .chain(counts(&workflow.iterations))
                .chain(named([
                    ("achieved_rate", workflow.achieved_rate.into()),
                    ("rate", workflow.rate.into()),
                ]))
                .chain(statistics("", Some(&workflow.duration)))
                .chain(statistics("response_", workflow.response_time.as_ref())),
        );
        for check in &workflow.checks {
            self.check(name, check);
        }
        for request in &workflow.requests {
            self.request(name, "", request);
        }
        for step in &workflow.steps {
            self.step(name, step);
        }
    }

    fn check(&mut self, workflow: &str, check: &CheckSummary) {
        self.checks.push(named([
            ("job_id", self.job.into()),
            ("workflow", workflow.into()),
            ("name", check.name.as_str().into()),
            ("passes", check.passes.into()),
            ("fails", check.fails.into()),
        ]));
    }

    fn step(&mut self, workflow: &str, step: &StepSummary) {
        let row = [
            ("job_id", self.job.into()),
            ("workflow", workflow.into()),
            ("step", step.name.as_str().into()),
            ("failed", step.failed.into()),
            ("rate", step.rate.into()),
        ];
        self.step_stats
            .push(named(row).chain(statistics("", Some(&step.duration))));
        for request in &step.requests {
            self.request(workflow, &step.name, request);
        }
    }

    fn request(&mut self, workflow: &str, step: &str, request: &RequestSummary) {
        let key: Vec<NamedCell> = named([
            ("job_id", self.job.into()),
            ("workflow", workflow.into()),
            ("step", step.into()),
            ("name", request.name.as_str().into()),
            ("method", request.method.as_str().into()),
            ("protocol", request.protocol.as_str().into()),
        ])
        .collect();
        let key = || key.iter().cloned();
        let totals = [
            ("failed", request.failed.into()),
            ("rate", request.rate.into()),
            ("bytes", request.bytes.into()),
        ];
        self.request_stats.push(
            key()
                .chain(named(totals))
                .chain(phases(&request.phases))
                .chain(statistics("", Some(&request.duration)))
                .chain(statistics("ok_", Some(&request.ok_duration))),
        );
        for (status, count) in &request.status_counts {
            let row = [("status", u64::from(*status).into()), ("count", (*count).into())];
            self.status_counts.push(key().chain(named(row)));
        }
        for bucket in &request.duration.buckets {
            let row = [
                ("upper_ms", bucket.upper_ms.into()),
                ("count", bucket.count.into()),
            ];
            self.latency_buckets.push(key().chain(named(row)));
        }
    }

    fn error(&mut self, error: &Errors) {
        self.errors.push(named([
            ("job_id", self.job.into()),
            ("workflow", (&*error.workflow).into()),
            ("step", (&*error.step).into()),
            ("name", (&*error.name).into()),
            ("kind", (&*error.kind).into()),
            ("count", error.count.into()),
            ("repeats", error.repeats.into()),
            ("first_ns", Cell::Int(instant_ns(error.first_ns))),
            ("last_ns", Cell::Int(instant_ns(error.last_ns))),
            ("example", (&*error.example).into()),
        ]));
    }

    fn threshold(&mut self, threshold: &ThresholdSummary) {
        self.thresholds.push(named([
            ("job_id", self.job.into()),
            ("expression", threshold.expression.as_str().into()),
            ("value", Cell::OptReal(threshold.value)),
            ("passed", threshold.passed().into()),
        ]));
    }

    fn metric(&mut self, metric: &MetricSummary) {
        let row = [
            ("job_id", self.job.into()),
            ("name", metric.name.as_str().into()),
            ("kind", metric.kind.as_str().into()),
            ("step", metric.step.as_str().into()),
            ("value", metric.value.into()),
            ("count", metric.count.into()),
        ];
        // The count is known of every kind, the rest of trends.
        let rest = statistics("", metric.distribution.as_ref()).skip(1);
        self.metrics.push(named(row).chain(rest));
    }
}

fn counts(of: &Accounting) -> impl Iterator<Item = NamedCell> {
    named([
        ("planned", of.planned.into()),
        ("scheduled", of.scheduled.into()),
        ("started", of.started.into()),
        ("ok", of.ok.into()),
        ("failed", of.failed.into()),
        ("interrupted", of.interrupted.into()),
        ("lost", of.lost.into()),
        ("dropped", of.dropped.total().into()),
        ("dropped_full", of.dropped.full.into()),
        ("dropped_late", of.dropped.late.into()),
        ("dropped_gap", of.dropped.gap.into()),
        ("unknown", of.unknown.into()),
    ])
}

fn phases(of: &PhaseMeans) -> impl Iterator<Item = NamedCell> {
    named([
        ("blocked_mean_ms", of.blocked_ms.into()),
        ("dns_mean_ms", of.dns_ms.into()),
        ("connect_mean_ms", of.connect_ms.into()),
        ("tls_mean_ms", of.tls_ms.into()),
        ("send_mean_ms", of.send_ms.into()),
        ("wait_mean_ms", of.wait_ms.into()),
        ("receive_mean_ms", of.receive_ms.into()),
    ])
}

/// The statistics, with `prefix` before each name; the count comes first. Without a distribution all are NULL.
fn statistics(prefix: &'static str, of: Option<&Distribution>) -> impl Iterator<Item = NamedCell> {
    let ms = |value: fn(&Distribution) -> f64| of.map_or(Cell::OptReal(None), |of| value(of).into());
    let count = of.map(|of| crate::text::count(of.count));
    let list = [
        ("count", Cell::OptInt(count)),
        ("min_ms", ms(|of| of.min_ms)),
        ("mean_ms", ms(|of| of.mean_ms)),
        ("p10_ms", ms(|of| of.p10_ms)),
        ("p25_ms", ms(|of| of.p25_ms)),
        ("p50_ms", ms(|of| of.p50_ms)),
        ("p75_ms", ms(|of| of.p75_ms)),
        ("p90_ms", ms(|of| of.p90_ms)),
        ("p95_ms", ms(|of| of.p95_ms)),
        ("p99_ms", ms(|of| of.p99_ms)),
        ("p999_ms", ms(|of| of.p999_ms)),
        ("max_ms", ms(|of| of.max_ms)),
    ];
    list.into_iter().map(move |(name, cell)| match prefix {
        "" => (Cow::Borrowed(name), cell),
        prefix => (Cow::Owned(format!("{prefix}{name}")), cell),
    })
}

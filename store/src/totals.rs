//! A summary as the rows of the relations of totals.

use heavy_load::vocabulary::Ended;
use std::collections::HashSet;

use heavy_results::summary::{Accounting, Distribution, RequestSummary, Summary, WorkflowSummary};
use uuid::Uuid;

use crate::cell::{Cell, Rowset};
use crate::text::instant_ns;

const STATISTICS: [&str; 12] = [
    "count", "min_ms", "mean_ms", "p10_ms", "p25_ms", "p50_ms", "p75_ms", "p90_ms", "p95_ms", "p99_ms",
    "p999_ms", "max_ms",
];

/// All totals of a job: their tables are to hold these rows and no others.
pub(crate) fn rowsets(job: Uuid, summary: &Summary) -> Vec<Rowset> {
    let mut totals = Totals::new(job);
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
    for rowset in &mut rowsets {
        keep_first_of_each_key(rowset);
    }
    rowsets
}

/// Names that differ only in what is cleaned away must not fail the whole statement.
fn keep_first_of_each_key(rowset: &mut Rowset) {
    let keys = rowset.keys;
    let mut seen = HashSet::new();
    rowset
        .rows
        .retain(|row| seen.insert(format!("{:?}", &row[..keys])));
}

struct Totals {
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

impl Totals {
    fn new(job: Uuid) -> Self {
        let with = |table, keys, columns: &str, prefixes: &[&str]| {
            let mut rowset = Rowset::new(table, keys, columns);
            for prefix in prefixes {
                rowset
                    .columns
                    .extend(STATISTICS.map(|column| format!("{prefix}{column}")));
            }
            rowset
        };
        Self {
            job,
            assignments: with(
                "assignments",
                2,
                "job_id agent planned scheduled started completed ok failed interrupted lost dropped dropped_full \
                 dropped_late dropped_gap malformed lag_p99_ms cpu_max clock_offset_ms clock_error_ms \
                 voided_requests voided_iterations ended",
                &[],
            ),
            request_stats: with(
                "request_stats",
                6,
                "job_id workflow step name method protocol failed rate bytes blocked_mean_ms dns_mean_ms connect_mean_ms \
                 tls_mean_ms send_mean_ms wait_mean_ms receive_mean_ms",
                &["", "ok_"],
            ),
            step_stats: with("step_stats", 3, "job_id workflow step failed rate", &[""]),
            workflow_stats: with(
                "workflow_stats",
                2,
                "job_id workflow planned scheduled started ok failed interrupted lost dropped dropped_full \
                 dropped_late dropped_gap rate",
                &["", "response_"],
            ),
            status_counts: with(
                "status_counts",
                7,
                "job_id workflow step name method protocol status count",
                &[],
            ),
            errors: with(
                "error_rows",
                5,
                "job_id workflow step name kind count first_ns last_ns example",
                &[],
            ),
            checks: with("checks", 3, "job_id workflow name passes fails", &[]),
            metrics: with("metrics", 4, "job_id name kind step value", &[""]),
            thresholds: with("thresholds", 2, "job_id expression value passed", &[]),
            latency_buckets: with(
                "latency_buckets",
                7,
                "job_id workflow step name method protocol upper_ms count",
                &[],
            ),
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

    fn assignment(&mut self, agent: &heavy_results::summary::AgentSummary) {
        let Accounting {
            planned,
            scheduled,
            started,
            ok,
            failed,
            interrupted,
            lost,
            dropped,
        } = agent.iterations;
        self.assignments.rows.push(vec![
            Cell::Id(self.job),
            agent.agent.as_str().into(),
            planned.into(),
            scheduled.into(),
            started.into(),
            (ok + failed).into(),
            ok.into(),
            failed.into(),
            interrupted.into(),
            lost.into(),
            dropped.total().into(),
            dropped.full.into(),
            dropped.late.into(),
            dropped.gap.into(),
            agent.malformed.into(),
            agent.lag_p99_ms.into(),
            agent.cpu_max.into(),
            agent.clock_offset_ms.into(),
            agent.clock_error_ms.into(),
            agent.voided_requests.into(),
            agent.voided_iterations.into(),
            agent.ended.map_or("", Ended::as_str).into(),
        ]);
    }

    fn workflow(&mut self, workflow: &WorkflowSummary) {
        let Accounting {
            planned,
            scheduled,
            started,
            ok,
            failed,
            interrupted,
            lost,
            dropped,
        } = workflow.iterations;
        let mut row = vec![
            Cell::Id(self.job),
            workflow.name.as_str().into(),
            planned.into(),
            scheduled.into(),
            started.into(),
            ok.into(),
            failed.into(),
            interrupted.into(),
            lost.into(),
            dropped.total().into(),
            dropped.full.into(),
            dropped.late.into(),
            dropped.gap.into(),
            workflow.rate.into(),
        ];
        row.extend(statistics(&workflow.duration));
        row.extend(optional_statistics(workflow.response_time.as_ref()));
        self.workflow_stats.rows.push(row);
        for check in &workflow.checks {
            self.checks.rows.push(vec![
                Cell::Id(self.job),
                workflow.name.as_str().into(),
                check.name.as_str().into(),
                check.passes.into(),
                check.fails.into(),
            ]);
        }
        for request in &workflow.requests {
            self.request(&workflow.name, "", request);
        }
        for step in &workflow.steps {
            let mut row = vec![
                Cell::Id(self.job),
                workflow.name.as_str().into(),
                step.name.as_str().into(),
                step.failed.into(),
                step.rate.into(),
            ];
            row.extend(statistics(&step.duration));
            self.step_stats.rows.push(row);
            for request in &step.requests {
                self.request(&workflow.name, &step.name, request);
            }
        }
    }

    fn request(&mut self, workflow: &str, step: &str, request: &RequestSummary) {
        let identity: [Cell; 6] = [
            Cell::Id(self.job),
            workflow.into(),
            step.into(),
            request.name.as_str().into(),
            request.method.as_str().into(),
            request.protocol.as_str().into(),
        ];
        let phases = &request.phases;
        let mut row = identity.to_vec();
        row.extend([request.failed.into(), request.rate.into(), request.bytes.into()]);
        row.extend(
            [
                phases.blocked_ms,
                phases.dns_ms,
                phases.connect_ms,
                phases.tls_ms,
                phases.send_ms,
                phases.wait_ms,
                phases.receive_ms,
            ]
            .map(Cell::from),
        );
        row.extend(statistics(&request.duration));
        row.extend(statistics(&request.ok_duration));
        self.request_stats.rows.push(row);
        for (status, count) in &request.status_counts {
            let mut row = identity.to_vec();
            row.extend([u64::from(*status).into(), (*count).into()]);
            self.status_counts.rows.push(row);
        }
        for bucket in &request.duration.buckets {
            let mut row = identity.to_vec();
            row.extend([bucket.upper_ms.into(), bucket.count.into()]);
            self.latency_buckets.rows.push(row);
        }
    }

    fn error(&mut self, error: &heavy_results::summary::ErrorSummary) {
        self.errors.rows.push(vec![
            Cell::Id(self.job),
            error.workflow.as_str().into(),
            error.step.as_str().into(),
            error.name.as_str().into(),
            error.kind.as_str().into(),
            error.count.into(),
            Cell::Int(instant_ns(error.first_ns)),
            Cell::Int(instant_ns(error.last_ns)),
            error.example.as_str().into(),
        ]);
    }

    fn threshold(&mut self, threshold: &heavy_results::threshold::ThresholdSummary) {
        self.thresholds.rows.push(vec![
            Cell::Id(self.job),
            threshold.expression.as_str().into(),
            Cell::OptReal(threshold.value),
            Cell::Bool(threshold.passed()),
        ]);
    }

    fn metric(&mut self, metric: &heavy_results::summary::MetricSummary) {
        let mut row = vec![
            Cell::Id(self.job),
            metric.name.as_str().into(),
            metric.kind.as_str().into(),
            metric.step.as_str().into(),
            metric.value.into(),
        ];
        let mut statistics = optional_statistics(metric.distribution.as_ref());
        statistics[0] = metric.count.into();
        row.extend(statistics);
        self.metrics.rows.push(row);
    }
}

/// Values of [`STATISTICS`].
fn statistics(of: &Distribution) -> [Cell; 12] {
    [
        of.count.into(),
        of.min_ms.into(),
        of.mean_ms.into(),
        of.p10_ms.into(),
        of.p25_ms.into(),
        of.p50_ms.into(),
        of.p75_ms.into(),
        of.p90_ms.into(),
        of.p95_ms.into(),
        of.p99_ms.into(),
        of.p999_ms.into(),
        of.max_ms.into(),
    ]
}

/// Values of [`STATISTICS`], or as many NULLs.
fn optional_statistics(of: Option<&Distribution>) -> [Cell; 12] {
    of.map_or_else(
        || {
            let mut nothing = [const { Cell::OptReal(None) }; 12];
            nothing[0] = Cell::OptInt(None);
            nothing
        },
        statistics,
    )
}

//! The SQL behind the tables of a report: what to ask the results database for the same figures, and for more.

use uuid::Uuid;

/// A table of a report and the statement that selects its figures, the same on Postgres and SQLite.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// Its content.
    pub title: &'static str,
    /// One reading statement.
    pub sql: String,
}

/// Statements with `JOB` for the job's id.
const STATEMENTS: [(&str, &str); 13] = [
    (
        "verdict",
        "SELECT state, verdict, reason, degraded, planned, asked_rate, achieved_rate, load_s, started_at, ended_at\n\
         FROM jobs WHERE id = JOB",
    ),
    (
        "thresholds",
        "SELECT expression, value, passed FROM thresholds WHERE job_id = JOB ORDER BY expression",
    ),
    (
        "workflows",
        "SELECT workflow, planned, scheduled, started, ok, failed, interrupted, lost, dropped, achieved_rate, rate, count,\n\
         \x20      min_ms, mean_ms, p50_ms, p90_ms, p95_ms, p99_ms, p999_ms, max_ms, response_p50_ms, response_p99_ms\n\
         FROM workflow_stats WHERE job_id = JOB ORDER BY workflow",
    ),
    (
        "steps",
        "SELECT workflow, step, count, failed, rate, min_ms, mean_ms, p50_ms, p90_ms, p95_ms, p99_ms, p999_ms, max_ms\n\
         FROM step_stats WHERE job_id = JOB ORDER BY workflow, step",
    ),
    (
        "requests",
        "SELECT workflow, step, method, name, count, failed, rate, bytes, min_ms, mean_ms, p50_ms, p90_ms, p95_ms, p99_ms,\n\
         \x20      p999_ms, max_ms\n\
         FROM request_stats WHERE job_id = JOB ORDER BY workflow, step, name, method",
    ),
    (
        "status codes",
        "SELECT protocol, status, sum(count) AS requests\n\
         FROM status_counts WHERE job_id = JOB GROUP BY protocol, status ORDER BY protocol, status",
    ),
    (
        "phases",
        "SELECT name, blocked_mean_ms, dns_mean_ms, connect_mean_ms, tls_mean_ms, send_mean_ms, wait_mean_ms, receive_mean_ms\n\
         FROM request_stats WHERE job_id = JOB ORDER BY mean_ms DESC",
    ),
    (
        "windows",
        "SELECT time_window, count(*) AS requests, min(duration_ms) AS min_ms, avg(duration_ms) AS mean_ms,\n\
         \x20      max(duration_ms) AS max_ms\n\
         FROM requests WHERE job_id = JOB GROUP BY time_window ORDER BY min(started_at)",
    ),
    (
        "seconds",
        "SELECT second, planned, scheduled, started, dropped, ok, failed, in_flight, rps, p50_ms, p95_ms, p99_ms\n\
         FROM seconds WHERE job_id = JOB ORDER BY second",
    ),
    (
        "errors",
        "SELECT kind, count, repeats, first_at, last_at, workflow, step, name, example\n\
         FROM errors WHERE job_id = JOB ORDER BY count DESC",
    ),
    (
        "checks",
        "SELECT workflow, name, passes, fails FROM checks WHERE job_id = JOB ORDER BY workflow, name",
    ),
    (
        "agents",
        "SELECT agent, scheduled, started, dropped, lag_p99_ms, cpu_max, clock_offset_ms, clock_error_ms, ended, sandbox\n\
         FROM assignments WHERE job_id = JOB ORDER BY agent",
    ),
    (
        "events",
        "SELECT at_second, kind, who, old_value, new_value FROM events WHERE job_id = JOB ORDER BY number",
    ),
];

/// The statements for a job's report.
#[must_use]
pub fn queries(job: Uuid) -> Vec<Query> {
    STATEMENTS
        .iter()
        .map(|(title, sql)| Query {
            title,
            sql: sql.replace("JOB", &format!("'{job}'")),
        })
        .collect()
}

pub(crate) fn query(job: Uuid, title: &str) -> Option<String> {
    queries(job)
        .into_iter()
        .find(|query| query.title == title)
        .map(|query| query.sql)
}

//! The relations and columns that people rely on.

use crate::bed::{Bed, ask};

const STATISTICS: &str =
    "count min_ms mean_ms p10_ms p25_ms p50_ms p75_ms p90_ms p95_ms p99_ms p999_ms max_ms";

/// Relation, whether it has all statistics, columns.
pub(crate) const RELATIONS: [(&str, bool, &str); 20] = [
    (
        "jobs",
        false,
        "id name description service state verdict reason degraded submitted_at started_at ended_at duration_s \
         planned asked_rate achieved_rate load_s binary_sha256 spec labels",
    ),
    (
        "assignments",
        false,
        "job_id agent scheduled started completed failed interrupted lost dropped unknown malformed lag_p99_ms \
         cpu_max clock_offset_ms clock_error_ms voided_requests voided_iterations damaged_batches sandbox",
    ),
    (
        "requests",
        false,
        "job_id agent workflow step name method url status failed error error_kind size started_at ended_at second \
         duration_ms blocked_ms dns_ms connect_ms tls_ms send_ms wait_ms receive_ms reused time_window sequence_id \
         request_id iteration user_id remote_addr tags",
    ),
    (
        "iterations",
        false,
        "job_id agent workflow iteration user_id sequence_id scheduled_at started_at ended_at second lag_ms \
         duration_ms response_ms ok interrupted error time_window think_ms",
    ),
    (
        "request_stats",
        true,
        "job_id workflow step name method protocol failed rate ok_p50_ms ok_p75_ms ok_p90_ms ok_p95_ms ok_p99_ms",
    ),
    ("step_stats", true, "job_id workflow step failed rate"),
    (
        "workflow_stats",
        true,
        "job_id workflow failed achieved_rate rate dropped unknown response_count response_min_ms response_mean_ms response_p10_ms \
         response_p25_ms response_p50_ms response_p75_ms response_p90_ms response_p95_ms response_p99_ms \
         response_p999_ms response_max_ms",
    ),
    (
        "seconds",
        false,
        "job_id second planned scheduled started ok failed dropped in_flight rps p50_ms p95_ms p99_ms \
         response_p99_ms partial requests requests_failed",
    ),
    (
        "agent_seconds",
        false,
        "job_id agent second started dropped in_flight generator_lag_p99_ms cpu rss_mb open_files",
    ),
    (
        "status_counts",
        false,
        "job_id workflow step name method protocol status count",
    ),
    (
        "errors",
        false,
        "job_id workflow step name kind count repeats first_at last_at example",
    ),
    ("checks", false, "job_id workflow name passes fails"),
    ("metrics", true, "job_id name kind step value"),
    ("thresholds", false, "job_id expression value passed"),
    (
        "events",
        false,
        "job_id at at_second kind who old_value new_value",
    ),
    (
        "latency_buckets",
        false,
        "job_id workflow step name method protocol upper_ms count",
    ),
    ("logs", false, "job_id number agent at stream line"),
    ("summaries", false, "job_id document"),
    (
        "summary_revisions",
        false,
        "job_id number at verdict reason complete changes",
    ),
    ("audit", false, "at who what source outcome"),
];

pub(crate) async fn all_relations_and_columns_exist(bed: &Bed) {
    let store = bed.open().await;
    for (relation, statistics, columns) in RELATIONS {
        let mut columns: Vec<_> = columns.split_whitespace().collect();
        if statistics {
            columns.extend(STATISTICS.split_whitespace());
        }
        let sql = format!("select {} from {relation}", columns.join(", "));
        assert_eq!(ask(&store, &sql).await.columns, columns, "{relation}");
        let all = ask(&store, &format!("select * from {relation}")).await.columns;
        let mut distinct = all.clone();
        distinct.sort();
        distinct.dedup();
        assert_eq!(all.len(), distinct.len(), "{relation}");
    }
}

-- Names are counted apart by protocol family: what was there before is of HTTP. SQLite cannot change a primary key in
-- place.

CREATE TABLE new_request_stats (
    job_id TEXT NOT NULL,
    workflow TEXT NOT NULL,
    step TEXT NOT NULL,
    name TEXT NOT NULL,
    method TEXT NOT NULL,
    failed INTEGER NOT NULL,
    rate REAL NOT NULL,
    bytes INTEGER NOT NULL,
    count INTEGER NOT NULL,
    min_ms REAL NOT NULL,
    mean_ms REAL NOT NULL,
    p10_ms REAL NOT NULL,
    p25_ms REAL NOT NULL,
    p50_ms REAL NOT NULL,
    p75_ms REAL NOT NULL,
    p90_ms REAL NOT NULL,
    p95_ms REAL NOT NULL,
    p99_ms REAL NOT NULL,
    p999_ms REAL NOT NULL,
    max_ms REAL NOT NULL,
    ok_count INTEGER NOT NULL,
    ok_min_ms REAL NOT NULL,
    ok_mean_ms REAL NOT NULL,
    ok_p10_ms REAL NOT NULL,
    ok_p25_ms REAL NOT NULL,
    ok_p50_ms REAL NOT NULL,
    ok_p75_ms REAL NOT NULL,
    ok_p90_ms REAL NOT NULL,
    ok_p95_ms REAL NOT NULL,
    ok_p99_ms REAL NOT NULL,
    ok_p999_ms REAL NOT NULL,
    ok_max_ms REAL NOT NULL,
    blocked_mean_ms REAL NOT NULL,
    dns_mean_ms REAL NOT NULL,
    connect_mean_ms REAL NOT NULL,
    tls_mean_ms REAL NOT NULL,
    send_mean_ms REAL NOT NULL,
    wait_mean_ms REAL NOT NULL,
    receive_mean_ms REAL NOT NULL,
    protocol TEXT NOT NULL,
    PRIMARY KEY (job_id, workflow, step, name, method, protocol)
) STRICT;
INSERT INTO new_request_stats SELECT *, 'http' FROM request_stats;
DROP TABLE request_stats;
ALTER TABLE new_request_stats RENAME TO request_stats;

CREATE TABLE new_status_counts (
    job_id TEXT NOT NULL,
    workflow TEXT NOT NULL,
    step TEXT NOT NULL,
    name TEXT NOT NULL,
    method TEXT NOT NULL,
    status INTEGER NOT NULL,
    count INTEGER NOT NULL,
    protocol TEXT NOT NULL,
    PRIMARY KEY (job_id, workflow, step, name, method, protocol, status)
) STRICT;
INSERT INTO new_status_counts SELECT *, 'http' FROM status_counts;
DROP TABLE status_counts;
ALTER TABLE new_status_counts RENAME TO status_counts;

CREATE TABLE new_latency_buckets (
    job_id TEXT NOT NULL,
    workflow TEXT NOT NULL,
    step TEXT NOT NULL,
    name TEXT NOT NULL,
    method TEXT NOT NULL,
    upper_ms REAL NOT NULL,
    count INTEGER NOT NULL,
    protocol TEXT NOT NULL,
    PRIMARY KEY (job_id, workflow, step, name, method, protocol, upper_ms)
) STRICT;
INSERT INTO new_latency_buckets SELECT *, 'http' FROM latency_buckets;
DROP TABLE latency_buckets;
ALTER TABLE new_latency_buckets RENAME TO latency_buckets;

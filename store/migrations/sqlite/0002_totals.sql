-- Totals of jobs, written from their summary. Statistics are in ms.

CREATE TABLE assignments (
    job_id TEXT NOT NULL,
    agent TEXT NOT NULL,
    planned INTEGER NOT NULL,
    scheduled INTEGER NOT NULL,
    started INTEGER NOT NULL,
    completed INTEGER NOT NULL,
    ok INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    interrupted INTEGER NOT NULL,
    lost INTEGER NOT NULL,
    dropped INTEGER NOT NULL,
    dropped_full INTEGER NOT NULL,
    dropped_late INTEGER NOT NULL,
    dropped_gap INTEGER NOT NULL,
    malformed INTEGER NOT NULL,
    lag_p99_ms REAL NOT NULL,
    cpu_max REAL NOT NULL,
    clock_offset_ms REAL NOT NULL,
    clock_error_ms REAL NOT NULL,
    voided_requests INTEGER NOT NULL,
    voided_iterations INTEGER NOT NULL,
    ended TEXT NOT NULL,
    PRIMARY KEY (job_id, agent)
) STRICT;

CREATE TABLE request_stats (
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
    PRIMARY KEY (job_id, workflow, step, name, method)
) STRICT;

CREATE TABLE step_stats (
    job_id TEXT NOT NULL,
    workflow TEXT NOT NULL,
    step TEXT NOT NULL,
    failed INTEGER NOT NULL,
    rate REAL NOT NULL,
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
    PRIMARY KEY (job_id, workflow, step)
) STRICT;

CREATE TABLE workflow_stats (
    job_id TEXT NOT NULL,
    workflow TEXT NOT NULL,
    planned INTEGER NOT NULL,
    scheduled INTEGER NOT NULL,
    started INTEGER NOT NULL,
    ok INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    interrupted INTEGER NOT NULL,
    lost INTEGER NOT NULL,
    dropped INTEGER NOT NULL,
    dropped_full INTEGER NOT NULL,
    dropped_late INTEGER NOT NULL,
    dropped_gap INTEGER NOT NULL,
    rate REAL NOT NULL,
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
    response_count INTEGER,
    response_min_ms REAL,
    response_mean_ms REAL,
    response_p10_ms REAL,
    response_p25_ms REAL,
    response_p50_ms REAL,
    response_p75_ms REAL,
    response_p90_ms REAL,
    response_p95_ms REAL,
    response_p99_ms REAL,
    response_p999_ms REAL,
    response_max_ms REAL,
    PRIMARY KEY (job_id, workflow)
) STRICT;

CREATE TABLE status_counts (
    job_id TEXT NOT NULL,
    workflow TEXT NOT NULL,
    step TEXT NOT NULL,
    name TEXT NOT NULL,
    method TEXT NOT NULL,
    status INTEGER NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (job_id, workflow, step, name, method, status)
) STRICT;

CREATE TABLE checks (
    job_id TEXT NOT NULL,
    workflow TEXT NOT NULL,
    name TEXT NOT NULL,
    passes INTEGER NOT NULL,
    fails INTEGER NOT NULL,
    PRIMARY KEY (job_id, workflow, name)
) STRICT;

CREATE TABLE metrics (
    job_id TEXT NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    step TEXT NOT NULL,
    value REAL NOT NULL,
    count INTEGER NOT NULL,
    min_ms REAL,
    mean_ms REAL,
    p10_ms REAL,
    p25_ms REAL,
    p50_ms REAL,
    p75_ms REAL,
    p90_ms REAL,
    p95_ms REAL,
    p99_ms REAL,
    p999_ms REAL,
    max_ms REAL,
    PRIMARY KEY (job_id, name, kind, step)
) STRICT;

CREATE TABLE thresholds (
    job_id TEXT NOT NULL,
    expression TEXT NOT NULL,
    value REAL,
    passed INTEGER NOT NULL,
    PRIMARY KEY (job_id, expression)
) STRICT;

CREATE TABLE latency_buckets (
    job_id TEXT NOT NULL,
    workflow TEXT NOT NULL,
    step TEXT NOT NULL,
    name TEXT NOT NULL,
    method TEXT NOT NULL,
    upper_ms REAL NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (job_id, workflow, step, name, method, upper_ms)
) STRICT;

CREATE TABLE summaries (
    job_id TEXT PRIMARY KEY NOT NULL,
    -- The summary as JSON, from which every report is rendered.
    document TEXT NOT NULL
) STRICT;

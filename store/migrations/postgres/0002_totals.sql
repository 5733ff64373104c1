-- Totals of jobs, written from their summary. Statistics are in ms.

CREATE TABLE assignments (
    job_id uuid NOT NULL,
    agent text NOT NULL,
    planned bigint NOT NULL,
    scheduled bigint NOT NULL,
    started bigint NOT NULL,
    completed bigint NOT NULL,
    ok bigint NOT NULL,
    failed bigint NOT NULL,
    interrupted bigint NOT NULL,
    lost bigint NOT NULL,
    dropped bigint NOT NULL,
    dropped_full bigint NOT NULL,
    dropped_late bigint NOT NULL,
    dropped_gap bigint NOT NULL,
    malformed bigint NOT NULL,
    lag_p99_ms double precision NOT NULL,
    cpu_max double precision NOT NULL,
    clock_offset_ms double precision NOT NULL,
    clock_error_ms double precision NOT NULL,
    voided_requests bigint NOT NULL,
    voided_iterations bigint NOT NULL,
    ended text NOT NULL,
    PRIMARY KEY (job_id, agent)
);

CREATE TABLE request_stats (
    job_id uuid NOT NULL,
    workflow text NOT NULL,
    step text NOT NULL,
    name text NOT NULL,
    method text NOT NULL,
    failed bigint NOT NULL,
    rate double precision NOT NULL,
    bytes bigint NOT NULL,
    count bigint NOT NULL,
    min_ms double precision NOT NULL,
    mean_ms double precision NOT NULL,
    p10_ms double precision NOT NULL,
    p25_ms double precision NOT NULL,
    p50_ms double precision NOT NULL,
    p75_ms double precision NOT NULL,
    p90_ms double precision NOT NULL,
    p95_ms double precision NOT NULL,
    p99_ms double precision NOT NULL,
    p999_ms double precision NOT NULL,
    max_ms double precision NOT NULL,
    ok_count bigint NOT NULL,
    ok_min_ms double precision NOT NULL,
    ok_mean_ms double precision NOT NULL,
    ok_p10_ms double precision NOT NULL,
    ok_p25_ms double precision NOT NULL,
    ok_p50_ms double precision NOT NULL,
    ok_p75_ms double precision NOT NULL,
    ok_p90_ms double precision NOT NULL,
    ok_p95_ms double precision NOT NULL,
    ok_p99_ms double precision NOT NULL,
    ok_p999_ms double precision NOT NULL,
    ok_max_ms double precision NOT NULL,
    blocked_mean_ms double precision NOT NULL,
    dns_mean_ms double precision NOT NULL,
    connect_mean_ms double precision NOT NULL,
    tls_mean_ms double precision NOT NULL,
    send_mean_ms double precision NOT NULL,
    wait_mean_ms double precision NOT NULL,
    receive_mean_ms double precision NOT NULL,
    PRIMARY KEY (job_id, workflow, step, name, method)
);

CREATE TABLE step_stats (
    job_id uuid NOT NULL,
    workflow text NOT NULL,
    step text NOT NULL,
    failed bigint NOT NULL,
    rate double precision NOT NULL,
    count bigint NOT NULL,
    min_ms double precision NOT NULL,
    mean_ms double precision NOT NULL,
    p10_ms double precision NOT NULL,
    p25_ms double precision NOT NULL,
    p50_ms double precision NOT NULL,
    p75_ms double precision NOT NULL,
    p90_ms double precision NOT NULL,
    p95_ms double precision NOT NULL,
    p99_ms double precision NOT NULL,
    p999_ms double precision NOT NULL,
    max_ms double precision NOT NULL,
    PRIMARY KEY (job_id, workflow, step)
);

CREATE TABLE workflow_stats (
    job_id uuid NOT NULL,
    workflow text NOT NULL,
    planned bigint NOT NULL,
    scheduled bigint NOT NULL,
    started bigint NOT NULL,
    ok bigint NOT NULL,
    failed bigint NOT NULL,
    interrupted bigint NOT NULL,
    lost bigint NOT NULL,
    dropped bigint NOT NULL,
    dropped_full bigint NOT NULL,
    dropped_late bigint NOT NULL,
    dropped_gap bigint NOT NULL,
    rate double precision NOT NULL,
    count bigint NOT NULL,
    min_ms double precision NOT NULL,
    mean_ms double precision NOT NULL,
    p10_ms double precision NOT NULL,
    p25_ms double precision NOT NULL,
    p50_ms double precision NOT NULL,
    p75_ms double precision NOT NULL,
    p90_ms double precision NOT NULL,
    p95_ms double precision NOT NULL,
    p99_ms double precision NOT NULL,
    p999_ms double precision NOT NULL,
    max_ms double precision NOT NULL,
    response_count bigint,
    response_min_ms double precision,
    response_mean_ms double precision,
    response_p10_ms double precision,
    response_p25_ms double precision,
    response_p50_ms double precision,
    response_p75_ms double precision,
    response_p90_ms double precision,
    response_p95_ms double precision,
    response_p99_ms double precision,
    response_p999_ms double precision,
    response_max_ms double precision,
    PRIMARY KEY (job_id, workflow)
);

CREATE TABLE status_counts (
    job_id uuid NOT NULL,
    workflow text NOT NULL,
    step text NOT NULL,
    name text NOT NULL,
    method text NOT NULL,
    status bigint NOT NULL,
    count bigint NOT NULL,
    PRIMARY KEY (job_id, workflow, step, name, method, status)
);

CREATE TABLE checks (
    job_id uuid NOT NULL,
    workflow text NOT NULL,
    name text NOT NULL,
    passes bigint NOT NULL,
    fails bigint NOT NULL,
    PRIMARY KEY (job_id, workflow, name)
);

CREATE TABLE metrics (
    job_id uuid NOT NULL,
    name text NOT NULL,
    kind text NOT NULL,
    step text NOT NULL,
    value double precision NOT NULL,
    count bigint NOT NULL,
    min_ms double precision,
    mean_ms double precision,
    p10_ms double precision,
    p25_ms double precision,
    p50_ms double precision,
    p75_ms double precision,
    p90_ms double precision,
    p95_ms double precision,
    p99_ms double precision,
    p999_ms double precision,
    max_ms double precision,
    PRIMARY KEY (job_id, name, kind, step)
);

CREATE TABLE thresholds (
    job_id uuid NOT NULL,
    expression text NOT NULL,
    value double precision,
    passed boolean NOT NULL,
    PRIMARY KEY (job_id, expression)
);

CREATE TABLE latency_buckets (
    job_id uuid NOT NULL,
    workflow text NOT NULL,
    step text NOT NULL,
    name text NOT NULL,
    method text NOT NULL,
    upper_ms double precision NOT NULL,
    count bigint NOT NULL,
    PRIMARY KEY (job_id, workflow, step, name, method, upper_ms)
);

CREATE TABLE summaries (
    job_id uuid PRIMARY KEY,
    -- The summary as JSON, from which every report is rendered.
    document text NOT NULL
);

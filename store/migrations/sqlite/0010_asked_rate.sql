-- Users are asked for no rate: NULL, where it was 0.

DROP VIEW jobs;

CREATE VIEW jobs AS
SELECT
    id, name, description, service, state, verdict, reason, degraded,
    strftime('%Y-%m-%dT%H:%M:%S', submitted_wall_ns / 1000000000, 'unixepoch')
        || printf('.%06dZ', submitted_wall_ns / 1000 % 1000000) AS submitted_at,
    strftime('%Y-%m-%dT%H:%M:%S', started_wall_ns / 1000000000, 'unixepoch')
        || printf('.%06dZ', started_wall_ns / 1000 % 1000000) AS started_at,
    strftime('%Y-%m-%dT%H:%M:%S', ended_wall_ns / 1000000000, 'unixepoch')
        || printf('.%06dZ', ended_wall_ns / 1000 % 1000000) AS ended_at,
    duration_s,
    (ended_wall_ns - started_wall_ns) / 1e9 AS run_time_s,
    planned, nullif(asked_rate, 0) AS asked_rate, achieved_rate, load_s, binary_sha256, binary_name, spec, labels
FROM job_rows;

-- The time in which iterations were started, which rates of starts are over, and that rate for each workflow. How many
-- errors of iterations repeat those of their requests.

ALTER TABLE job_rows ADD COLUMN load_s REAL;
ALTER TABLE workflow_stats ADD COLUMN achieved_rate REAL;
ALTER TABLE error_rows ADD COLUMN repeats INTEGER NOT NULL DEFAULT 0;

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
    planned, asked_rate, achieved_rate, load_s, binary_sha256, binary_name, spec, labels
FROM job_rows;


DROP VIEW errors;

CREATE VIEW errors AS
SELECT
    job_id, workflow, step, name, kind, count, repeats,
    strftime('%Y-%m-%dT%H:%M:%S', (start_wall_ns + first_ns) / 1000000000, 'unixepoch')
        || printf('.%06dZ', (start_wall_ns + first_ns) / 1000 % 1000000) AS first_at,
    strftime('%Y-%m-%dT%H:%M:%S', (start_wall_ns + last_ns) / 1000000000, 'unixepoch')
        || printf('.%06dZ', (start_wall_ns + last_ns) / 1000 % 1000000) AS last_at,
    example
FROM (
    SELECT e.*, coalesce(j.started_wall_ns, j.submitted_wall_ns) AS start_wall_ns
    FROM error_rows e JOIN job_rows j ON j.id = e.job_id
);

-- The time in which iterations were started, which rates of starts are over, and that rate for each workflow. How many
-- errors of iterations repeat those of their requests.

ALTER TABLE job_rows ADD COLUMN load_s double precision;
ALTER TABLE workflow_stats ADD COLUMN achieved_rate double precision;
ALTER TABLE error_rows ADD COLUMN repeats bigint NOT NULL DEFAULT 0;

CREATE OR REPLACE VIEW jobs AS
SELECT
    id, name, description, service, state, verdict, reason, degraded,
    timestamptz 'epoch' + submitted_wall_ns / 1000 * interval '1 microsecond' AS submitted_at,
    timestamptz 'epoch' + started_wall_ns / 1000 * interval '1 microsecond' AS started_at,
    timestamptz 'epoch' + ended_wall_ns / 1000 * interval '1 microsecond' AS ended_at,
    duration_s,
    (ended_wall_ns - started_wall_ns) / 1e9::double precision AS run_time_s,
    planned, asked_rate, achieved_rate, binary_sha256, binary_name, spec::json AS spec, labels::json AS labels, load_s
FROM job_rows;

CREATE OR REPLACE VIEW errors AS
SELECT
    e.job_id, e.workflow, e.step, e.name, e.kind, e.count,
    timestamptz 'epoch'
        + (coalesce(j.started_wall_ns, j.submitted_wall_ns) + e.first_ns) / 1000 * interval '1 microsecond'
        AS first_at,
    timestamptz 'epoch'
        + (coalesce(j.started_wall_ns, j.submitted_wall_ns) + e.last_ns) / 1000 * interval '1 microsecond'
        AS last_at,
    e.example, e.repeats
FROM error_rows e
JOIN job_rows j ON j.id = e.job_id;

-- Users are asked for no rate: NULL, where it was 0.

CREATE OR REPLACE VIEW jobs AS
SELECT
    id, name, description, service, state, verdict, reason, degraded,
    timestamptz 'epoch' + submitted_wall_ns / 1000 * interval '1 microsecond' AS submitted_at,
    timestamptz 'epoch' + started_wall_ns / 1000 * interval '1 microsecond' AS started_at,
    timestamptz 'epoch' + ended_wall_ns / 1000 * interval '1 microsecond' AS ended_at,
    duration_s,
    (ended_wall_ns - started_wall_ns) / 1e9::double precision AS run_time_s,
    planned, nullif(asked_rate, 0) AS asked_rate, achieved_rate, binary_sha256, binary_name,
    spec::json AS spec, labels::json AS labels, load_s
FROM job_rows;

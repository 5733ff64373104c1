-- Iterations pause for think time, which is part of no duration: it lies between start and end.

ALTER TABLE iteration_rows ADD COLUMN think_ns bigint;

CREATE OR REPLACE VIEW iterations AS
SELECT
    r.job_id, i.agent, i.workflow, r.iteration,
    coalesce(r.user_id, '') AS user_id,
    coalesce(r.sequence::text, r.sequence_text, '') AS sequence_id,
    timestamptz 'epoch'
        + (coalesce(j.started_wall_ns, j.submitted_wall_ns) + r.scheduled_ns) / 1000 * interval '1 microsecond'
        AS scheduled_at,
    timestamptz 'epoch'
        + (coalesce(j.started_wall_ns, j.submitted_wall_ns) + r.scheduled_ns + r.lag_ns) / 1000
            * interval '1 microsecond'
        AS started_at,
    timestamptz 'epoch'
        + (coalesce(j.started_wall_ns, j.submitted_wall_ns) + r.scheduled_ns + r.lag_ns + r.duration_ns
            + coalesce(r.think_ns, 0)) / 1000
            * interval '1 microsecond'
        AS ended_at,
    greatest(0, (r.scheduled_ns + r.lag_ns + r.duration_ns
            + coalesce(r.think_ns, 0)) / 1000000000) AS second,
    r.lag_ns / 1e6::double precision AS lag_ms,
    (r.lag_ns - coalesce(r.slot_wait_ns, 0)) / 1e6::double precision AS generator_lag_ms,
    coalesce(r.slot_wait_ns, 0) / 1e6::double precision AS slot_wait_ms,
    r.duration_ns / 1e6::double precision AS duration_ms,
    CASE WHEN r.has_response THEN (r.lag_ns + r.duration_ns) / 1e6::double precision END AS response_ms,
    r.ok, r.interrupted,
    coalesce(r.error, '') AS error,
    CASE r.time_window WHEN 0 THEN 'warm-up' WHEN 1 THEN 'steady' ELSE 'ramp-down' END AS time_window,
    coalesce(r.think_ns, 0) / 1e6::double precision AS think_ms
FROM iteration_rows r
JOIN job_rows j ON j.id = r.job_id
JOIN identities i ON i.job_id = r.job_id AND i.id = r.identity;

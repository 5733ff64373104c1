-- Iterations pause for think time, which is part of no duration: `think_ns` in `extra`.

DROP VIEW iterations;

CREATE VIEW iterations AS
SELECT
    job_id, agent, workflow, iteration,
    coalesce(extra ->> 'user_id', '') AS user_id,
    coalesce(sequence_id, '') AS sequence_id,
    strftime('%Y-%m-%dT%H:%M:%S', scheduled_wall_ns / 1000000000, 'unixepoch')
        || printf('.%06dZ', scheduled_wall_ns / 1000 % 1000000) AS scheduled_at,
    strftime('%Y-%m-%dT%H:%M:%S', (scheduled_wall_ns + lag_ns) / 1000000000, 'unixepoch')
        || printf('.%06dZ', (scheduled_wall_ns + lag_ns) / 1000 % 1000000) AS started_at,
    strftime('%Y-%m-%dT%H:%M:%S', (scheduled_wall_ns + lag_ns + duration_ns + think_ns) / 1000000000, 'unixepoch')
        || printf('.%06dZ', (scheduled_wall_ns + lag_ns + duration_ns + think_ns) / 1000 % 1000000) AS ended_at,
    max(0, (scheduled_ns + lag_ns + duration_ns + think_ns) / 1000000000) AS second,
    lag_ns / 1e6 AS lag_ms,
    (lag_ns - slot_wait_ns) / 1e6 AS generator_lag_ms,
    slot_wait_ns / 1e6 AS slot_wait_ms,
    duration_ns / 1e6 AS duration_ms,
    CASE WHEN flags & 4 THEN (lag_ns + duration_ns) / 1e6 END AS response_ms,
    flags & 1 AS ok,
    flags >> 1 & 1 AS interrupted,
    coalesce(extra ->> 'error', '') AS error,
    CASE flags >> 3 WHEN 0 THEN 'warm-up' WHEN 1 THEN 'steady' ELSE 'ramp-down' END AS time_window,
    think_ns / 1e6 AS think_ms
FROM (
    SELECT
        j.id AS job_id, i.agent, i.workflow,
        coalesce(j.started_wall_ns, j.submitted_wall_ns) + r.scheduled_ns AS scheduled_wall_ns,
        r.iteration, r.sequence_id, r.scheduled_ns, r.lag_ns, r.slot_wait_ns, r.duration_ns, r.flags, r.extra,
        coalesce(r.extra ->> 'think_ns', 0) AS think_ns
    FROM job_rows j
    CROSS JOIN iteration_rows r ON r.id >= (j.key << 40) AND r.id < ((j.key + 1) << 40)
    CROSS JOIN identities i ON i.id = r.identity
);

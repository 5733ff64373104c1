-- What people query. Instants are ISO 8601 in UTC with microseconds, texts of identities are never NULL.

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
    planned, asked_rate, achieved_rate, binary_sha256, binary_name, spec, labels
FROM job_rows;

-- CROSS JOIN fixes the order: a job, its range of rows, their identities.
CREATE VIEW requests AS
SELECT
    job_id, agent, workflow, step, name, method, url, status,
    flags & 1 AS failed,
    coalesce(extra ->> 'error', '') AS error,
    coalesce(extra ->> 'error_kind', '') AS error_kind,
    size,
    strftime('%Y-%m-%dT%H:%M:%S', started_wall_ns / 1000000000, 'unixepoch')
        || printf('.%06dZ', started_wall_ns / 1000 % 1000000) AS started_at,
    strftime('%Y-%m-%dT%H:%M:%S', (started_wall_ns + duration_ns) / 1000000000, 'unixepoch')
        || printf('.%06dZ', (started_wall_ns + duration_ns) / 1000 % 1000000) AS ended_at,
    max(0, (started_ns + duration_ns) / 1000000000) AS second,
    duration_ns / 1e6 AS duration_ms,
    blocked_ns / 1e6 AS blocked_ms,
    coalesce(connecting ->> 0, 0) / 1e6 AS dns_ms,
    coalesce(connecting ->> 1, 0) / 1e6 AS connect_ms,
    coalesce(connecting ->> 2, 0) / 1e6 AS tls_ms,
    send_ns / 1e6 AS send_ms,
    wait_ns / 1e6 AS wait_ms,
    receive_ns / 1e6 AS receive_ms,
    CASE flags >> 1 & 3 WHEN 0 THEN 0 WHEN 1 THEN 1 END AS reused,
    CASE flags >> 3 WHEN 0 THEN 'warm-up' WHEN 1 THEN 'steady' ELSE 'ramp-down' END AS time_window,
    coalesce(sequence_id, '') AS sequence_id,
    coalesce(extra ->> 'request_id', '') AS request_id,
    iteration,
    coalesce(extra ->> 'user_id', '') AS user_id,
    proto,
    coalesce(extra -> 'tags', '{}') AS tags
FROM (
    SELECT
        j.id AS job_id, i.agent, i.workflow, i.step, i.name, i.method, i.proto,
        coalesce(j.started_wall_ns, j.submitted_wall_ns) + s.started_ns AS started_wall_ns,
        s.url, s.status, s.flags, s.size, s.started_ns, s.duration_ns, s.blocked_ns, s.connecting, s.send_ns,
        s.wait_ns, s.receive_ns, s.sequence_id, s.iteration, s.extra
    FROM job_rows j
    CROSS JOIN samples s ON s.id >= (j.key << 40) AND s.id < ((j.key + 1) << 40)
    CROSS JOIN identities i ON i.id = s.identity
);

CREATE VIEW iterations AS
SELECT
    job_id, agent, workflow, iteration,
    coalesce(extra ->> 'user_id', '') AS user_id,
    coalesce(sequence_id, '') AS sequence_id,
    strftime('%Y-%m-%dT%H:%M:%S', scheduled_wall_ns / 1000000000, 'unixepoch')
        || printf('.%06dZ', scheduled_wall_ns / 1000 % 1000000) AS scheduled_at,
    strftime('%Y-%m-%dT%H:%M:%S', (scheduled_wall_ns + lag_ns) / 1000000000, 'unixepoch')
        || printf('.%06dZ', (scheduled_wall_ns + lag_ns) / 1000 % 1000000) AS started_at,
    strftime('%Y-%m-%dT%H:%M:%S', (scheduled_wall_ns + lag_ns + duration_ns) / 1000000000, 'unixepoch')
        || printf('.%06dZ', (scheduled_wall_ns + lag_ns + duration_ns) / 1000 % 1000000) AS ended_at,
    max(0, (scheduled_ns + lag_ns + duration_ns) / 1000000000) AS second,
    lag_ns / 1e6 AS lag_ms,
    (lag_ns - slot_wait_ns) / 1e6 AS generator_lag_ms,
    slot_wait_ns / 1e6 AS slot_wait_ms,
    duration_ns / 1e6 AS duration_ms,
    CASE WHEN flags & 4 THEN (lag_ns + duration_ns) / 1e6 END AS response_ms,
    flags & 1 AS ok,
    flags >> 1 & 1 AS interrupted,
    coalesce(extra ->> 'error', '') AS error,
    CASE flags >> 3 WHEN 0 THEN 'warm-up' WHEN 1 THEN 'steady' ELSE 'ramp-down' END AS time_window
FROM (
    SELECT
        j.id AS job_id, i.agent, i.workflow,
        coalesce(j.started_wall_ns, j.submitted_wall_ns) + r.scheduled_ns AS scheduled_wall_ns,
        r.iteration, r.sequence_id, r.scheduled_ns, r.lag_ns, r.slot_wait_ns, r.duration_ns, r.flags, r.extra
    FROM job_rows j
    CROSS JOIN iteration_rows r ON r.id >= (j.key << 40) AND r.id < ((j.key + 1) << 40)
    CROSS JOIN identities i ON i.id = r.identity
);

CREATE VIEW errors AS
SELECT
    job_id, workflow, step, name, kind, count,
    strftime('%Y-%m-%dT%H:%M:%S', (start_wall_ns + first_ns) / 1000000000, 'unixepoch')
        || printf('.%06dZ', (start_wall_ns + first_ns) / 1000 % 1000000) AS first_at,
    strftime('%Y-%m-%dT%H:%M:%S', (start_wall_ns + last_ns) / 1000000000, 'unixepoch')
        || printf('.%06dZ', (start_wall_ns + last_ns) / 1000 % 1000000) AS last_at,
    example
FROM (
    SELECT e.*, coalesce(j.started_wall_ns, j.submitted_wall_ns) AS start_wall_ns
    FROM error_rows e JOIN job_rows j ON j.id = e.job_id
);

CREATE VIEW events AS
SELECT
    job_id, number,
    strftime('%Y-%m-%dT%H:%M:%S', (start_wall_ns + at_ns) / 1000000000, 'unixepoch')
        || printf('.%06dZ', (start_wall_ns + at_ns) / 1000 % 1000000) AS at,
    at_ns / 1e9 AS at_second,
    kind, who, old_value, new_value
FROM (
    SELECT e.*, coalesce(j.started_wall_ns, j.submitted_wall_ns) AS start_wall_ns
    FROM event_rows e JOIN job_rows j ON j.id = e.job_id
);

CREATE VIEW logs AS
SELECT
    job_id, number, agent,
    strftime('%Y-%m-%dT%H:%M:%S', (start_wall_ns + at_ns) / 1000000000, 'unixepoch')
        || printf('.%06dZ', (start_wall_ns + at_ns) / 1000 % 1000000) AS at,
    stream, line
FROM (
    SELECT l.*, coalesce(j.started_wall_ns, j.submitted_wall_ns) AS start_wall_ns
    FROM log_rows l JOIN job_rows j ON j.id = l.job_id
);

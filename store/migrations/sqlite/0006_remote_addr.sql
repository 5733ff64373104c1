-- Requests know the peer of their connection: `remote_addr` in `extra`.

DROP VIEW requests;

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
    coalesce(extra ->> 'remote_addr', '') AS remote_addr,
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

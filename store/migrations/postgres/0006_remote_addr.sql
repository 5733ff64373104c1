-- Requests know the peer of their connection.

ALTER TABLE samples ADD COLUMN remote_addr text;

CREATE OR REPLACE VIEW requests AS
SELECT
    s.job_id, i.agent, i.workflow, i.step, i.name, i.method, s.url, s.status, s.failed,
    coalesce(s.error, '') AS error,
    coalesce(s.error_kind, '') AS error_kind,
    s.size,
    timestamptz 'epoch'
        + (coalesce(j.started_wall_ns, j.submitted_wall_ns) + s.started_ns) / 1000 * interval '1 microsecond'
        AS started_at,
    timestamptz 'epoch'
        + (coalesce(j.started_wall_ns, j.submitted_wall_ns) + s.started_ns + s.duration_ns) / 1000
            * interval '1 microsecond'
        AS ended_at,
    greatest(0, (s.started_ns + s.duration_ns) / 1000000000) AS second,
    s.duration_ns / 1e6::double precision AS duration_ms,
    coalesce(s.blocked_ns, 0) / 1e6::double precision AS blocked_ms,
    coalesce(s.dns_ns, 0) / 1e6::double precision AS dns_ms,
    coalesce(s.connect_ns, 0) / 1e6::double precision AS connect_ms,
    coalesce(s.tls_ns, 0) / 1e6::double precision AS tls_ms,
    s.send_ns / 1e6::double precision AS send_ms,
    s.wait_ns / 1e6::double precision AS wait_ms,
    s.receive_ns / 1e6::double precision AS receive_ms,
    s.reused,
    CASE s.time_window WHEN 0 THEN 'warm-up' WHEN 1 THEN 'steady' ELSE 'ramp-down' END AS time_window,
    coalesce(s.sequence::text, s.sequence_text, '') AS sequence_id,
    coalesce(s.request_id, '') AS request_id,
    s.iteration,
    coalesce(s.user_id, '') AS user_id,
    i.proto,
    coalesce(s.tags, '{}')::json AS tags,
    coalesce(s.remote_addr, '') AS remote_addr
FROM samples s
JOIN job_rows j ON j.id = s.job_id
JOIN identities i ON i.job_id = s.job_id AND i.id = s.identity;

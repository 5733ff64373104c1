-- What people query. Texts of identities are never NULL. Products with an interval go through a float, which is exact
-- for microseconds until the year 2255.

CREATE VIEW jobs AS
SELECT
    id, name, description, service, state, verdict, reason, degraded,
    timestamptz 'epoch' + submitted_wall_ns / 1000 * interval '1 microsecond' AS submitted_at,
    timestamptz 'epoch' + started_wall_ns / 1000 * interval '1 microsecond' AS started_at,
    timestamptz 'epoch' + ended_wall_ns / 1000 * interval '1 microsecond' AS ended_at,
    duration_s,
    (ended_wall_ns - started_wall_ns) / 1e9::double precision AS run_time_s,
    planned, asked_rate, achieved_rate, binary_sha256, binary_name, spec::json AS spec, labels::json AS labels
FROM job_rows;

CREATE VIEW requests AS
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
    coalesce(s.tags, '{}')::json AS tags
FROM samples s
JOIN job_rows j ON j.id = s.job_id
JOIN identities i ON i.job_id = s.job_id AND i.id = s.identity;

CREATE VIEW iterations AS
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
        + (coalesce(j.started_wall_ns, j.submitted_wall_ns) + r.scheduled_ns + r.lag_ns + r.duration_ns) / 1000
            * interval '1 microsecond'
        AS ended_at,
    greatest(0, (r.scheduled_ns + r.lag_ns + r.duration_ns) / 1000000000) AS second,
    r.lag_ns / 1e6::double precision AS lag_ms,
    (r.lag_ns - coalesce(r.slot_wait_ns, 0)) / 1e6::double precision AS generator_lag_ms,
    coalesce(r.slot_wait_ns, 0) / 1e6::double precision AS slot_wait_ms,
    r.duration_ns / 1e6::double precision AS duration_ms,
    CASE WHEN r.has_response THEN (r.lag_ns + r.duration_ns) / 1e6::double precision END AS response_ms,
    r.ok, r.interrupted,
    coalesce(r.error, '') AS error,
    CASE r.time_window WHEN 0 THEN 'warm-up' WHEN 1 THEN 'steady' ELSE 'ramp-down' END AS time_window
FROM iteration_rows r
JOIN job_rows j ON j.id = r.job_id
JOIN identities i ON i.job_id = r.job_id AND i.id = r.identity;

CREATE VIEW errors AS
SELECT
    e.job_id, e.workflow, e.step, e.name, e.kind, e.count,
    timestamptz 'epoch'
        + (coalesce(j.started_wall_ns, j.submitted_wall_ns) + e.first_ns) / 1000 * interval '1 microsecond'
        AS first_at,
    timestamptz 'epoch'
        + (coalesce(j.started_wall_ns, j.submitted_wall_ns) + e.last_ns) / 1000 * interval '1 microsecond'
        AS last_at,
    e.example
FROM error_rows e
JOIN job_rows j ON j.id = e.job_id;

CREATE VIEW events AS
SELECT
    e.job_id, e.number,
    timestamptz 'epoch'
        + (coalesce(j.started_wall_ns, j.submitted_wall_ns) + e.at_ns) / 1000 * interval '1 microsecond'
        AS at,
    e.at_ns / 1e9::double precision AS at_second,
    e.kind, e.who, e.old_value, e.new_value
FROM event_rows e
JOIN job_rows j ON j.id = e.job_id;

CREATE VIEW logs AS
SELECT
    l.job_id, l.number, l.agent,
    timestamptz 'epoch'
        + (coalesce(j.started_wall_ns, j.submitted_wall_ns) + l.at_ns) / 1000 * interval '1 microsecond'
        AS at,
    l.stream, l.line
FROM log_rows l
JOIN job_rows j ON j.id = l.job_id;

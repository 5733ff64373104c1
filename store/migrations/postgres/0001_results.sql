-- Base tables. Instants are ns since the Unix epoch (`*_wall_ns`) or from the job's start (`*_ns`).

CREATE TABLE job_rows (
    id uuid PRIMARY KEY,
    name text NOT NULL,
    description text NOT NULL,
    service text NOT NULL,
    state text NOT NULL,
    verdict text,
    reason text NOT NULL,
    degraded boolean NOT NULL,
    final boolean NOT NULL,
    submitted_wall_ns bigint NOT NULL,
    started_wall_ns bigint,
    ended_wall_ns bigint,
    duration_s double precision NOT NULL,
    planned bigint NOT NULL,
    asked_rate double precision NOT NULL,
    achieved_rate double precision,
    binary_sha256 text NOT NULL,
    binary_name text NOT NULL,
    spec text NOT NULL,
    labels text NOT NULL,
    -- The whole job as JSON: what heavy itself reads back.
    info text NOT NULL
);
CREATE INDEX job_rows_submitted ON job_rows (submitted_wall_ns);

CREATE TABLE producers (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    job_id uuid NOT NULL REFERENCES job_rows (id),
    agent text NOT NULL,
    epoch bigint NOT NULL,
    stream text NOT NULL,
    sequence bigint NOT NULL,
    crc32c bigint NOT NULL,
    closed boolean NOT NULL,
    UNIQUE (job_id, agent, epoch, stream)
) WITH (fillfactor = 50);

CREATE TABLE stats_batches (
    producer bigint NOT NULL REFERENCES producers (id),
    sequence bigint NOT NULL,
    crc32c bigint NOT NULL,
    content bytea NOT NULL,
    PRIMARY KEY (producer, sequence)
);

-- The id is a hash of the texts.
CREATE TABLE identities (
    job_id uuid NOT NULL,
    id bigint NOT NULL,
    agent text NOT NULL,
    workflow text NOT NULL,
    step text NOT NULL,
    name text NOT NULL,
    method text NOT NULL,
    proto text NOT NULL,
    PRIMARY KEY (job_id, id)
);

-- Both are partitioned by the day in the job's id. What most rows have not is NULL and takes no room: 0 ns of the
-- first four phases, '' of texts, '{}' of tags. The wide columns come first, so that nothing is lost to alignment.
CREATE TABLE samples (
    identity bigint NOT NULL,
    started_ns bigint NOT NULL,
    duration_ns bigint NOT NULL,
    size bigint NOT NULL,
    send_ns bigint NOT NULL,
    wait_ns bigint NOT NULL,
    receive_ns bigint NOT NULL,
    blocked_ns bigint,
    dns_ns bigint,
    connect_ns bigint,
    tls_ns bigint,
    iteration bigint,
    status integer NOT NULL,
    -- 0: warm-up, 1: steady, 2: ramp-down.
    time_window smallint NOT NULL,
    failed boolean NOT NULL,
    -- NULL: not said.
    reused boolean,
    job_id uuid NOT NULL,
    -- The sequence ID: a UUID, or another text.
    sequence uuid,
    sequence_text text,
    url text NOT NULL,
    error text,
    error_kind text,
    request_id text,
    user_id text,
    tags text
) PARTITION BY RANGE (job_id);
CREATE INDEX samples_job ON samples USING brin (job_id) WITH (pages_per_range = 64, autosummarize = on);

CREATE TABLE iteration_rows (
    identity bigint NOT NULL,
    iteration bigint NOT NULL,
    scheduled_ns bigint NOT NULL,
    lag_ns bigint NOT NULL,
    duration_ns bigint NOT NULL,
    slot_wait_ns bigint,
    time_window smallint NOT NULL,
    ok boolean NOT NULL,
    interrupted boolean NOT NULL,
    has_response boolean NOT NULL,
    job_id uuid NOT NULL,
    sequence uuid,
    sequence_text text,
    error text,
    user_id text
) PARTITION BY RANGE (job_id);
CREATE INDEX iteration_rows_job ON iteration_rows USING brin (job_id)
    WITH (pages_per_range = 64, autosummarize = on);

CREATE TABLE event_rows (
    job_id uuid NOT NULL,
    number bigint NOT NULL,
    at_ns bigint NOT NULL,
    kind text NOT NULL,
    who text NOT NULL,
    old_value text NOT NULL,
    new_value text NOT NULL,
    PRIMARY KEY (job_id, number)
);

CREATE TABLE log_rows (
    job_id uuid NOT NULL,
    number bigint NOT NULL,
    agent text NOT NULL,
    at_ns bigint NOT NULL,
    stream text NOT NULL,
    line text NOT NULL,
    PRIMARY KEY (job_id, number)
);

CREATE TABLE error_rows (
    job_id uuid NOT NULL,
    workflow text NOT NULL,
    step text NOT NULL,
    name text NOT NULL,
    kind text NOT NULL,
    count bigint NOT NULL,
    first_ns bigint NOT NULL,
    last_ns bigint NOT NULL,
    example text NOT NULL,
    PRIMARY KEY (job_id, workflow, step, name, kind)
);

CREATE TABLE seconds (
    job_id uuid NOT NULL,
    second bigint NOT NULL,
    planned bigint NOT NULL,
    scheduled bigint NOT NULL,
    started bigint NOT NULL,
    ok bigint NOT NULL,
    failed bigint NOT NULL,
    dropped bigint NOT NULL,
    in_flight bigint NOT NULL,
    requests bigint NOT NULL,
    requests_failed bigint NOT NULL,
    rps double precision NOT NULL,
    p50_ms double precision,
    p95_ms double precision,
    p99_ms double precision,
    response_p99_ms double precision,
    duration_histogram bytea NOT NULL,
    response_histogram bytea NOT NULL,
    partial boolean NOT NULL,
    PRIMARY KEY (job_id, second)
);

CREATE TABLE agent_seconds (
    job_id uuid NOT NULL,
    agent text NOT NULL,
    second bigint NOT NULL,
    started bigint NOT NULL,
    dropped bigint NOT NULL,
    in_flight bigint NOT NULL,
    generator_lag_p99_ms double precision,
    cpu double precision NOT NULL,
    rss_mb double precision NOT NULL,
    open_files bigint NOT NULL,
    PRIMARY KEY (job_id, agent, second)
);

-- Base tables. Instants are ns since the Unix epoch (`*_wall_ns`) or from the job's start (`*_ns`).

CREATE TABLE job_rows (
    -- Rows of a job have ids from key << 40 on.
    key INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    service TEXT NOT NULL,
    state TEXT NOT NULL,
    verdict TEXT,
    reason TEXT NOT NULL,
    degraded INTEGER NOT NULL,
    final INTEGER NOT NULL,
    submitted_wall_ns INTEGER NOT NULL,
    started_wall_ns INTEGER,
    ended_wall_ns INTEGER,
    duration_s REAL NOT NULL,
    planned INTEGER NOT NULL,
    asked_rate REAL NOT NULL,
    achieved_rate REAL,
    binary_sha256 TEXT NOT NULL,
    binary_name TEXT NOT NULL,
    spec TEXT NOT NULL,
    labels TEXT NOT NULL,
    -- The whole job as JSON: what heavy itself reads back.
    info TEXT NOT NULL
) STRICT;
CREATE INDEX job_rows_submitted ON job_rows (submitted_wall_ns);

CREATE TABLE producers (
    id INTEGER PRIMARY KEY,
    job_id TEXT NOT NULL REFERENCES job_rows (id),
    agent TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    stream TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    crc32c INTEGER NOT NULL,
    closed INTEGER NOT NULL,
    UNIQUE (job_id, agent, epoch, stream)
) STRICT;

CREATE TABLE stats_batches (
    producer INTEGER NOT NULL REFERENCES producers (id),
    sequence INTEGER NOT NULL,
    crc32c INTEGER NOT NULL,
    content BLOB NOT NULL,
    PRIMARY KEY (producer, sequence)
) STRICT;

CREATE TABLE identities (
    id INTEGER PRIMARY KEY,
    job INTEGER NOT NULL,
    agent TEXT NOT NULL,
    workflow TEXT NOT NULL,
    step TEXT NOT NULL,
    name TEXT NOT NULL,
    method TEXT NOT NULL,
    proto TEXT NOT NULL,
    UNIQUE (job, agent, workflow, step, name, method, proto)
) STRICT;

-- Each column costs every row of an insert: what few rows have is together in one column, which is NULL in the others.
CREATE TABLE samples (
    id INTEGER PRIMARY KEY,
    identity INTEGER NOT NULL,
    url TEXT NOT NULL,
    status INTEGER NOT NULL,
    -- 1: failed; 2 * (0: new connection, 1: reused, 2: not said); 8 * (0: warm-up, 1: steady, 2: ramp-down).
    flags INTEGER NOT NULL,
    size INTEGER NOT NULL,
    started_ns INTEGER NOT NULL,
    duration_ns INTEGER NOT NULL,
    blocked_ns INTEGER NOT NULL,
    -- [dns, connect, tls] in ns; NULL: all 0.
    connecting TEXT,
    send_ns INTEGER NOT NULL,
    wait_ns INTEGER NOT NULL,
    receive_ns INTEGER NOT NULL,
    sequence_id TEXT,
    iteration INTEGER,
    -- {error, error_kind, request_id, user_id, tags}, without those that are empty; NULL: all are.
    extra TEXT
) STRICT;

CREATE TABLE iteration_rows (
    id INTEGER PRIMARY KEY,
    identity INTEGER NOT NULL,
    iteration INTEGER NOT NULL,
    sequence_id TEXT,
    scheduled_ns INTEGER NOT NULL,
    lag_ns INTEGER NOT NULL,
    slot_wait_ns INTEGER NOT NULL,
    duration_ns INTEGER NOT NULL,
    -- 1: ok; 2: interrupted; 4: has a response time; 8 * (0: warm-up, 1: steady, 2: ramp-down).
    flags INTEGER NOT NULL,
    -- {error, user_id}, without those that are empty; NULL: all are.
    extra TEXT
) STRICT;

CREATE TABLE event_rows (
    job_id TEXT NOT NULL,
    number INTEGER NOT NULL,
    at_ns INTEGER NOT NULL,
    kind TEXT NOT NULL,
    who TEXT NOT NULL,
    old_value TEXT NOT NULL,
    new_value TEXT NOT NULL,
    PRIMARY KEY (job_id, number)
) STRICT;

CREATE TABLE log_rows (
    job_id TEXT NOT NULL,
    number INTEGER NOT NULL,
    agent TEXT NOT NULL,
    at_ns INTEGER NOT NULL,
    stream TEXT NOT NULL,
    line TEXT NOT NULL,
    PRIMARY KEY (job_id, number)
) STRICT;

CREATE TABLE error_rows (
    job_id TEXT NOT NULL,
    workflow TEXT NOT NULL,
    step TEXT NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    count INTEGER NOT NULL,
    first_ns INTEGER NOT NULL,
    last_ns INTEGER NOT NULL,
    example TEXT NOT NULL,
    PRIMARY KEY (job_id, workflow, step, name, kind)
) STRICT;

CREATE TABLE seconds (
    job_id TEXT NOT NULL,
    second INTEGER NOT NULL,
    planned INTEGER NOT NULL,
    scheduled INTEGER NOT NULL,
    started INTEGER NOT NULL,
    ok INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    dropped INTEGER NOT NULL,
    in_flight INTEGER NOT NULL,
    requests INTEGER NOT NULL,
    requests_failed INTEGER NOT NULL,
    rps REAL NOT NULL,
    p50_ms REAL,
    p95_ms REAL,
    p99_ms REAL,
    response_p99_ms REAL,
    duration_histogram BLOB NOT NULL,
    response_histogram BLOB NOT NULL,
    partial INTEGER NOT NULL,
    PRIMARY KEY (job_id, second)
) STRICT;

CREATE TABLE agent_seconds (
    job_id TEXT NOT NULL,
    agent TEXT NOT NULL,
    second INTEGER NOT NULL,
    started INTEGER NOT NULL,
    dropped INTEGER NOT NULL,
    in_flight INTEGER NOT NULL,
    generator_lag_p99_ms REAL,
    cpu REAL NOT NULL,
    rss_mb REAL NOT NULL,
    open_files INTEGER NOT NULL,
    PRIMARY KEY (job_id, agent, second)
) STRICT;

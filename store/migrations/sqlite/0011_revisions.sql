-- How a job ended: iterations of which nobody knows whether they were started, rows that agents gave up whenever they did,
-- the revisions of summaries, and what is needed to aggregate a job again when results come late.

ALTER TABLE assignments ADD COLUMN unknown INTEGER NOT NULL DEFAULT 0;
ALTER TABLE assignments ADD COLUMN damaged_batches INTEGER NOT NULL DEFAULT 0;
ALTER TABLE workflow_stats ADD COLUMN unknown INTEGER NOT NULL DEFAULT 0;

ALTER TABLE producers ADD COLUMN voided_requests INTEGER NOT NULL DEFAULT 0;
ALTER TABLE producers ADD COLUMN voided_iterations INTEGER NOT NULL DEFAULT 0;
ALTER TABLE producers ADD COLUMN damaged_batches INTEGER NOT NULL DEFAULT 0;

CREATE TABLE revision_rows (
    job_id TEXT NOT NULL,
    number INTEGER NOT NULL,
    at_wall_ns INTEGER NOT NULL,
    verdict TEXT NOT NULL,
    reason TEXT NOT NULL,
    complete INTEGER NOT NULL,
    changes TEXT NOT NULL,
    PRIMARY KEY (job_id, number)
);

CREATE TABLE settlements (
    job_id TEXT PRIMARY KEY,
    -- Whether nothing more can come.
    complete INTEGER NOT NULL,
    -- The sum of the sequences of all producers by then: more of it is more results.
    seen INTEGER NOT NULL,
    -- What was due, and what was aggregated, as JSON.
    document TEXT NOT NULL
);

CREATE VIEW summary_revisions AS
SELECT
    job_id, number,
    strftime('%Y-%m-%dT%H:%M:%S', at_wall_ns / 1000000000, 'unixepoch')
        || printf('.%06dZ', at_wall_ns / 1000 % 1000000) AS at,
    verdict, reason, complete, changes
FROM revision_rows;

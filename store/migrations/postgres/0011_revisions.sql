-- How a job ended: iterations of which nobody knows whether they were started, rows that agents gave up whenever they did,
-- the revisions of summaries, and what is needed to aggregate a job again when results come late.

ALTER TABLE assignments ADD COLUMN unknown bigint NOT NULL DEFAULT 0;
ALTER TABLE assignments ADD COLUMN damaged_batches bigint NOT NULL DEFAULT 0;
ALTER TABLE workflow_stats ADD COLUMN unknown bigint NOT NULL DEFAULT 0;

ALTER TABLE producers ADD COLUMN voided_requests bigint NOT NULL DEFAULT 0;
ALTER TABLE producers ADD COLUMN voided_iterations bigint NOT NULL DEFAULT 0;
ALTER TABLE producers ADD COLUMN damaged_batches bigint NOT NULL DEFAULT 0;

CREATE TABLE revision_rows (
    job_id uuid NOT NULL,
    number bigint NOT NULL,
    at_wall_ns bigint NOT NULL,
    verdict text NOT NULL,
    reason text NOT NULL,
    complete boolean NOT NULL,
    changes text NOT NULL,
    PRIMARY KEY (job_id, number)
);

CREATE TABLE settlements (
    job_id uuid PRIMARY KEY,
    -- Whether nothing more can come.
    complete boolean NOT NULL,
    -- The sum of the sequences of all producers by then: more of it is more results.
    seen bigint NOT NULL,
    -- What was due, and what was aggregated, as JSON.
    document text NOT NULL
);

CREATE VIEW summary_revisions AS
SELECT
    job_id, number,
    timestamptz 'epoch' + at_wall_ns / 1000 * interval '1 microsecond' AS at,
    verdict, reason, complete, changes
FROM revision_rows;

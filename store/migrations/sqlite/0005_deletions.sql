-- Jobs of which everything or only the rows were deleted: batches that come late are discarded.
CREATE TABLE deletions (
    job_id TEXT PRIMARY KEY NOT NULL,
    -- Of job_rows: never given to another job.
    key INTEGER NOT NULL,
    rows_only INTEGER NOT NULL,
    -- Whether the rows are gone too.
    swept INTEGER NOT NULL
) STRICT;

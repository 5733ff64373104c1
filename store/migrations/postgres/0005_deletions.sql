-- Jobs of which everything or only the rows were deleted: batches that come late are discarded.
CREATE TABLE deletions (
    job_id uuid PRIMARY KEY,
    rows_only boolean NOT NULL,
    -- Whether the rows are gone too.
    swept boolean NOT NULL
);

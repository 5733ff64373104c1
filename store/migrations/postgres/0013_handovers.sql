-- What another process needs to conclude a job that has started and not ended, as JSON.
CREATE TABLE handovers (
    job_id uuid PRIMARY KEY,
    document text NOT NULL
);

-- Who works on jobs: the database's scheduler (`scheduler`), and commands with jobs of their own (`run-...`, `scheduler-...`).
CREATE TABLE schedulers (
    -- Never given out twice: what a process writes is refused once its row is gone.
    epoch bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL UNIQUE,
    -- The lock that the process holds: whoever holds the same one knows that it is gone.
    holder text NOT NULL,
    -- As its jobs name it.
    owner text NOT NULL,
    -- Raised every second. Others watch it change, and compare no clocks.
    beat bigint NOT NULL DEFAULT 0,
    -- It ended and left jobs to the next one.
    released boolean NOT NULL DEFAULT false,
    -- For messages.
    command text NOT NULL,
    host text NOT NULL,
    pid bigint NOT NULL,
    url text NOT NULL,
    since_wall_ns bigint NOT NULL
) WITH (fillfactor = 50);

-- The scheduler that may write the job; 0 of jobs from before schedulers had rows.
ALTER TABLE job_rows ADD COLUMN epoch bigint NOT NULL DEFAULT 0;

-- Who works on jobs: the database's scheduler (`scheduler`), and commands with jobs of their own (`run-...`, `scheduler-...`).
CREATE TABLE schedulers (
    -- Never given out twice: what a process writes is refused once its row is gone.
    epoch INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    -- The lock that the process holds: whoever holds the same one knows that it is gone.
    holder TEXT NOT NULL,
    -- As its jobs name it.
    owner TEXT NOT NULL,
    -- Raised every second. Others watch it change, and compare no clocks.
    beat INTEGER NOT NULL DEFAULT 0,
    -- It ended and left jobs to the next one.
    released INTEGER NOT NULL DEFAULT 0,
    -- For messages.
    command TEXT NOT NULL,
    host TEXT NOT NULL,
    pid INTEGER NOT NULL,
    url TEXT NOT NULL,
    since_wall_ns INTEGER NOT NULL
) STRICT;

-- The scheduler that may write the job; 0 of jobs from before schedulers had rows.
ALTER TABLE job_rows ADD COLUMN epoch INTEGER NOT NULL DEFAULT 0;

-- Which process works on a job: '' for one of before, else the name of its directory in `runs/` of its data directory.
ALTER TABLE job_rows ADD COLUMN owner TEXT NOT NULL DEFAULT '';

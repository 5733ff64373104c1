-- Names are counted apart by protocol family: what was there before is of HTTP.

ALTER TABLE request_stats ADD COLUMN protocol text NOT NULL DEFAULT 'http';
ALTER TABLE request_stats ALTER COLUMN protocol DROP DEFAULT;
ALTER TABLE request_stats DROP CONSTRAINT request_stats_pkey;
ALTER TABLE request_stats ADD PRIMARY KEY (job_id, workflow, step, name, method, protocol);

ALTER TABLE status_counts ADD COLUMN protocol text NOT NULL DEFAULT 'http';
ALTER TABLE status_counts ALTER COLUMN protocol DROP DEFAULT;
ALTER TABLE status_counts DROP CONSTRAINT status_counts_pkey;
ALTER TABLE status_counts ADD PRIMARY KEY (job_id, workflow, step, name, method, protocol, status);

ALTER TABLE latency_buckets ADD COLUMN protocol text NOT NULL DEFAULT 'http';
ALTER TABLE latency_buckets ALTER COLUMN protocol DROP DEFAULT;
ALTER TABLE latency_buckets DROP CONSTRAINT latency_buckets_pkey;
ALTER TABLE latency_buckets ADD PRIMARY KEY (job_id, workflow, step, name, method, protocol, upper_ms);

-- A file of changes can be cancelled; what was given up is told as what was done is.
ALTER TABLE bulk_jobs DROP CONSTRAINT bulk_jobs_state_check;
ALTER TABLE bulk_jobs ADD CONSTRAINT bulk_jobs_state_check
    CHECK (state IN ('uploading', 'queued', 'running', 'done', 'failed', 'cancelled'));
ALTER TABLE bulk_jobs ADD COLUMN cancelled_by text;
CREATE INDEX bulk_jobs_of_partner ON bulk_jobs (tenant_id, partner_id, job_id);

-- Why the work on a message was given up; null when it was done.
ALTER TABLE transactions ADD COLUMN failure text;

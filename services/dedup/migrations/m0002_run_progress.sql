-- How far a run is: comparisons planned, of which `comparisons` are made.
ALTER TABLE runs ADD COLUMN planned bigint NOT NULL DEFAULT 0;

-- What people are compared by: a copy of the registry's comparison columns, nothing more.
CREATE TABLE records (
    tenant_id       text        NOT NULL DEFAULT 'default',
    registrant_id   uuid        NOT NULL,
    record_no       bigint      GENERATED ALWAYS AS IDENTITY,  -- the engine's id of the record
    household_id    uuid,
    given_name      text,
    family_name     text,
    additional_name text,
    sex             text,
    birth_date      text,
    birth_place     text,
    phones          text[]      NOT NULL DEFAULT '{}',
    id_hashes       text[]      NOT NULL DEFAULT '{}',
    address         text,
    village         text,
    district        text,
    updated_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, registrant_id),
    UNIQUE (tenant_id, record_no)
);

-- One comparison of the whole register.
CREATE TABLE runs (
    tenant_id       text        NOT NULL DEFAULT 'default',
    run_id          uuid        NOT NULL,
    state           text        NOT NULL CHECK (state IN ('queued', 'running', 'done', 'failed')),
    model           text        NOT NULL,
    min_probability double precision NOT NULL,
    requested_by    text        NOT NULL,
    requested_at    timestamptz NOT NULL,
    finished_at     timestamptz,
    records         bigint      NOT NULL DEFAULT 0,
    comparisons     bigint      NOT NULL DEFAULT 0,
    pairs           bigint      NOT NULL DEFAULT 0,
    seconds         double precision NOT NULL DEFAULT 0,
    rules           jsonb       NOT NULL DEFAULT '[]',
    error           text,
    PRIMARY KEY (tenant_id, run_id)
);

-- Candidate pairs of a run, the record that came first on the left.
CREATE TABLE pairs (
    tenant_id   text             NOT NULL DEFAULT 'default',
    run_id      uuid             NOT NULL,
    left_id     uuid             NOT NULL,
    right_id    uuid             NOT NULL,
    weight      double precision NOT NULL,
    probability double precision NOT NULL,
    explanation jsonb,
    PRIMARY KEY (tenant_id, run_id, left_id, right_id),
    FOREIGN KEY (tenant_id, run_id) REFERENCES runs (tenant_id, run_id)
);
CREATE INDEX pairs_by_probability ON pairs (tenant_id, run_id, probability DESC);

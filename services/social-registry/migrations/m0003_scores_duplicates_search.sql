-- Scores by definition.
CREATE TABLE score_definitions (
    tenant_id  text        NOT NULL DEFAULT 'default',
    name       text        NOT NULL,
    version    integer     NOT NULL,             -- the highest one counts
    definition jsonb       NOT NULL,
    created_by text        NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, name, version)
);

CREATE TABLE scores (
    tenant_id     text          NOT NULL DEFAULT 'default',
    registrant_id uuid          NOT NULL,
    name          text          NOT NULL,
    score         numeric(16, 4) NOT NULL,
    version       integer       NOT NULL,        -- of the definition
    computed_at   timestamptz   NOT NULL,
    PRIMARY KEY (tenant_id, registrant_id, name),
    FOREIGN KEY (tenant_id, registrant_id) REFERENCES registrants
);
CREATE INDEX scores_value ON scores (tenant_id, name, score);

-- Pairs that may be one person, and what was decided.
CREATE TABLE duplicate_pairs (
    tenant_id   text        NOT NULL DEFAULT 'default',
    pair_id     uuid        NOT NULL,
    left_id     uuid        NOT NULL,            -- the earlier record
    right_id    uuid        NOT NULL,
    probability double precision NOT NULL CHECK (probability BETWEEN 0 AND 1),
    weight      double precision NOT NULL,
    run_id      uuid        NOT NULL,
    model       text        NOT NULL,
    state       text        NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'same', 'different', 'unsure')),
    found_at    timestamptz NOT NULL,
    decided_at  timestamptz,
    decided_by  text,
    reason      text,
    PRIMARY KEY (tenant_id, pair_id),
    CONSTRAINT duplicate_pairs_once UNIQUE (tenant_id, left_id, right_id),
    FOREIGN KEY (tenant_id, left_id) REFERENCES registrants,
    FOREIGN KEY (tenant_id, right_id) REFERENCES registrants,
    CHECK (left_id < right_id)
);
CREATE INDEX duplicate_pairs_queue ON duplicate_pairs (tenant_id, state, probability DESC, pair_id);
CREATE INDEX duplicate_pairs_right ON duplicate_pairs (tenant_id, right_id);

-- What a partner's search found, so that its pages hold each record exactly once whatever changes meanwhile.
CREATE TABLE search_snapshots (
    tenant_id       text        NOT NULL DEFAULT 'default',
    snapshot_id     uuid        NOT NULL,
    partner_id      text        NOT NULL,
    transaction_id  text        NOT NULL,
    criteria_sha256 text        NOT NULL,
    page_size       integer     NOT NULL,
    total           bigint      NOT NULL,
    created_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, snapshot_id)
);
CREATE INDEX search_snapshots_age ON search_snapshots (created_at);
CREATE INDEX search_snapshots_transaction ON search_snapshots (tenant_id, partner_id, transaction_id);

CREATE TABLE search_snapshot_rows (
    tenant_id     text   NOT NULL DEFAULT 'default',
    snapshot_id   uuid   NOT NULL,
    ordinal       bigint NOT NULL,
    registrant_id uuid   NOT NULL,
    PRIMARY KEY (tenant_id, snapshot_id, ordinal),
    FOREIGN KEY (tenant_id, snapshot_id) REFERENCES search_snapshots ON DELETE CASCADE
);

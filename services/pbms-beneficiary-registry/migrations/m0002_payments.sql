-- Cycles, entitlements, funds, disbursements. Money is in minor units of the programme's currency.

-- Money of a programme: what came in, what is promised to cycles, what was paid out. The rest is free.
CREATE TABLE fund_accounts (
    tenant_id       text   NOT NULL DEFAULT 'default',
    program_id      uuid   NOT NULL,
    currency        text   NOT NULL,
    deposited_minor bigint NOT NULL DEFAULT 0 CHECK (deposited_minor >= 0),
    reserved_minor  bigint NOT NULL DEFAULT 0 CHECK (reserved_minor >= 0),
    spent_minor     bigint NOT NULL DEFAULT 0 CHECK (spent_minor >= 0),
    PRIMARY KEY (tenant_id, program_id),
    FOREIGN KEY (tenant_id, program_id) REFERENCES programs (tenant_id, id),
    CONSTRAINT fund_accounts_not_overspent CHECK (reserved_minor + spent_minor <= deposited_minor)
);

-- Every change of an account. `reserved` and `spent` are signed changes; a deposit changes neither.
CREATE TABLE fund_entries (
    tenant_id      text        NOT NULL DEFAULT 'default',
    id             bigint      GENERATED ALWAYS AS IDENTITY,
    program_id     uuid        NOT NULL,
    cycle_id       uuid,
    kind           text        NOT NULL CHECK (kind IN ('deposit', 'reserve', 'release', 'settle')),
    deposited_minor bigint     NOT NULL DEFAULT 0,
    reserved_minor bigint      NOT NULL DEFAULT 0,
    spent_minor    bigint      NOT NULL DEFAULT 0,
    actor          text        NOT NULL,
    note           text        NOT NULL DEFAULT '',
    at             timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, program_id) REFERENCES fund_accounts (tenant_id, program_id)
);
CREATE INDEX fund_entries_program ON fund_entries (tenant_id, program_id, id);

CREATE TABLE cycles (
    tenant_id         text        NOT NULL DEFAULT 'default',
    id                uuid        NOT NULL,
    number            bigint      GENERATED ALWAYS AS IDENTITY, -- how the bridge knows it
    program_id        uuid        NOT NULL,
    rule_version      integer     NOT NULL,
    name              text        NOT NULL,
    sequence          integer     NOT NULL CHECK (sequence > 0),
    schedule_date     date        NOT NULL,
    state             text        NOT NULL DEFAULT 'draft'
                      CHECK (state IN ('draft', 'to_approve', 'approved', 'disbursing', 'done', 'cancelled')),
    -- Whether the entitlements are those of the rule: none, computing, computed.
    entitlement_state text        NOT NULL DEFAULT 'none' CHECK (entitlement_state IN ('none', 'computing', 'computed')),
    entitlement_count bigint      NOT NULL DEFAULT 0,
    household_count   bigint      NOT NULL DEFAULT 0,
    total_minor       bigint      NOT NULL DEFAULT 0,
    reserved_minor    bigint      NOT NULL DEFAULT 0 CHECK (reserved_minor >= 0),
    submitted_by      text,
    submitted_at      timestamptz,
    approved_by       text,
    approved_at       timestamptz,
    approved_count    bigint,                              -- frozen at approval
    approved_minor    bigint,
    traceparent       text,                                -- of the approval: the payments belong to its trace
    disbursed_by      text,
    disbursing_at     timestamptz,
    finished_at       timestamptz,
    created_at        timestamptz NOT NULL,
    created_by        text        NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, program_id, rule_version) REFERENCES program_versions (tenant_id, program_id, version),
    CONSTRAINT cycles_name UNIQUE (tenant_id, program_id, name),
    CONSTRAINT cycles_sequence UNIQUE (tenant_id, program_id, sequence),
    CONSTRAINT cycles_four_eyes CHECK (approved_by IS NULL OR approved_by <> submitted_by),
    CHECK (state NOT IN ('approved', 'disbursing', 'done') OR (approved_by IS NOT NULL AND approved_minor IS NOT NULL))
);

CREATE TABLE cycle_history (
    tenant_id  text        NOT NULL DEFAULT 'default',
    id         bigint      GENERATED ALWAYS AS IDENTITY,
    cycle_id   uuid        NOT NULL,
    from_state text,
    to_state   text        NOT NULL,
    actor      text        NOT NULL,
    reason     text        NOT NULL DEFAULT '',
    at         timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX cycle_history_cycle ON cycle_history (tenant_id, cycle_id, id);

-- What a household is to get in a cycle. Changes in draft only; frozen by the approval.
CREATE TABLE entitlements (
    tenant_id    text   NOT NULL DEFAULT 'default',
    cycle_id     uuid   NOT NULL,
    household_id text COLLATE "C"   NOT NULL,
    benefit_code text   NOT NULL,
    payee        text COLLATE "C"   NOT NULL,
    amount_minor bigint NOT NULL CHECK (amount_minor > 0),
    PRIMARY KEY (tenant_id, cycle_id, household_id, benefit_code)
);
CREATE INDEX entitlements_household ON entitlements (tenant_id, household_id);
CREATE INDEX entitlements_payee ON entitlements (tenant_id, payee);

-- How an entitlement came about: its lines sum to it. 0 the base, then the additions, last the cap (negative).
CREATE TABLE entitlement_lines (
    tenant_id    text    NOT NULL DEFAULT 'default',
    cycle_id     uuid    NOT NULL,
    household_id text COLLATE "C"    NOT NULL,
    benefit_code text    NOT NULL,
    line         integer NOT NULL,
    kind         text    NOT NULL CHECK (kind IN ('base', 'addition', 'cap')),
    quantity     bigint  NOT NULL,
    unit_minor   bigint  NOT NULL,
    PRIMARY KEY (tenant_id, cycle_id, household_id, benefit_code, line)
);

-- The order of payment of one benefit of a cycle at the bridge.
CREATE TABLE envelopes (
    tenant_id          text        NOT NULL DEFAULT 'default',
    cycle_id           uuid        NOT NULL,
    benefit_code       text        NOT NULL,
    id                 uuid        NOT NULL,               -- the same on every try
    bridge_envelope_id text,                               -- known once the bridge has taken it
    disbursement_count bigint      NOT NULL,
    total_minor        bigint      NOT NULL,
    schedule_date      date        NOT NULL,               -- as declared: the same on every try
    created_at         timestamptz NOT NULL,
    accepted_at        timestamptz,
    last_error         text,
    PRIMARY KEY (tenant_id, cycle_id, benefit_code)
);

CREATE TABLE disbursement_batches (
    tenant_id    text        NOT NULL DEFAULT 'default',
    cycle_id     uuid        NOT NULL,
    benefit_code text        NOT NULL,
    sequence     integer     NOT NULL,
    id           uuid        NOT NULL,                     -- the batch control id, the same on every try
    state        text        NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'accepted', 'refused')),
    count        integer     NOT NULL CHECK (count > 0),
    total_minor  bigint      NOT NULL,
    attempts     integer     NOT NULL DEFAULT 0,
    last_error   text,
    row_errors   jsonb       NOT NULL DEFAULT '{}',        -- disbursement id -> codes of the bridge
    created_at   timestamptz NOT NULL,
    accepted_at  timestamptz,
    PRIMARY KEY (tenant_id, cycle_id, benefit_code, sequence)
);

CREATE TABLE disbursements (
    tenant_id    text        NOT NULL DEFAULT 'default',
    id           text COLLATE "C"        NOT NULL CHECK (id ~ '^[0-9A-Za-z]{16}$'),
    program_id   uuid        NOT NULL,
    cycle_id     uuid        NOT NULL,
    benefit_code text        NOT NULL,
    household_id text COLLATE "C"        NOT NULL,
    payee        text COLLATE "C"        NOT NULL,
    batch        integer     NOT NULL,
    amount_minor bigint      NOT NULL CHECK (amount_minor > 0),
    state        text        NOT NULL DEFAULT 'PENDING'
                 CHECK (state IN ('PENDING', 'RECEIVED', 'RESOLVED', 'SENT', 'PAID', 'REVERSED', 'REJECTED', 'CANCELLED')),
    state_rank   smallint    NOT NULL DEFAULT 0,           -- a later event of a lower rank changes nothing
    state_at     timestamptz NOT NULL,
    reason       text,
    created_at   timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT disbursements_once UNIQUE (tenant_id, cycle_id, household_id, benefit_code)
);
CREATE INDEX disbursements_cycle ON disbursements (tenant_id, cycle_id, id);
CREATE INDEX disbursements_batch ON disbursements (tenant_id, cycle_id, benefit_code, batch);
CREATE INDEX disbursements_payee ON disbursements (tenant_id, payee);
CREATE INDEX disbursements_open ON disbursements (tenant_id, cycle_id)
    WHERE state IN ('PENDING', 'RECEIVED', 'RESOLVED', 'SENT');

CREATE TABLE disbursement_history (
    tenant_id       text        NOT NULL DEFAULT 'default',
    id              bigint      GENERATED ALWAYS AS IDENTITY,
    disbursement_id text COLLATE "C"        NOT NULL,
    from_state      text,
    to_state        text        NOT NULL,
    reason          text,
    cause           text        NOT NULL,                  -- event id, or the user who opened the payment
    at              timestamptz NOT NULL,                  -- when it happened
    recorded_at     timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX disbursement_history_disbursement ON disbursement_history (tenant_id, disbursement_id, id);

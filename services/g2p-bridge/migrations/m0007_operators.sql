-- What people do with envelopes and payments that do not go their way by themselves.

-- What one person may not do alone: asked for by one, decided by another.
CREATE TABLE proposals (
    tenant_id       text        NOT NULL DEFAULT 'default',
    proposal_id     uuid        NOT NULL,
    kind            text        NOT NULL CHECK (kind IN ('ANSWER', 'REISSUE', 'RESUME', 'DAILY_LIMIT')),
    -- What it is about; one of a kind may wait at a time.
    subject         text        NOT NULL,
    content         jsonb       NOT NULL,
    reason          text        NOT NULL,
    state           text        NOT NULL DEFAULT 'OPEN' CHECK (state IN ('OPEN', 'DONE', 'REFUSED', 'WITHDRAWN')),
    -- What came of it; for `DONE`.
    outcome         text,
    proposed_by     text        NOT NULL,
    proposed_at     timestamptz NOT NULL,
    decided_by      text,
    decided_at      timestamptz,
    decision_reason text,
    PRIMARY KEY (tenant_id, proposal_id),
    CHECK ((state = 'OPEN') = (decided_by IS NULL)),
    -- Two people, whatever a program believes.
    CHECK (state <> 'DONE' OR decided_by <> proposed_by)
);
CREATE UNIQUE INDEX proposals_open ON proposals (tenant_id, kind, subject) WHERE state = 'OPEN';
CREATE INDEX proposals_subject ON proposals (tenant_id, subject);

-- Payments that are stopped: all of them, those of a programme, or those of a sponsor bank.
CREATE TABLE pauses (
    tenant_id text        NOT NULL DEFAULT 'default',
    scope     text        NOT NULL CHECK (scope IN ('ALL', 'PROGRAM', 'BANK')),
    name      text        NOT NULL CHECK ((scope = 'ALL') = (name = '')),
    reason    text        NOT NULL,
    paused_by text        NOT NULL,
    paused_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, scope, name)
);

-- The most that may leave a sponsor's account in a day of the programme's time zone.
CREATE TABLE daily_limits (
    tenant_id      text        NOT NULL DEFAULT 'default',
    account_number text        NOT NULL,
    currency       text        NOT NULL,
    limit_minor    bigint      NOT NULL CHECK (limit_minor >= 0),
    reason         text        NOT NULL,
    set_by         text        NOT NULL,
    set_at         timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, account_number, currency)
);

-- What was sent for the first time, by account and day, as additions: nobody waits for anybody to write one.
CREATE TABLE account_days (
    tenant_id      text   NOT NULL DEFAULT 'default',
    account_number text   NOT NULL,
    currency       text   NOT NULL,
    day            date   NOT NULL,
    id             bigint GENERATED ALWAYS AS IDENTITY,
    count          bigint NOT NULL CHECK (count > 0),
    amount_minor   bigint NOT NULL CHECK (amount_minor > 0),
    PRIMARY KEY (tenant_id, account_number, currency, day, id)
);

-- Payments that came back or were refused, and the payments that took their place: one each, ever.
CREATE TABLE reissues (
    tenant_id       text        NOT NULL DEFAULT 'default',
    original_id     text        NOT NULL,
    disbursement_id text        NOT NULL,
    envelope_id     text        NOT NULL,
    proposal_id     uuid        NOT NULL,
    reissued_at     timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, original_id),
    UNIQUE (tenant_id, disbursement_id),
    FOREIGN KEY (tenant_id, original_id) REFERENCES disbursements (tenant_id, disbursement_id),
    FOREIGN KEY (tenant_id, disbursement_id) REFERENCES disbursements (tenant_id, disbursement_id),
    FOREIGN KEY (tenant_id, proposal_id) REFERENCES proposals (tenant_id, proposal_id)
);

-- Two people said that the bank does not have it: it may be sent again under its key.
ALTER TABLE payment_attempts ADD COLUMN may_resend boolean NOT NULL DEFAULT false;

-- A beneficiary's own payments. Holds nothing that changes, so rows stay on their pages.
CREATE INDEX disbursements_beneficiary ON disbursements (tenant_id, beneficiary_id, disbursement_id);
CREATE INDEX payment_batches_open ON payment_batches (tenant_id, batch_id) WHERE state = 'OPEN';

-- The bridge's own tables. Money is in minor units of the envelope's currency, never a float.

-- Where a programme's money comes from. A change writes a new version; an envelope keeps the version it started with.
CREATE TABLE benefit_programs (
    tenant_id                     text        NOT NULL DEFAULT 'default',
    benefit_program_mnemonic      text        NOT NULL,
    version                       integer     NOT NULL CHECK (version > 0),
    current                       boolean     NOT NULL DEFAULT true,
    benefit_program_name          text,
    funding_org_code              text,
    funding_org_name              text,
    sponsor_bank_code             text        NOT NULL,
    sponsor_bank_account_number   text        NOT NULL,
    sponsor_bank_branch_code      text,
    sponsor_bank_account_currency text        NOT NULL CHECK (sponsor_bank_account_currency ~ '^[A-Z]{3}$'),
    id_mapper_resolution_required boolean     NOT NULL,
    time_zone                     text        NOT NULL,
    created_at                    timestamptz NOT NULL,
    created_by                    text        NOT NULL,
    PRIMARY KEY (tenant_id, benefit_program_mnemonic, version)
);
CREATE UNIQUE INDEX benefit_programs_current ON benefit_programs (tenant_id, benefit_program_mnemonic) WHERE current;
CREATE INDEX benefit_programs_account ON benefit_programs (tenant_id, sponsor_bank_account_number);

-- A promise of the programme system: so many payments, so much money, on that day.
CREATE TABLE envelopes (
    tenant_id                    text        NOT NULL DEFAULT 'default',
    envelope_id                  text        NOT NULL,
    -- Newer dialect: programme, benefit and cycle. 1.0: the envelope's own id.
    natural_key                  text        NOT NULL,
    benefit_program_mnemonic     text        NOT NULL,
    program_version              integer     NOT NULL,
    -- What the programme system calls things; echoed, never interpreted.
    labels                       jsonb       NOT NULL DEFAULT '{}',
    benefit_code_mnemonic        text,
    cycle_code_mnemonic          text        NOT NULL,
    disbursement_frequency       text        NOT NULL,
    currency                     text        NOT NULL,
    schedule_date                date        NOT NULL,
    declared_beneficiaries       bigint      NOT NULL CHECK (declared_beneficiaries > 0),
    declared_count               bigint      NOT NULL CHECK (declared_count > 0),
    declared_minor               bigint      NOT NULL CHECK (declared_minor >= 0),
    received_count               bigint      NOT NULL DEFAULT 0,
    received_minor               bigint      NOT NULL DEFAULT 0,
    -- The next row's number. Never goes back, so that numbers of cancelled rows are not used again.
    next_seq                     bigint      NOT NULL DEFAULT 0,
    state                        text        NOT NULL DEFAULT 'RECEIVING'
                                 CHECK (state IN ('RECEIVING', 'SCHEDULED', 'RESOLVING', 'FUNDING', 'PAYING', 'RELEASING',
                                                  'FINISHED', 'CANCELLED', 'EXPIRED')),
    state_since                  timestamptz NOT NULL,
    -- Why it does not go on; empty when it does.
    problem                      text,
    problem_since                timestamptz,
    -- Sum of the payments that have an account: what is blocked.
    eligible_count               bigint,
    eligible_minor               bigint,
    funds_available              text        NOT NULL DEFAULT 'PENDING_CHECK',
    funds_available_at           timestamptz,
    funds_available_error        text,
    funds_available_attempts     integer     NOT NULL DEFAULT 0,
    funds_blocked                text        NOT NULL DEFAULT 'PENDING_CHECK',
    funds_blocked_at             timestamptz,
    funds_blocked_error          text,
    funds_blocked_attempts       integer     NOT NULL DEFAULT 0,
    -- Set and committed before the bank is asked to block: from then on there may be a block.
    block_requested_at           timestamptz,
    block_reference              text,
    blocked_minor                bigint,
    released_minor               bigint,
    released_at                  timestamptz,
    settle_checked_at            timestamptz,
    created_at                   timestamptz NOT NULL,
    created_by                   text        NOT NULL,
    cancelled_at                 timestamptz,
    PRIMARY KEY (tenant_id, envelope_id),
    FOREIGN KEY (tenant_id, benefit_program_mnemonic, program_version)
        REFERENCES benefit_programs (tenant_id, benefit_program_mnemonic, version),
    -- The last line of defence of admission: no code path can take in more than was declared.
    CONSTRAINT envelopes_received_count CHECK (received_count BETWEEN 0 AND declared_count),
    CONSTRAINT envelopes_received_minor CHECK (received_minor BETWEEN 0 AND declared_minor)
) WITH (fillfactor = 70);
-- A cancelled envelope frees its key.
CREATE UNIQUE INDEX envelopes_natural_key ON envelopes (tenant_id, natural_key) WHERE state <> 'CANCELLED';
CREATE INDEX envelopes_live ON envelopes (tenant_id, state_since) WHERE state NOT IN ('FINISHED', 'CANCELLED', 'EXPIRED');

-- Counts and sums of an envelope's payments by state, as changes: written in the transaction that changes the rows, so
-- their sum is what the rows say, and nobody waits for anybody to write it.
CREATE TABLE envelope_tally (
    tenant_id    text   NOT NULL DEFAULT 'default',
    envelope_id  text   NOT NULL,
    id           bigint GENERATED ALWAYS AS IDENTITY,
    state        text   NOT NULL,
    count        bigint NOT NULL,
    amount_minor bigint NOT NULL,
    PRIMARY KEY (tenant_id, envelope_id, id)
);

-- The calls in which payments arrived, by the sender's own id.
CREATE TABLE receive_batches (
    tenant_id        text        NOT NULL DEFAULT 'default',
    batch_control_id text        NOT NULL,
    envelope_id      text        NOT NULL,
    count            bigint      NOT NULL,
    amount_minor     bigint      NOT NULL,
    received_at      timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, batch_control_id)
);

-- One payment to one payee. Its id is also its key at the bank.
CREATE TABLE disbursements (
    tenant_id            text        NOT NULL DEFAULT 'default',
    disbursement_id      text        NOT NULL,
    envelope_id          text        NOT NULL,
    -- Number within the envelope: chunks and batches are ranges of it.
    seq                  bigint      NOT NULL,
    batch_control_id     text,
    mis_reference_number text,
    beneficiary_id       text        NOT NULL,
    beneficiary_name     text,
    amount_minor         bigint      NOT NULL CHECK (amount_minor > 0),
    narrative            text        NOT NULL,
    compute_elements     jsonb,
    state                text        NOT NULL
                         CHECK (state IN ('RECEIVED', 'RESOLVED', 'SENDING', 'UNKNOWN', 'ACCEPTED', 'PAID', 'REVERSED',
                                          'REJECTED', 'CANCELLED')),
    reason               text,
    received_at          timestamptz NOT NULL,
    updated_at           timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, disbursement_id),
    UNIQUE (tenant_id, envelope_id, seq),
    FOREIGN KEY (tenant_id, envelope_id) REFERENCES envelopes (tenant_id, envelope_id)
    -- No index holds the state: each row changes it some five times, and stays on its page.
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05);

-- Where a payment goes, as the mapper said when it was resolved.
CREATE TABLE payees (
    tenant_id       text        NOT NULL DEFAULT 'default',
    disbursement_id text        NOT NULL,
    fa_type         text        NOT NULL CHECK (fa_type IN ('BANK_ACCOUNT', 'MOBILE_WALLET', 'EMAIL_WALLET')),
    account_number  text,
    account_type    text,
    bank_code       text,
    branch_code     text,
    mobile_number   text,
    email_address   text,
    wallet_provider text,
    resolved_at     timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, disbursement_id)
);

-- What is sent to the bank in one call. Formed after resolution, as a range of the envelope's numbers.
CREATE TABLE payment_batches (
    tenant_id    text        NOT NULL DEFAULT 'default',
    batch_id     uuid        NOT NULL,
    envelope_id  text        NOT NULL,
    batch_no     integer     NOT NULL,
    first_seq    bigint      NOT NULL,
    last_seq     bigint      NOT NULL,
    count        bigint      NOT NULL,
    amount_minor bigint      NOT NULL,
    state        text        NOT NULL DEFAULT 'OPEN' CHECK (state IN ('OPEN', 'DONE')),
    rounds       integer     NOT NULL DEFAULT 0,
    problem      text,
    created_at   timestamptz NOT NULL,
    updated_at   timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, batch_id),
    UNIQUE (tenant_id, envelope_id, batch_no)
);

-- The intent to pay, committed before the bank is called. A row in SENDING without a live worker means: ask the bank.
CREATE TABLE payment_attempts (
    tenant_id       text        NOT NULL DEFAULT 'default',
    disbursement_id text        NOT NULL,
    attempt_no      integer     NOT NULL,
    payment_key     text        NOT NULL,
    envelope_id     text        NOT NULL,
    batch_id        uuid        NOT NULL,
    amount_minor    bigint      NOT NULL,
    state           text        NOT NULL
                    CHECK (state IN ('SENDING', 'UNKNOWN', 'ACCEPTED', 'REJECTED', 'NOT_FOUND')),
    reason          text,
    sent_at         timestamptz NOT NULL,
    answered_at     timestamptz,
    PRIMARY KEY (tenant_id, disbursement_id, attempt_no),
    CHECK (payment_key = disbursement_id)
) WITH (fillfactor = 70);
-- At most one attempt of a payment can be open or have succeeded.
CREATE UNIQUE INDEX payment_attempts_live ON payment_attempts (tenant_id, disbursement_id)
    WHERE state IN ('SENDING', 'UNKNOWN', 'ACCEPTED');
CREATE INDEX payment_attempts_open ON payment_attempts (batch_id) WHERE state IN ('SENDING', 'UNKNOWN');

-- Who changed what, when, from what to what, and why. Only ever appended.
CREATE TABLE state_changes (
    tenant_id text        NOT NULL DEFAULT 'default',
    -- A disbursement id, `envelope/<id>`, `program/<mnemonic>` or `statement/<id>`.
    subject   text        NOT NULL,
    id        bigint      GENERATED ALWAYS AS IDENTITY,
    at        timestamptz NOT NULL,
    actor     text        NOT NULL,
    action    text        NOT NULL,
    before    text,
    after     text        NOT NULL,
    reason    text,
    PRIMARY KEY (tenant_id, subject, id)
);

-- Files as received, each once.
CREATE TABLE statement_files (
    tenant_id      text        NOT NULL DEFAULT 'default',
    content_sha256 text        NOT NULL,
    file_id        uuid        NOT NULL,
    content        bytea       NOT NULL,
    state          text        NOT NULL DEFAULT 'RECEIVED' CHECK (state IN ('RECEIVED', 'PROCESSED', 'ERROR')),
    problem        text,
    uploaded_by    text        NOT NULL,
    uploaded_at    timestamptz NOT NULL,
    processed_at   timestamptz,
    PRIMARY KEY (tenant_id, content_sha256)
);
CREATE UNIQUE INDEX statement_files_id ON statement_files (tenant_id, file_id);

-- One statement of one account; a file may hold several.
CREATE TABLE statements (
    tenant_id        text        NOT NULL DEFAULT 'default',
    statement_id     uuid        NOT NULL,
    file_id          uuid        NOT NULL,
    position         integer     NOT NULL,
    account_number   text        NOT NULL,
    reference_number text,
    statement_number text,
    sequence_number  text,
    currency         text,
    opening_minor    bigint,
    closing_minor    bigint,
    statement_date   date,
    lines            bigint      NOT NULL DEFAULT 0,
    new_lines        bigint      NOT NULL DEFAULT 0,
    problem_lines    bigint      NOT NULL DEFAULT 0,
    state            text        NOT NULL CHECK (state IN ('PROCESSING', 'PROCESSED', 'ERROR')),
    problem          text,
    created_at       timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, statement_id),
    UNIQUE (tenant_id, file_id, position)
);
CREATE INDEX statements_account ON statements (tenant_id, account_number, created_at);

-- The lines of all statements, each once however often the bank sends it.
CREATE TABLE statement_lines (
    tenant_id       text        NOT NULL DEFAULT 'default',
    -- Hash of account, bank reference, payment reference, mark, amount, dates and the ordinal among equal lines.
    line_key        text        NOT NULL,
    statement_id    uuid        NOT NULL,
    entry_no        bigint      NOT NULL,
    mark            text        NOT NULL,
    amount_minor    bigint,
    currency        text,
    entry_date      date,
    value_date      date,
    payment_ref     text,
    bank_ref        text,
    payee_name      text,
    reversal_reason text,
    -- BOOKED and REVERSED count; WAITING needs another line; IGNORED is none of ours; PROBLEM needs a person.
    outcome         text        NOT NULL CHECK (outcome IN ('BOOKED', 'REVERSED', 'WAITING', 'IGNORED', 'PROBLEM')),
    problem         text,
    created_at      timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, line_key)
);
CREATE INDEX statement_lines_payment ON statement_lines (tenant_id, payment_ref) WHERE payment_ref IS NOT NULL;
CREATE INDEX statement_lines_doubtful ON statement_lines (tenant_id, line_key) WHERE outcome IN ('PROBLEM', 'WAITING');

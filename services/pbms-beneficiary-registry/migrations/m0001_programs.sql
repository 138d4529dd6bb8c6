-- Programmes, the people pulled for them, and who takes part. No column holds a name, phone, address or identifier.

CREATE TABLE programs (
    tenant_id    text        NOT NULL DEFAULT 'default',
    id           uuid        NOT NULL,
    number       bigint      GENERATED ALWAYS AS IDENTITY, -- how the bridge knows it
    mnemonic     text COLLATE "C"        NOT NULL,
    name         text        NOT NULL,
    description  text        NOT NULL DEFAULT '',
    currency     text        NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    time_zone    text        NOT NULL,                     -- IANA name; schedule dates are days there
    target       text        NOT NULL CHECK (target IN ('household')),
    state        text        NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'ended')),
    rule_version integer     NOT NULL,
    created_at   timestamptz NOT NULL,
    created_by   text        NOT NULL,
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT programs_mnemonic UNIQUE (tenant_id, mnemonic)
);

-- Rule, benefits and field policy of a programme. A change is a new version; runs and cycles name the one they used.
CREATE TABLE program_versions (
    tenant_id  text        NOT NULL DEFAULT 'default',
    program_id uuid        NOT NULL,
    version    integer     NOT NULL CHECK (version > 0),
    definition jsonb       NOT NULL,
    created_at timestamptz NOT NULL,
    created_by text        NOT NULL,
    PRIMARY KEY (tenant_id, program_id, version),
    FOREIGN KEY (tenant_id, program_id) REFERENCES programs (tenant_id, id)
);

CREATE TABLE program_benefits (
    tenant_id    text   NOT NULL DEFAULT 'default',
    program_id   uuid   NOT NULL,
    code         text   NOT NULL,
    number       bigint GENERATED ALWAYS AS IDENTITY,      -- how the bridge knows it
    benefit_type text   NOT NULL CHECK (benefit_type IN ('CASH_DIGITAL')),
    PRIMARY KEY (tenant_id, program_id, code),
    FOREIGN KEY (tenant_id, program_id) REFERENCES programs (tenant_id, id)
);

-- One row for each thing a job does for a programme or cycle: what it has done so far, and how it ended.
CREATE TABLE runs (
    tenant_id    text        NOT NULL DEFAULT 'default',
    id           uuid        NOT NULL,
    program_id   uuid        NOT NULL,
    cycle_id     uuid,
    kind         text        NOT NULL CHECK (kind IN ('pull', 'enrolment', 'entitlement')),
    state        text        NOT NULL DEFAULT 'running' CHECK (state IN ('running', 'done', 'failed')),
    done         bigint      NOT NULL DEFAULT 0,
    total        bigint,
    cursor       jsonb       NOT NULL DEFAULT '{}',        -- where to go on after a crash
    counts       jsonb       NOT NULL DEFAULT '{}',
    error        text,
    requested_by text        NOT NULL,
    created_at   timestamptz NOT NULL,
    finished_at  timestamptz,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, program_id) REFERENCES programs (tenant_id, id)
);
CREATE INDEX runs_program ON runs (tenant_id, program_id, kind, id);
-- One pull and one enrolment of a programme, one computation of a cycle at a time.
CREATE UNIQUE INDEX runs_live_program ON runs (tenant_id, program_id, kind)
    WHERE state = 'running' AND cycle_id IS NULL;
CREATE UNIQUE INDEX runs_live_cycle ON runs (tenant_id, cycle_id, kind)
    WHERE state = 'running' AND cycle_id IS NOT NULL;

-- What a programme may know of a household: the attributes of its field policy, under the household's pseudonym.
CREATE TABLE households (
    tenant_id         text             NOT NULL DEFAULT 'default',
    program_id        uuid             NOT NULL,
    household_id      text COLLATE "C"             NOT NULL,           -- pseudonym
    poverty_score     double precision,
    group_size        bigint,
    district          text,
    registration_date date,
    content_hash      text             NOT NULL,           -- of all attributes, members included
    active            boolean          NOT NULL DEFAULT true, -- false: the registry gives it no more
    last_pull         uuid             NOT NULL,
    created_at        timestamptz      NOT NULL,
    updated_at        timestamptz      NOT NULL,
    PRIMARY KEY (tenant_id, program_id, household_id)
);

CREATE TABLE members (
    tenant_id    text    NOT NULL DEFAULT 'default',
    program_id   uuid    NOT NULL,
    household_id text COLLATE "C"    NOT NULL,
    member_id    text COLLATE "C"    NOT NULL,                         -- pseudonym of the person
    kinds        text[],
    birth_date   date,
    gender       text,
    active       boolean NOT NULL DEFAULT true,            -- false: has left the household
    PRIMARY KEY (tenant_id, program_id, household_id, member_id)
);
CREATE INDEX members_person ON members (tenant_id, member_id);

-- Identifiers as keyed hashes: enough to find a person who shows a document, useless to anybody else.
CREATE TABLE identifiers (
    tenant_id  text    NOT NULL DEFAULT 'default',
    id_type    text    NOT NULL,
    value_hash text    NOT NULL,
    program_id uuid    NOT NULL,
    member_id  text COLLATE "C"    NOT NULL,
    active     boolean NOT NULL DEFAULT true,
    PRIMARY KEY (tenant_id, id_type, value_hash, program_id, member_id)
);
CREATE INDEX identifiers_member ON identifiers (tenant_id, program_id, member_id);

CREATE TABLE memberships (
    tenant_id    text        NOT NULL DEFAULT 'default',
    program_id   uuid        NOT NULL,
    household_id text COLLATE "C"        NOT NULL,
    state        text        NOT NULL
                 CHECK (state IN ('enrolled', 'not_eligible', 'rejected', 'paused', 'exited')),
    reason       text,
    payee        text,                                     -- pseudonym of the Head
    run_id       uuid        NOT NULL,                     -- the enrolment that last changed it
    created_at   timestamptz NOT NULL,
    updated_at   timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, program_id, household_id),
    CHECK (state <> 'enrolled' OR payee IS NOT NULL)
);
CREATE INDEX memberships_household ON memberships (tenant_id, household_id);
CREATE INDEX memberships_payee ON memberships (tenant_id, payee);

CREATE TABLE membership_history (
    tenant_id    text        NOT NULL DEFAULT 'default',
    id           bigint      GENERATED ALWAYS AS IDENTITY,
    program_id   uuid        NOT NULL,
    household_id text COLLATE "C"        NOT NULL,
    from_state   text,
    to_state     text        NOT NULL,
    reason       text,
    payee        text,
    run_id       uuid        NOT NULL,
    rule_version integer     NOT NULL,
    actor        text        NOT NULL,
    at           timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX membership_history_household ON membership_history (tenant_id, program_id, household_id, id);

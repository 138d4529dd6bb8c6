-- Who is registered: people and households, what hangs on them, and the history of every change.

-- Names that records may use.
CREATE TABLE group_kinds (
    tenant_id text NOT NULL DEFAULT 'default',
    name      text NOT NULL,
    PRIMARY KEY (tenant_id, name)
);
INSERT INTO group_kinds (name) VALUES ('Household'), ('Family');

CREATE TABLE membership_kinds (
    tenant_id text    NOT NULL DEFAULT 'default',
    name      text    NOT NULL,
    is_unique boolean NOT NULL DEFAULT false,   -- a group has one at most
    PRIMARY KEY (tenant_id, name)
);
INSERT INTO membership_kinds (name, is_unique)
VALUES ('Head', true), ('Principal recipient', false), ('Spouse', false), ('Child', false), ('Parent', false),
       ('Grandchild', false), ('Sibling', false), ('Relative', false), ('Alternative recipient', false);

CREATE TABLE id_types (
    tenant_id text NOT NULL DEFAULT 'default',
    name      text NOT NULL,
    pattern   text,                             -- regular expression that the whole value matches
    PRIMARY KEY (tenant_id, name)
);
INSERT INTO id_types (name, pattern)
VALUES ('NATIONAL_ID', '[1-9][0-9]{8}'), ('BIRTH_CERT', 'BC[0-9]{10}'), ('PASSPORT', '[A-Z][0-9]{6,8}'),
       ('UIN', '[0-9]{10,16}'), ('VOTER_ID', NULL), ('TAX_ID', NULL), ('RATION_CARD', NULL);

CREATE TABLE relation_types (
    tenant_id        text    NOT NULL DEFAULT 'default',
    name             text    NOT NULL,
    inverse_name     text    NOT NULL,
    bidirectional    boolean NOT NULL DEFAULT false,
    source_kind      text    NOT NULL CHECK (source_kind IN ('individual', 'group')),
    destination_kind text    NOT NULL CHECK (destination_kind IN ('individual', 'group')),
    PRIMARY KEY (tenant_id, name)
);
INSERT INTO relation_types (name, inverse_name, bidirectional, source_kind, destination_kind)
VALUES ('spouse', 'spouse', true, 'individual', 'individual'),
       ('parent', 'child', false, 'individual', 'individual'),
       ('sibling', 'sibling', true, 'individual', 'individual'),
       ('guardian', 'ward', false, 'individual', 'individual'),
       ('caregiver', 'cared for by', false, 'individual', 'individual'),
       ('neighbour', 'neighbour', true, 'group', 'group');

-- Social IDs that were given out. A number stays here for ever: it is never given out again.
CREATE TABLE social_ids (
    tenant_id text        NOT NULL DEFAULT 'default',
    social_id text        NOT NULL,
    issued_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, social_id)
);

-- People ('individual') and households ('group').
CREATE TABLE registrants (
    tenant_id         text        NOT NULL DEFAULT 'default',
    registrant_id     uuid        NOT NULL,      -- version 7: grows with the time of registration
    kind              text        NOT NULL CHECK (kind IN ('individual', 'group')),
    external_id       text        NOT NULL,      -- the key of the source
    pseudonym         text        NOT NULL,      -- the only identifier that partners see
    social_id         text,                      -- individuals only
    status            text        NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'duplicate', 'disabled')),
    duplicate_of      uuid,                      -- the record that stands for the person; never itself a duplicate
    name              text        NOT NULL,
    given_name        text,
    family_name       text,
    additional_name   text,
    gender            text        CHECK (gender IN ('female', 'male', 'other')),
    birth_date        date,
    birth_place       text,
    email             text,
    group_kind        text,
    address           text,
    village           text,
    district          text,
    region            text,
    country           text,
    latitude          numeric(8, 6),
    longitude         numeric(9, 6),
    attributes        jsonb       NOT NULL DEFAULT '{}',
    registration_date date        NOT NULL,
    version           integer     NOT NULL DEFAULT 1,
    created_at        timestamptz NOT NULL,
    updated_at        timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, registrant_id),
    CONSTRAINT registrants_external_id UNIQUE (tenant_id, kind, external_id),
    CONSTRAINT registrants_pseudonym UNIQUE (tenant_id, pseudonym),
    CONSTRAINT registrants_social_id UNIQUE (tenant_id, social_id),
    CONSTRAINT registrants_duplicate_of FOREIGN KEY (tenant_id, duplicate_of) REFERENCES registrants,
    CONSTRAINT registrants_social_id_known FOREIGN KEY (tenant_id, social_id) REFERENCES social_ids,
    CHECK ((status = 'duplicate') = (duplicate_of IS NOT NULL)),
    CHECK (duplicate_of <> registrant_id),
    CHECK ((kind = 'individual') = (social_id IS NOT NULL))
);
CREATE INDEX registrants_duplicates ON registrants (tenant_id, duplicate_of) WHERE duplicate_of IS NOT NULL;
CREATE INDEX registrants_groups ON registrants (tenant_id, registrant_id) WHERE kind = 'group' AND status = 'active';

-- Identity documents. The same document on two registrants is allowed: finding that is de-duplication's work.
CREATE TABLE identifiers (
    tenant_id     text        NOT NULL DEFAULT 'default',
    registrant_id uuid        NOT NULL,
    id_type       text        NOT NULL,
    value         text        NOT NULL,
    value_hash    text        NOT NULL,          -- keyed hash: what look-ups and comparisons use
    expiry_date   date,
    status        text        NOT NULL DEFAULT 'valid' CHECK (status IN ('valid', 'invalid')),
    created_at    timestamptz NOT NULL,
    updated_at    timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, registrant_id, id_type),
    FOREIGN KEY (tenant_id, registrant_id) REFERENCES registrants,
    FOREIGN KEY (tenant_id, id_type) REFERENCES id_types
);
CREATE INDEX identifiers_value ON identifiers (tenant_id, id_type, value_hash);

CREATE TABLE phones (
    tenant_id      text        NOT NULL DEFAULT 'default',
    registrant_id  uuid        NOT NULL,
    e164           text        NOT NULL,
    date_collected date        NOT NULL,
    disabled_at    timestamptz,
    created_at     timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, registrant_id, e164),
    FOREIGN KEY (tenant_id, registrant_id) REFERENCES registrants
);
CREATE INDEX phones_e164 ON phones (tenant_id, e164);

-- Who belongs to which group, and as what. A place that ended stays.
CREATE TABLE memberships (
    tenant_id            text        NOT NULL DEFAULT 'default',
    membership_id        uuid        NOT NULL,
    group_id             uuid        NOT NULL,
    individual_id        uuid        NOT NULL,
    kinds                text[]      NOT NULL CHECK (cardinality(kinds) > 0),
    unique_kind          text,                   -- the one of them that a group has once at most
    relationship_to_head text,
    start_date           date        NOT NULL,
    ended_at             timestamptz,
    ended_reason         text,
    set_by               text        NOT NULL DEFAULT 'import' CHECK (set_by IN ('import', 'merge')),
    created_at           timestamptz NOT NULL,
    updated_at           timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, membership_id),
    FOREIGN KEY (tenant_id, group_id) REFERENCES registrants,
    FOREIGN KEY (tenant_id, individual_id) REFERENCES registrants,
    CHECK ((ended_at IS NULL) = (ended_reason IS NULL))
);
CREATE UNIQUE INDEX memberships_once ON memberships (tenant_id, group_id, individual_id) WHERE ended_at IS NULL;
CREATE UNIQUE INDEX memberships_unique_kind ON memberships (tenant_id, group_id, unique_kind)
    WHERE unique_kind IS NOT NULL AND ended_at IS NULL;
CREATE INDEX memberships_group ON memberships (tenant_id, group_id, individual_id);
CREATE INDEX memberships_individual ON memberships (tenant_id, individual_id);

CREATE TABLE relationships (
    tenant_id       text        NOT NULL DEFAULT 'default',
    relationship_id uuid        NOT NULL,
    source_id       uuid        NOT NULL,
    destination_id  uuid        NOT NULL,
    relation        text        NOT NULL,
    start_date      date,
    end_date        date,
    created_at      timestamptz NOT NULL,
    updated_at      timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, relationship_id),
    CONSTRAINT relationships_once UNIQUE (tenant_id, source_id, destination_id, relation),
    FOREIGN KEY (tenant_id, source_id) REFERENCES registrants,
    FOREIGN KEY (tenant_id, destination_id) REFERENCES registrants,
    FOREIGN KEY (tenant_id, relation) REFERENCES relation_types,
    CHECK (source_id <> destination_id),
    CHECK (end_date >= start_date)
);
CREATE INDEX relationships_destination ON relationships (tenant_id, destination_id);

-- Every change of every table above: who, what, when, why, before, after. Written in the transaction of the change.
CREATE TABLE history (
    tenant_id     text        NOT NULL DEFAULT 'default',
    history_id    bigint      GENERATED ALWAYS AS IDENTITY,
    at            timestamptz NOT NULL,
    actor         text        NOT NULL,
    reason        text        NOT NULL,          -- 'import <id>', 'duplicate pair <id>', 'score definition …'
    entity        text        NOT NULL,          -- registrant, identifier, phone, membership, relationship, score
    action        text        NOT NULL CHECK (action IN ('created', 'updated', 'ended', 'deleted')),
    registrant_id uuid        NOT NULL,          -- the person or household it belongs to
    before        jsonb,
    after         jsonb,
    PRIMARY KEY (tenant_id, history_id)
);
CREATE INDEX history_registrant ON history (tenant_id, registrant_id, history_id);

-- The bank's books. Amounts are whole minor units. A balance above zero is money the bank keeps for the holder.
-- The rules that make it a ledger stand in m0002_ledger_rules.sql and are the database's own.

CREATE TABLE accounts (
    tenant_id      text        NOT NULL DEFAULT 'default',
    -- The bank's own accounts have a colon in their number, which no customer's can have: clearing:EXFM:KES.
    account_number text        NOT NULL,
    currency       text        NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    kind           text        NOT NULL CHECK (kind IN ('sponsor', 'beneficiary', 'clearing', 'wallet')),
    status         text        NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'closed', 'frozen')),
    book_balance   bigint      NOT NULL DEFAULT 0,
    blocked        bigint      NOT NULL DEFAULT 0,
    opened_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, account_number),
    CONSTRAINT accounts_blocked CHECK (blocked >= 0 AND (blocked = 0 OR kind = 'sponsor')),
    -- Money that is blocked or not there cannot leave. Only the bank's own accounts may owe.
    CONSTRAINT accounts_available CHECK (kind = 'clearing' OR book_balance - blocked >= 0),
    -- What fits into the 15 characters of a statement's balance.
    CONSTRAINT accounts_range CHECK (kind <> 'sponsor' OR book_balance <= 99999999999999)
) WITH (fillfactor = 70);
CREATE INDEX accounts_by_kind ON accounts (tenant_id, kind, account_number) WHERE kind <> 'beneficiary';

-- Money of a sponsor set aside for payments.
CREATE TABLE blocks (
    tenant_id       text        NOT NULL DEFAULT 'default',
    block_reference text        NOT NULL,
    -- The caller's key: the same key again is the same block.
    reference       text        NOT NULL,
    account_number  text        NOT NULL,
    currency        text        NOT NULL,
    amount          bigint      NOT NULL CHECK (amount > 0),
    -- Taken by accepted payments, and the part of it that is booked.
    used            bigint      NOT NULL DEFAULT 0,
    booked          bigint      NOT NULL DEFAULT 0,
    -- Given back to the account.
    released        bigint      NOT NULL DEFAULT 0,
    created_by      text        NOT NULL,
    created_at      timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, block_reference),
    CONSTRAINT blocks_key UNIQUE (tenant_id, reference),
    FOREIGN KEY (tenant_id, account_number) REFERENCES accounts,
    CONSTRAINT blocks_within_amount CHECK (booked >= 0 AND booked <= used AND released >= 0 AND used + released <= amount)
);
CREATE INDEX blocks_open ON blocks (tenant_id, account_number) WHERE amount - booked - released > 0;

-- Each release under the caller's key.
CREATE TABLE block_releases (
    tenant_id       text        NOT NULL DEFAULT 'default',
    reference       text        NOT NULL,
    block_reference text        NOT NULL,
    amount          bigint      NOT NULL CHECK (amount >= 0),
    released_by     text        NOT NULL,
    released_at     timestamptz NOT NULL,
    CONSTRAINT block_releases_key PRIMARY KEY (tenant_id, reference),
    FOREIGN KEY (tenant_id, block_reference) REFERENCES blocks
);

CREATE TABLE payments (
    tenant_id                text        NOT NULL DEFAULT 'default',
    -- The caller's key. It must fit the customer reference of a statement line.
    payment_reference_number text        NOT NULL CHECK (payment_reference_number ~ '^[0-9A-Za-z-]{1,16}$'),
    batch_id                 uuid        NOT NULL,
    state                    text        NOT NULL CHECK (state IN ('accepted', 'booked', 'reversed', 'rejected')),
    -- Why it was rejected.
    reason                   text,
    -- Why it goes back after it was booked.
    return_reason            text,
    account_number           text        NOT NULL,
    currency                 text        NOT NULL,
    amount                   bigint      NOT NULL CHECK (amount > 0),
    block_reference          text        NOT NULL,
    payee_kind               text        NOT NULL CHECK (payee_kind IN ('account', 'wallet')),
    -- Account number, phone or e-mail address.
    payee_id                 text        NOT NULL,
    -- Code of the bank, or who runs the wallet.
    payee_at                 text        NOT NULL,
    -- The account in these books that gets the money.
    credit_account           text        NOT NULL,
    -- Up to six lines.
    narratives               text        NOT NULL,
    payment_date             date        NOT NULL,
    received_by              text        NOT NULL,
    received_at              timestamptz NOT NULL,
    booked_at                timestamptz,
    -- When a statement reported the debit of a payment that goes back: from then on it may be reversed.
    return_due_at            timestamptz,
    reversed_at              timestamptz,
    CONSTRAINT payments_key PRIMARY KEY (tenant_id, payment_reference_number),
    CONSTRAINT payments_reasons CHECK ((state = 'rejected') = (reason IS NOT NULL)
                                   AND (state <> 'reversed' OR return_reason IS NOT NULL)
                                   AND (state <> 'accepted' OR return_reason IS NULL))
) WITH (fillfactor = 80);
CREATE INDEX payments_to_book ON payments (tenant_id, batch_id, payment_reference_number) WHERE state = 'accepted';
CREATE INDEX payments_to_return ON payments (tenant_id, account_number, payment_reference_number)
    WHERE state = 'booked' AND return_due_at IS NOT NULL;

-- One movement of money. Deposits, payments and reversals happen once each: the key says so.
CREATE TABLE journal_entries (
    tenant_id text        NOT NULL DEFAULT 'default',
    entry_id  bigint      GENERATED ALWAYS AS IDENTITY,
    kind      text        NOT NULL CHECK (kind IN ('deposit', 'payment', 'reversal')),
    reference text        NOT NULL,
    currency  text        NOT NULL,
    booked_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, entry_id),
    CONSTRAINT journal_entries_once UNIQUE (tenant_id, kind, reference)
);

-- What a movement does to an account: above zero it has more after it. The legs of an entry sum to zero.
CREATE TABLE legs (
    tenant_id      text   NOT NULL DEFAULT 'default',
    leg_id         bigint GENERATED ALWAYS AS IDENTITY,
    entry_id       bigint NOT NULL,
    account_number text   NOT NULL,
    amount         bigint NOT NULL CHECK (amount <> 0),
    -- The statement that reports it to the account's holder.
    statement_id   bigint,
    PRIMARY KEY (tenant_id, leg_id)
);
CREATE INDEX legs_of_entry ON legs (tenant_id, entry_id);
CREATE INDEX legs_unreported ON legs (tenant_id, account_number, leg_id) WHERE statement_id IS NULL;

CREATE TABLE statements (
    tenant_id       text        NOT NULL DEFAULT 'default',
    statement_id    bigint      GENERATED ALWAYS AS IDENTITY,
    account_number  text        NOT NULL,
    -- 1, 2, 3 … for each account, and the page of it.
    number          integer     NOT NULL CHECK (number > 0),
    sequence        integer     NOT NULL DEFAULT 1,
    currency        text        NOT NULL,
    opening_balance bigint      NOT NULL,
    closing_balance bigint      NOT NULL,
    entries         integer     NOT NULL,
    -- MT940.
    content         text        NOT NULL,
    created_at      timestamptz NOT NULL,
    delivered_at    timestamptz,
    PRIMARY KEY (tenant_id, statement_id),
    CONSTRAINT statements_number UNIQUE (tenant_id, account_number, number),
    FOREIGN KEY (tenant_id, account_number) REFERENCES accounts
);
CREATE INDEX statements_undelivered ON statements (tenant_id, account_number, number) WHERE delivered_at IS NULL;

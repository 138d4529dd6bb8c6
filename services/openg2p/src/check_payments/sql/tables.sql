-- What the bank's books say, beside the bridge's tables for as long as this transaction lasts.
CREATE TEMPORARY TABLE check_bank_payments (
    id         text   NOT NULL,
    -- None for a movement in the journal that no payment stands behind.
    state      text,
    amount     bigint,
    currency   text,
    account    text   NOT NULL,
    block      text,
    payee_kind text,
    payee_id   text,
    goes_back  boolean NOT NULL,
    -- What left the sponsor's account, less what came back to it.
    net        bigint NOT NULL
) ON COMMIT DROP;
CREATE TEMPORARY TABLE check_bank_blocks (
    id        text   NOT NULL,
    key       text   NOT NULL,
    account   text   NOT NULL,
    amount    bigint NOT NULL,
    used      bigint NOT NULL,
    booked    bigint NOT NULL,
    released  bigint NOT NULL
) ON COMMIT DROP;
CREATE TEMPORARY TABLE check_bank_statements (
    account   text    NOT NULL,
    number    bigint  NOT NULL,
    opening   bigint  NOT NULL,
    closing   bigint  NOT NULL,
    delivered boolean NOT NULL
) ON COMMIT DROP;

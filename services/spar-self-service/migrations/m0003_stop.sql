-- Email wallets, and people who are paid nowhere any longer. The account that was taken away may be of a kind that the
-- pages cannot show.
ALTER TABLE account_changes
    DROP CONSTRAINT account_changes_kind_check,
    DROP CONSTRAINT account_changes_operation_check,
    ADD CONSTRAINT account_changes_kind_check CHECK (kind IN ('bank', 'wallet', 'email', 'other')),
    ADD CONSTRAINT account_changes_operation_check CHECK (operation IN ('link', 'update', 'unlink'));

-- $1 tenant, $2 programme, $3 cycle, $4 kind, $5 deposited, $6 reserved, $7 spent, $8 actor, $9 note, $10 now.
WITH account AS (
    UPDATE fund_accounts
       SET deposited_minor = deposited_minor + $5,
           reserved_minor = reserved_minor + $6,
           spent_minor = spent_minor + $7
     WHERE tenant_id = $1 AND program_id = $2
       AND deposited_minor + $5 >= (reserved_minor + $6) + (spent_minor + $7)
    RETURNING program_id
)
INSERT INTO fund_entries (tenant_id, program_id, cycle_id, kind, deposited_minor, reserved_minor, spent_minor, actor, note, at)
SELECT $1, program_id, $3, $4, $5, $6, $7, $8, $9, $10 FROM account

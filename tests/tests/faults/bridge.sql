INSERT INTO benefit_programs (benefit_program_mnemonic, version, sponsor_bank_code, sponsor_bank_account_number,
                              sponsor_bank_account_currency, id_mapper_resolution_required, time_zone, created_at, created_by)
VALUES ('PROG', 1, 'EXAMPLE_BANK', 'SP-1', 'KES', true, 'UTC', now(), 'faults')

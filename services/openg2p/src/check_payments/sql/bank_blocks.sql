SELECT block_reference AS id, reference AS key, account_number AS account, amount, used, booked, released FROM blocks

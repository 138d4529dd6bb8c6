-- Statement lines, each once: a line that another statement brought already is left out.
INSERT INTO statement_lines (tenant_id, line_key, statement_id, entry_no, mark, amount_minor, currency, entry_date,
                             value_date, payment_ref, bank_ref, payee_name, reversal_reason, outcome, problem, created_at)
SELECT $1, n.line_key, $2, n.entry_no, n.mark, n.amount_minor, $3, n.entry_date, n.value_date, n.payment_ref, n.bank_ref,
       n.payee_name, n.reversal_reason, n.outcome, n.problem, $4
  FROM UNNEST($5::text[], $6::bigint[], $7::text[], $8::bigint[], $9::date[], $10::date[], $11::text[], $12::text[],
              $13::text[], $14::text[], $15::text[], $16::text[])
       AS n(line_key, entry_no, mark, amount_minor, entry_date, value_date, payment_ref, bank_ref, payee_name,
            reversal_reason, outcome, problem)
ON CONFLICT (tenant_id, line_key) DO NOTHING

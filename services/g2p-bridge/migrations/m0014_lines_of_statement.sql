-- The lines of one statement are counted when it is done: without this all lines there are were read for each statement.
CREATE INDEX statement_lines_statement ON statement_lines (tenant_id, statement_id);

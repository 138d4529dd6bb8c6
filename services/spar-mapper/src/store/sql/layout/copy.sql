-- The statement that takes the rows over, as they are: no trigger is there yet, and the history knows them all.
SELECT format('INSERT INTO id_fa_mappings_next (%1$s) OVERRIDING SYSTEM VALUE SELECT %1$s FROM id_fa_mappings',
              string_agg(quote_ident(attname), ', ' ORDER BY attnum))
  FROM pg_attribute
 WHERE attrelid = 'id_fa_mappings'::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''

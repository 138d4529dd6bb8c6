-- Finding a mapping by its id. A hash index finds one of ten million in half the time of the primary key, which compares
-- its way down a tree (measured: docs/performance.md).
CREATE INDEX id_fa_mappings_id_hash ON id_fa_mappings USING hash (id_value);

-- `mapping_digest` of an entry; `said` is what all entries of a statement have in common: `moment, way, who, second,
-- message, why` as JSON, without brackets.
CREATE FUNCTION mapping_entry_digest(tenant_id text, id_value text, change text, said text, before jsonb, after jsonb)
    RETURNS bytea LANGUAGE sql STABLE AS
$$ SELECT sha256(convert_to('[' || to_json(tenant_id)::text || ', ' || to_json(id_value)::text || ', "' || change || '", '
                            || said || ', ' || COALESCE(before::text, 'null') || ', ' || COALESCE(after::text, 'null')
                            || ']', 'UTF8')) $$;

-- As in m0011, with the usual case (nothing to hide: not sealing, or all is sealed already) in one short statement, and
-- the rows that copy what is sealed looked for only where a script writes. Compiling a plan of these functions takes
-- a hundred times as long as running it: never.
DO $make$
DECLARE
    state   text := 'jsonb_build_object(''fa'', %1$s.fa_value, ''name'', %1$s.name, ''phone'', %1$s.phone,
                                        ''info'', %1$s.additional_info, ''active'', %1$s.active)';
    plain   text := 'left(%1$s.fa_value, 4) <> ''enc:'' OR left(%1$s.name, 4) <> ''enc:'' OR left(%1$s.phone, 4) <> ''enc:''';
    new     text := format(state, 'n');
    old     text := format(state, 'o');
    plain_n text := format('EXISTS (SELECT FROM new_rows n WHERE %s)', format(plain, 'n'));
    plain_o text := format('EXISTS (SELECT FROM old_rows o WHERE %s)', format(plain, 'o'));
    source  record;
BEGIN
    FOR source IN SELECT * FROM (VALUES
        ('inserted',  format('SELECT tenant_id, id_value, ''linked'', NULL::jsonb, %s FROM new_rows n', new),
         plain_n,
         'EXISTS (SELECT FROM new_rows n
                   WHERE left(n.fa_value, 4) = ''enc:'' OR left(n.name, 4) = ''enc:'' OR left(n.phone, 4) = ''enc:'')'),
        ('deleted',   format('SELECT tenant_id, id_value, ''unlinked'', %s, NULL::jsonb FROM old_rows o', old),
         plain_o, 'false'),
        ('truncated', format('SELECT tenant_id, id_value, ''unlinked'', %s, NULL::jsonb FROM id_fa_mappings o', old),
         format('EXISTS (SELECT FROM id_fa_mappings o WHERE %s)', format(plain, 'o')), 'false'),
        ('updated',   format('SELECT tenant_id, id_value,
                                     CASE WHEN o.fa_value IS NULL THEN ''linked'' WHEN n.fa_value IS NULL THEN ''unlinked''
                                          ELSE ''updated'' END,
                                     CASE WHEN o.fa_value IS NOT NULL THEN %s END,
                                     CASE WHEN n.fa_value IS NOT NULL THEN %s END
                                FROM new_rows n FULL JOIN old_rows o USING (tenant_id, id_value)', old, new),
         plain_n || ' OR ' || plain_o,
         'EXISTS (SELECT FROM new_rows n LEFT JOIN old_rows o USING (tenant_id, id_value)
                   WHERE left(n.fa_value, 4) = ''enc:'' AND n.fa_value IS DISTINCT FROM o.fa_value
                      OR left(n.name, 4) = ''enc:'' AND n.name IS DISTINCT FROM o.name
                      OR left(n.phone, 4) = ''enc:'' AND n.phone IS DISTINCT FROM o.phone)')
        ) AS t (name, rows, is_plain, is_copied)
    LOOP
        EXECUTE format($function$
            CREATE OR REPLACE FUNCTION mappings_%1$s() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
                SET search_path = %2$I, pg_temp SET enable_nestloop = off SET jit = off AS
            $body$
            DECLARE
                given   jsonb := NULLIF(current_setting('spar_mapper.change', true), '')::jsonb;
                moment  timestamptz := coalesce((given->>'at')::timestamptz, clock_timestamp());
                moment_ text := mapping_time(moment);
                way     text := coalesce(given->>'channel', 'script');
                who     text := coalesce(given->>'actor', 'script:' || session_user);
                second  text := given->>'approved_by';
                message text := coalesce(given->>'message_id', '');
                why     text := given->>'reason';
                said    text := json_build_array(moment_, way, who, second, message, why)::text;
                seals   boolean := coalesce((SELECT s.seals FROM mapping_sealing s), false);
                held    boolean;
            BEGIN
                -- What is sealed stays the same; a check of the history opens it and would see if it did not.
                IF way = 'sealing' AND TG_OP = 'UPDATE' THEN
                    RETURN NULL;
                END IF;
                IF given IS NULL AND (%5$s) THEN
                    RAISE EXCEPTION 'a value that begins with enc: is sealed and opens for its own id only: it cannot be written or copied to another one'
                        USING ERRCODE = 'integrity_constraint_violation';
                END IF;
                said := substr(said, 2, length(said) - 2);
                IF NOT seals OR NOT (%4$s) THEN
                    WITH changed (tenant_id, id_value, change, before, after) AS MATERIALIZED (%3$s),
                    heads AS (
                        INSERT INTO mapping_ids AS m (tenant_id, id_value, entries, head)
                        SELECT tenant_id, id_value, 1,
                               mapping_entry_digest(tenant_id, id_value, change, said, before, after)
                          FROM changed ORDER BY tenant_id, id_value
                        ON CONFLICT (tenant_id, id_value) DO UPDATE
                           SET entries = m.entries + 1, head = sha256(m.head || excluded.head)
                        RETURNING tenant_id, id_value, entries, head, frozen
                    ), noted AS (
                        INSERT INTO mapping_history (tenant_id, id_value, no, change, at, channel, actor, approved_by,
                                                     message_id, reason, before, after, hash)
                        SELECT c.tenant_id, c.id_value, h.entries, c.change, moment, way, who, second, message, why,
                               c.before, c.after, h.head
                          FROM changed c JOIN heads h ON h.tenant_id = c.tenant_id AND h.id_value = c.id_value
                    )
                    SELECT bool_or(frozen) INTO held FROM heads;
                ELSE
                    WITH changed (tenant_id, id_value, change, before, after, salt) AS MATERIALIZED (
                        SELECT r.*, CASE WHEN mapping_is_plain(before) OR mapping_is_plain(after)
                                         THEN gen_random_uuid() END
                          FROM (%3$s) AS r (tenant_id, id_value, change, before, after)
                    ), shown AS MATERIALIZED (
                        SELECT tenant_id, id_value, change,
                               CASE WHEN salt IS NULL THEN before ELSE mapping_commitment(salt, before) END AS before,
                               CASE WHEN salt IS NULL THEN after ELSE mapping_commitment(salt, after) END AS after
                          FROM changed
                    ), heads AS (
                        INSERT INTO mapping_ids AS m (tenant_id, id_value, entries, head)
                        SELECT tenant_id, id_value, 1,
                               mapping_entry_digest(tenant_id, id_value, change, said, before, after)
                          FROM shown ORDER BY tenant_id, id_value
                        ON CONFLICT (tenant_id, id_value) DO UPDATE
                           SET entries = m.entries + 1, head = sha256(m.head || excluded.head)
                        RETURNING tenant_id, id_value, entries, head, frozen
                    ), noted AS (
                        INSERT INTO mapping_history (tenant_id, id_value, no, change, at, channel, actor, approved_by,
                                                     message_id, reason, before, after, hash)
                        SELECT c.tenant_id, c.id_value, h.entries, c.change, moment, way, who, second, message, why,
                               c.before, c.after, h.head
                          FROM shown c JOIN heads h ON h.tenant_id = c.tenant_id AND h.id_value = c.id_value
                    ), waiting AS (
                        INSERT INTO mapping_history_plain (tenant_id, id_value, no, salt, before, after)
                        SELECT c.tenant_id, c.id_value, h.entries, c.salt, c.before::text, c.after::text
                          FROM changed c JOIN heads h ON h.tenant_id = c.tenant_id AND h.id_value = c.id_value
                         WHERE c.salt IS NOT NULL
                    )
                    SELECT bool_or(frozen) INTO held FROM heads;
                END IF;
                IF held THEN
                    RAISE EXCEPTION 'an id among the changed rows is frozen: unfreeze it first, or leave it out'
                        USING ERRCODE = 'serialization_failure';
                END IF;
                RETURN NULL;
            END
            $body$ $function$, source.name, current_schema(), source.rows, source.is_plain, source.is_copied);
    END LOOP;
END
$make$;

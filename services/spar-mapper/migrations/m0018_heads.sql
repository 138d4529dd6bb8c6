-- The newest entry of an id is found in the history itself. A row of its own for each id, which said the same, was a fifth
-- of what linking a new id cost (measured: docs/performance.md).

-- Ids that nobody may change now, each with the entry that froze it, which is its newest.
CREATE TABLE frozen_ids (
    tenant_id text   NOT NULL DEFAULT 'default' COLLATE "C",
    id_value  text   NOT NULL COLLATE "C",
    no        bigint NOT NULL,
    hash      bytea  NOT NULL,
    PRIMARY KEY (id_value, tenant_id)
);
INSERT INTO frozen_ids (tenant_id, id_value, no, hash)
SELECT tenant_id, id_value, entries, head FROM mapping_ids WHERE frozen;

-- Keys with the id first: comparing tenants finds no difference, on each page on the way to an id. Two changes of an
-- id cannot have the same number, whatever makes them: this key is what keeps its chain one.
ALTER TABLE mapping_history DROP CONSTRAINT mapping_history_pkey,
    ADD CONSTRAINT mapping_history_pkey PRIMARY KEY (id_value, tenant_id, no);
ALTER TABLE id_fa_mappings DROP CONSTRAINT id_fa_mappings_pkey,
    ADD CONSTRAINT id_fa_mappings_pkey PRIMARY KEY (id_value, tenant_id);

-- What the table said, for whoever reads it: replicas of the version before, and reports.
DROP TABLE mapping_ids;
CREATE VIEW mapping_ids AS
SELECT h.tenant_id, h.id_value, h.no AS entries, h.hash AS head, f.id_value IS NOT NULL AS frozen
  FROM mapping_history h LEFT JOIN frozen_ids f ON f.tenant_id = h.tenant_id AND f.id_value = h.id_value
 WHERE NOT EXISTS (SELECT FROM mapping_history later
                    WHERE later.tenant_id = h.tenant_id AND later.id_value = h.id_value AND later.no > h.no);

-- As in m0017, with the number and hash of the entry before from the history. The rows of the statement are locked when
-- its triggers fire, so nobody else adds entries of their ids, but who freezes an id that has no mapping: then one
-- of the two fails by the key above. `OFFSET 0` keeps a state from being built once for the entry and again for its hash.
DO $make$
DECLARE
    state   text := 'jsonb_build_object(''fa'', %1$s.fa_value, ''name'', %1$s.name, ''phone'', %1$s.phone,
                                        ''info'', %1$s.additional_info, ''active'', %1$s.active)';
    plain   text := 'left(%1$s.fa_value, 4) <> ''enc:'' OR left(%1$s.name, 4) <> ''enc:'' OR left(%1$s.phone, 4) <> ''enc:''';
    new     text := format(state, 'n');
    old     text := format(state, 'o');
    plain_n text := format('EXISTS (SELECT FROM new_rows n WHERE %s)', format(plain, 'n'));
    plain_o text := format('EXISTS (SELECT FROM old_rows o WHERE %s)', format(plain, 'o'));
    digest  text := 'mapping_entry_digest(c.tenant_id, c.id_value, c.change, said, c.before, c.after)';
    note    text := 'INSERT INTO mapping_history (tenant_id, id_value, no, change, at, channel, actor, approved_by,
                                                  message_id, reason, before, after, hash)
                     SELECT c.tenant_id, c.id_value, COALESCE(h.no, 0) + 1, c.change, moment, way, who, second, message, why,
                            c.before, c.after, CASE WHEN h.no IS NULL THEN %1$s ELSE sha256(h.hash || %1$s) END
                       FROM %2$s
                       LEFT JOIN LATERAL (SELECT no, hash FROM mapping_history
                                           WHERE tenant_id = c.tenant_id AND id_value = c.id_value
                                           ORDER BY no DESC LIMIT 1) h ON true';
    source  record;
BEGIN
    FOR source IN SELECT * FROM (VALUES
        ('inserted',  'new_rows',
         format('SELECT tenant_id, id_value, ''linked'', NULL::jsonb, %s FROM new_rows n', new),
         plain_n,
         'EXISTS (SELECT FROM new_rows n
                   WHERE left(n.fa_value, 4) = ''enc:'' OR left(n.name, 4) = ''enc:'' OR left(n.phone, 4) = ''enc:'')'),
        ('deleted',   'old_rows',
         format('SELECT tenant_id, id_value, ''unlinked'', %s, NULL::jsonb FROM old_rows o', old),
         plain_o, 'false'),
        ('truncated', 'id_fa_mappings',
         format('SELECT tenant_id, id_value, ''unlinked'', %s, NULL::jsonb FROM id_fa_mappings o', old),
         format('EXISTS (SELECT FROM id_fa_mappings o WHERE %s)', format(plain, 'o')), 'false'),
        ('updated',   '(SELECT tenant_id, id_value FROM new_rows UNION ALL SELECT tenant_id, id_value FROM old_rows)',
         format('SELECT tenant_id, id_value,
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
        ) AS t (name, ids, rows, is_plain, is_copied)
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
            BEGIN
                -- What is sealed stays the same; a check of the history opens it and would see if it did not.
                IF way = 'sealing' AND TG_OP = 'UPDATE' THEN
                    RETURN NULL;
                END IF;
                IF given IS NULL AND (%6$s) THEN
                    RAISE EXCEPTION 'a value that begins with enc: is sealed and opens for its own id only: it cannot be written or copied to another one'
                        USING ERRCODE = 'integrity_constraint_violation';
                END IF;
                IF EXISTS (SELECT FROM %3$s AS these JOIN frozen_ids USING (tenant_id, id_value)) THEN
                    RAISE EXCEPTION 'an id among the changed rows is frozen: unfreeze it first, or leave it out'
                        USING ERRCODE = 'serialization_failure';
                END IF;
                said := substr(said, 2, length(said) - 2);
                IF NOT seals OR NOT (%5$s) THEN
                    %7$s;
                ELSE
                    WITH changed (tenant_id, id_value, change, before, after, salt) AS MATERIALIZED (
                        SELECT r.*, CASE WHEN mapping_is_plain(before) OR mapping_is_plain(after)
                                         THEN gen_random_uuid() END
                          FROM (%4$s) AS r (tenant_id, id_value, change, before, after)
                    ), shown AS MATERIALIZED (
                        SELECT tenant_id, id_value, change,
                               CASE WHEN salt IS NULL THEN before ELSE mapping_commitment(salt, before) END AS before,
                               CASE WHEN salt IS NULL THEN after ELSE mapping_commitment(salt, after) END AS after
                          FROM changed
                    ), noted AS (
                        %8$s
                        RETURNING tenant_id, id_value, no
                    )
                    INSERT INTO mapping_history_plain (tenant_id, id_value, no, salt, before, after)
                    SELECT c.tenant_id, c.id_value, h.no, c.salt, c.before::text, c.after::text
                      FROM changed c JOIN noted h ON h.tenant_id = c.tenant_id AND h.id_value = c.id_value
                     WHERE c.salt IS NOT NULL;
                END IF;
                RETURN NULL;
            END
            $body$ $function$, source.name, current_schema(), source.ids, source.rows, source.is_plain, source.is_copied,
            format(note, digest, format('(%s OFFSET 0) AS c (tenant_id, id_value, change, before, after)', source.rows)),
            format(note, digest, 'shown c'));
    END LOOP;
END
$make$;

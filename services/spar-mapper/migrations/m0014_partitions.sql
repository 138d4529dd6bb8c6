-- For registers whose mappings were laid out in partitions (`migrate --partitions N`). A partition that is truncated, by
-- itself or with the whole table, loses its rows one by one first, so that the history tells of them.
DO $make$
BEGIN
    EXECUTE format($function$
        CREATE FUNCTION mapping_partition_truncated() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
            SET search_path = %I, pg_temp AS
        $body$
        BEGIN
            EXECUTE format('DELETE FROM %%s', TG_RELID::regclass);
            RETURN NULL;
        END
        $body$ $function$, current_schema());
END
$make$;

-- Items that partners with a daily limit asked for or changed. Replicas take them from here in blocks.
CREATE TABLE partner_volume (
    tenant_id  text   NOT NULL DEFAULT 'default',
    partner_id text   NOT NULL,
    day        date   NOT NULL,                  -- UTC
    items      bigint NOT NULL,
    PRIMARY KEY (tenant_id, partner_id, day)
);

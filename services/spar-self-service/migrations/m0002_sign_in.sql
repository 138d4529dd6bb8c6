-- People sign in at an OpenID provider: which one, when and how they proved who they are, and its ID token (sealed),
-- which the provider wants to see again when they sign out.
ALTER TABLE sessions
    ADD COLUMN provider  text,
    ADD COLUMN auth_time timestamptz,
    ADD COLUMN acr       text,
    ADD COLUMN id_token  bytea,
    ADD CONSTRAINT sessions_provider CHECK ((method = 'oidc') = (provider IS NOT NULL));

-- Sign-ins that were begun, each for one use and for the browser that began it. Nonce and verifier are sealed.
CREATE TABLE sign_ins (
    tenant_id    text        NOT NULL DEFAULT 'default',
    state_hash   text        NOT NULL,                      -- SHA-256 of the state parameter, hex
    browser_hash text        NOT NULL,                      -- SHA-256 of the cookie's value, hex
    provider     text        NOT NULL,
    session_hash text,                                      -- the session in which the person proves again who she is
    pending      bytea       NOT NULL,
    return_to    text        NOT NULL,                      -- one of our own pages
    created_at   timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, state_hash)
);
CREATE INDEX sign_ins_created_at ON sign_ins (created_at);

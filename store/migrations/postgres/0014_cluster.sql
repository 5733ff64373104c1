-- Who belongs to the cluster: its certificate authorities, tokens, the keys that have joined, and who did what.

CREATE TABLE authorities (
    -- Of its public key.
    pin text PRIMARY KEY,
    -- DER, signed by itself.
    certificate bytea NOT NULL,
    -- DER, signed by the one before; empty if there was none.
    cross_signed bytea NOT NULL,
    made_wall_ns bigint NOT NULL,
    -- When it was no longer to be trusted.
    retired_wall_ns bigint
);

CREATE TABLE tokens (
    -- Names it; no secret.
    id text PRIMARY KEY,
    -- SHA-256 of its secret.
    hash bytea NOT NULL UNIQUE,
    -- `join`: a key joins by it; `bearer`: requests carry it.
    purpose text NOT NULL,
    role text NOT NULL,
    -- How many more keys may join by it.
    uses_left bigint NOT NULL,
    made_by text NOT NULL,
    made_wall_ns bigint NOT NULL,
    expires_wall_ns bigint NOT NULL,
    revoked_wall_ns bigint
);

CREATE TABLE joined_keys (
    -- Of the public key.
    pin text PRIMARY KEY,
    role text NOT NULL,
    name text NOT NULL,
    -- By which it joined.
    token text NOT NULL,
    -- Where it listens, if others are to reach it.
    address text NOT NULL,
    -- The authority that issued its newest certificate.
    authority text NOT NULL,
    joined_wall_ns bigint NOT NULL,
    -- How long its newest certificate is valid.
    valid_until_wall_ns bigint NOT NULL,
    revoked_wall_ns bigint
);

-- A name is one key's, until that is revoked.
CREATE UNIQUE INDEX joined_names ON joined_keys (role, name) WHERE revoked_wall_ns IS NULL;

CREATE TABLE audit_rows (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at_wall_ns bigint NOT NULL,
    who text NOT NULL,
    what text NOT NULL,
    source text NOT NULL,
    outcome text NOT NULL
);

CREATE INDEX audit_times ON audit_rows (at_wall_ns);

CREATE VIEW audit AS
SELECT
    timestamptz 'epoch' + at_wall_ns / 1000 * interval '1 microsecond' AS at,
    who, what, source, outcome
FROM audit_rows;

-- Who belongs to the cluster: its certificate authorities, tokens, the keys that have joined, and who did what.

CREATE TABLE authorities (
    -- Of its public key.
    pin TEXT PRIMARY KEY,
    -- DER, signed by itself.
    certificate BLOB NOT NULL,
    -- DER, signed by the one before; empty if there was none.
    cross_signed BLOB NOT NULL,
    made_wall_ns INTEGER NOT NULL,
    -- When it was no longer to be trusted.
    retired_wall_ns INTEGER
) STRICT;

CREATE TABLE tokens (
    -- Names it; no secret.
    id TEXT PRIMARY KEY,
    -- SHA-256 of its secret.
    hash BLOB NOT NULL UNIQUE,
    -- `join`: a key joins by it; `bearer`: requests carry it.
    purpose TEXT NOT NULL,
    role TEXT NOT NULL,
    -- How many more keys may join by it.
    uses_left INTEGER NOT NULL,
    made_by TEXT NOT NULL,
    made_wall_ns INTEGER NOT NULL,
    expires_wall_ns INTEGER NOT NULL,
    revoked_wall_ns INTEGER
) STRICT;

CREATE TABLE joined_keys (
    -- Of the public key.
    pin TEXT PRIMARY KEY,
    role TEXT NOT NULL,
    name TEXT NOT NULL,
    -- By which it joined.
    token TEXT NOT NULL,
    -- Where it listens, if others are to reach it.
    address TEXT NOT NULL,
    -- The authority that issued its newest certificate.
    authority TEXT NOT NULL,
    joined_wall_ns INTEGER NOT NULL,
    -- How long its newest certificate is valid.
    valid_until_wall_ns INTEGER NOT NULL,
    revoked_wall_ns INTEGER
) STRICT;

-- A name is one key's, until that is revoked.
CREATE UNIQUE INDEX joined_names ON joined_keys (role, name) WHERE revoked_wall_ns IS NULL;

CREATE TABLE audit_rows (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at_wall_ns INTEGER NOT NULL,
    who TEXT NOT NULL,
    what TEXT NOT NULL,
    source TEXT NOT NULL,
    outcome TEXT NOT NULL
) STRICT;

CREATE INDEX audit_times ON audit_rows (at_wall_ns);

CREATE VIEW audit AS
SELECT
    strftime('%Y-%m-%dT%H:%M:%S', at_wall_ns / 1000000000, 'unixepoch')
        || printf('.%06dZ', at_wall_ns / 1000 % 1000000) AS at,
    who, what, source, outcome
FROM audit_rows;

-- The cache's tables. It holds nothing that git does not: any change here is a new SCHEMA number in
-- mod.rs, and every cache of another number is thrown away and built anew.

CREATE TABLE sync_metadata (
    key        TEXT PRIMARY KEY,
    value      TEXT,
    updated_at TEXT DEFAULT CURRENT_TIMESTAMP
);

-- What was read last of each ref, so that only what differs is read again.
CREATE TABLE refs (
    name TEXT PRIMARY KEY,
    oid  TEXT NOT NULL
);

-- The promotions of this clone's ledger, one row a version.
CREATE TABLE entries (
    height         INTEGER PRIMARY KEY,
    oid            TEXT NOT NULL UNIQUE,
    version        TEXT NOT NULL UNIQUE,
    description    TEXT,
    release_commit TEXT NOT NULL,
    promoter_name  TEXT NOT NULL,
    promoter_email TEXT NOT NULL,
    promoted_at    TEXT NOT NULL,
    changes        INTEGER NOT NULL,
    evolutions     INTEGER NOT NULL,
    withdrawn      INTEGER NOT NULL DEFAULT 0,
    -- The gates that a promoter's word opened, a line each.
    excuses        TEXT NOT NULL DEFAULT ''
);

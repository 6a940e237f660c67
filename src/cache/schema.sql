-- The cache's tables, as docs/query.md explains them. They hold nothing that git does not.
-- Moments are UTC and of one width, so that they sort and count; the zone that each was noted in
-- stands beside it.

CREATE TABLE sync_metadata (
    key        TEXT PRIMARY KEY,
    value      TEXT,
    updated_at TEXT DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
) WITHOUT ROWID;

-- What was read last of each ref, so that only what differs is read again.
CREATE TABLE refs (
    name TEXT PRIMARY KEY,
    oid  TEXT NOT NULL
) WITHOUT ROWID;

-- The entries of this clone's ledger, oldest first.
CREATE TABLE entries (
    height       INTEGER PRIMARY KEY,
    oid          TEXT NOT NULL,
    kind         TEXT NOT NULL,
    version      TEXT,
    author       TEXT NOT NULL,
    author_email TEXT NOT NULL,
    at           TEXT NOT NULL,
    zone         TEXT NOT NULL
);

-- Drafts, and promoted versions; a draft that is left of a promoted version has a row of its own.
CREATE TABLE generations (
    id                INTEGER PRIMARY KEY,
    version           TEXT NOT NULL,
    generation_id     TEXT NOT NULL,
    product           TEXT,
    description       TEXT,
    pipeline_template TEXT,
    status            TEXT NOT NULL,
    broken            TEXT,
    created_at        TEXT NOT NULL,
    created_zone      TEXT NOT NULL,
    created_by        TEXT NOT NULL,
    owner             TEXT NOT NULL,
    promoted_at       TEXT,
    promoted_zone     TEXT,
    promoted_by       TEXT,
    promoter          TEXT,
    release_commit    TEXT,
    entry             INTEGER,
    excuses           TEXT,
    disputed          TEXT,
    changes           INTEGER NOT NULL,
    proven            INTEGER NOT NULL,
    evolutions        INTEGER NOT NULL,
    sync_status       TEXT NOT NULL,
    remote_id         TEXT,
    last_synced_at    TEXT,
    sync_error        TEXT
);

CREATE TABLE changes (
    generation  INTEGER NOT NULL,
    position    INTEGER NOT NULL,
    change_id   TEXT NOT NULL COLLATE NOCASE,
    type        TEXT NOT NULL,
    title       TEXT NOT NULL,
    description TEXT,
    assignee    TEXT,
    pipeline    TEXT,
    status      TEXT NOT NULL,
    PRIMARY KEY (generation, position)
) WITHOUT ROWID;

CREATE TABLE evolutions (
    generation  INTEGER NOT NULL,
    change_id   TEXT NOT NULL COLLATE NOCASE,
    number      INTEGER NOT NULL,
    evolution_id TEXT NOT NULL,
    tip         TEXT NOT NULL,
    owner       TEXT NOT NULL,
    owner_name  TEXT NOT NULL,
    started_at  TEXT NOT NULL,
    started_zone TEXT NOT NULL,
    status      TEXT NOT NULL,
    commit_oid  TEXT,
    sync_status TEXT NOT NULL,
    remote_id   TEXT,
    last_synced_at TEXT,
    PRIMARY KEY (generation, change_id, number)
) WITHOUT ROWID;

CREATE TABLE proofs (
    generation INTEGER NOT NULL,
    change_id  TEXT NOT NULL COLLATE NOCASE,
    number     INTEGER NOT NULL,
    nth        INTEGER NOT NULL,
    oid        TEXT NOT NULL,
    status     TEXT NOT NULL,
    commit_oid TEXT NOT NULL,
    at         TEXT NOT NULL,
    zone       TEXT NOT NULL,
    PRIMARY KEY (generation, change_id, number, nth)
) WITHOUT ROWID;

CREATE INDEX generations_by_version ON generations (version);
CREATE INDEX generations_by_entry ON generations (entry);
CREATE INDEX changes_by_id ON changes (change_id);
CREATE INDEX proofs_by_commit ON proofs (commit_oid);

-- How long each shipped change took, from its first evolution to the promotion.
CREATE VIEW lead_time AS
    SELECT g.version, c.change_id, c.type, c.title,
           min(e.started_at) AS started_at, g.promoted_at,
           round(julianday(g.promoted_at) - julianday(min(e.started_at)), 2) AS days
      FROM generations g
      JOIN changes c ON c.generation = g.id
      JOIN evolutions e ON e.generation = g.id AND e.change_id = c.change_id
     WHERE g.promoted_at IS NOT NULL
     GROUP BY g.id, c.position;

-- How many of each owner's proofs passed.
CREATE VIEW pass_rate AS
    SELECT e.owner, count(*) AS proofs, sum(p.status = 'pass') AS passed,
           round(100.0 * sum(p.status = 'pass') / count(*), 1) AS percent
      FROM proofs p
      JOIN evolutions e USING (generation, change_id, number)
     GROUP BY e.owner;

-- How many versions were promoted in each month.
CREATE VIEW promotions_per_month AS
    SELECT substr(g.promoted_at, 1, 7) AS month, count(*) AS promotions
      FROM generations g
      JOIN entries e ON e.height = g.entry AND e.kind = 'promotion'
     GROUP BY month;

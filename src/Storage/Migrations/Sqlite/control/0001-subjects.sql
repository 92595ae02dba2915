-- Times are UTC ticks of 100 ns since 0001-01-01, so that what is read equals what was written.
-- Long columns come last: SQLite then reads a row's projected columns without following the document's overflow pages.

CREATE TABLE meta (
    name  TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE subjects (
    id            INTEGER PRIMARY KEY,
    kind          TEXT    NOT NULL,
    key           TEXT    NOT NULL,
    version       INTEGER NOT NULL,
    write_id      TEXT    NOT NULL,
    workspace     TEXT    NOT NULL,
    parent        TEXT    NOT NULL,
    ordinal       INTEGER NOT NULL,
    state         TEXT    NOT NULL,
    terminal      INTEGER NOT NULL,
    deleted       INTEGER NOT NULL,
    secret_hash   TEXT,
    owner         TEXT,
    next_wake     INTEGER,
    last_sequence INTEGER NOT NULL,
    created_at    INTEGER NOT NULL,
    updated_at    INTEGER NOT NULL,
    view          TEXT    NOT NULL,
    document      TEXT    NOT NULL,
    UNIQUE (kind, key)
);

-- The state trails so that a list filtered by state never leaves the index for rows it skips.
CREATE INDEX subjects_of_kind ON subjects (kind, ordinal, key, state) WHERE deleted = 0;
CREATE INDEX subjects_of_workspace ON subjects (workspace, kind, ordinal, key, state) WHERE deleted = 0;
CREATE INDEX subjects_of_parent ON subjects (parent, kind, ordinal, key, state) WHERE deleted = 0;
CREATE INDEX subjects_unfinished ON subjects (parent, kind) WHERE terminal = 0 AND deleted = 0;
CREATE INDEX subjects_due ON subjects (next_wake) WHERE next_wake IS NOT NULL;
CREATE INDEX subjects_owned ON subjects (owner) WHERE owner IS NOT NULL AND terminal = 0 AND deleted = 0;

CREATE TABLE children (
    id         INTEGER PRIMARY KEY,
    subject_id INTEGER NOT NULL,
    child_key  TEXT    NOT NULL,
    kind       TEXT    NOT NULL,
    state      TEXT    NOT NULL,
    queue      TEXT,
    holder     TEXT,
    fence      INTEGER NOT NULL,
    ordinal    INTEGER NOT NULL,
    view       TEXT,
    document   TEXT    NOT NULL,
    UNIQUE (subject_id, child_key)
);

CREATE INDEX children_listed ON children (subject_id, kind, ordinal, child_key);
CREATE INDEX children_queued ON children (queue, subject_id, ordinal) WHERE state = 'queued';
CREATE INDEX children_held ON children (holder) WHERE state IN ('leased', 'running', 'stopping');

CREATE TABLE events (
    id         INTEGER PRIMARY KEY,
    subject_id INTEGER NOT NULL,
    seq        INTEGER NOT NULL,
    type       TEXT    NOT NULL,
    at         INTEGER NOT NULL,
    actor      TEXT    NOT NULL,
    data       TEXT    NOT NULL,
    UNIQUE (subject_id, seq)
);

CREATE TABLE idempotency (
    principal    TEXT    NOT NULL,
    key          TEXT    NOT NULL,
    request_hash TEXT    NOT NULL,
    claim        TEXT    NOT NULL,
    started_at   INTEGER NOT NULL,
    status       INTEGER,
    content_type TEXT,
    body         BLOB,
    PRIMARY KEY (principal, key)
);

CREATE INDEX idempotency_started ON idempotency (started_at);

-- The same tables as SQLite's, all of them: what differs is types. Times are UTC ticks of 100 ns since 0001-01-01, so that what
-- is read equals what was written. Keys sort by their bytes, whatever the database's own order is: cursors count on it.

CREATE TABLE meta (
    name  TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE subjects (
    id            BIGINT   GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    version       BIGINT   NOT NULL,
    ordinal       BIGINT   NOT NULL,
    next_wake     BIGINT,
    last_sequence BIGINT   NOT NULL,
    created_at    BIGINT   NOT NULL,
    updated_at    BIGINT   NOT NULL,
    terminal      SMALLINT NOT NULL,
    deleted       SMALLINT NOT NULL,
    kind          TEXT COLLATE "C" NOT NULL,
    key           TEXT COLLATE "C" NOT NULL,
    write_id      TEXT COLLATE "C" NOT NULL,
    workspace     TEXT COLLATE "C" NOT NULL,
    parent        TEXT COLLATE "C" NOT NULL,
    state         TEXT COLLATE "C" NOT NULL,
    secret_hash   TEXT COLLATE "C",
    owner         TEXT COLLATE "C",
    view          TEXT NOT NULL,
    document      TEXT NOT NULL,
    UNIQUE (kind, key)
);

CREATE INDEX subjects_of_kind ON subjects (kind, ordinal, key, state) WHERE deleted = 0;
CREATE INDEX subjects_of_workspace ON subjects (workspace, kind, ordinal, key, state) WHERE deleted = 0;
CREATE INDEX subjects_of_parent ON subjects (parent, kind, ordinal, key, state) WHERE deleted = 0;
CREATE INDEX subjects_unfinished ON subjects (parent, kind) WHERE terminal = 0 AND deleted = 0;
CREATE INDEX subjects_due ON subjects (next_wake) WHERE next_wake IS NOT NULL;
CREATE INDEX subjects_owned ON subjects (owner) WHERE owner IS NOT NULL AND terminal = 0 AND deleted = 0;

CREATE TABLE children (
    id         BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    subject_id BIGINT NOT NULL,
    fence      BIGINT NOT NULL,
    ordinal    BIGINT NOT NULL,
    child_key  TEXT COLLATE "C" NOT NULL,
    kind       TEXT COLLATE "C" NOT NULL,
    state      TEXT COLLATE "C" NOT NULL,
    queue      TEXT COLLATE "C",
    holder     TEXT COLLATE "C",
    view       TEXT,
    document   TEXT NOT NULL,
    UNIQUE (subject_id, child_key)
);

CREATE INDEX children_listed ON children (subject_id, kind, ordinal, child_key);
CREATE INDEX children_queued ON children (queue, subject_id, ordinal) WHERE state = 'queued';
CREATE INDEX children_held ON children (holder) WHERE state IN ('leased', 'running', 'stopping');

CREATE TABLE events (
    id         BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    subject_id BIGINT NOT NULL,
    seq        BIGINT NOT NULL,
    at         BIGINT NOT NULL,
    type       TEXT   NOT NULL,
    actor      TEXT   NOT NULL,
    data       TEXT   NOT NULL,
    UNIQUE (subject_id, seq)
);

CREATE TABLE idempotency (
    started_at   BIGINT NOT NULL,
    status       BIGINT,
    principal    TEXT COLLATE "C" NOT NULL,
    key          TEXT COLLATE "C" NOT NULL,
    request_hash TEXT NOT NULL,
    claim        TEXT COLLATE "C" NOT NULL,
    content_type TEXT,
    body         BYTEA,
    PRIMARY KEY (principal, key)
);

CREATE INDEX idempotency_started ON idempotency (started_at);

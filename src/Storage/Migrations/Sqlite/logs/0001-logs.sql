CREATE TABLE meta (
    name  TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE logs (
    id      INTEGER PRIMARY KEY,
    attempt TEXT    NOT NULL UNIQUE,
    length  INTEGER NOT NULL
);

-- A chunk covers [position, position + length(bytes)); chunks of a log meet without gaps.
CREATE TABLE chunks (
    id       INTEGER PRIMARY KEY,
    log_id   INTEGER NOT NULL,
    position INTEGER NOT NULL,
    bytes    BLOB    NOT NULL,
    UNIQUE (log_id, position)
);

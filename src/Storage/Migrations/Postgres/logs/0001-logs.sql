CREATE TABLE meta (
    name  TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE logs (
    id      BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    length  BIGINT NOT NULL,
    attempt TEXT COLLATE "C" NOT NULL UNIQUE
);

-- A chunk covers [position, position + length(bytes)); chunks of a log meet without gaps.
CREATE TABLE chunks (
    id       BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    log_id   BIGINT NOT NULL,
    position BIGINT NOT NULL,
    bytes    BYTEA  NOT NULL,
    UNIQUE (log_id, position)
);

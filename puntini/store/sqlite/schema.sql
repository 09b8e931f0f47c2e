-- Version 2. Events are kept a row an append: `body` is their lines joined by LF, `first` the first line's seq; an erased
-- event is an empty line. The table is append-only by rowid, which is what makes it fast; the index finds places in a log
-- and answers questions of age and size without touching a body.
CREATE TABLE meta (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE sessions (
    num INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    owner TEXT NOT NULL,
    title TEXT NOT NULL,
    agent TEXT NOT NULL,
    status TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    floor INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX sessions_by_status ON sessions (status);

CREATE TABLE events (
    num INTEGER PRIMARY KEY,
    session INTEGER NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    at INTEGER NOT NULL,
    size INTEGER NOT NULL,
    body BLOB NOT NULL
);
CREATE INDEX events_by_place ON events (session, first, last, at, size);

CREATE TABLE tasks (
    num INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    session INTEGER NOT NULL,
    agent TEXT NOT NULL,
    prompt TEXT NOT NULL,
    status TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    max_steps INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    first_seq INTEGER NOT NULL,
    last_seq INTEGER NOT NULL,
    priority INTEGER NOT NULL,
    steps INTEGER NOT NULL,
    crashes INTEGER NOT NULL,
    input_tokens INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL,
    cost_usd REAL,
    safe_seq INTEGER NOT NULL
);

CREATE TABLE outcomes (
    scope TEXT NOT NULL,
    key TEXT NOT NULL,
    session INTEGER NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    task TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (scope, key)
) WITHOUT ROWID;
CREATE INDEX outcomes_by_age ON outcomes (at);
CREATE INDEX outcomes_by_session ON outcomes (session);

CREATE TABLE snapshots (
    session INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (session, seq)
);

-- What goes with a session (or another space) besides its events: checkpoints, decisions. The bodies may be large.
CREATE TABLE kept (
    num INTEGER PRIMARY KEY,
    space TEXT NOT NULL,
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    body BLOB NOT NULL,
    UNIQUE (space, kind, key)
);

-- Sessions that were deleted while their events still have to be removed, some at a time.
CREATE TABLE doomed (
    session INTEGER PRIMARY KEY
);

-- Documents, and the full-text index that holds their passages. A passage's rowid is its document's number, shifted by 32
-- bits, and its place in it. `owner` is one made-up word, for an index can be asked for a word only. A document has its
-- row when all of its passages are there; its number is in `unfinished` while they are being written or removed.
CREATE TABLE documents (
    num INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    owner TEXT NOT NULL,
    title TEXT NOT NULL,
    source TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    size INTEGER NOT NULL,
    passages INTEGER NOT NULL
);
CREATE INDEX documents_by_owner ON documents (owner);

CREATE TABLE unfinished (
    document INTEGER PRIMARY KEY
);

CREATE VIRTUAL TABLE passages USING fts5(
    owner, title, text, tokenize = "unicode61 remove_diacritics 2"
);
-- Who owns a passage says nothing of its worth. The index's parts are merged a few pages at a time by whoever writes:
-- left to itself it would merge many at once now and then, and appends would wait.
INSERT INTO passages (passages, rank) VALUES ('rank', 'bm25(0.0, 1.0, 1.0)'), ('automerge', 0);

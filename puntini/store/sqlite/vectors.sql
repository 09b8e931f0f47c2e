-- The vectors of up to 32 passages of a document that follow each other, joined: little-endian float32, each at the length of one.
-- `first` is the rowid of the first of these passages; `space` names what made them and how long they are.
CREATE TABLE vectors (
    first INTEGER PRIMARY KEY,
    space TEXT NOT NULL,
    body BLOB NOT NULL
);

-- With whom a session is shared, by the session's number, and what finds the sessions that somebody owns.
CREATE TABLE members (
    user TEXT NOT NULL,
    session INTEGER NOT NULL,
    role TEXT NOT NULL,
    PRIMARY KEY (user, session)
) WITHOUT ROWID;
CREATE INDEX members_of_session ON members (session, user, role);
CREATE INDEX sessions_by_owner ON sessions (owner);

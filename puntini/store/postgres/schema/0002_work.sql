-- works with: 1
-- Who runs what. A lane is named by its session's id, for it is held before a session that is yet to be made.
CREATE TABLE lanes (
    session text PRIMARY KEY,
    task text NOT NULL,
    node text NOT NULL,
    until timestamptz NOT NULL
) WITH (fillfactor = 50);

CREATE TABLE nodes (
    id text PRIMARY KEY,
    agents text[] NOT NULL,
    places integer NOT NULL,
    until timestamptz NOT NULL
);

-- `received` names the node and the attempt that a message was told to last.
CREATE TABLE messages_to_tasks (
    num bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    task text NOT NULL,
    verb text NOT NULL,
    body bytea NOT NULL,
    received text,
    answer bytea,
    sent_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX messages_of_task ON messages_to_tasks (task, num);

CREATE TABLE duties (
    name text PRIMARY KEY,
    node text NOT NULL,
    until timestamptz NOT NULL
);

CREATE INDEX tasks_to_do ON tasks (session, status, priority DESC, num) INCLUDE (agent)
    WHERE status IN ('queued', 'running');

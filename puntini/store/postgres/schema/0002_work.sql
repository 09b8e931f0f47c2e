-- works with: 1
-- Who runs what. A lane is named by its session's id, for it is held before a session that is yet to be made.
CREATE TABLE leases (
    session text COLLATE "C" PRIMARY KEY,
    task text COLLATE "C" NOT NULL,
    node text COLLATE "C" NOT NULL,
    until timestamptz NOT NULL
) WITH (fillfactor = 50);

CREATE TABLE nodes (
    id text COLLATE "C" PRIMARY KEY,
    agents text[] COLLATE "C" NOT NULL,
    places integer NOT NULL,
    until timestamptz NOT NULL
);

CREATE TABLE messages_to_tasks (
    num bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    task text COLLATE "C" NOT NULL,
    verb text COLLATE "C" NOT NULL,
    body bytea NOT NULL,
    received boolean NOT NULL DEFAULT false,
    answer bytea,
    sent_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX messages_of_task ON messages_to_tasks (task, num);

CREATE TABLE duties (
    name text COLLATE "C" PRIMARY KEY,
    node text COLLATE "C" NOT NULL,
    until timestamptz NOT NULL
);

CREATE INDEX tasks_to_do ON tasks (session, status, priority DESC, num) INCLUDE (agent)
    WHERE status IN ('queued', 'running');

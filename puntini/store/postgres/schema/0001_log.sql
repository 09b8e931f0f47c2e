-- works with: 1
CREATE TABLE steps (
    number integer PRIMARY KEY,
    name text NOT NULL,
    works_with integer NOT NULL,
    taken_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE meta (
    key text PRIMARY KEY,
    value text NOT NULL
);

-- `head` is the last seq given. It changes with every append: no index has it or `updated_at`, and pages keep room, so that
-- the row is changed in place. Whoever changes anything of a session locks its row first.
CREATE TABLE sessions (
    num bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id text NOT NULL UNIQUE,
    owner text NOT NULL,
    title text NOT NULL,
    agent text NOT NULL,
    status text NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    floor bigint NOT NULL DEFAULT 0,
    head bigint NOT NULL DEFAULT 0,
    graph_version bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 70);
CREATE INDEX sessions_by_owner ON sessions (owner, num);
CREATE INDEX sessions_by_status ON sessions (status, num);

CREATE TABLE tasks (
    num bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id text NOT NULL UNIQUE,
    session bigint NOT NULL,
    agent text NOT NULL,
    prompt text NOT NULL,
    status text NOT NULL,
    attempt integer NOT NULL,
    max_steps integer NOT NULL,
    priority integer NOT NULL,
    steps bigint NOT NULL,
    crashes integer NOT NULL,
    input_tokens bigint NOT NULL,
    output_tokens bigint NOT NULL,
    cost_usd double precision,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    first_seq bigint NOT NULL,
    last_seq bigint NOT NULL,
    safe_seq bigint NOT NULL
) WITH (fillfactor = 80);
CREATE INDEX tasks_of_session ON tasks (session, num, status, agent);
CREATE INDEX tasks_of_status ON tasks (status, num, agent);
CREATE INDEX tasks_of_agent ON tasks (agent, num, status);
CREATE INDEX tasks_not_ended ON tasks (num, agent, status) WHERE status NOT IN ('completed', 'failed', 'cancelled');
CREATE INDEX ends_of_tasks ON tasks (updated_at, id) INCLUDE (session, last_seq)
    WHERE status IN ('completed', 'failed', 'cancelled');

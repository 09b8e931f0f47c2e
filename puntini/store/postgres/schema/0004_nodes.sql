-- works with: 1
-- Counts and presence are worth nothing after a crash of the server, so they need no WAL.
CREATE UNLOGGED TABLE counts (
    kind text NOT NULL,
    key text NOT NULL,
    span bigint NOT NULL,
    number bigint NOT NULL,
    PRIMARY KEY (kind, key, span)
) WITH (fillfactor = 70);

CREATE UNLOGGED TABLE carriers (
    node text PRIMARY KEY,
    seen timestamptz NOT NULL DEFAULT clock_timestamp()
) WITH (fillfactor = 50);

CREATE UNLOGGED TABLE carried (
    node text NOT NULL,
    username text NOT NULL,
    streams bigint NOT NULL,
    PRIMARY KEY (username, node)
);
CREATE INDEX carried_by_node ON carried (node);

-- When a stream of a session was last said to be open, written a few times an hour.
CREATE TABLE watched (
    session text PRIMARY KEY,
    at bigint NOT NULL
) WITH (fillfactor = 70);

-- `tx` is the transaction that told: what commits late has an old number, and readers go by those that still run.
CREATE TABLE news (
    num bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tx bigint NOT NULL DEFAULT pg_current_xact_id()::text::bigint,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    kind text NOT NULL,
    key text NOT NULL,
    value text NOT NULL DEFAULT ''
);
CREATE INDEX news_by_tx ON news (tx);
CREATE INDEX news_by_age ON news (at);

CREATE FUNCTION tell_task_ended() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO news (kind, key) VALUES ('ended', NEW.id);
    RETURN NULL;
END $$;
CREATE TRIGGER task_ended AFTER UPDATE OF status ON tasks FOR EACH ROW
    WHEN (NEW.status IN ('completed', 'failed', 'cancelled') AND OLD.status IS DISTINCT FROM NEW.status)
    EXECUTE FUNCTION tell_task_ended();
CREATE TRIGGER task_came_ended AFTER INSERT ON tasks FOR EACH ROW
    WHEN (NEW.status IN ('completed', 'failed', 'cancelled'))
    EXECUTE FUNCTION tell_task_ended();

CREATE FUNCTION tell_session_moved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        INSERT INTO news (kind, key) VALUES ('gone', OLD.id);
        DELETE FROM watched WHERE session = OLD.id;
    ELSE
        INSERT INTO news (kind, key, value) VALUES ('trimmed', NEW.id, NEW.floor::text);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER session_gone AFTER DELETE ON sessions FOR EACH ROW EXECUTE FUNCTION tell_session_moved();
CREATE TRIGGER session_trimmed AFTER UPDATE OF floor ON sessions FOR EACH ROW
    WHEN (NEW.floor > OLD.floor)
    EXECUTE FUNCTION tell_session_moved();

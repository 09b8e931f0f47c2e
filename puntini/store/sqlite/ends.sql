-- Ends of tasks in the order of time: where they stand is told from this index alone.
CREATE INDEX ends_of_tasks ON tasks (updated_at, id, session, last_seq)
    WHERE status IN ('completed', 'failed', 'cancelled');

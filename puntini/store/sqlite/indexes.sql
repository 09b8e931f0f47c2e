-- Lists of tasks, in the order of their making and filtered, are found in an index without touching a task's row: prompts
-- are long. `num` comes before what only filters, so that nothing has to be sorted. A store that was written before these
-- gets them, in the place of its own, when it is opened.
DROP INDEX IF EXISTS tasks_by_session;
DROP INDEX IF EXISTS tasks_open;
CREATE INDEX tasks_of_session ON tasks (session, num, status, agent);
CREATE INDEX tasks_of_status ON tasks (status, num, agent);
CREATE INDEX tasks_of_agent ON tasks (agent, num, status);
CREATE INDEX tasks_not_ended ON tasks (num, agent, status) WHERE status NOT IN ('completed', 'failed', 'cancelled');

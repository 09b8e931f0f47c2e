"""Lists of tasks in SQLite are read from an index, whatever they are filtered by, also in a file from before it."""

from itertools import product
from pathlib import Path

import apsw
import pytest

from puntini.log.contract import Store
from puntini.protocol.events import TaskStatus
from puntini.store.open import open_store
from puntini.store.sqlite import admin, files
from puntini.store.sqlite.reads import TaskFilter, count_tasks, tasks
from tests.store.making import SESSION, add, begin, started, task

pytestmark = pytest.mark.anyio
BEFORE = """
DROP INDEX tasks_of_session; DROP INDEX tasks_of_status; DROP INDEX tasks_of_agent; DROP INDEX tasks_not_ended;
CREATE INDEX tasks_by_session ON tasks (session);
CREATE INDEX tasks_open ON tasks (num) WHERE status NOT IN ('completed', 'failed', 'cancelled');
"""
STATUSES: tuple[TaskStatus | None, ...] = (None, "completed", "running")
FILTERS = [TaskFilter(*each) for each in product((None, SESSION), (False, True), STATUSES, (None, "demo")) if any(each)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the store's file is."""
    return tmp_path / "puntini.db"


def steps(connection: apsw.Connection, sql: str, bindings: tuple[str, ...]) -> list[str]:
    """How SQLite looks for tasks in a statement."""
    rows = connection.execute(f"EXPLAIN QUERY PLAN {sql}", bindings)
    return [str(row[3]) for row in rows if str(row[3]).startswith(("SCAN t", "SEARCH t"))]


@pytest.mark.parametrize("wanted", FILTERS)
def test_which_tasks_are_on_a_page_and_how_many_there_are_is_told_by_an_index_alone(
    path: Path, wanted: TaskFilter
) -> None:
    files.create(path)
    connection = files.connect(path, write=False)
    asked: list[tuple[str, tuple[str, ...]]] = []

    def note(_cursor: object, sql: str, bindings: object) -> bool:
        asked.append((sql, tuple(bindings or ())))  # type: ignore[arg-type]
        return True

    connection.exec_trace = note
    tasks(connection, wanted, 20, 40, last=False)
    count_tasks(connection, wanted)
    connection.exec_trace = None
    plans = [steps(connection, sql, bindings) for sql, bindings in asked]
    connection.close()

    page, count = plans
    assert "SEARCH t USING INTEGER PRIMARY KEY (rowid=?)" in page, "rows are read of the page's tasks only"
    assert all("COVERING INDEX tasks_" in step or "PRIMARY KEY" in step for step in [*page, *count]), plans


async def kept(store: Store) -> list[str]:
    """The tasks of an agent that run."""
    return [row.task_id for row in await store.tasks(status="running", agent="demo")]


async def test_a_file_from_before_these_lists_gets_its_indexes(path: Path) -> None:
    store = await open_store(str(path))
    await store.append(begin())
    await store.append(add(started(), task=task(status="running")))
    await store.close()
    connection = apsw.Connection(str(path))
    connection.execute(BEFORE)
    connection.close()

    store = await open_store(str(path))

    assert await kept(store) == ["tsk_1"]
    await store.close()
    connection = apsw.Connection(str(path))
    names = {str(name) for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'index'")}
    connection.close()
    assert {name for name in names if name.startswith("tasks_")} == {
        "tasks_of_session",
        "tasks_of_status",
        "tasks_of_agent",
        "tasks_not_ended",
    }
    assert admin.check(path) == []

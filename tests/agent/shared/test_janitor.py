"""What a node left half done as it died is mended by another within seconds."""

import msgspec
import psycopg
import pytest

from puntini.agent.approvals import DECIDED
from puntini.agent.contract import Approval, Decision, Task
from puntini.log.contract import Append, Kept
from puntini.protocol.events import TaskProgress
from tests.agent.actors import Asker, Talker
from tests.agent.shared.nodes import node
from tests.agent.stage import Stage, until

pytestmark = pytest.mark.anyio


class Hasty:
    """Asks something that nobody has time to answer."""

    name = "hasty"

    async def run(self, task: Task) -> str:
        """Ask, and answer with what was decided."""
        decided = await task.ask(Approval(key="it", question="Now?", expires_seconds=1.0))
        return decided.decision if decided else task.wait()


async def waiting(life: Stage, agent: str) -> str:
    """A task that waits for a person."""
    task = await life.task("ask", agent=agent)
    await life.until(task, "waiting")
    return task


async def test_what_a_dead_node_left_half_done_is_mended(dsn: str) -> None:
    async with node(dsn, Asker(), Hasty()) as dead:
        decided, stopped, expired = [await waiting(dead, name) for name in ("asker", "asker", "hasty")]
    async with node(dsn, Asker(), Hasty(), most=0) as front:
        assert front.store.queue is not None
        await front.store.queue.send(stopped, "stop")
        session = (await front.row(decided)).session_id
        (asked,) = (await front.keeper.view(session)).approvals()
        decision = Kept(session, DECIDED, asked.approval_id, msgspec.json.encode(Decision("approved")), new=True)
        await front.store.append(Append(session_id=session, kept=[decision], at=0))

        async with node(dsn, Asker(), Hasty()):
            await until(lambda: _ended(front, [decided, stopped, expired]), "their ends")
        assert [await front.status(task) for task in (decided, stopped, expired)] == [
            "completed",
            "cancelled",
            "completed",
        ]
        assert (await front.kinds(expired)).count("approval_resolved") == 1


class Odd:
    """Asks with an answer that has a NUL in it."""

    name = "odd"

    async def run(self, task: Task) -> str:
        """Ask, and answer with what was decided."""
        decided = await task.ask(Approval(key="it", question="Now?", options=("yes\0", "\\u0000"), expires_seconds=600))
        return decided.decision if decided else task.wait()


async def test_whatever_one_task_asks_the_others_are_mended(dsn: str) -> None:
    async with node(dsn, Odd(), Hasty()) as dead:
        odd, expired = [await waiting(dead, name) for name in ("odd", "hasty")]
    async with node(dsn, Odd(), Hasty()) as life:
        await life.until(expired, "completed")
        assert await life.status(odd) == "waiting"


async def _ended(life: Stage, tasks: list[str]) -> bool:
    return all([(await life.row(task)).ended for task in tasks])


@pytest.mark.slow
async def test_a_task_for_which_there_is_no_worker_says_so(dsn: str) -> None:
    async with node(dsn, Talker(1), most=0) as front:
        task = await front.task("talk")
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.execute("UPDATE tasks SET updated_at = 0")

        async def told() -> bool:
            said = [event for event in await front.said(task) if isinstance(event, TaskProgress)]
            return any("no worker that runs now has the agent `talker`" in event.data.detail for event in said)

        await until(told, "word of it")
        async with node(dsn, Talker(1)):
            await front.until(task, "completed")


async def test_a_damaged_question_does_not_hide_the_others(dsn: str) -> None:
    async with node(dsn, Asker(), Hasty()) as life:
        damaged = await waiting(life, "asker")
        bodies = (b"\xff\x00", b"{", b'{"task_id":"%s","expires_at":"x"}' % damaged.encode())
        insert = "INSERT INTO kept SELECT space, kind, %s, %s FROM kept WHERE kind = 'approval'"
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.cursor().executemany(insert + " LIMIT 1", [(f"no. {len(body)}", body) for body in bodies])
        hasty = await waiting(life, "hasty")
        await life.until(hasty, "completed")

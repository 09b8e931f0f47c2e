"""What happens by itself: idle sessions are closed, the outcomes of commands are forgotten after a day."""

from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import anyio
import pytest

from puntini.api.expiry import Expiry
from puntini.api.outcomes import KEPT_MS, Outcomes
from puntini.errors import StoreUnavailable
from puntini.log.contract import Append, Once, SessionRow, Store
from puntini.log.mint import now_ms
from puntini.protocol.commands import (
    AnyCommand,
    GraphEdit,
    GraphEditData,
    UserPromptCommand,
    UserPromptCommandData,
)
from puntini.protocol.events import TaskStatus
from puntini.protocol.graph import GraphOp
from puntini.store.memory import MemoryStore
from puntini.transport.connections import Connections
from tests.api.calling import ANN, DEADLINE_SECONDS, POLL_SECONDS, Api, serving
from tests.api.inside import inside

pytestmark = pytest.mark.anyio
IDLE = 0.2
PROMPT = UserPromptCommand(data=UserPromptCommandData(prompt="play 100000 events every 5 ms"))
EDIT = GraphEdit(data=GraphEditData(base_version=0, delta=[GraphOp("clear")]))


async def status(api: Api, session_id: str) -> str:
    return str((await api.get(f"/v1/sessions/{session_id}"))["status"])


async def closed(api: Api, session_id: str) -> None:
    """Wait until a session is closed."""
    with anyio.fail_after(DEADLINE_SECONDS):
        while await status(api, session_id) != "closed":
            await anyio.sleep(POLL_SECONDS)


async def test_a_session_that_nobody_uses_is_closed_and_says_why() -> None:
    async with serving(session_idle_seconds=IDLE) as api:
        session_id = await api.create()
        await closed(api, session_id)
        (event,) = await api.events(session_id)
    assert (event["type"], event["data"]) == ("session_closed", {"reason": "idle"})


async def test_a_session_that_is_watched_works_or_rests_stays_open() -> None:
    async with serving(session_idle_seconds=IDLE) as api:
        watched = await api.create()
        async with api.stream(f"/v1/sessions/{watched}/stream"):
            working, paused = await api.create(), await api.create()
            await api.prompt(working, "play 100000 events every 500 ms")
            task_id = await api.prompt(paused, "play 100000 events every 1 ms")
            await api.ask("POST", f"/v1/tasks/{task_id}/control", {"action": "pause"})
            await api.until(task_id, "paused")
            for _ in range(2):
                await closed(api, await api.create())
            assert [await status(api, name) for name in (watched, working, paused)] == ["active"] * 3
        await closed(api, watched)


async def test_many_idle_sessions_are_all_closed_around_those_that_stay() -> None:
    async with serving(session_idle_seconds=IDLE) as api:
        busy = await api.create()
        await api.prompt(busy, "play 100000 events every 500 ms")
        many = [await api.create() for _ in range(230)]
        with anyio.fail_after(DEADLINE_SECONDS):
            while (await api.get("/v1/sessions/stats"))["closed"] < len(many):
                await anyio.sleep(POLL_SECONDS)
        assert await status(api, busy) == "active"


class SlowStore(MemoryStore):
    """A memory store that lets something happen, once, before it says how many tasks there are."""

    meanwhile: Callable[[], Awaitable[object]] | None = None

    async def count_tasks(
        self,
        *,
        session_id: str | None = None,
        open_only: bool = False,
        status: TaskStatus | None = None,
        agent: str | None = None,
        user: str | None = None,
    ) -> int:
        """What was so before."""
        count = await super().count_tasks(
            session_id=session_id, open_only=open_only, status=status, agent=agent, user=user
        )
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile is not None:
            await meanwhile()
        return count


@pytest.mark.parametrize("command", [PROMPT, EDIT], ids=["a prompt", "an edit"])
async def test_what_is_asked_while_idleness_is_looked_at_keeps_the_session_open(command: AnyCommand) -> None:
    store = SlowStore()
    async with inside(store) as parts, anyio.create_task_group() as tasks:
        session_id, other = [await parts.desk.create("", user="ann") for _ in range(2)]
        await anyio.sleep(2 * IDLE)
        store.meanwhile = partial(parts.desk.execute, other, command, who=ANN)
        connections = Connections(ping_seconds=9, send_deadline=9, lifetime=9, most=9)
        tasks.start_soon(Expiry(store, parts.desk, connections, parts.runner, idle_seconds=IDLE).sweep)
        await closed_in(store, session_id)
        row = await store.session(other)
        tasks.cancel_scope.cancel()
    assert row is not None
    assert (row.status, row.head > 0) == ("active", True)


async def closed_in(store: Store, session_id: str) -> None:
    """Wait until a store's session is closed."""
    with anyio.fail_after(DEADLINE_SECONDS):
        while (row := await store.session(session_id)) is None or row.status != "closed":
            await anyio.sleep(POLL_SECONDS)


async def test_a_prompt_that_comes_while_it_is_decided_waits_for_the_decision() -> None:
    store = MemoryStore()
    async with inside(store) as parts, anyio.create_task_group() as tasks:
        session_id = await parts.desk.create("", user="ann")

        async def still() -> bool:
            tasks.start_soon(partial(parts.desk.execute, session_id, PROMPT, who=ANN))
            await anyio.wait_all_tasks_blocked()
            assert await store.count_tasks() == 0
            return False

        assert not await parts.desk.closing.close_if(session_id, "idle", still)
        with anyio.fail_after(DEADLINE_SECONDS):
            while not await store.count_tasks():
                await anyio.sleep(POLL_SECONDS)


async def test_with_zero_nothing_is_ever_closed() -> None:
    async with serving(session_idle_seconds=0) as api:
        session_id = await api.create()
        await anyio.sleep(3 * IDLE)  # three times what closes a session in the tests above
        assert await status(api, session_id) == "active"


# Outcomes.

OLD, NEW = Once("ann", "old"), Once("ann", "new")


async def remembering(store: Store) -> None:
    """A store with one outcome that is older than a day, and one that is not."""
    row = SessionRow(session_id="ses_1", owner="ann", created_at=0, updated_at=0)
    await store.append(Append(session_id="ses_1", create=row, once=OLD, at=now_ms() - KEPT_MS - 1_000))
    await store.append(Append(session_id="ses_1", once=NEW, at=now_ms() - KEPT_MS + 60_000))


async def test_outcomes_are_forgotten_after_a_day_and_not_before() -> None:
    store = MemoryStore()
    await remembering(store)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(Outcomes(store).sweep)
        await forgotten(store)
        tasks.cancel_scope.cancel()
    assert await store.outcome(NEW) is not None


async def test_a_server_forgets_when_it_starts(tmp_path: Path) -> None:
    async with serving(store=tmp_path / "puntini.db") as api:
        await remembering(api.parts.store)
    async with serving(store=tmp_path / "puntini.db") as api:
        await forgotten(api.parts.store)
        assert await api.parts.store.outcome(NEW) is not None


async def forgotten(store: Store) -> None:
    """Wait until the old outcome is gone."""
    with anyio.fail_after(DEADLINE_SECONDS):
        while await store.outcome(OLD) is not None:
            await anyio.sleep(POLL_SECONDS)


class AwayStore(MemoryStore):
    """A memory store that can't forget."""

    asked = 0

    async def forget(self, *, outcomes_before: int) -> int:
        """Refuse."""
        self.asked += 1
        raise StoreUnavailable("The disk is full.")


async def test_a_store_that_is_away_is_asked_again_later() -> None:
    store = AwayStore()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(Outcomes(store).sweep)
        with anyio.fail_after(DEADLINE_SECONDS):
            while not store.asked:
                await anyio.sleep(POLL_SECONDS)
        assert not tasks.cancel_scope.cancel_called
        tasks.cancel_scope.cancel()

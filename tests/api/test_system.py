"""Health, readiness, status, connections, metrics."""

import time
from pathlib import Path
from typing import Any

import anyio
import pytest

from puntini import __version__
from puntini.app import create_app
from puntini.errors import Misconfigured, StoreUnavailable
from puntini.settings import Settings
from tests.api.calling import DEADLINE_SECONDS, Api, problem, serving

pytestmark = pytest.mark.anyio


async def test_the_process_is_alive(api: Api) -> None:
    assert await api.get("/v1/health") == {"status": "ok"}


async def test_the_server_is_ready_until_it_drains(api: Api) -> None:
    ready = await api.get("/v1/ready")
    assert (ready["status"], states(ready)) == ("ready", ALL_OK)
    await api.parts.drain(0.5)
    response = await api.ask("GET", "/v1/ready")
    told = problem(response, 503, "unavailable")
    assert told["detail"] == "The server is shutting down."
    assert states(told) == ALL_OK | {"draining": "fail"}
    assert response.headers["retry-after"] == "1"
    assert await api.get("/v1/health") == {"status": "ok"}


def states(answer: dict[str, Any]) -> dict[str, str]:
    return {check["name"]: check["state"] for check in answer["checks"]}


ALL_OK = dict.fromkeys(("draining", "store", "streams", "workers", "settings", "clock", "loop"), "ok")


async def test_a_server_with_no_room_for_streams_is_not_ready() -> None:
    async with serving(max_streams=1) as api, api.stream(f"/v1/sessions/{await api.create()}/stream"):
        told = problem(await api.ask("GET", "/v1/ready"), 503, "unavailable")
    assert states(told) == ALL_OK | {"streams": "fail"}


async def test_a_server_whose_store_is_away_says_so_and_no_more(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(_task_id: str) -> None:
        raise StoreUnavailable("postgresql://puntini@10.0.0.7/puntini: connection refused")

    monkeypatch.setattr(api.parts.store, "task", away)
    response = await api.ask("GET", "/v1/ready")
    assert states(problem(response, 503, "unavailable")) == ALL_OK | {"store": "fail"}
    assert "10.0.0.7" not in response.text
    assert "puntini_store_up 0.0" in (await api.ask("GET", "/metrics")).text


@pytest.mark.parametrize(
    ("seconds", "status", "state"), [(0.7, 200, "warn"), pytest.param(2.2, 503, "fail", marks=pytest.mark.slow)]
)
async def test_a_loop_that_was_blocked_is_told_for_a_while(api: Api, seconds: float, status: int, state: str) -> None:
    with anyio.fail_after(DEADLINE_SECONDS):
        while api.parts.loop_watch.worst < seconds - 0.1:
            await anyio.sleep(0.3)
            time.sleep(seconds + 0.25)  # noqa: ASYNC251 - this is what it is about
            await anyio.sleep(0.01)
    response = await api.ask("GET", "/v1/ready")
    assert (response.status_code, states(response.json())["loop"]) == (status, state)


async def test_status_tells_what_runs(api: Api) -> None:
    await api.prompt(await api.create(), "play 100000 events every 5 ms")
    assert await api.get("/v1/status") == {
        "api": "ok",
        "agents_initialized": True,
        "agents": ["creator", "driver", "generator", "puntini", "scripted"],
        "database": api.parts.store.kind,
        "engine": {"running": 1, "queued": 0},
        "node": api.parts.settings.node_name,
        "version": __version__,
    }


async def test_metrics_name_the_store_in_a_word(api: Api) -> None:
    kind = "postgres" if api.parts.store.shared else "memory"
    said = (await api.ask("GET", "/metrics")).text
    assert f'puntini_build_info{{store="{kind}",version="{__version__}"}} 1' in said


async def test_connections_are_counted_by_transport(api: Api) -> None:
    session_id = await api.create()
    path = f"/v1/sessions/{session_id}/stream"
    async with api.stream(path), api.stream(path), api.stream(path, accept="application/x-ndjson"):
        stats = await api.get("/v1/connections/stats")
    assert (stats["open"], stats["sessions"], stats["opened"]) == (3, 1, 3)
    assert stats["by_transport"] == {"sse": 2, "ndjson": 1}
    assert stats["store"].keys() >= {"appends", "events", "reads"}
    after = await api.get("/v1/connections/stats")
    assert (after["open"], after["by_transport"], after["opened"]) == (0, {}, 3)


async def test_a_drain_ends_streams_with_a_time_to_come_back(api: Api) -> None:
    async with api.stream(f"/v1/sessions/{await api.create()}/stream") as wire:
        await wire.until("event: live")
        await api.parts.drain(2.0)
        text = await wire.end()
    assert '"reason":"drain"' in text
    assert text.count("retry: ") == 2


async def test_an_agent_that_hears_nothing_does_not_keep_the_server_from_ending() -> None:
    deaf = Deaf()
    with anyio.fail_after(DEADLINE_SECONDS):
        async with serving([deaf], grace=0.1) as api:
            await api.prompt(await api.create(), "listen", agent="deaf")
            await deaf.here.wait()


async def test_after_a_drain_the_end_comes_at_once() -> None:
    deaf = Deaf()
    with anyio.fail_after(DEADLINE_SECONDS):
        async with serving([deaf], grace=3_600) as api:
            await api.prompt(await api.create(), "listen", agent="deaf")
            await deaf.here.wait()
            await api.parts.drain(0.1)


async def test_what_was_cut_off_is_taken_up_again(tmp_path: Path) -> None:
    store = tmp_path / "puntini.db"
    async with serving([Deaf()], store=store, grace=0.1) as api:
        task_id = await api.prompt(await api.create(), "listen", agent="deaf")
    async with serving([Deaf()], store=store, grace=0.1) as api:
        task = await api.until(task_id, "running")
        assert task["attempt"] == 2


class Deaf:
    """An agent that never comes to a safe point."""

    name = "deaf"

    def __init__(self) -> None:
        self.here = anyio.Event()

    async def run(self, task: Any) -> str:
        """Wait for ever."""
        self.here.set()
        await anyio.sleep_forever()
        return "never"


async def test_streams_have_a_limit() -> None:
    async with serving(max_streams=1) as api:
        path = f"/v1/sessions/{await api.create()}/stream"
        async with api.stream(path):
            response = await api.ask("GET", path)
            problem(response, 429, "too_many")
            assert response.headers["retry-after"] == "5"


class Rude:
    """An agent that is there."""

    name = "rude"

    async def run(self, task: Any) -> str:
        """Answer."""
        return "What?"


def test_a_default_agent_that_is_not_there_stops_the_start() -> None:
    with pytest.raises(Misconfigured, match="There is no agent `nobody`; name creator, driver"):
        create_app(Settings(store="memory:", agent=("nobody",)))


async def test_an_agent_of_one_s_own_can_be_the_default() -> None:
    async with serving([Rude()], agent=("rude",)) as api:
        answer = await api.post("/v1/chat", {"prompt": "hello"}, accept="application/json")
        assert answer["final_answer"] == "What?"
        assert {"rude", "scripted"} < set((await api.get("/v1/status"))["agents"])

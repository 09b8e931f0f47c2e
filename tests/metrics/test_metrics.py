"""Metrics: each says what happened, and each is documented."""

from pathlib import Path

import anyio
import pytest

from puntini.figures import Durations
from puntini.metrics.names import METRICS, OTHERS
from tests.api.calling import Api, serving
from tests.metrics.scraped import Scrape, scrape
from tests.test_docs import ROOT, rows

pytestmark = pytest.mark.anyio
PAGE = (ROOT / "docs" / "operations.md").read_text("utf-8")
SECTION = PAGE.partition("\n## Metrics\n")[2].partition("\n## ")[0]


async def test_every_metric_is_documented_as_it_is_and_no_other_is(api: Api) -> None:
    documented = {
        cells[0].strip("`"): (cells[1], cells[2].replace("`", ""), cells[3])
        for cells in rows(SECTION)
        if cells[0].startswith("`puntini_")
    }
    assert documented == {
        name: (metric.kind, ", ".join(metric.labels), metric.help) for name, metric in METRICS.items()
    }
    exposed = {
        name + ("_total" if family.type == "counter" else "") for name, family in (await scrape(api)).families.items()
    }
    assert exposed == METRICS.keys() | set(OTHERS)
    assert all(name in SECTION for name in OTHERS)


def test_names_end_in_their_unit_and_counters_in_total() -> None:
    for name, metric in METRICS.items():
        assert name.endswith("_total") == (metric.kind == "counter"), name
        assert name.endswith("_seconds") or metric.kind != "histogram", name


async def test_what_streams_are_sent_is_counted_by_transport(api: Api) -> None:
    session_id = await api.create()
    before = await scrape(api)
    async with api.stream(f"/v1/sessions/{session_id}/stream") as wire:
        await wire.until("event: live")
        await api.played(session_id, "play 20 events")
        await wire.until("event: task_completed")
        during = await scrape(api)
    page = await api.events(session_id)
    after = await scrape(api)

    def rise(name: str, transport: str, to: Scrape) -> float:
        return to.value(name, transport=transport) - before.value(name, transport=transport)

    assert during.value("puntini_streams_open", transport="sse") == 1
    assert during.value("puntini_streams_behind") == 0
    assert rise("puntini_delivered_events_total", "sse", during) == len(page)
    assert rise("puntini_delivered_bytes_total", "sse", during) == len(wire.text.encode())
    assert rise("puntini_delivered_events_total", "sse", after) == len(page), "what is over still counts"
    assert rise("puntini_delivered_events_total", "page", after) == len(page)
    assert after.value("puntini_streams_open", transport="sse") == 0
    assert during.value("puntini_delivery_seconds_count") > before.value("puntini_delivery_seconds_count")
    assert after.value("puntini_streams_ended_total", transport="sse", reason="gone") == 1


async def test_a_stream_that_is_paced_is_seen_to_be_behind(api: Api) -> None:
    session_id = await api.create()
    async with api.stream(f"/v1/sessions/{session_id}/stream?max_rate=0.01") as wire:
        await wire.until("event: live")
        await api.played(session_id, "play 50 events")
        lag = await scrape(api)
    assert lag.value("puntini_streams_behind") == 1
    assert lag.value("puntini_streams_lag_events", rank="max") >= 50


async def test_the_log_and_the_tasks_are_measured(tmp_path: Path) -> None:
    async with serving() as another:
        before = await scrape(another)  # what the process counts, whichever app it is in
    async with serving(store=tmp_path / "puntini.db") as api:
        await api.played(await api.create(), "play 20 events")
        session_id = await api.create()
        task_id = await api.prompt(session_id, "play 100000 events every 5 ms")
        await api.prompt(session_id, "play 1 event")
        now = await scrape(api)
        await api.command(session_id, "control", task_id=task_id, action="stop")
        await api.until(task_id, "cancelled")
        after = await scrape(api)

    assert now.value("puntini_appended_events_total") >= 25
    assert now.value("puntini_commit_seconds_count") > before.value("puntini_commit_seconds_count")
    assert now.value("puntini_append_seconds_count") - before.value("puntini_append_seconds_count") >= 3
    assert now.value("puntini_tasks", status="running") == 1
    assert now.value("puntini_tasks", status="queued") == 1
    assert now.value("puntini_tasks_oldest_seconds", status="queued") >= 0
    assert now.value("puntini_tasks_here", status="queued") == 1
    ended = "puntini_tasks_ended_total"
    assert now.value(ended, status="completed") - before.value(ended, status="completed") == 1
    assert after.value(ended, status="cancelled") - before.value(ended, status="cancelled") == 1
    assert now.value("puntini_store_up") == 1


async def test_requests_are_counted_by_what_they_are_about(api: Api) -> None:
    before = await scrape(api)
    await api.get(f"/v1/sessions/{await api.create()}")
    await api.ask("GET", "/v1/sessions/ses_none")
    await api.ask("GET", "/nothing/here")
    after = await scrape(api)

    def rise(**labels: str) -> float:
        name = "puntini_http_requests_total"
        return after.value(name, **labels) - before.value(name, **labels)

    assert rise(resource="sessions", method="POST", status="201") == 1
    assert rise(resource="sessions", method="GET", status="200") == 1
    assert rise(resource="sessions", method="GET", status="404") == 1
    assert rise(resource="none", method="GET", status="404") == 1
    count = "puntini_http_seconds_count"
    assert after.value(count, resource="sessions") - before.value(count, resource="sessions") == 3


async def test_limits_that_are_hit_are_counted_by_which_it_was() -> None:
    async with serving(max_streams=1) as api:
        before = await scrape(api)
        path = f"/v1/sessions/{await api.create()}/stream"
        async with api.stream(path):
            assert (await api.ask("GET", path)).status_code == 429
        after = await scrape(api)
    hits = "puntini_limits_hit_total"
    assert after.value(hits, limit="streams") - before.value(hits, limit="streams") == 1


async def test_what_a_model_takes_is_counted() -> None:
    async with serving(agent=("puntini",), offline_pause_seconds=0) as api:
        before = await scrape(api)
        await api.played(await api.create(), "Create a node called Alpha")
        after = await scrape(api)
    for direction in ("input", "output"):
        tokens = {"name": "puntini_model_tokens_total", "model": "offline", "direction": direction}
        assert after.value(**tokens) > before.value(**tokens)
    asked = {"name": "puntini_model_requests_total", "model": "offline", "outcome": "end"}
    assert after.value(**asked) > before.value(**asked)


def test_durations_are_counted_in_the_bucket_of_their_bound() -> None:
    durations = Durations((0.1, 1.0))
    for seconds in (0.05, 0.1, 0.5, 1.0, 7.0):
        durations.add(seconds)
    assert durations.buckets == [2, 2, 1]
    assert durations.seconds == pytest.approx(8.65)


async def test_what_was_delivered_never_falls_while_streams_come_and_go(api: Api) -> None:
    session_id = await api.create()
    seen = [0.0]

    async def come_and_go() -> None:
        for _ in range(10):
            async with api.stream(f"/v1/sessions/{session_id}/stream?after=earliest") as wire:
                await wire.until("event: live")

    await api.played(session_id, "play 100 events")
    async with anyio.create_task_group() as tasks:
        for _ in range(5):
            tasks.start_soon(come_and_go)
        while seen[-1] < 50 * 100:
            seen.append((await scrape(api)).value("puntini_delivered_events_total", transport="sse"))
    assert seen == sorted(seen)

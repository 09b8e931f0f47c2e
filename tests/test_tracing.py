"""Traces: one from a request over the queue and the attempt to the model, one span a stream; and none unless asked."""

import subprocess
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing
from pathlib import Path

import anyio
import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from puntini import tracing
from puntini.agent.models.anthropic import AnthropicModel
from puntini.agent.models.contract import ModelFailed, Request, Text, Turn, Whole
from puntini.agent.models.metered import Metered
from puntini.errors import Misconfigured
from puntini.log.contract import Kept
from tests.agent.models.messages_server import answer, text
from tests.agent.models.messages_server import serving as messages_server
from tests.api.calling import DEADLINE_SECONDS, Api, serving

pytestmark = pytest.mark.anyio
TRACE = "0af7651916cd43dd8448eb211c80319c"
CALLER = f"00-{TRACE}-b7ad6b7169203331-03"  # sampled, and random


class Traces:
    """The spans that have ended."""

    def __init__(self, exporter: InMemorySpanExporter) -> None:
        self._exporter = exporter

    def of(self, name: str, **about: object) -> list[ReadableSpan]:
        """Those with a name and such attributes; dots are written as underscores."""
        return [
            span
            for span in self._exporter.get_finished_spans()
            if span.name == name and about.items() <= _plain(span).items()
        ]

    async def one(self, name: str, **about: object) -> ReadableSpan:
        """The one with this name, which may be yet to end."""
        with anyio.fail_after(DEADLINE_SECONDS):
            while not (found := self.of(name, **about)):
                await anyio.sleep(0.005)
        [span] = found
        return span


def _plain(span: ReadableSpan) -> dict[str, object]:
    return {key.replace(".", "_"): value for key, value in _about(span).items()}


def _about(span: ReadableSpan) -> dict[str, object]:
    return dict(span.attributes or {})


def _is_in(span: ReadableSpan, outer: ReadableSpan) -> bool:
    assert span.context is not None
    assert outer.context is not None
    return span.parent is not None and span.parent.span_id == outer.context.span_id


@pytest.fixture
def traces() -> Iterator[Traces]:
    """Tracing into memory."""
    exporter = InMemorySpanExporter()
    tracing.configure("", "1", exporter=exporter)
    yield Traces(exporter)
    tracing.close()


@pytest.fixture
async def api(traces: Traces) -> AsyncIterator[Api]:
    """An app that is traced, with the built-in agent."""
    async with serving(agent=("puntini",), offline_pause_seconds=0) as running:
        yield running


async def test_a_trace_goes_from_the_caller_over_the_task_to_the_model(api: Api, traces: Traces) -> None:
    session_id = await api.create()
    body = {"type": "user_prompt", "data": {"prompt": "Create a node called Alpha"}}
    asked = await api.ask("POST", f"/v1/sessions/{session_id}/commands", body, traceparent=CALLER)
    task_id = asked.json()["task_id"]
    await api.until(task_id, "completed")

    request = await traces.one("POST", http_route="/v1/sessions/{session_id}/commands")
    attempt = await traces.one("task attempt", puntini_task_id=task_id)
    answers = traces.of("model answer")
    assert {span.context.trace_id for span in (request, attempt, *answers) if span.context} == {int(TRACE, 16)}
    assert _about(request)["http.response.status_code"] == 202
    assert _about(request)["puntini.request_id"] == asked.headers["x-request-id"]
    assert _is_in(attempt, request)
    assert _about(attempt)["puntini.task_status"] == "completed"
    assert answers
    assert all(_is_in(answer, attempt) for answer in answers)
    assert _about(answers[0])["gen_ai.request.model"] == "offline"


async def test_a_task_that_waits_its_turn_says_for_how_long(api: Api, traces: Traces) -> None:
    session_id = await api.create(agent="scripted")
    first = await api.prompt(session_id, "play 20 events every 10 ms")
    second = await api.prompt(session_id, "play 1 event")
    await api.until(second, "completed")

    queue = await traces.one("task queue", puntini_task_id=second)
    attempt = await traces.one("task attempt", puntini_task_id=second)
    assert queue.parent == attempt.parent
    assert queue.start_time is not None
    assert queue.end_time is not None
    assert queue.end_time - queue.start_time > 50_000_000
    assert not traces.of("task queue", puntini_task_id=first)


async def test_the_trace_travels_in_the_store_and_goes_when_the_task_ends(api: Api, traces: Traces) -> None:
    session_id = await api.create(agent="scripted")
    task_id = await api.prompt(session_id, "play 100000 events every 5 ms")
    kept = await api.parts.store.kept(session_id, tracing.KEPT_AS, task_id)
    await api.command(session_id, "control", task_id=task_id, action="pause")
    await api.until(task_id, "paused")
    [first] = [await traces.one("task attempt", puntini_task_id=task_id)]
    # As by another process: all that it knows of the trace is in the store.
    other = kept.decode().replace(f"{first.context.trace_id:032x}", TRACE).encode() if kept and first.context else b""
    await api.parts.store.keep([Kept(session_id, tracing.KEPT_AS, task_id, other)])
    await api.command(session_id, "control", task_id=task_id, action="resume")
    await api.until(task_id, "running")
    await api.command(session_id, "control", task_id=task_id, action="stop")
    await api.until(task_id, "cancelled")

    second = await traces.one("task attempt", puntini_task_id=task_id, puntini_attempt=2)
    assert second.context is not None
    assert second.context.trace_id == int(TRACE, 16)
    with anyio.fail_after(DEADLINE_SECONDS):
        while await api.parts.store.kept(session_id, tracing.KEPT_AS, task_id):
            await anyio.sleep(0.005)


async def test_a_stream_is_one_span_however_many_events_it_carries(api: Api, traces: Traces) -> None:
    session_id = await api.create(agent="scripted")
    async with api.stream(f"/v1/sessions/{session_id}/stream") as wire:
        await wire.until("event: live")
        await api.played(session_id, "play 50 events")
        await wire.until("event: task_completed")
        assert traces.of("stream", puntini_transport="sse") == []

    stream = await traces.one("stream", puntini_transport="sse")
    assert _about(stream)["puntini.session_id"] == session_id
    assert _about(stream)["puntini.ended"] == "gone"
    assert int(str(_about(stream)["puntini.events"])) > 50
    assert _is_in(stream, await traces.one("GET", http_route="/v1/sessions/{session_id}/stream"))


async def test_no_span_holds_what_people_say(api: Api, traces: Traces) -> None:
    await api.played(await api.create(), "Create a node called Xylophone")
    exporter = traces._exporter
    assert "Xylophone" not in " ".join(span.to_json() for span in exporter.get_finished_spans())


async def test_the_model_s_provider_is_told_of_the_span_that_asks(traces: Traces) -> None:
    async with messages_server() as server:
        server.will(answer(text("Hello")))
        model = AnthropicModel(model="claude-opus-5-5", api_key="k", base_url=server.url)
        metered = Metered(model)
        async with aclosing(metered):
            pieces = [piece async for piece in metered.stream(Request(system="", turns=[Turn("user", [Text("Hi")])]))]
        [asked] = server.requests

    span = await traces.one("model answer")
    assert isinstance(pieces[-1], Whole)
    assert span.context is not None
    assert (
        asked.headers["traceparent"] == f"00-{span.context.trace_id:032x}-{span.context.span_id:016x}-03"
    )  # sampled, and random
    assert _about(span)["puntini.outcome"] == "end"
    assert int(str(_about(span)["gen_ai.usage.output_tokens"])) > 0


async def test_within_a_span_an_exception_passes_and_leaves_no_text(traces: Traces) -> None:
    async def pieces() -> AsyncGenerator[int, None]:
        yield 1
        raise ModelFailed("secret words")

    span = tracing.begin("work")
    words = tracing.within(span, pieces())
    assert await anext(words) == 1
    with pytest.raises(ModelFailed):
        await anext(words)
    span.end(error="failed")
    assert "secret words" not in (await traces.one("work")).to_json()


def test_an_endpoint_that_is_none_stops_the_start() -> None:
    with pytest.raises(Misconfigured, match="`otlp_endpoint` is no address"):
        tracing.configure("collector:4318", "1")
    assert not tracing.on()


OFF = """
import sys, anyio
if {installed!r} == "no":
    sys.modules["opentelemetry"] = None
from puntini import tracing
from puntini.app import create_app
from puntini.errors import Misconfigured
from puntini.settings import Settings

async def live():
    app = create_app(Settings(store="memory:"))
    async with app.router.lifespan_context(app):
        pass

tracing.configure("", "1")
anyio.run(live)
assert tracing.begin("x") is tracing.NO_SPAN and tracing.headers() == {{}} and tracing.ids() == {{}}
# LangGraph's own tracing looks for the SDK and imports it where it is; what sends spans is ours alone.
print([name for name in sys.modules if name.startswith(("puntini.tracing_otel", "opentelemetry.exporter"))])
try:
    tracing.configure("http://127.0.0.1:9", "1")
except Misconfigured as error:
    print(error.message)
"""


NEEDED = "Traces (otlp_endpoint) need OpenTelemetry: pip install 'puntini[otel]'."


@pytest.mark.parametrize(
    ("installed", "says"),
    [("yes", "[]"), pytest.param("no", f"[]\n{NEEDED}", marks=pytest.mark.slow)],
    ids=["yes", "no"],
)
def test_without_traces_nothing_is_imported_for_them(tmp_path: Path, installed: str, says: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", OFF.format(installed=installed)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={"PYTHONPATH": str(Path(__file__).parents[1])},
        check=True,
    )
    assert done.stdout.strip() == says

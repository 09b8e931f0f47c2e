"""``puntini serve``: the app under uvicorn, and the drain.

This file and ``lines.py`` are all that knows uvicorn. asyncio's own loop, not uvloop: it accepts a whole reconnect
storm in one turn.
"""

import asyncio
import gc
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from types import FrameType
from typing import Any

import anyio
import structlog
import uvicorn
from starlette.applications import Starlette

from puntini import __version__, tracing
from puntini.agent.contract import Agent
from puntini.agent.staff import PUNTINI
from puntini.app import Parts, Share, create_app
from puntini.auth.opening import check_secret
from puntini.auth.setup import PATH as SETUP_PATH
from puntini.errors import Misconfigured, PuntiniError
from puntini.lines import HttpProtocol, WebSocketProtocol
from puntini.logs import configure
from puntini.protocol.decode import MESSAGE_LIMIT
from puntini.settings import Settings, shown

BACKLOG = 4_096
OFTEN, SELDOM, MANY_TASKS = 50_000, 1_000_000, 100
TIDY_SECONDS, TIDY_AFTER, TIDY_AT_REST, TIDY_SHARE = 0.5, 500, 100, 20
GROWN_AT_REST, REST_SHARE = 20_000, 0.2
"""So many new objects are looked through when the process has used no more than this share of a core for a moment."""
SWITCH_SECONDS = 0.0005
ANYWHERE = {"0.0.0.0", "::"}
DRAIN_SHARE, CLOSING_SHARE = 0.75, 0.1
"""Of the grace: for tasks and streams to end well, and for putting everything away."""
LEAVE_SECONDS = 5.0
"""How long after the grace the process leaves whatever still goes on in it."""


class Server(uvicorn.Server):
    """uvicorn's server, whose first signal begins a drain and whose second ends at once."""

    def __init__(self, config: uvicorn.Config, told: Callable[[], object]) -> None:
        super().__init__(config)
        self._told = told
        self._signals = 0

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """A signal came. The second does what it does to a program that has no word for it."""
        self._signals += 1
        if self._signals == 1:
            self._told()
        else:
            signal.signal(sig, signal.SIG_DFL)
            signal.raise_signal(sig)

    def stop_accepting(self) -> None:
        """Close the door: who comes back is sent elsewhere, or finds the next server."""
        for listener in self.servers:
            listener.close()

    def cut_off(self) -> None:
        """Wait for nobody: not for clients that do not read, nor for requests that never become whole."""
        self.force_exit = True
        for connection in list(self.server_state.connections):
            connection.transport.abort()


def bind(host: str, port: int) -> socket.socket:
    """Listen, before anything is opened: of two servers that start together one is told. Raises Misconfigured."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # TCP by name: of a socket that does not say it, asyncio leaves Nagle's algorithm on, and answers wait for 40 ms.
    sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
        sock.listen(BACKLOG)
    except (OSError, OverflowError) as error:
        sock.close()
        reason = getattr(error, "strerror", None) or error
        raise Misconfigured(
            f"Can't listen on {host} port {port}: {reason}. Choose another with --host and --port."
        ) from None
    sock.set_inheritable(False)
    return sock


def run(
    settings: Settings,
    agents: Sequence[Agent] = (),
    *,
    setup: bool = False,
    share: Share = "all",
    named_only: bool = False,
    http: bool = True,
) -> int:
    """Serve until a signal, with ``agents`` beside the built-in ones; returns the exit code.

    With ``setup`` a server without an admin waits for its first one. One of many does its ``share``, with
    ``named_only`` for no agents but those that the settings name, and without ``http`` it listens nowhere. Raises
    Misconfigured before anything is served.
    """
    if share != "tasks":
        check_secret(settings)
    configure(
        settings.log_format,
        settings.log_level,
        settings.secrets,
        redact_prompts=settings.redact_prompts,
        node=settings.node_name,
        ids=tracing.ids,
    )
    tracing.configure(settings.otlp_endpoint, __version__)
    calm()
    leaving = threading.Timer(settings.grace + LEAVE_SECONDS, _leave)
    leaving.daemon = True
    try:
        app = create_app(settings, agents, setup=setup, share=share, named_only=named_only)
        return asyncio.run(_serve(settings, app, leaving) if http else _work(settings, app, leaving))
    except BaseExceptionGroup as group:
        if told := sentence_of(group):
            raise told from None
        raise
    finally:
        leaving.cancel()
        tracing.close()


def sentence_of(group: BaseExceptionGroup[BaseException]) -> PuntiniError | None:
    """What task groups wrapped around an error that has its sentence; None where there was any other, too."""
    if group.split(PuntiniError)[1] is not None:
        return None
    first: BaseException = group
    while isinstance(first, BaseExceptionGroup):
        first = first.exceptions[0]
    return first if isinstance(first, PuntiniError) else None


def _leave() -> None:
    """End the process although agents' threads, or agents that can't be cancelled, go on: a crash loses nothing."""
    structlog.get_logger("puntini").error("agents did not end in time; the server leaves without them")
    os._exit(1)


def spare(running: int) -> None:
    """Let the collector come more seldom while so many tasks run: what it looks through then are their own objects.

    With a thousand graphs at work a round holds everybody up for 50 to 100 ms, and finds nothing.
    """
    gc.set_threshold(SELDOM if running >= MANY_TASKS else OFTEN, 50, 50)


def calm() -> None:
    """Settings of the interpreter that suit large, long-lived rings and threads beside a busy loop.

    The collector's full rounds walk every ring, so they come seldom: what closed streams leave for it is taken away by
    ``_tidy``. The reading and writing threads get the interpreter's lock back sooner than after the usual 5 ms.
    """
    gc.collect()
    gc.freeze()
    spare(0)
    sys.setswitchinterval(SWITCH_SECONDS)


async def _end_when_lost(parts: Parts) -> None:
    """End the process, as a signal would, when the store is not the one that it began with: the next start mends it."""
    await parts.store.lost()
    parts.log.error("another database answers in the place of the one before; this process ends, start it anew")
    parts.lost = True
    signal.raise_signal(signal.SIGTERM)


async def _work(settings: Settings, app: Starlette, leaving: threading.Timer) -> int:
    """Run tasks until a signal. The second signal does what it does to a program that has no word for it."""
    parts: Parts = app.state.parts
    async with app.router.lifespan_context(app), anyio.create_task_group() as tasks:
        tasks.start_soon(_tidy, parts)
        tasks.start_soon(_end_when_lost, parts)
        with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
            _greet_worker(parts, settings, "")
            async for _ in signals:
                break
        leaving.start()
        parts.log.info("stopping", **parts.runner.stats)
        await parts.drain(settings.grace * DRAIN_SHARE)
        tasks.cancel_scope.cancel()
    return int(parts.lost)


async def _serve(settings: Settings, app: Starlette, leaving: threading.Timer) -> int:
    parts: Parts = app.state.parts
    sock = bind(settings.host, settings.port)
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    with sock:
        async with app.router.lifespan_context(app), anyio.create_task_group() as tasks:
            server = Server(_config(settings, app), partial(loop.call_soon_threadsafe, told.set))
            tasks.start_soon(_end_when_lost, parts)
            tasks.start_soon(_drain_when_told, told, server, parts, settings.grace, leaving)
            tasks.start_soon(_greet, server, parts, settings, sock)
            tasks.start_soon(_tidy, parts)
            await server.serve([sock])
            tasks.cancel_scope.cancel()
    return int(parts.lost)


def _config(settings: Settings, app: Any) -> uvicorn.Config:
    http = type("ConfiguredHttpProtocol", (HttpProtocol,), {"header_seconds": settings.header_seconds})
    return uvicorn.Config(
        app,
        loop="asyncio",
        http=http,
        ws=WebSocketProtocol,
        ws_max_size=MESSAGE_LIMIT,
        ws_per_message_deflate=False,
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        backlog=BACKLOG,
    )


async def _drain_when_told(
    told: asyncio.Event, server: Server, parts: Parts, grace: float, leaving: threading.Timer
) -> None:
    """On the first signal: no new connections, tasks to a safe point, every stream told, then the end."""
    await told.wait()
    leaving.start()
    parts.log.info("stopping", streams=parts.connections.stats["open"], **parts.runner.stats)
    until = anyio.current_time() + grace
    server.stop_accepting()
    await parts.drain(grace * DRAIN_SHARE)
    server.should_exit = True
    # Who was told goes on receiving what is on its way; the last of the time is for closing the store.
    await anyio.sleep_until(until - grace * CLOSING_SHARE)
    server.cut_off()


async def _tidy(parts: Parts) -> None:
    """Collect what closed streams left, when it is worth a round, in at most a twentieth of the time. Never ends.

    Each leaves asyncio's transport, which refers to itself, and one that was cancelled may leave its frames. What else
    has come is looked through when there is little to do.
    """
    tidied, seen, pause = 0, 0, TIDY_SECONDS
    while True:
        used = time.process_time()
        await anyio.sleep(pause)
        spare(parts.runner.stats["running"])
        connections = parts.connections.stats
        closed = connections["opened"] - connections["open"]
        enough, seen = TIDY_AT_REST if closed == seen else TIDY_AFTER, closed
        rests = time.process_time() - used < REST_SHARE * pause
        if closed - tidied >= enough or (rests and gc.get_count()[0] >= GROWN_AT_REST):
            tidied, began = closed, anyio.current_time()
            gc.collect()
            pause = max(TIDY_SECONDS, TIDY_SHARE * (anyio.current_time() - began))


async def _greet(server: Server, parts: Parts, settings: Settings, sock: socket.socket) -> None:
    """Say where the server is and what to try first."""
    while not server.started:  # noqa: ASYNC110 - uvicorn offers nothing to wait on
        await anyio.sleep(0.01)
    host, port = sock.getsockname()[:2]
    url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    if parts.share == "tasks":
        _greet_worker(parts, settings, url)
        return
    others = ", ".join(sorted(name for name in parts.runner.agents if name != parts.outfit.default))
    agents = f"{parts.outfit.default} (others: {others})" if others else parts.outfit.default
    model = parts.outfit.model.name
    if parts.share == "streams":
        agents, model = "none here: `puntini worker` runs the tasks", "as its workers have"
    prompt = PROMPTS.get(parts.outfit.default, "Hello")
    entrance = parts.entrance
    mode = "set-up" if entrance.setup else "open" if await entrance.openness.look() else "accounts"
    reached = url.replace(host, socket.gethostname()) if host in ANYWHERE else url
    link = f"{reached}{SETUP_PATH}?token={entrance.setup.token}" if entrance.setup else ""
    if settings.log_format == "json":
        parts.log.info(
            "serving",
            url=url,
            store=shown(settings.store),
            agents=agents,
            tools=[tool.name for tool in parts.outfit.own_tools],
            model=model,
            mode=mode,
            version=__version__,
        )
        if link:  # no log line shows a secret, and this is one
            _say(HINTS[mode].format(url=url, prompt=prompt, link=link) + "\n")
        return
    _say(
        GREETING.format(
            version=__version__,
            url=url,
            store=shown(settings.store),
            agents=agents,
            tools=_own_tools(parts),
            model=model,
            mode=MODES[mode],
            hint=HINTS[mode].format(url=url, prompt=prompt, link=link),
        )
    )


def _say(text: str) -> None:
    """To people, on standard output."""
    with suppress(OSError):  # an output that takes nothing is no reason not to serve
        sys.stdout.write(text)
        sys.stdout.flush()


def _greet_worker(parts: Parts, settings: Settings, url: str) -> None:
    """Say which tasks are run here."""
    agents = ", ".join(sorted(parts.runner.taken))
    if settings.log_format == "json":
        found = {"url": url} if url else {}
        log = {
            "store": shown(settings.store),
            "agents": agents,
            "model": parts.outfit.model.name,
            "version": __version__,
        }
        parts.log.info("serving" if url else "working", mode="worker", **log, **found)
        return
    health = f"\n  health   {url}/v1/health" if url else ""
    _say(
        WORKING.format(
            version=__version__,
            store=shown(settings.store),
            agents=agents,
            tools=_own_tools(parts),
            model=parts.outfit.model.name,
            health=health,
        )
    )


def _own_tools(parts: Parts) -> str:
    """A line about the tools that the settings name, beside the built-in ones; none without."""
    names = ", ".join(dict.fromkeys(tool.name for tool in parts.outfit.own_tools))
    return f"\n  tools    {names}" if names else ""


PROMPTS = {PUNTINI: "Create a project management graph", "scripted": "play 20 events every 100 ms"}
MODES = {
    "open": "open: this machine only, no credential needed",
    "accounts": "accounts: whoever comes shows a credential",
    "set-up": "set-up: nothing else is served before there is an admin",
}
HINTS = {
    "open": """\
Open {url} in a browser, or try it here:
  curl -N {url}/v1/chat -d '{{"prompt": "{prompt}"}}'""",
    "accounts": """\
Log in at {url} in a browser, or for a token:
  curl {url}/v1/login -d '{{"username": "NAME", "password": "PASSWORD"}}'
  curl -N {url}/v1/chat -H 'Authorization: Bearer TOKEN' -d '{{"prompt": "{prompt}"}}'""",
    "set-up": """\
Make the first admin, within an hour, by this link:
  {link}""",
}
WORKING = """\
Puntini {version}, a worker
  store    {store}
  agents   {agents}{tools}
  model    {model}{health}

Ctrl-C stops it; others go on with its tasks.
"""
GREETING = """\
Puntini {version}
  address  {url}
  store    {store}
  agent    {agents}{tools}
  model    {model}
  mode     {mode}

{hint}

Ctrl-C stops the server.
"""

"""``create_app``: the only place where the parts meet. Owns the lifespan and the root task group."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Literal

import anyio
import structlog
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import BaseRoute

from puntini import tracing
from puntini.agent.contract import Agent
from puntini.agent.recall import Recall
from puntini.agent.roster import NEWS as AGENTS
from puntini.agent.runner import Runner
from puntini.agent.staff import Staff
from puntini.api import streams as stream_routes
from puntini.api.accounts import Accounts as AccountRoutes
from puntini.api.agents import Agents
from puntini.api.analytics import Analytics
from puntini.api.analytics_tally import SAVE_SECONDS, Tally
from puntini.api.audit import AuditLog
from puntini.api.chat import Chat
from puntini.api.console import Console
from puntini.api.desk import Desk
from puntini.api.documentation import documented
from puntini.api.documents import Documents
from puntini.api.expiry import Expiry
from puntini.api.folds import Folds
from puntini.api.forks import Forks
from puntini.api.graphs import Graphs
from puntini.api.http import guarded
from puntini.api.keys import KeyList
from puntini.api.members import Members
from puntini.api.memory import AgentMemories
from puntini.api.messages import Messages
from puntini.api.openapi import document
from puntini.api.outcomes import Outcomes
from puntini.api.problems import A_WORKER, HANDLERS, NOWHERE, nowhere
from puntini.api.sessions import Sessions
from puntini.api.setup import Setup as SetupRoutes
from puntini.api.snapshots import Snapshots
from puntini.api.system import System
from puntini.api.tasks import Tasks
from puntini.api.templates import Templates
from puntini.api.tickets import TicketDesk
from puntini.api.tools import ToolInfo, ToolList
from puntini.api.users import Users as UserRoutes
from puntini.api.work import Work
from puntini.auth.agreement import Agreement, Marks, marks_of
from puntini.auth.entrance import Entrance
from puntini.auth.gate import Gate
from puntini.auth.secret import server_secret
from puntini.auth.watch import Watch
from puntini.errors import Misconfigured, StoreUnavailable
from puntini.log.beat import Beat, Listener
from puntini.log.contract import Store
from puntini.log.filling import NEWS as PASSAGES
from puntini.log.filling import TURN_SECONDS, Filling
from puntini.log.hub import Hub
from puntini.log.keeper import Keeper
from puntini.log.mint import new_id
from puntini.log.nodes import News, Nodes
from puntini.log.retention import ROUND_SECONDS, Retention
from puntini.log.turns import Turns
from puntini.metrics.health import Health
from puntini.metrics.loop import LoopWatch
from puntini.metrics.measures import Measures, Most
from puntini.metrics.probe import Probe
from puntini.outfit import Outfit
from puntini.protocol.schema import Schema
from puntini.redaction import Redaction
from puntini.settings import DATABASES, Settings
from puntini.store.open import open_store
from puntini.transport.answers import Answers
from puntini.transport.asgi import (
    BodyDeadline,
    Receive,
    Scope,
    Send,
)
from puntini.transport.connections import Connections
from puntini.transport.cors import cors
from puntini.transport.handover import outermost
from puntini.transport.naming import Naming
from puntini.transport.opening import Opener
from puntini.transport.presence import Presence
from puntini.transport.streams import Streams
from puntini.transport.traced import Traced
from puntini.views.session import SessionView

TIDY_TURN_SECONDS, EXPIRY_TURN_SECONDS, OUTCOMES_TURN_SECONDS = 150.0, 150.0, 1_300.0
"""A turn is kept for a little more than two rounds of the work that it is for."""
Share = Literal["all", "streams", "tasks"]
"""What of the work a process does."""


class Parts:
    """The running parts, for the length of a lifespan. What ``share`` leaves out others on the same store do.

    With ``named_only`` it takes tasks of no agents but those that the settings name.
    """

    store: Store
    hub: Hub
    keeper: Keeper[SessionView]
    runner: Runner
    staff: Staff
    tally: Tally
    connections: Connections
    turns: Turns
    beat: Beat | None = None
    presence: Presence | None = None
    agreement: Agreement | None = None
    filling: Filling | None = None
    loop_watch: LoopWatch
    lost = False
    """Whether the store is not the one any more that the process began with."""

    def __init__(
        self,
        settings: Settings,
        agents: Sequence[Agent],
        *,
        wants_setup: bool = False,
        share: Share = "all",
        named_only: bool = False,
    ) -> None:
        self.settings = settings
        self.share = share
        self._named_only = named_only
        self.entrance = Entrance(settings, wants_setup=wants_setup, serves=share != "tasks")
        self.log = structlog.get_logger("puntini")
        self.outfit = Outfit(settings, agents)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[list[BaseRoute]]:
        """Open the store, start what runs beside the requests, yield the routes; at the end, put everything away."""
        settings = self.settings
        if self.share != "all" and not settings.store.startswith(DATABASES):  # no file is made for nothing
            raise Misconfigured(ALONE[self.share])
        self.store = await open_store(
            settings.store,
            durability=settings.durability,
            direct=settings.store_direct,
            listen=settings.store_listen,
        )
        self.store.embedder = self.outfit.embedder
        self.turns = Turns(self.store.queue)
        try:
            if self.store.nodes is not None:
                self.beat = Beat(self.store.nodes, self.turns.of("tidying", TIDY_TURN_SECONDS))
                await self.beat.hear()
            await self.entrance.open(self.store, lambda credential: self.connections.take_over(credential), self.turns)
            outfit = self.outfit
            secret = await server_secret(settings.secret, self.store)
            marks = marks_of(settings, secret, serves=self.share != "tasks")
            served = outfit.agents.values()
            self.staff = Staff(outfit.model, outfit.tools, self.store, served, workspace=outfit.workspace)
            await self.staff.roster.load()
            await self.staff.ready(outfit.default)
            async with anyio.create_task_group() as tasks:
                routes = self._build(tasks)
                if self.beat is not None and self.store.nodes is not None:
                    self._join(self.store.nodes, self.beat, marks)
                    tasks.start_soon(self.beat.run)
                await self.runner.start()
                yield routes
                # After a drain there is no time left. An attempt that is cut off here is taken up at the next start.
                seconds = 0.0 if self.connections.draining else settings.grace
                with anyio.move_on_after(seconds, shield=True):
                    await self.runner.shutdown()
                tasks.cancel_scope.cancel()
        finally:
            with anyio.CancelScope(shield=True):
                if self.presence is not None:
                    with suppress(StoreUnavailable):
                        await self.presence.leave()
                        await self.turns.leave()
                await self.entrance.close()
                try:
                    await self.store.close()
                finally:
                    await self.outfit.aclose()

    def _build(self, tasks: anyio.abc.TaskGroup) -> list[BaseRoute]:
        settings = self.settings
        self.hub = Hub(
            self.store,
            tasks,
            ring_bytes=settings.ring_bytes,
            ring_bytes_per_session=settings.ring_bytes_per_session,
        )
        self.keeper = Keeper(self.store, SessionView, SessionView.decode)
        self.connections = Connections(
            ping_seconds=settings.ping_seconds,
            send_deadline=settings.send_deadline_seconds,
            lifetime=settings.lifetime_seconds,
            most=settings.max_streams,
            most_per_user=settings.max_streams_per_user,
        )
        retention = Retention(
            self.store,
            self.keeper,
            self.hub,
            days=settings.retention_days,
            keep_bytes=settings.retention_bytes_per_session,
            turn=self.turns.of("retention", 2 * ROUND_SECONDS + 60),
        )
        self.runner = Runner(
            self.store,
            self.keeper,
            self.staff.roster,
            self.outfit.default,
            tasks,
            most=0 if self.share == "streams" else settings.max_concurrent_tasks,
            most_queued=settings.max_queued_tasks,
            task_seconds=settings.task_seconds,
            redacted=Redaction(settings.secrets),
            own=self.staff.roster.own,
            taken=self.outfit.named if self._named_only else None,
        )
        self.staff.roster.elsewhere = lambda: self.runner.elsewhere
        guard = self.entrance.guard
        desk = Desk(self.store, self.keeper, self.runner, guard.access, self.hub.forget, look=self.staff.roster.look)
        expiry = Expiry(
            self.store,
            desk,
            self.connections,
            self.runner,
            idle_seconds=settings.session_idle_seconds,
            turn=self.turns.of("expiry", EXPIRY_TURN_SECONDS),
        )
        for listener in (self.keeper.committed, retention.committed):
            self.hub.also(listener)
        hear = self.beat.hear if self.beat is not None else None
        self.tally = Tally(self.store, hear=hear, turn=self.turns.of("analytics", 2 * SAVE_SECONDS + 60))
        if self.beat is None:
            self.hub.follow(self.tally)
        outcomes = Outcomes(self.store, turn=self.turns.of("outcomes", OUTCOMES_TURN_SECONDS))
        self.loop_watch = LoopWatch()
        for work in (self.loop_watch.run, self.hub.sweep, self.keeper.keep, self.connections.sweep):
            tasks.start_soon(work)
        watch = Watch(self.connections, guard.access, guard.revision, self.entrance.still)
        for work in (retention.sweep, expiry.sweep, outcomes.sweep, self.tally.sweep, watch.run):
            tasks.start_soon(work)
        for work in self.entrance.work:
            tasks.start_soon(work)
        if self.outfit.embedder is not None:
            turn = self.turns.of("filling", TURN_SECONDS)
            self.filling = Filling(self.store, self.outfit.embedder, nodes=self.store.nodes, turn=turn)
            tasks.start_soon(self.filling.run)
        return self._routes(desk)

    def _join(self, nodes: Nodes, beat: Beat, marks: Marks) -> None:
        """Have this node know what the others do, and the other way round."""
        node = new_id("nod")
        self.presence = Presence(nodes, node, self.connections, idle_seconds=self.settings.session_idle_seconds)
        self.agreement = Agreement(nodes, node, marks)
        roster = self.staff.roster
        self.entrance.beat(beat)
        for work in (self.presence.tell_streams, self.agreement.look, self.presence.tell_watched, roster.look_if_told):
            beat.also(work)
        listeners: list[tuple[str, Listener]] = [
            (AGENTS, roster.heard),
            ("ended", self.tally.ended),
            ("trimmed", self.tally.moved),
            ("gone", self.tally.gone),
            ("gone", self._forget),
        ]
        if self.filling is not None:
            listeners.append((PASSAGES, self.filling.heard))
        for kind, listener in listeners:
            beat.on(kind, listener)

    def _forget(self, news: Sequence[News], _missed: bool) -> None:
        """Sessions were deleted, at whatever node."""
        for each in news:
            self.keeper.forget(each.key)

    def _routes(self, desk: Desk) -> list[BaseRoute]:
        opener = Opener(self.store, Snapshots(self.keeper, self.store))
        streams = Streams(self.hub, opener, self.connections, command_rate=self.settings.command_rate)
        chat, folds = Chat(streams, self.store, desk), Folds(self.store)
        memories = AgentMemories(self.store, folds, desk)
        roster = self.staff.roster
        tools = [
            ToolInfo(each.name, each.spec.description, each.spec.parameters, each.consent) for each in self.staff.tools
        ]
        if self.share == "tasks":
            return documented(self._system().routes())
        addresses = [
            *self._system().routes(),
            *stream_routes.routes(streams, self.store, desk),
            *chat.routes(),
            *Sessions(self.store, self.keeper, desk, self.entrance.note).routes(),
            *Forks(self.store, self.keeper, desk, Recall(self.store).carried).routes(),
            *Members(self.store, self.entrance).routes(),
            *Graphs(self.store, self.keeper).routes(),
            *Tasks(self.store, desk, chat).routes(),
            *Work(self.store, folds).routes(),
            *memories.routes(),
            *Messages(self.store, desk, memories).routes(),
            *Agents(self.store, roster, self.runner.running).routes(),
            *ToolList(tools).routes(),
            *Documents(self.store).routes(),
            *Templates(self.store, desk).routes(),
            *Analytics(self.store, self.tally).routes(),
            *_entrance_routes(self.entrance),
            *Console().routes(),
        ]
        return [*documented(addresses), *_setup_routes(self.entrance)]

    def _system(self) -> System:
        """What operators ask."""
        probe, most = Probe(self.store), Most(self.settings.max_concurrent_tasks, self.settings.ring_bytes)
        about = (self.store, self.hub, self.connections, lambda: self.runner.stats)
        measures = Measures(*about, probe=probe, loop=self.loop_watch, most=most)
        beat = self.beat
        health = Health(
            self.store,
            self.connections,
            probe=probe,
            loop=self.loop_watch,
            unserved=lambda: self.runner.unserved,
            trouble=lambda: beat.trouble if beat is not None else "",
            disagreement=lambda: self.agreement.said if self.agreement else "",
        )
        node = self.settings.node_name
        return System(*about, self.runner.taken, node=node, health=health, measures=measures)

    async def drain(self, seconds: float) -> None:
        """End everything at a safe point, within ``seconds``."""
        self.connections.draining = True
        with anyio.move_on_after(seconds / 2):
            await self.runner.shutdown()
        await self.connections.drain(seconds / 2)


ALONE: dict[Share, str] = {
    "streams": "Without a worker of its own a server leaves its tasks to others on the same Postgres; give all of them "
    "its address, as --store postgresql://USER:PASSWORD@HOST/DATABASE.",
    "tasks": "A worker runs the tasks of servers on the same Postgres; give it their address, as --store "
    "postgresql://USER:PASSWORD@HOST/DATABASE.",
}


def _entrance_routes(entrance: Entrance) -> list[BaseRoute]:
    """Accounts, keys, tickets and what is written down of them."""
    accounts, audit = entrance.accounts, entrance.audit
    return [
        *AccountRoutes(accounts, entrance.doorman, audit).routes(),
        *UserRoutes(accounts, audit).routes(),
        *KeyList(entrance.keys, audit).routes(),
        *TicketDesk(entrance.tickets, entrance.guard.access).routes(),
        *AuditLog(audit).routes(),
    ]


def _setup_routes(entrance: Entrance) -> list[BaseRoute]:
    """The page for set-up, while it is awaited. It is for people with a link, and no part of the OpenAPI document."""
    return SetupRoutes(entrance.setup, entrance.accounts, entrance.audit).routes() if entrance.setup else []


async def described() -> Schema:
    """The OpenAPI document of a server, without one that serves."""
    async with Parts(Settings(store="memory:"), ()).open() as routes:
        return document(routes)


class App(Starlette):
    """Starlette, with streams that outlive the frames of their handlers."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer."""
        if scope["type"] == "http":
            await outermost(super().__call__, scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


def create_app(
    settings: Settings,
    agents: Sequence[Agent] = (),
    *,
    setup: bool = False,
    share: Share = "all",
    named_only: bool = False,
) -> Starlette:
    """The server as an ASGI app, with ``agents`` beside the built-in ones. Raises Misconfigured.

    With ``setup`` and without an admin it serves set-up alone, until there is one. Of many on one Postgres, one that
    does its ``share`` runs no tasks, or answers nothing but how it is; with ``named_only`` it takes tasks of no agents
    but those that the settings name.
    """
    parts = Parts(settings, agents, wants_setup=setup, share=share, named_only=named_only)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with parts.open() as routes:
            app.router.routes[:] = guarded(routes)
            app.router.default = partial(nowhere, A_WORKER if share == "tasks" else NOWHERE)
            yield

    app = App(
        lifespan=lifespan,
        middleware=[
            Middleware(Naming, answers=Answers(settings.access_log)),
            *([Middleware(Traced)] if tracing.on() else []),
            Middleware(Gate, entrance=lambda: parts.entrance),
            *cors(settings.cors_origins),
            Middleware(BodyDeadline, seconds=settings.body_seconds),
        ],
        exception_handlers=HANDLERS,
    )
    app.state.parts = parts
    return app

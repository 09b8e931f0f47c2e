"""Measures everything there is a metric for. Each part keeps its own count; this puts them side by side."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, get_args

from msgspec import Struct

from puntini import __version__
from puntini.figures import Durations, figures
from puntini.log.contract import Store
from puntini.log.hub import Hub
from puntini.metrics.loop import LoopWatch
from puntini.metrics.probe import Probe
from puntini.metrics.streams import RANKS, Standing, look
from puntini.metrics.tasks import AGED, OPEN, Backlog, Backlogs
from puntini.metrics.text import Labels, Measured, written
from puntini.transport.connections import Connections, Transport

TRANSPORTS: tuple[Transport, ...] = get_args(Transport)
LIMITS = (
    "streams",
    "streams_of_user",
    "requests_of_credential",
    "requests_of_address",
    "commands",
    "commands_at_once",
    "tasks_of_session",
    "queue",
    "failed_logins",
    "logins_at_once",
)
"""They are there from the start, so that the first hit is a rise that an alert sees."""
Values = dict[Labels, float | Durations]


class Most(Struct, frozen=True):
    """What is set as the most of something."""

    tasks: int
    ring_bytes: int


class Measures:
    """Whoever asks is given all. ``work`` counts the tasks of this process."""

    def __init__(
        self,
        store: Store,
        hub: Hub,
        connections: Connections,
        work: Callable[[], dict[str, int]],
        *,
        probe: Probe,
        loop: LoopWatch,
        most: Most,
    ) -> None:
        self._store = store
        self._hub = hub
        self._connections = connections
        self._work = work
        self._probe = probe
        self._loop = loop
        self._most = most
        self._backlogs = Backlogs(store)

    async def text(self) -> bytes:
        """All of it, as Prometheus reads it."""
        standing = await look(self._connections)
        up = await self._probe.answers()
        backlog = await self._backlogs.look() if up else self._backlogs.seen
        return written(self._measured(standing, backlog))

    def _measured(self, standing: Standing, backlog: Backlog) -> Measured:
        return {
            **_streams(self._connections, standing),
            **self._log(),
            **self._tasks(backlog),
            **_model(),
            **_requests(),
            **self._process(),
        }

    def _log(self) -> dict[str, Values]:
        store, hub = self._store.stats, self._hub.stats
        return {
            "puntini_appends_total": _one(store["appends"]),
            "puntini_appended_events_total": _one(store["events"]),
            "puntini_commits_total": _one(store["commits"]),
            "puntini_append_seconds": _one(figures.appends),
            "puntini_commit_seconds": _one(figures.commits),
            "puntini_store_reads_total": _one(store["reads"]),
            "puntini_reader_reads_total": _one(hub["store_reads"]),
            "puntini_store_up": _one(self._probe.up),
            "puntini_store_probe_seconds": _one(self._probe.seconds),
            "puntini_feeds": _one(hub["feeds"]),
            "puntini_ring_bytes": _one(hub["ring_bytes"]),
            "puntini_ring_bytes_max": _one(self._most.ring_bytes),
        }

    def _tasks(self, backlog: Backlog) -> dict[str, Values]:
        return {
            "puntini_tasks": {(status,): backlog.counts[status] for status in OPEN},
            "puntini_tasks_oldest_seconds": {(status,): backlog.age(status) for status in AGED},
            "puntini_tasks_here": _labelled(self._work()),
            "puntini_tasks_max": _one(self._most.tasks),
            "puntini_tasks_ended_total": _labelled(figures.tasks_ended, ("completed", "failed", "cancelled")),
            "puntini_leases_lost_total": _one(figures.leases_lost),
            "puntini_leases_taken_total": _one(figures.leases_taken),
        }

    def _process(self) -> dict[str, Values]:
        return {
            "puntini_loop_delay_seconds": _one(self._loop.worst),
            "puntini_draining": _one(self._connections.draining),
            "puntini_build_info": {(__version__, self._store.kind): 1},
        }


def _streams(connections: Connections, standing: Standing) -> dict[str, Values]:
    stats = connections.stats
    delivered = standing.delivered
    return {
        "puntini_streams_open": _labelled(stats["by_transport"], TRANSPORTS),
        "puntini_streams_max": _one(connections.most),
        "puntini_streams_sessions": _one(stats["sessions"]),
        "puntini_streams_opened_total": _one(stats["opened"]),
        "puntini_streams_ended_total": _by(connections.ended),
        "puntini_streams_cut_total": _one(stats["aborted"]),
        "puntini_streams_behind": _one(standing.behind),
        "puntini_streams_lag_events": {(name,): standing.lag(rank) for name, rank in RANKS.items()},
        "puntini_streams_unsent_bytes": _one(standing.unsent),
        "puntini_streams_stalled_seconds": _one(standing.stalled_seconds),
        "puntini_delivered_events_total": _labelled(delivered.events, TRANSPORTS),
        "puntini_delivered_bytes_total": _labelled(delivered.bytes, TRANSPORTS),
        "puntini_delivery_seconds": _one(figures.deliveries),
    }


def _model() -> dict[str, Values]:
    return {
        "puntini_model_requests_total": _by(figures.model_requests),
        "puntini_model_seconds": _labelled(figures.model_seconds),
        "puntini_model_tokens_total": _by(figures.model_tokens),
        "puntini_model_cost_dollars_total": _labelled(figures.model_dollars),
    }


def _requests() -> dict[str, Values]:
    return {
        "puntini_http_requests_total": _by(figures.requests),
        "puntini_http_seconds": _labelled(figures.request_seconds),
        "puntini_limits_hit_total": _labelled(figures.limits, LIMITS),
    }


def _one(value: float | Durations) -> Values:
    """A metric without labels."""
    return {(): value}


def _by(values: Mapping[Any, float | Durations]) -> Values:
    """A metric with several labels."""
    return {tuple(map(str, labels)): value for labels, value in values.items()}


def _labelled(values: Mapping[Any, float | Durations], known: Iterable[str] = ()) -> Values:
    """A metric with one label; those of its values that are ``known`` are there before they are counted."""
    return {(name,): 0 for name in known} | {(name,): value for name, value in values.items()}

"""What ``puntini tail`` and ``replay`` do."""

import shutil
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import datetime
from time import monotonic, sleep
from urllib.parse import quote

import click
import msgspec

from puntini.client.http import Client, Event, Line, Stream
from puntini.client.names import Names
from puntini.client.text import cut, harmless, quoted, summary

DONE = 0
PAGE = 500


def tail(url: str, session_id: str, *, after: str, as_json: bool, events: str, level: str) -> int:
    """Follow a session until it is closed."""
    show = print_json if as_json else Lines().show
    query = {name: value for name, value in (("events", events), ("level", level)) if value}

    def open_(client: Client, cursor: str) -> AbstractContextManager[Stream]:
        return client.stream("GET", _stream_of(session_id), after=cursor, **query)

    def lost() -> None:
        click.secho("  note    the connection was lost; trying again", dim=True, err=True)

    with Client(url) as client:
        for line in client.follow(open_, after, lost=lost, last=lambda event: event["type"] == "session_closed"):
            show(line)
    return DONE


def replay(url: str, session_id: str, *, after: str, speed: float, longest_pause: float, as_json: bool) -> int:
    """Show what was said as it was said, ``speed`` times as fast; 0 shows it at once."""
    show = print_json if as_json else Lines().show
    with Client(url) as client:
        clock = Clock(speed, longest_pause)
        for line in _history(client, session_id, after):
            clock.wait(str(line.event.get("timestamp", "")))
            show(line)
    return DONE


class Clock:
    """Waits between events as long as there was between them, divided by ``speed``, but never ``longest`` seconds."""

    def __init__(self, speed: float, longest: float) -> None:
        self._speed = speed
        self._longest = longest
        self._before: datetime | None = None
        self._due = monotonic()

    def wait(self, timestamp: str) -> None:
        """Wait until it is this event's turn."""
        if not self._speed or not timestamp:
            return
        said = datetime.fromisoformat(timestamp)
        if self._before is not None:
            pause = (said - self._before).total_seconds() / self._speed
            # The pauses add up to a due time: what showing costs is not added to them.
            self._due = max(self._due + min(max(pause, 0.0), self._longest), monotonic() - self._longest)
        self._before = said
        sys.stdout.flush()
        sleep(max(0.0, self._due - monotonic()))


def _history(client: Client, session_id: str, after: str) -> Iterator[Line]:
    """All events up to now, read page by page."""
    while True:
        page = client.ask("GET", _stream_of(session_id), after=after, limit=PAGE)
        for event in page["events"]:
            yield Line(msgspec.json.encode(event), event)
        if page["live"] or page["next"] == after:
            return
        after = page["next"]


def _stream_of(session_id: str) -> str:
    return f"/v1/sessions/{quote(session_id, safe='')}/stream"


def print_json(line: Line) -> None:
    """An envelope as it came. For a terminal, what could drive it is escaped."""
    click.echo(quoted(line.raw.decode()) if sys.stdout.isatty() else line.raw)


class Lines:
    """Events as lines, which name the nodes that earlier ones have told."""

    def __init__(self) -> None:
        self._names = Names()

    def show(self, line: Line) -> None:
        """An event on one line: time, number, type, what it says. In a terminal it is cut to the terminal's width."""
        event: Event = line.event
        self._names.learn(event)
        number = str(event.get("id", "")).rpartition(".")[2]
        head = harmless(f"{str(event.get('timestamp', ''))[11:23]:12} {number:>6}  {event['type']:<18} ")
        said = summary(event, self._names)
        if sys.stdout.isatty():
            said = cut(said, max(20, shutil.get_terminal_size().columns - len(head)))
        click.echo(click.style(head, dim=True) + said)

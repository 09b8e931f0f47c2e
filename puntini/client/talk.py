"""What ``puntini chat``, ``tail`` and ``replay`` do."""

import shutil
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import datetime
from secrets import token_hex
from time import monotonic, sleep
from urllib.parse import quote

import click
import msgspec

from puntini.client.answers import answer
from puntini.client.http import Client, Event, Line, Refused, Stream
from puntini.client.text import harmless, quoted, summary
from puntini.client.transcript import Transcript

DONE, FAILED, INTERRUPTED = 0, 1, 130
ENDS = {"task_completed": DONE, "task_failed": FAILED, "task_cancelled": FAILED}
PAGE = 500

Show = Callable[[Line], None]


class Chat:
    """A conversation: each prompt is a task, shown until it ends. Ctrl-C stops the task."""

    def __init__(self, client: Client, *, session_id: str, agent: str, show: Show | None) -> None:
        self._client = client
        self._session_id = session_id
        self._agent = agent
        self._show = show
        self._task_id = ""
        self._after = ""

    def ask(self, prompt: str) -> int:
        """One prompt, to the end of its task; returns an exit code."""
        self._task_id = self._after = ""
        transcript = Transcript()
        show = self._show or (lambda line: transcript.show(line.event))
        try:
            return self._read(self._lines(prompt, transcript), show, transcript)
        except KeyboardInterrupt:
            if not self._task_id:
                raise
        self._stop(transcript)
        self._read(self._lines("", transcript), show, transcript)
        return INTERRUPTED

    def _read(self, lines: Iterator[Line], show: Show, transcript: Transcript) -> int:
        code = FAILED
        for line in lines:
            self._after = line.event.get("id") or self._after
            show(line)
            if line.event["type"] == "approval_request" and self._show is None:
                self._asked(str(line.event["data"]["approval_id"]), transcript)
            code = ENDS.get(line.event["type"], code)
        return code

    def _asked(self, approval_id: str, transcript: Transcript) -> None:
        """Let who sits here answer; tell everybody else how to. Nothing typed leaves it open, for others too."""
        words = _typed("  answer> ") if sys.stdin.isatty() and sys.stderr.isatty() else ""
        if not words:
            transcript.note(f"it waits; answer with: puntini answer {self._session_id} {approval_id} approve")
            return
        try:
            answer(self._client, self._session_id, approval_id, words)
        except Refused as error:
            transcript.note(str(error))

    def _lines(self, prompt: str, transcript: Transcript) -> Iterator[Line]:
        """The task's events. The prompt goes out under one key, so that asking again never starts a second task."""
        body = {"prompt": prompt} | {
            name: value for name, value in (("session_id", self._session_id), ("agent", self._agent)) if value
        }
        key = token_hex(16)

        def open_(client: Client, after: str) -> AbstractContextManager[Stream]:
            if self._task_id:
                return client.stream("GET", f"/v1/tasks/{self._task_id}/stream", after=after)
            return self._noting(client.stream("POST", "/v1/chat", body, key=key), transcript)

        return self._client.follow(
            open_,
            self._after,
            lost=lambda: transcript.note("the connection was lost; trying again"),
            last=lambda event: event["type"] in ENDS,
        )

    @contextmanager
    def _noting(self, opening: AbstractContextManager[Stream], transcript: Transcript) -> Iterator[Stream]:
        """Remember the names of what the request made, as soon as they are known, and tell a new session's."""
        with opening as stream:
            self._task_id = stream.headers.get("puntini-task", "")
            session_id = stream.headers.get("puntini-session", "")
            if session_id != self._session_id and self._show is None:
                transcript.aside("session", session_id)
            self._session_id = session_id
            yield stream

    def _stop(self, transcript: Transcript) -> None:
        transcript.note("stopping the task; Ctrl-C again leaves at once")
        # It may have ended by itself meanwhile; then its end is in the stream.
        with suppress(Refused):
            self._client.ask("POST", f"/v1/tasks/{self._task_id}/control", {"action": "stop"})


def _typed(mark: str) -> str:
    """A line that is typed in answer."""
    sys.stderr.write(mark)
    sys.stderr.flush()
    return sys.stdin.readline().strip()


def answered(url: str, session_id: str, approval_id: str, words: str) -> int:
    """Answer what an agent has asked."""
    with Client(url) as client:
        answer(client, session_id, approval_id, words)
    return DONE


def chat(url: str, prompts: Iterable[str], *, session_id: str, agent: str, as_json: bool) -> int:
    """Ask one prompt after the other in one session; the last one's exit code.

    Ctrl-C stops a task. Who types prompts is asked for the next one; a list of them ends there.
    """
    code = DONE
    with Client(url) as client:
        talk = Chat(client, session_id=session_id, agent=agent, show=print_json if as_json else None)
        for prompt in prompts:
            code = talk.ask(prompt)
            if code == INTERRUPTED and not sys.stdin.isatty():
                break
    return code


def tail(url: str, session_id: str, *, after: str, as_json: bool, events: str, level: str) -> int:
    """Follow a session until it is closed."""
    show = print_json if as_json else print_line
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
    show = print_json if as_json else print_line
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


def print_line(line: Line) -> None:
    """An event on one line: time, number, type, what it says. In a terminal it is cut to the terminal's width."""
    event: Event = line.event
    number = str(event.get("id", "")).rpartition(".")[2]
    head = harmless(f"{str(event.get('timestamp', ''))[11:23]:12} {number:>6}  {event['type']:<18} ")
    said = summary(event)
    if sys.stdout.isatty():
        room = max(20, shutil.get_terminal_size().columns - len(head))
        said = said if len(said) <= room else f"{said[: room - 1]}…"
    click.echo(click.style(head, dim=True) + said)

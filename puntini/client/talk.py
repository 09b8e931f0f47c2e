"""What ``puntini chat`` does."""

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from secrets import token_hex
from shlex import quote

from puntini.client.answers import choices, decide
from puntini.client.http import Client, Event, Line, Stream
from puntini.client.names import Names
from puntini.client.refusals import Refused
from puntini.client.tail import print_json
from puntini.client.transcript import Transcript
from puntini.errors import Misconfigured

DONE, FAILED, INTERRUPTED = 0, 1, 130
ENDS = {"task_completed": DONE, "task_failed": FAILED, "task_cancelled": FAILED}

Show = Callable[[Line], None]


class Chat:
    """A conversation: each prompt is a task, shown until it ends. Ctrl-C stops the task.

    ``show`` shows the events instead of a transcript. ``flags`` are what other commands need to reach the same server.
    """

    def __init__(
        self, client: Client, *, session_id: str, agent: str, show: Show | None, quiet: bool, flags: str
    ) -> None:
        self.session_id = session_id
        self._client = client
        self._agent = agent
        self._show = show
        self._quiet = quiet
        self._flags = flags
        self._names = Names()
        self._task_id = ""
        self._after = ""

    def ask(self, prompt: str) -> int:
        """One prompt, to the end of its task; returns an exit code."""
        self._task_id = self._after = ""
        transcript = Transcript(self._names, held=not sys.stdout.isatty(), quiet=self._quiet)
        show = self._show or (lambda line: transcript.show(line.event))
        try:
            return self._to_the_end(prompt, show, transcript)
        finally:
            transcript.finish()

    def _to_the_end(self, prompt: str, show: Show, transcript: Transcript) -> int:
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
                self._asked(line.event["data"], transcript)
            code = ENDS.get(line.event["type"], code)
        return code

    def _asked(self, asked: Event, transcript: Transcript) -> None:
        """Let who sits here answer; tell everybody else how to. Nothing typed leaves it open, for others too."""
        name = str(asked["approval_id"])
        while words := _typed("  answer> ") if sys.stdin.isatty() and sys.stderr.isatty() else "":
            try:
                decide(self._client, self.session_id, name, words, asked)
            except Misconfigured as error:  # none of the options: there is another try
                transcript.note(error.message)
            except Refused as error:
                transcript.note(error.message)
                return
            else:
                return
        example = quote(next(iter(choices(asked)), "what you say"))
        transcript.note(f"it waits; answer with: puntini answer {self.session_id} {name} {example}{self._flags}")

    def _lines(self, prompt: str, transcript: Transcript) -> Iterator[Line]:
        """The task's events. The prompt goes out under one key, so that asking again never starts a second task."""
        body = {"prompt": prompt} | {
            name: value for name, value in (("session_id", self.session_id), ("agent", self._agent)) if value
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
            if session_id != self.session_id and self._show is None and not self._quiet:
                transcript.aside("session", session_id)
            self.session_id = session_id
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


def chat(
    url: str, prompts: Iterable[str], *, session_id: str, agent: str, as_json: bool, quiet: bool, flags: str
) -> int:
    """Ask one prompt after the other in one session; the last one's exit code.

    Ctrl-C stops a task. Who types prompts is asked for the next one; a list of them ends there. At the end it says how
    to go on in a session that is new.
    """
    code = DONE
    with Client(url) as client:
        show = print_json if as_json else None
        talk = Chat(client, session_id=session_id, agent=agent, show=show, quiet=quiet, flags=flags)
        for prompt in prompts:
            code = talk.ask(prompt)
            if code == INTERRUPTED and not sys.stdin.isatty():
                break
        if talk.session_id != session_id and not (as_json or quiet):
            Transcript(Names(), held=False).note(f"go on with: puntini chat --session {talk.session_id}{flags}")
    return code

"""The command line's way to a server: questions, and streams that survive the connection."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic, sleep
from types import TracebackType
from typing import Any, NamedTuple, Self

import httpx
import msgspec

from puntini import __version__
from puntini.errors import PuntiniError

NDJSON = "application/x-ndjson"
ANSWER_SECONDS = 30.0
SILENCE_SECONDS = 60.0
"""A server pings every 15 s; a stream that says nothing for so long is dead."""
GIVE_UP_SECONDS = 60.0
"""So long a lost stream is asked for again before the command ends."""
PAUSES = (0.1, 0.3, 1.0, 2.0)

Event = dict[str, Any]


class Refused(PuntiniError):
    """The server answered with a problem; the message is its own sentence."""


class Unreachable(PuntiniError):
    """Nobody answers."""


class Line(NamedTuple):
    """One envelope: as it came, and read."""

    raw: bytes
    event: Event


class Stream:
    """A stream being read: the response's headers, and its lines. Raises httpx.TransportError when it breaks."""

    def __init__(self, response: httpx.Response) -> None:
        self.headers = response.headers
        self.ended = response.status_code == httpx.codes.NO_CONTENT
        self._response = response

    def __iter__(self) -> Iterator[Line]:
        rest = b""
        for piece in self._response.iter_raw():
            *lines, rest = (rest + piece).split(b"\n")
            for raw in lines:
                if raw:
                    yield Line(raw, msgspec.json.decode(raw))


class Client:
    """One server. ``url`` has no path."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")
        try:
            self._http = httpx.Client(
                base_url=self._url,
                headers={"user-agent": f"puntini/{__version__}", "accept": "application/json"},
                timeout=httpx.Timeout(ANSWER_SECONDS, read=SILENCE_SECONDS),
            )
            usable = httpx.URL(self._url).scheme in {"http", "https"} and bool(httpx.URL(self._url).host)
        except (httpx.InvalidURL, ValueError):
            usable = False
        if not usable:
            raise Unreachable(f"`{url}` is no address of a server; one looks like http://127.0.0.1:8000.")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def ask(self, method: str, path: str, body: object = None, **query: object) -> Any:
        """One question; the JSON of the answer. Raises Refused and Unreachable."""
        content = None if body is None else msgspec.json.encode(body)
        try:
            response = self._http.request(method, path, content=content, params={k: str(v) for k, v in query.items()})
        except httpx.TransportError as error:
            raise self._unreachable(error) from None
        _check(response)
        return self._read(response.content)

    @contextmanager
    def stream(
        self, method: str, path: str, body: object = None, *, key: str = "", after: str = "", **query: str
    ) -> Iterator[Stream]:
        """A stream of events as NDJSON. Raises Refused, and httpx.TransportError when nobody answers."""
        headers = {"accept": NDJSON}
        if key:
            headers["idempotency-key"] = key
        if after:
            query["after"] = after
        content = None if body is None else msgspec.json.encode(body)
        request = self._http.build_request(method, path, content=content, params=query, headers=headers)
        response = self._http.send(request, stream=True)
        try:
            if response.is_error:
                response.read()
            _check(response)
            yield Stream(response)
        finally:
            response.close()

    def follow(
        self, open_: Callable[[Self, str], Any], after: str, *, lost: Callable[[], None], last: Callable[[Event], bool]
    ) -> Iterator[Line]:
        """Lines of a stream, asked for again from the last id whenever it breaks, until ``last`` says it has ended.

        ``open_`` opens it after an id. ``lost`` is told of each break. The first opening must work. Raises Refused and
        Unreachable.
        """
        opened, patience = False, Patience()
        while True:
            try:
                with open_(self, after) as stream:
                    opened = True
                    if stream.ended:
                        return
                    for line in stream:
                        patience = Patience()
                        after = _cursor(line.event) or after
                        yield line
                        if last(line.event):
                            return
            except httpx.TransportError as error:
                if not opened or not patience.left:
                    raise self._unreachable(error) from None
            lost()
            patience.wait()

    def _unreachable(self, error: httpx.TransportError) -> Unreachable:
        if isinstance(error, httpx.TimeoutException):
            return Unreachable(f"The server at {self._url} does not answer in time; try again, or look at its log.")
        return Unreachable(
            f"No server answers at {self._url}; start one with `puntini serve`, or name another with --url."
        )

    def _read(self, content: bytes) -> Any:
        try:
            return msgspec.json.decode(content) if content else None
        except msgspec.DecodeError:
            raise Refused(f"What answers at {self._url} is not a Puntini server; name one with --url.") from None


class Patience:
    """How long to go on trying, with growing pauses."""

    def __init__(self) -> None:
        self._until = monotonic() + GIVE_UP_SECONDS
        self._tries = 0

    @property
    def left(self) -> bool:
        """Whether to try once more."""
        return monotonic() < self._until

    def wait(self) -> None:
        """Pause before the next try."""
        sleep(PAUSES[min(self._tries, len(PAUSES) - 1)])
        self._tries += 1


def _cursor(event: Event) -> str:
    """Where a reader stands after an event, as far as the event says."""
    if event.get("type") in {"live", "session_ready"}:
        return str(event["data"].get("cursor", ""))
    return str(event.get("id", ""))


def _check(response: httpx.Response) -> None:
    if not response.is_error:
        return
    try:
        problem = msgspec.json.decode(response.content, type=dict[str, Any])
    except (msgspec.DecodeError, msgspec.ValidationError):
        problem = {}
    detail = str(problem.get("detail") or f"The server answered with {response.status_code}.")
    raise Refused(detail)

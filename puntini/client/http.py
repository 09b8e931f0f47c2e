"""The command line's way to a server: questions, and streams that survive the connection."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from time import monotonic, sleep
from types import TracebackType
from typing import Any, NamedTuple, Self

import httpx
import msgspec

from puntini import __version__
from puntini.client.refusals import Later, Unreachable, detail_of, foreign, refusal
from puntini.client.showing import Credential, own_credential
from puntini.errors import Misconfigured, PuntiniError

NDJSON = "application/x-ndjson"
ANSWER_SECONDS = 30.0
SILENCE_SECONDS = 60.0
"""A server pings every 15 s; a stream that says nothing for so long is dead."""
GIVE_UP_SECONDS = 60.0
"""So long a lost stream is asked for again before the command ends."""
PAGE = 100
PAUSES = (0.1, 0.3, 1.0, 2.0)

Event = dict[str, Any]


class Line(NamedTuple):
    """One envelope: as it came, and read."""

    raw: bytes
    event: Event


class Stream:
    """A stream being read: the response's headers, and its lines. Raises httpx.TransportError when it breaks.

    That its credential ends is no line: who opens it again gets in by another, or is told why not.
    """

    def __init__(self, response: httpx.Response) -> None:
        self.headers = response.headers
        self.ended = response.status_code == httpx.codes.NO_CONTENT
        self._response = response

    def __iter__(self) -> Iterator[Line]:
        for line in self._lines():
            if _is_out(line.event):
                return
            if line.event.get("type") != "auth_expiring":
                yield line

    def _lines(self) -> Iterator[Line]:
        rest = b""
        for piece in self._response.iter_bytes():
            *lines, rest = (rest + piece).split(b"\n")
            for raw in lines:
                if raw:
                    yield Line(raw, msgspec.json.decode(raw))


class Client:
    """One server, at ``url``, and what it is shown: one's own credential, if no other is named.

    Raises Misconfigured when the address or the credential is none.
    """

    def __init__(self, url: str, credential: Credential | None = None) -> None:
        self._url = url.rstrip("/")
        address = _address(url)
        self._credential = credential or own_credential(place_of(url), os.environ)
        self._http = httpx.Client(
            base_url=address,
            auth=self._credential,
            headers={"user-agent": f"puntini/{__version__}", "accept": "application/json"},
            timeout=httpx.Timeout(ANSWER_SECONDS, read=SILENCE_SECONDS),
            # A proxy that is set for the outer world could not reach this machine for us.
            trust_env=not _is_here(httpx.URL(self._url).host),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def ask(self, method: str, path: str, body: object = None, *, key: str = "", **query: object) -> Any:
        """One question, which ``key`` makes safe to repeat; the JSON of the answer. Raises Refused and Unreachable."""
        content = None if body is None else msgspec.json.encode(body)
        headers = {"idempotency-key": key} if key else {}
        params = {name: str(value) for name, value in query.items()}
        try:
            response = self._http.request(method, path, content=content, params=params, headers=headers)
        except httpx.TransportError as error:
            raise self._unreachable(error) from None
        self._check(response)
        return self._read(response.content)

    def items(self, path: str, **query: str) -> Iterator[dict[str, Any]]:
        """All that a list holds, read page by page. Raises Refused and Unreachable."""
        offset = 0
        while items := self.ask("GET", path, **query, limit=PAGE, offset=offset)["items"]:
            yield from items
            offset += len(items)

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
            self._check(response)
            if not _is_stream(response):
                raise foreign(self._url)
            yield Stream(response)
        finally:
            response.close()

    @contextmanager
    def raw(self, method: str, path: str, headers: dict[str, str], *, silence: float) -> Iterator[httpx.Response]:
        """An answer to be read as it comes, of which there may be ``silence`` for so long. Raises what ``ask`` does."""
        timeout = httpx.Timeout(ANSWER_SECONDS, read=silence)
        try:
            response = self._http.send(
                self._http.build_request(method, path, headers=headers, timeout=timeout), stream=True
            )
        except httpx.TransportError as error:
            raise self._unreachable(error) from None
        try:
            if response.is_error:
                response.read()
            self._check(response)
            yield response
        finally:
            response.close()

    def follow(
        self, open_: Callable[[Self, str], Any], after: str, *, lost: Callable[[], None], last: Callable[[Event], bool]
    ) -> Iterator[Line]:
        """Lines of a stream, asked for again from the last id whenever it breaks, until ``last`` says it has ended.

        ``open_`` opens it after an id, and must succeed the first time. ``lost`` is told once of each break; a stream
        that the server ends in good order is none, also where its credential has ended. Raises Refused and Unreachable.
        """
        opened, told, patience = False, False, Patience()
        while True:
            trouble: PuntiniError | None = None
            try:
                with open_(self, after) as stream:
                    opened = True
                    if stream.ended:
                        return
                    for line in stream:
                        told, patience = False, Patience()
                        after = _cursor(line.event) or after
                        yield line
                        if last(line.event):
                            return
            except msgspec.DecodeError:
                raise foreign(self._url) from None
            except httpx.TransportError as error:
                trouble = self._unreachable(error)
            except Later as error:
                trouble = error
            if trouble is not None and not (opened and patience.left):
                raise trouble
            if trouble is not None and not told:
                told = True
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
            raise foreign(self._url) from None

    def _check(self, response: httpx.Response) -> None:
        """Raises Refused for a status that is no success."""
        if not response.is_error:
            return
        detail = detail_of(response)
        if response.status_code == httpx.codes.UNAUTHORIZED:
            detail = self._credential.refused(detail)
        raise refusal(response, self._credential.hide(detail))


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


def _is_out(event: Event) -> bool:
    """Whether an event is the last of a stream whose credential has ended."""
    return event.get("type") == "error" and event.get("error", {}).get("code") == httpx.codes.UNAUTHORIZED


def place_of(url: str) -> str:
    """A server's address as log-ins are kept by it, however it is written. Raises Misconfigured."""
    return str(_address(url)).rstrip("/")


def _address(url: str) -> httpx.URL:
    """Where a server is. Raises Misconfigured."""
    try:
        address = httpx.URL(url)
    except (httpx.InvalidURL, ValueError):
        address = httpx.URL()
    if address.scheme not in {"http", "https"} or not address.host:
        shown = url.rpartition("@")[2]  # what is before it may be a password
        raise Misconfigured(f"`{shown}` is no address of a server; one looks like http://127.0.0.1:8000.")
    if address.userinfo:
        raise Misconfigured("Leave name and password out of the address, and log in with `puntini login`.")
    return address


def _is_here(host: str) -> bool:
    """Whether a host is this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _is_stream(response: httpx.Response) -> bool:
    kind = response.headers.get("content-type", "")
    return response.status_code == httpx.codes.NO_CONTENT or kind.startswith(NDJSON)

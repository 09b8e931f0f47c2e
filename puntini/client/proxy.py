"""What a stream looks like from where clients are: a server is asked through whatever is in front of it, and timed."""

import threading
from collections.abc import Iterator
from contextlib import suppress
from email.utils import parsedate_to_datetime
from time import monotonic, time
from uuid import uuid4

import httpx
from msgspec import Struct
from msgspec.structs import replace

from puntini.client.http import Client
from puntini.client.refusals import Unreachable
from puntini.errors import PuntiniError

AGENT = "scripted"
PROMPT = "play 6 events every 200 ms"
PROMPT_AFTER_SECONDS = 0.5
LONGEST_SECONDS = 12.0
SILENCE_SECONDS = 6.0
HELD = (
    "Requests are answered, and a stream is not: something in front holds it back until it ends, or packs it. Turn "
    "buffering and compression off for it (nginx: proxy_buffering off, gzip off)."
)
ASKED = "doctor.1"
"""An id that no server knows, as the last that was seen: whoever hears it answers with a gap that names it."""


class Heard(Struct, frozen=True):
    """What came of a stream of events, which were said over about a second.

    ``first`` is how many seconds its first bytes took, ``spread`` how long it was from the first of the events to the
    last; both are None when it did not come to that. ``skew`` is by how many seconds the server's clock goes ahead.
    ``waits`` is whether nothing was said, since nobody took up the task that was to say it.
    """

    first: float | None
    spread: float | None
    encoding: str
    named: bool
    resumes: bool
    cursor: bool
    skew: float | None
    waits: bool = False


def listen(url: str) -> Heard:
    """Make a session, follow it while something is said in it, and delete it. Raises Refused and Unreachable."""
    with Client(url) as client, Client(url) as other:
        session_id = client.ask("POST", "/v1/sessions", {"agent": AGENT, "title": "puntini doctor"})["session_id"]
        speaking = threading.Timer(PROMPT_AFTER_SECONDS, _speak, (other, session_id))
        speaking.start()
        try:
            heard = _hear(client, session_id)
            return replace(heard, waits=heard.spread is None and _waits(client, session_id))
        except Unreachable:  # who answered a moment ago
            raise Unreachable(HELD) from None
        finally:
            speaking.cancel()
            speaking.join()
            client.ask("DELETE", f"/v1/sessions/{session_id}")


def _speak(client: Client, session_id: str) -> None:
    body = {"type": "user_prompt", "data": {"prompt": PROMPT}}
    with suppress(PuntiniError):  # then nothing is heard, which says enough
        client.ask("POST", f"/v1/sessions/{session_id}/commands", body)


def _waits(client: Client, session_id: str) -> bool:
    """Whether what was to be said waits for its turn."""
    return bool(client.ask("GET", f"/v1/tasks?session_id={session_id}&status=queued")["items"])


def _hear(client: Client, session_id: str) -> Heard:
    name = f"doctor-{uuid4().hex[:12]}"
    headers = {
        "accept": "text/event-stream",
        "accept-encoding": "gzip",
        "last-event-id": ASKED,
        "x-request-id": name,
    }
    asked, began, arrived, text = time(), monotonic(), list[tuple[float, bytes]](), b""
    with client.raw("GET", f"/v1/sessions/{session_id}/stream", headers, silence=SILENCE_SECONDS) as response:
        skew = skew_of(response.headers.get("date", ""), asked, time())
        for piece in _pieces(response):
            arrived.append((monotonic() - began, piece))
            text += piece
            if b"event: task_completed" in text or monotonic() - began > LONGEST_SECONDS:
                break
    return Heard(
        first=arrived[0][0] if arrived else None,
        spread=_spread(arrived),
        encoding=response.headers.get("content-encoding", ""),
        named=response.headers.get("x-request-id") == name,
        resumes=b'"requested":"%b"' % ASKED.encode() in text,
        cursor="puntini-cursor" in response.headers,
        skew=skew,
    )


def _pieces(response: httpx.Response) -> Iterator[bytes]:
    """What comes, until it breaks off or there is silence."""
    try:
        yield from response.iter_bytes()
    except httpx.TransportError:
        return


def _spread(arrived: list[tuple[float, bytes]]) -> float | None:
    """From the piece in which the task's beginning is to the one with its end."""
    begins = [at for at, piece in arrived if b"event: task_started" in piece]
    ends = [at for at, piece in arrived if b"event: task_completed" in piece]
    return ends[0] - begins[0] if begins and ends else None


def skew_of(date: str, asked: float, answered: float) -> float | None:
    """How far a date, which is of one second, is from the time in which the answer with it was made."""
    try:
        second = parsedate_to_datetime(date).timestamp()
    except ValueError:
        return None
    return max(0.0, second - answered) + min(0.0, second + 1 - asked)

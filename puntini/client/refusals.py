"""What a server that can't or won't is told as: errors of one sentence."""

from typing import Any

import httpx
import msgspec

from puntini.client.text import one_line
from puntini.errors import PuntiniError

LATER = {httpx.codes.TOO_MANY_REQUESTS, httpx.codes.BAD_GATEWAY, httpx.codes.SERVICE_UNAVAILABLE}


class Refused(PuntiniError):
    """The server answered with a problem; the message is its own sentence."""


class Later(Refused):
    """The server can't answer now, and may be able to soon."""


class Unreachable(PuntiniError):
    """Nobody answers."""


def detail_of(response: httpx.Response) -> str:
    """The sentence of a response, which was read, that is no success."""
    try:
        problem = msgspec.json.decode(response.content, type=dict[str, Any])
    except (msgspec.DecodeError, msgspec.ValidationError):
        problem = {}
    return one_line(problem.get("detail") or f"The server answered with {response.status_code}.")


def refusal(response: httpx.Response, detail: str) -> Refused:
    """The error that a response is told as."""
    return (Later if response.status_code in LATER else Refused)(detail)


def foreign(url: str) -> Refused:
    """That something else than a Puntini server answers."""
    return Refused(f"What answers at {url} is not a Puntini server; name one with --url.")

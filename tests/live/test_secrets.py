"""A full run with secrets in every place where a client can put one, and then a search for them in all that came out."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.exceptions import WebSocketException
from websockets.sync.client import connect

from tests.live.serving import ROOT, Serving, serving

FIXED = "fixed-key-0123456789abcdef0123456789abcdef"
ADMINS = "other-key-0123456789abcdef0123456789abcdef"
MODELS = "sk-model-key-that-nobody-may-see"
WRONG = "wrong-secret-0123456789abcdef"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbm4iLCJyb2xlIjoiYWRtaW4ifQ.bm90LWEtc2lnbmF0dXJlLWF0LWFsbA"
AGENT = f'''
from puntini.agent.emit import emit
from puntini.protocol.events import Debug, DebugData

async def leaky(task):
    """Say and raise what it has at hand."""
    await emit(Debug(data=DebugData(message="asked with Authorization: Bearer {WRONG}", details={{
        "url": "https://api.example/x?api_key={WRONG}&page=2", "headers": {{"x-api-key": "{WRONG}"}},
        "settings": ["{FIXED}", "{JWT}"],
    }})))
    raise RuntimeError("GET /v1/x?token={WRONG} failed with {FIXED} and {MODELS} for " + task.prompt)
    yield ""
'''


@contextmanager
def environment(**more: str) -> Iterator[None]:
    """The server's own process inherits this."""
    before = dict(os.environ)
    os.environ.update(more)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


class Run:
    """A server, and everything that it has told anybody."""

    def __init__(self, server: Serving) -> None:
        self.server = server
        self.told: list[str] = []
        self.secrets = {FIXED, ADMINS, MODELS, WRONG, JWT}

    def ask(self, method: str, path: str, body: object = None, **headers: str) -> httpx.Response:
        """A request whose answer is looked through at the end."""
        answer = self.server.ask(method, path, body, headers={k.replace("_", "-"): v for k, v in headers.items()})
        self.told += [answer.text, str(answer.headers)]
        return answer

    def made(self, path: str, body: object, name: str) -> dict[str, Any]:
        """What is shown this once, and never again."""
        made = dict(self.server.ask("POST", path, body).raise_for_status().json())
        self.secrets.add(made[name])
        return made

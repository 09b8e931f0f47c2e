"""``/openapi.json`` and ``/docs``: the addresses describe themselves, to programs and to people."""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from importlib import resources
from typing import NamedTuple

import anyio
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from puntini.api.docs_page.page import page
from puntini.api.etags import KNOWN, etag, has, same
from puntini.api.http import Door, resource
from puntini.api.openapi import document
from puntini.auth.rights import ANYBODY
from puntini.errors import NotFound
from puntini.protocol.entries import encode

FILES = {"app.js": "text/javascript", "style.css": "text/css"}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Nothing from elsewhere, nothing inline: the page is the same without a network."""
GUARDED = {"content-security-policy": POLICY, "x-content-type-options": "nosniff", "referrer-policy": "no-referrer"}


class Made(NamedTuple):
    """What is served, made once."""

    openapi: bytes
    page: bytes
    files: Mapping[str, bytes]


class Documentation:
    """The routes."""

    def __init__(self, addresses: Sequence[BaseRoute]) -> None:
        self.addresses = [*addresses, *self.routes()]
        self._made: Made | None = None
        self._one = anyio.Lock()

    def routes(self) -> list[BaseRoute]:
        """What this resource answers."""
        html = Door(ANYBODY, self.docs, gives=str, gives_also=("text/html",), name="getDocsPage", **KNOWN)
        file = Door(ANYBODY, self.file, gives=str, gives_also=tuple(FILES.values()), name="getDocsFile", **KNOWN)
        return [
            resource("/openapi.json", get=Door(ANYBODY, self.openapi, gives=dict, name="getOpenapi", **KNOWN)),
            resource("/docs", get=html),
            resource("/docs/{file}", get=file),
        ]

    async def openapi(self, request: Request) -> Response:
        """This document: every operation with its parameters, bodies and answers, as OpenAPI 3.1."""
        return _served(request, (await self._all()).openapi, "application/json")

    async def docs(self, request: Request) -> Response:
        """The same as a page for people, which needs nothing from elsewhere."""
        return _served(request, (await self._all()).page, "text/html")

    async def file(self, request: Request) -> Response:
        """A file of the page."""
        name = request.path_params["file"]
        if name not in FILES:
            raise NotFound("The page has no such file.")
        return _served(request, (await self._all()).files[name], FILES[name])

    async def _all(self) -> Made:
        async with self._one:
            if self._made is None:
                # It takes a while, and others shall go on.
                self._made = await anyio.to_thread.run_sync(_make, self.addresses)
            return self._made


def documented(addresses: Sequence[BaseRoute]) -> list[BaseRoute]:
    """The same, and those that describe them all."""
    return Documentation(addresses).addresses


def _make(addresses: Sequence[BaseRoute]) -> Made:
    made = document(addresses)
    folder = resources.files("puntini.api.docs_page")
    return Made(encode(made) + b"\n", page(made).encode(), {name: (folder / name).read_bytes() for name in FILES})


def _served(request: Request, raw: bytes, media: str) -> Response:
    tag = etag(sha256(raw).hexdigest()[:24]) | GUARDED
    return same(tag) if has(request, tag) else Response(raw, headers=tag, media_type=media)

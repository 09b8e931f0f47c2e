"""Routes behind the guard without the gate: whoever a request names in ``x-user`` makes it."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Protocol

import httpx
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from puntini.api.http import guarded
from puntini.auth.access import Access
from puntini.auth.guard import Guard
from puntini.auth.principals import Principal
from puntini.auth.revision import Revision
from puntini.errors import PuntiniError
from puntini.log.contract import Store
from puntini.transport.asgi import ASGIApp, Receive, Scope, Send, header, problem_body

PEOPLE = {
    "root": Principal("root", "admin"),
    "reader": Principal("ana", scopes=frozenset({"read"})),
}
"""Who is more, or less, than the user of that name."""


class Ask(Protocol):
    """Makes a request."""

    async def __call__(self, user: str, method: str, path: str, body: object = None, **headers: str) -> httpx.Response:
        """As a user; headers are written with underscores."""
        ...


class Named:
    """Takes people at their word."""

    def __init__(self, app: ASGIApp, guard: Guard) -> None:
        self._app = app
        self._guard = guard

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on."""
        name = header(scope, b"x-user")
        scope["state"] = {"principal": PEOPLE.get(name) or Principal(name), "guard": self._guard}
        await self._app(scope, receive, send)


@asynccontextmanager
async def acting(store: Store, routes: Sequence[BaseRoute]) -> AsyncIterator[Ask]:
    """Serve some routes on a store."""
    app = Starlette(
        routes=guarded(routes),
        middleware=[Middleware(Named, guard=Guard(Access(store), Revision(store)))],
        exception_handlers={PuntiniError: _problem},
    )
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", trust_env=False) as http:

        async def ask(user: str, method: str, path: str, body: object = None, **headers: str) -> httpx.Response:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            return await http.request(method, path, json=body, headers={"x-user": user, **named})

        yield ask


async def _problem(_request: Request, error: Exception) -> Response:
    assert isinstance(error, PuntiniError)
    return Response(problem_body(error), error.status, media_type="application/problem+json")


def items(response: httpx.Response) -> list[dict[str, Any]]:
    """A list's items."""
    assert response.status_code == 200, response.text
    found: list[dict[str, Any]] = response.json()["items"]
    return found

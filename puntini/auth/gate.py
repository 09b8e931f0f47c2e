"""The gate in front of every route: it finds out who asks, and keeps hostile pages and floods out."""

from collections.abc import Awaitable, Callable
from typing import Protocol

from puntini.auth.guard import Guard, Note
from puntini.auth.principals import NOBODY, Principal
from puntini.errors import Forbidden, PuntiniError, TooMany, Unauthorized
from puntini.transport.asgi import ASGIApp, Receive, Scope, Send, refuse


class Entrance(Protocol):
    """What the gate asks: see ``puntini.auth.entrance``."""

    @property
    def guard(self) -> Guard:
        """Whom the routes ask."""
        ...

    def known(self, scope: Scope) -> Principal | None:
        """Who asks, where that takes no wait. What it raises refuses the request, whatever is asked for."""
        ...

    async def admit(self, scope: Scope) -> Principal:
        """Who asks. Raises Forbidden or TooMany, whatever is asked for; another error for a credential that is bad."""
        ...

    @property
    def note(self) -> Note:
        """Writes down what was refused."""
        ...


class Gate:
    """Pure ASGI middleware. Who asks is in ``scope["state"]`` behind it, as ``principal``.

    A credential that is not good makes nobody of its bearer, and the reason is there as ``refusal``: what anybody may
    ask, such as to log in anew, is answered all the same, and everything else by the guard with that reason.
    """

    def __init__(self, app: ASGIApp, entrance: Callable[[], Entrance]) -> None:
        self._app = app
        self._entrance = entrance

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Pass on. Where who asks is known, this is no coroutine: an open stream should not hold one more frame."""
        if scope["type"] not in {"http", "websocket"}:
            return self._app(scope, receive, send)
        entrance = self._entrance()
        # By which revision somebody is let in is read before they are: what changes meanwhile is looked at again.
        guard = entrance.guard
        state = {"guard": guard, "revision": guard.revision.number, "principal": NOBODY}
        scope["state"] = {**scope.get("state", {}), **state}
        try:
            who = entrance.known(scope)
        except PuntiniError as error:
            return _refuse(entrance, scope, receive, send, error)
        if who is None:
            return self._ask(entrance, scope, receive, send)
        scope["state"]["principal"] = who
        return self._app(scope, receive, send)

    async def _ask(self, entrance: Entrance, scope: Scope, receive: Receive, send: Send) -> None:
        """Find out who asks, which takes a while."""
        try:
            scope["state"]["principal"] = await entrance.admit(scope)
        except (Forbidden, TooMany) as error:
            await _refuse(entrance, scope, receive, send, error)
            return
        except PuntiniError as error:
            scope["state"]["refusal"] = error
            if isinstance(error, Unauthorized):
                entrance.note(scope, error.code)
        await self._app(scope, receive, send)


def _refuse(entrance: Entrance, scope: Scope, receive: Receive, send: Send, error: PuntiniError) -> Awaitable[None]:
    if isinstance(error, Forbidden | TooMany):
        entrance.note(scope, error.code, of=scope["path"])
    return refuse(scope, receive, send, error)

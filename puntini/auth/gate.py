"""The gate in front of every route: it finds out who asks, and keeps hostile pages out."""

from collections.abc import Awaitable, Callable

from puntini.auth.doorman import Doorman
from puntini.auth.guard import Guard
from puntini.auth.principals import NOBODY, Principal
from puntini.errors import Forbidden, PuntiniError
from puntini.transport.asgi import ASGIApp, Receive, Scope, Send, refuse


class Gate:
    """Pure ASGI middleware. Who asks is in ``scope["state"]`` behind it, as ``principal``.

    A credential that is not good makes nobody of its bearer, and the reason is there as ``refusal``: what anybody may
    ask, such as to log in anew, is answered all the same, and everything else by the guard with that reason.
    """

    def __init__(self, app: ASGIApp, doorman: Callable[[], Doorman], guard: Callable[[], Guard]) -> None:
        self._app = app
        self._doorman = doorman
        self._guard = guard

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Pass on. Where who asks is known, this is no coroutine: an open stream should not hold one more frame."""
        if scope["type"] not in {"http", "websocket"}:
            return self._app(scope, receive, send)
        try:
            who = self._doorman().known(scope)
        except PuntiniError as error:
            return refuse(scope, receive, send, error)
        if who is None:
            return self._ask(scope, receive, send)
        return self._app(self._let(scope, who), receive, send)

    async def _ask(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Find out who asks, which takes a while."""
        refusal: PuntiniError | None = None
        try:
            who = await self._doorman().admit(scope)
        except Forbidden as error:
            await refuse(scope, receive, send, error)
            return
        except PuntiniError as error:
            who, refusal = NOBODY, error
        await self._app(self._let(scope, who, refusal), receive, send)

    def _let(self, scope: Scope, who: Principal, refusal: PuntiniError | None = None) -> Scope:
        state = {"principal": who, "guard": self._guard(), "refusal": refusal}
        scope["state"] = {**scope.get("state", {}), **state}
        return scope

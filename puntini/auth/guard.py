"""The guard behind the gate: whether whoever the gate let in may use the address that they ask for."""

from typing import Any, Protocol

from puntini.auth.access import Access
from puntini.auth.principals import NOBODY, Principal, Scope
from puntini.auth.revision import Revision
from puntini.auth.rights import Right
from puntini.errors import Forbidden, PuntiniError, Unauthorized
from puntini.log.members import MemberRole
from puntini.transport.asgi import Scope as Request


class Note(Protocol):
    """Writes down what a request did, or was refused."""

    def __call__(self, scope: Request, what: str, *, of: str = "") -> None:
        """Note it."""
        ...


class Guard:
    """One for all addresses. What it found out about a session is left in the request's state, as ``role``."""

    def __init__(self, access: Access, revision: Revision, note: Note | None = None) -> None:
        self.access = access
        self.revision = revision
        self._note = note

    async def admit(self, request: Request, right: Right) -> None:
        """Raises Unauthorized, Forbidden or NotFound; returns when the caller has the right."""
        if right.scope is None:
            return
        try:
            await self._check(request, right)
        except Forbidden:
            self.refused(request)
            raise

    def refused(self, request: Request) -> None:
        """Write down that somebody was forbidden what they asked for."""
        if self._note is not None:
            self._note(request, "forbidden", of=request["path"])

    async def _check(self, request: Request, right: Right) -> None:
        assert right.scope is not None
        require_scope(known(request), right.scope)
        if right.of is not None:
            request["state"]["role"] = await self._role(principal_of(request), right, request["path_params"][right.of])

    async def _role(self, who: Principal, right: Right, name: Any) -> MemberRole:
        if right.of == "task_id":
            return await self.access.require_task(who, name, right.role)
        return await self.access.require(who, name, right.role)


def principal_of(request: Request) -> Principal:
    """Who asks, as the gate found out. Where no gate was passed, nobody."""
    who = request.get("state", {}).get("principal", NOBODY)
    assert isinstance(who, Principal)
    return who


def known(request: Request) -> Principal:
    """The same; for nobody with a credential that is not good, raises why it is not."""
    who = principal_of(request)
    refusal = request.get("state", {}).get("refusal")
    if not who.user and isinstance(refusal, PuntiniError):
        raise refusal
    return who


def require_scope(who: Principal, scope: Scope) -> None:
    """Raises Unauthorized for nobody, and Forbidden where the credential does not reach so far."""
    if not who.user:
        raise Unauthorized(
            "Show a credential: a bearer token (POST /v1/login gives one), an X-API-Key, or for a stream a ticket."
        )
    if not who.may(scope):
        raise Forbidden("This takes an admin." if scope == "admin" else f"This credential has no `{scope}` scope.")

"""``/v1/sessions/{id}/members``: with whom a session is shared."""

from typing import Literal, Protocol

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from puntini.api.http import PAGED, Body, Door, Json, Listed, page_bounds, read, resource, user_of
from puntini.api.records import row_of
from puntini.auth.audit import Audit
from puntini.auth.revision import Revision
from puntini.auth.rights import OWN, VIEW, Right
from puntini.auth.users import folded
from puntini.errors import Conflict, Forbidden, Invalid, NotFound
from puntini.log.contract import Store
from puntini.log.members import RANKS, MemberRole

MOST_MEMBERS = 100
"""With so many users a session is shared at most; its owner is none of them."""
LEAVE = Right("write", "session_id")
"""Whoever sees a session may leave it; to send others away takes its owner."""


class Entrance(Protocol):
    """Who knows users, and what is done with what they may."""

    @property
    def audit(self) -> Audit:
        """Where it is written down."""
        ...

    @property
    def revision(self) -> Revision:
        """What open streams go by."""
        ...

    async def knows(self, user: str) -> bool:
        """Whether a session can be shared with somebody of this name."""
        ...


class Sharing(Body, frozen=True):
    """``PUT /v1/sessions/{id}/members/{user}``."""

    role: Literal["viewer", "editor"]


class MemberInfo(Struct, frozen=True):
    """Somebody who sees a session."""

    user: str
    role: MemberRole


class Members:
    """The routes."""

    def __init__(self, store: Store, entrance: Entrance) -> None:
        self._store = store
        self._entrance = entrance

    def routes(self) -> list[BaseRoute]:
        """What this resource answers."""
        all_ = "/v1/sessions/{session_id}/members"
        return [
            resource(all_, get=Door(VIEW, self.list, PAGED, gives=Listed[MemberInfo])),
            resource(
                f"{all_}/{{user}}",
                put=Door(OWN, self.put, takes=Sharing, gives=MemberInfo, name="shareSession"),
                delete=Door(LEAVE, self.delete, status=204, name="removeSessionMember"),
            ),
        ]

    async def list(self, request: Request) -> Response:
        """The owner, then the others in the order of their names."""
        limit, offset = page_bounds(request)
        row = await row_of(self._store, request.path_params["session_id"])
        members = await self._store.members(row.session_id)
        everybody = [MemberInfo(row.owner, "owner"), *[MemberInfo(each.user, each.role) for each in members]]
        return Json(Listed(everybody[offset : offset + limit], len(everybody)))

    async def put(self, request: Request) -> Response:
        """Share the session with somebody, or change what they may."""
        session_id, user = request.path_params["session_id"], folded(request.path_params["user"])
        body = await read(request, Sharing)
        row = await row_of(self._store, session_id)
        if user == row.owner:
            raise Conflict(f"`{user}` owns this session; an owner's role can't be changed.")
        if not await self._entrance.knows(user):
            raise Invalid(f"user: there is no user `{user[:64]}` to share a session with", path="user")
        known = {member.user for member in await self._store.members(session_id)}
        if user not in known and len(known) >= MOST_MEMBERS:
            raise Conflict(f"A session is shared with at most {MOST_MEMBERS} users; remove one first.")
        changed = await self._store.share(session_id, user, body.role)
        await self._entrance.revision.bump()  # also of a repeat: the first may have come no further than the store
        if changed:
            self._entrance.audit.note(request.scope, f"member_{body.role}", of=f"{session_id} {user}")
        return Json(MemberInfo(user, body.role))

    async def delete(self, request: Request) -> Response:
        """Take somebody's role away; members may leave by themselves."""
        session_id, user = request.path_params["session_id"], folded(request.path_params["user"])
        if user != user_of(request) and RANKS[request.state.role] < RANKS["owner"]:
            raise Forbidden("Only the session's owner can remove others; you can leave it yourself.")
        row = await row_of(self._store, session_id)
        if user == row.owner:
            raise Conflict(f"`{user}` owns this session; delete the session instead.")
        removed = await self._store.share(session_id, user, None)
        await self._entrance.revision.bump()
        if not removed:
            raise NotFound(f"The session is not shared with `{user[:64]}`.")
        self._entrance.audit.note(request.scope, "member_removed", of=f"{session_id} {user}")
        return Response(status_code=204)

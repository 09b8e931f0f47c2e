"""``/v1/keys``: one's own API keys. An admin sees and revokes others' too."""

from collections.abc import Sequence
from typing import Annotated

from msgspec import Meta, Struct
from msgspec.structs import asdict
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from puntini.api.http import PAGED, Body, Door, Json, Listed, page_bounds, read, resource, user_of
from puntini.auth.audit import Audit
from puntini.auth.guard import principal_of
from puntini.auth.keys import Key, Keys
from puntini.auth.principals import Scope
from puntini.auth.rights import READ, WRITE
from puntini.errors import Forbidden, Invalid
from puntini.log.mint import now, timestamp

NAME_LIMIT = 100
LEAST_SECONDS, MOST_SECONDS = 1, 315_360_000
User = Annotated[str, Meta(min_length=1, max_length=100, description="of an admin: whose keys; their own unless said")]


class NewKey(Body, frozen=True):
    """``POST /v1/keys``. ``expires_in`` is in seconds; without it the key has no end."""

    name: str
    scopes: Sequence[Scope] = ("read", "write")
    expires_in: Annotated[int, Meta(ge=LEAST_SECONDS, le=MOST_SECONDS)] | None = None


class KeyInfo(Struct, frozen=True, kw_only=True):
    """A key as the API shows it: all but the key. ``last_used_at`` is true to a minute."""

    key_id: str
    name: str
    owner: str
    scopes: Sequence[Scope]
    created_at: str
    expires_at: str | None
    last_used_at: str | None
    revoked: bool


class MadeKey(KeyInfo, frozen=True, kw_only=True):
    """The one answer that shows the ``key``."""

    key: str


class KeyList:
    """The routes."""

    def __init__(self, keys: Keys, audit: Audit) -> None:
        self._keys = keys
        self._audit = audit

    def routes(self) -> list[BaseRoute]:
        """What this resource answers."""
        return [
            resource(
                "/v1/keys",
                post=Door(WRITE, self.create, takes=NewKey, gives=MadeKey, status=201),
                get=Door(READ, self.list, {**PAGED, "user": User}, gives=Listed[KeyInfo]),
            ),
            resource("/v1/keys/{key_id}", delete=Door(WRITE, self.revoke, status=204)),
        ]

    async def create(self, request: Request) -> Response:
        """A new key of one's own, shown this once."""
        new = await read(request, NewKey)
        _check(new)
        ends = None if new.expires_in is None else now() + new.expires_in
        key, text = await self._keys.make(principal_of(request.scope), new.name.strip(), frozenset(new.scopes), ends)
        self._audit.note(request.scope, "key_created", of=key.key_id)
        made = MadeKey(key=text, **asdict(_shown(key, None)))
        return Json(made, status_code=201, headers={"cache-control": "no-store"})

    async def list(self, request: Request) -> Response:
        """One's keys, the newest first; those that have ended stay for a while."""
        limit, offset = page_bounds(request)
        owner = request.query_params.get("user") or user_of(request)
        if owner != user_of(request) and not principal_of(request.scope).is_admin:
            raise Forbidden("Only an admin sees others' keys; leave out `user` for your own.")
        rows, uses = await self._keys.of(owner), await self._keys.uses(owner)
        shown = [_shown(row, uses.get(row.key_id)) for row in rows[offset : offset + limit]]
        return Json(Listed(shown, len(rows)))

    async def revoke(self, request: Request) -> Response:
        """End a key. Streams that are open by it end with it."""
        who = principal_of(request.scope)
        key = await self._keys.revoke(request.path_params["key_id"], None if who.is_admin else who.user)
        self._audit.note(request.scope, "key_revoked", of=key.key_id)
        return Response(status_code=204)


def _check(new: NewKey) -> None:
    if not new.name.strip() or len(new.name) > NAME_LIMIT:
        raise Invalid(f"name: say in 1 to {NAME_LIMIT} characters what the key is for", path="name")
    if not new.scopes:
        raise Invalid("scopes: name at least one of read, write and admin", path="scopes")


def _shown(key: Key, used: float | None) -> KeyInfo:
    return KeyInfo(
        key_id=key.key_id,
        name=key.name,
        owner=key.owner,
        scopes=sorted(key.scopes),
        created_at=_time(key.created_at),
        expires_at=None if key.expires_at is None else _time(key.expires_at),
        last_used_at=None if used is None else _time(used),
        revoked=key.revoked_at is not None,
    )


def _time(seconds: float) -> str:
    return timestamp(int(seconds * 1000))

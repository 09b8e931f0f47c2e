"""``GET /v1/audit``: what was done, for admins to read. Nobody changes it: there is no other method."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated

import msgspec
from msgspec import Meta, Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from puntini.api.http import PAGE, PAGE_MOST, Door, Json, Limit, resource, whole
from puntini.auth.audit import Audit, Entry
from puntini.auth.rights import ADMIN
from puntini.errors import Invalid
from puntini.log.mint import timestamp

Who = Annotated[str, Meta(description="only what this user did")]
What = Annotated[str, Meta(description="only entries of this kind, like `login_failed`")]
Since = Annotated[str, Meta(description="only what happened at this time or later, like 2026-11-21T16:00:00Z")]
Before = Annotated[str, Meta(description="only entries before the one with this id: the `next` of the last answer")]
_ID = re.compile(r"[0-9a-f]{24}")


class EntryInfo(Struct, frozen=True, kw_only=True):
    """One entry: at what time who did what, to what, from where. A ``count`` above 1 stands for so many."""

    id: str
    at: str
    who: str
    credential: str
    what: str
    of: str
    address: str
    request_id: str
    count: int


class Entries(Struct, frozen=True):
    """The newest first. ``next`` is what to give as ``before`` for more; empty when there is nothing more."""

    items: Sequence[EntryInfo]
    next: str


class AuditLog:
    """The route."""

    def __init__(self, audit: Audit) -> None:
        self._audit = audit

    def routes(self) -> list[BaseRoute]:
        """What this resource answers."""
        query = {"who": Who, "what": What, "since": Since, "before": Before, "limit": Limit}
        return [resource("/v1/audit", get=Door(ADMIN, self.list, query, gives=Entries, name="listAuditEntries"))]

    async def list(self, request: Request) -> Response:
        """Entries that match, a page of them."""
        given = request.query_params
        found = await self._audit.find(
            who=given.get("who", ""),
            what=given.get("what", ""),
            since=_time(given.get("since", "")),
            before=_id(given.get("before", "")),
            limit=whole(request, "limit", PAGE, 1, PAGE_MOST),
        )
        return Json(Entries([_shown(entry) for entry in found.items], found.next))


def _shown(entry: Entry) -> EntryInfo:
    return EntryInfo(**{**msgspec.structs.asdict(entry), "at": timestamp(entry.at)})


def _id(text: str) -> str:
    if text and not _ID.fullmatch(text):
        raise Invalid("before: give the `next` of an answer", path="before")
    return text


def _time(text: str) -> int:
    if not text:
        return 0
    try:
        at = msgspec.convert(text, datetime)
        return int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() * 1000)
    except (msgspec.ValidationError, OverflowError):
        raise Invalid("since: give a time like 2026-11-21T16:00:00Z", path="since") from None

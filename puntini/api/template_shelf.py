"""Where templates are: the built-in ones in files of ours, each user's own in the store."""

from collections.abc import Callable
from functools import cache
from importlib.resources import files
from typing import Literal

import anyio
import msgspec
from msgspec import Struct
from msgspec.structs import replace

from puntini.auth.principals import Principal
from puntini.errors import Conflict, NotFound
from puntini.log.contract import Kept, Records
from puntini.log.mint import now_ms
from puntini.log.templates import Template

SPACE, OWNER = "templates", "owner"
"""In this space, of this kind, is the owner of each template by its id."""
MOST_OWN = 100
TRIES = 3


class TemplateRow(Struct, frozen=True, kw_only=True):
    """A template's record. The built-in ones have no owner."""

    template_id: str
    template: Template
    owner: str = ""
    created_at: int = 0
    updated_at: int = 0

    @property
    def kind(self) -> Literal["built_in", "created"]:
        """Whether it came with the server or somebody created it."""
        return "created" if self.owner else "built_in"


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(TemplateRow).decode


@cache
def builtin() -> dict[str, TemplateRow]:
    """The built-in templates by their ids, read once, in the order of their titles."""
    folder = files("puntini") / "templates"
    read = msgspec.json.Decoder(Template).decode
    rows = [
        TemplateRow(template_id=each.name.removesuffix(".json"), template=read(each.read_bytes()))
        for each in folder.iterdir()
        if each.name.endswith(".json")
    ]
    return {row.template_id: row for row in sorted(rows, key=lambda row: row.template.title.casefold())}


class TemplateShelf:
    """Everybody sees the built-in ones and their own. An admin also gets at others' by their ids."""

    def __init__(self, store: Records) -> None:
        self._store = store
        self._adding = anyio.Lock()

    async def own(self, user: str) -> list[TemplateRow]:
        """A user's own templates, the newest first."""
        rows = [_decode(body) for _, body in await self._store.kept_all(SPACE, _of(user))]
        return sorted(rows, key=lambda row: (-row.created_at, row.template_id))

    async def get(self, template_id: str, who: Principal) -> TemplateRow:
        """One that somebody may see. Raises NotFound."""
        if row := builtin().get(template_id):
            return row
        return _decode(await self._body(template_id, who))

    async def add(self, template_id: str, template: Template, user: str) -> TemplateRow:
        """Add one of a user's own; one that is there under this id is left as it is. Raises Conflict for too many."""
        async with self._adding:
            if (body := await self._store.kept(SPACE, _of(user), template_id)) is not None:
                return _decode(body)
            if len(await self._store.kept_all(SPACE, _of(user), limit=MOST_OWN)) >= MOST_OWN:
                raise Conflict(f"You have {MOST_OWN} templates, which is the most; delete one of them first.")
            now = now_ms()
            row = TemplateRow(template_id=template_id, template=template, owner=user, created_at=now, updated_at=now)
            # The owner's note first: without the template it is nothing, and of two who add one at once, one stays.
            await self._store.keep([Kept(SPACE, OWNER, template_id, user.encode())])
            if await self._store.swap(Kept(SPACE, _of(user), template_id, _encode(row)), None):
                return row
            return _decode(await self._store.kept(SPACE, _of(user), template_id) or _encode(row))

    async def change(self, template_id: str, who: Principal, changed: Callable[[Template], Template]) -> TemplateRow:
        """Put a template as it is ``changed`` in its place. Raises NotFound, Conflict, and what ``changed`` raises."""
        _check_own(template_id)
        for _ in range(TRIES):
            body = await self._body(template_id, who)
            row = _decode(body)
            row = replace(row, template=changed(row.template), updated_at=now_ms())
            if await self._store.swap(Kept(SPACE, _of(row.owner), template_id, _encode(row)), body):
                return row
        raise Conflict("The template was changed again and again meanwhile; send this again.")

    async def remove(self, template_id: str, who: Principal) -> None:
        """Forget one. What was begun from it stays. Raises NotFound or Conflict."""
        _check_own(template_id)
        row = _decode(await self._body(template_id, who))
        gone = [Kept(SPACE, kind, template_id, None) for kind in (_of(row.owner), OWNER)]
        await self._store.keep(gone)

    async def _body(self, template_id: str, who: Principal) -> bytes:
        """What is kept of a template. Raises NotFound, also when it is somebody else's."""
        owner = await self._store.kept(SPACE, OWNER, template_id)
        if owner is not None and (who.is_admin or owner.decode() == who.user):
            body = await self._store.kept(SPACE, _of(owner.decode()), template_id)
            if body is not None:
                return body
        raise NotFound(f"There is no template `{template_id[:80]}`; GET /v1/templates lists those that there are.")


def _of(user: str) -> str:
    """The kind that a user's templates are kept as."""
    return f"of {user}"


def _check_own(template_id: str) -> None:
    """Raises Conflict for a built-in one."""
    if template_id in builtin():
        raise Conflict(f"`{template_id}` is built in and stays as it is; create a template of your own.")

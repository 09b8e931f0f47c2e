"""``/v1/documents`` and ``/v1/search``: knowledge, brought as text and found again in passages. Each sees their own."""

from collections.abc import Sequence
from hashlib import sha256
from typing import Annotated

import anyio
from msgspec import Meta, Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from puntini.api.http import (
    NOT_BLANK,
    ONCE,
    PAGED,
    Body,
    Door,
    Json,
    Limit,
    Listed,
    Words,
    idempotency_key,
    page_bounds,
    read,
    resource,
    user_of,
)
from puntini.auth.rights import READ, WRITE
from puntini.errors import Conflict, Invalid, NotFound
from puntini.log.documents import Document, Hit
from puntini.log.documents import Documents as Kept
from puntini.log.mint import new_id, now_ms, timestamp
from puntini.log.passages import passages
from puntini.transport.asgi import read_body

TITLE_LIMIT = 200
SOURCE_LIMIT = 2_000
Title = Annotated[str, Meta(max_length=TITLE_LIMIT, description="the title, of a text that is sent as it is")]
Source = Annotated[str, Meta(max_length=SOURCE_LIMIT, description="where the text is from, if it is sent as it is")]
TEXTS = {"text/plain", "text/markdown"}


class NewDocument(Body, frozen=True):
    """``POST /v1/documents``. ``source`` says where the text is from: an address, a file's name."""

    title: Annotated[str, Meta(extra_json_schema={"maxLength": TITLE_LIMIT, "pattern": NOT_BLANK})]
    text: Annotated[str, Meta(extra_json_schema={"pattern": NOT_BLANK})]
    source: Annotated[str, Meta(extra_json_schema={"maxLength": SOURCE_LIMIT})] = ""


class DocumentInfo(Struct, frozen=True):
    """A document as the API shows it. ``size`` is its text's, in bytes."""

    document_id: str
    title: str
    source: str
    owner: str
    created_at: str
    size: int
    passages: int


class Hits(Struct, frozen=True):
    """What a search found, the best first; how it was ranked, and what to know about that."""

    items: Sequence[Hit]
    ranking: str
    note: str


class Documents:
    """The routes."""

    def __init__(self, store: Kept) -> None:
        self._store = store

    def routes(self) -> list[BaseRoute]:
        """What this resource answers."""
        found = Door(READ, self.search, {"q": Words, "limit": Limit}, gives=Hits, needs=("q",), name="searchDocuments")
        named_in_query = {"title": Title, "source": Source}
        return [
            resource(
                "/v1/documents",
                post=Door(
                    WRITE,
                    self.create,
                    named_in_query,
                    takes=NewDocument,
                    takes_also=sorted(TEXTS),
                    gives=DocumentInfo,
                    status=201,
                    headers=ONCE,
                ),
                get=Door(READ, self.list, PAGED, gives=Listed[DocumentInfo]),
            ),
            resource(
                "/v1/documents/{document_id}",
                get=Door(READ, self.get, gives=DocumentInfo),
                delete=Door(WRITE, self.delete, status=204),
            ),
            resource("/v1/search", get=found),
        ]

    async def create(self, request: Request) -> Response:
        """A new document. ``Idempotency-Key`` makes a retry safe."""
        new = await _new(request)
        owner = user_of(request)
        key = idempotency_key(request.headers.get("idempotency-key", ""))
        document_id = _id_of(owner, key) if key else new_id("doc")
        row = await self._store.document(document_id) or await self._add(document_id, owner, new)
        return Json(_info(row), status_code=201, headers={"location": f"/v1/documents/{document_id}"})

    async def _add(self, document_id: str, owner: str, new: NewDocument) -> Document:
        """Add it, also when the caller leaves meanwhile. Of two repeats at once the second finds what the first did."""
        # Cutting a long text takes a while, and others shall go on.
        texts = await anyio.to_thread.run_sync(passages, new.text)
        row = Document(
            document_id=document_id,
            owner=owner,
            title=new.title,
            source=new.source,
            created_at=now_ms(),
            size=len(new.text.encode()),
            passages=len(texts),
        )
        with anyio.CancelScope(shield=True):
            try:
                await self._store.add_document(row, texts)
            except Conflict:
                return await self._store.document(document_id) or row
        return row

    async def list(self, request: Request) -> Response:
        """One's documents, the newest first."""
        limit, offset = page_bounds(request)
        rows, total = await self._store.documents(limit=limit, offset=offset, owner=user_of(request))
        return Json(Listed([_info(row) for row in rows], total))

    async def get(self, request: Request) -> Response:
        """One document's record."""
        return Json(_info(await self._row(request)))

    async def delete(self, request: Request) -> Response:
        """Remove a document with all its passages."""
        row = await self._row(request)
        await self._store.remove_document(row.document_id)
        return Response(status_code=204)

    async def search(self, request: Request) -> Response:
        """The passages of one's documents that match ``q`` best."""
        if (query := request.query_params.get("q")) is None:
            raise Invalid("q: say what to search for", path="q")
        limit, _ = page_bounds(request)
        found = await self._store.search(query, limit=limit, owner=user_of(request))
        return Json(Hits(found.hits, found.ranking, found.note))

    async def _row(self, request: Request) -> Document:
        """The document that the address names. Raises NotFound, also when it is somebody else's."""
        document_id = request.path_params["document_id"]
        row = await self._store.document(document_id)
        if row is None or row.owner != user_of(request):
            raise NotFound(f"There is no document `{document_id}`.")
        return row


async def _new(request: Request) -> NewDocument:
    """What is to be added: the body as JSON, or as the text itself, its title and source then in the query."""
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media in TEXTS:
        if not request.query_params.get("title", "").strip():
            raise Invalid("title: name the text in the address, as ?title=…", path="title")
        new = NewDocument(
            title=request.query_params["title"],
            text=_text(await read_body(request.receive)),
            source=request.query_params.get("source", ""),
        )
    else:
        for name in request.query_params:
            raise Invalid(f"{name}: with a JSON body this goes into it", path=name)
        new = await read(request, NewDocument)
    _check(new)
    return new


def _text(body: bytes) -> str:
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Invalid("text: send it as UTF-8", path="text") from None


def _check(new: NewDocument) -> None:
    for name, value in (("title", new.title), ("text", new.text)):
        if not value.strip():
            raise Invalid(f"{name}: write something", path=name)
    for name, value, most in (("title", new.title, TITLE_LIMIT), ("source", new.source, SOURCE_LIMIT)):
        if len(value) > most:
            raise Invalid(f"{name}: use at most {most} characters", path=name)


def _id_of(owner: str, key: str) -> str:
    """The document that a key stands for: the same for a repeat, and nobody else's."""
    whose = f"{owner}\0{key}".encode()
    return f"doc_{sha256(whose).hexdigest()[:24]}"


def _info(row: Document) -> DocumentInfo:
    return DocumentInfo(
        document_id=row.document_id,
        title=row.title,
        source=row.source,
        owner=row.owner,
        created_at=timestamp(row.created_at),
        size=row.size,
        passages=row.passages,
    )

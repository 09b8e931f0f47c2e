"""``/``: the web console, files that were built into ``puntini/console/static``."""

from gzip import compress
from hashlib import sha256
from importlib import resources
from importlib.resources.abc import Traversable
from mimetypes import guess_type
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from puntini.api.etags import KNOWN, etag, has, same
from puntini.api.http import Door, resource
from puntini.auth.rights import ANYBODY
from puntini.errors import NotFound, Unavailable

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data: blob:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types dompurify"
)
"""Nothing from elsewhere, nothing inline, and no HTML but what the one sanitiser made."""
GUARDED = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
}
FOR_EVER = {"cache-control": "public, max-age=31536000, immutable"}
"""An asset's name changes with what is in it; but for these, all the same."""
NAMED = frozenset({"licences.txt"})
MEDIA = ("text/javascript", "text/css", "image/svg+xml", "text/plain")
PAGE = "index.html"
MISSING = (
    "The console is not built in this checkout: run `make console`, which needs Node.js 20 and npm, and load this page "
    "again."
)


class File(NamedTuple):
    """What is served of a file: as it is, and smaller."""

    raw: bytes
    gzip: bytes
    media: str
    tag: str


class Console:
    """The routes."""

    def __init__(self, folder: Traversable | None = None) -> None:
        folder = folder or resources.files("puntini") / "console" / "static"
        self._page = folder / PAGE
        self._assets = folder / "assets"
        self._known: dict[str, File] = {}

    def routes(self) -> list[BaseRoute]:
        """What this resource answers."""
        page = Door(ANYBODY, self.page, gives=str, gives_also=("text/html",), name="getConsole", **KNOWN)
        asset = Door(ANYBODY, self.asset, gives=str, gives_also=MEDIA, name="getConsoleFile")
        return [resource("/", get=page), resource("/assets/{asset}", get=asset)]

    async def page(self, request: Request) -> Response:
        """The web console: a page for people."""
        if not self._page.is_file():
            raise Unavailable(MISSING)
        # Read each time, for it names the other files: it is small, and may be built anew beside a running server.
        file = _file(PAGE, self._page.read_bytes())
        tag = etag(file.tag) | GUARDED
        return same(tag) if has(request, tag) else _served(request, file, tag)

    async def asset(self, request: Request) -> Response:
        """A file of the console. Its name changes with what is in it, so it may be kept for ever."""
        name = request.path_params["asset"]
        file = self._known.get(name)
        if file is None:
            # Only what the folder lists is opened, so a name can lead nowhere else.
            found = [each for each in self._assets.iterdir() if each.name == name] if self._assets.is_dir() else []
            if not found:
                raise NotFound("The console has no such file; load the page again.")
            file = self._known[name] = _file(name, found[0].read_bytes())
        cached = etag(file.tag) if name in NAMED else FOR_EVER
        return _served(request, file, cached | GUARDED)


def _file(name: str, raw: bytes) -> File:
    media = guess_type(name)[0] or "application/octet-stream"
    return File(raw, compress(raw, 9, mtime=0), media, sha256(raw).hexdigest()[:24])


def _served(request: Request, file: File, headers: dict[str, str]) -> Response:
    small = "gzip" in request.headers.get("accept-encoding", "")
    encoded = {"content-encoding": "gzip"} if small else {}
    body = file.gzip if small else file.raw
    return Response(body, headers={**headers, "vary": "accept-encoding", **encoded}, media_type=file.media)

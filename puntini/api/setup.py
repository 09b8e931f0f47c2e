"""``/setup``: a page without scripts on which the first admin is made, by a link that is good once."""

from html import escape
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from puntini.api.http import Door, resource
from puntini.auth.accounts import Accounts
from puntini.auth.audit import Audit
from puntini.auth.origins import is_own_page
from puntini.auth.rights import ANYBODY
from puntini.auth.setup import PATH
from puntini.auth.setup import Setup as Pending
from puntini.errors import Forbidden, Invalid, PuntiniError
from puntini.transport.asgi import read_body

FORM_BYTES = 8_192
HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
}
PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Puntini: set-up</title></head>
<body>
<h1>{title}</h1>
{body}
</body>
</html>
"""
FORM = """<p>{note}</p>
<form method="post" action="/setup">
<input type="hidden" name="token" value="{token}">
<p><label>Name <input name="username" value="{name}" autocomplete="username" required maxlength="63"></label></p>
<p><label>Password
<input name="password" type="password" autocomplete="new-password" required minlength="10"></label></p>
<p><button>Make the first admin</button></p>
</form>"""
NOTE = "Who is to be this server's first admin? A password has at least ten characters."


class Setup:
    """The routes."""

    def __init__(self, pending: Pending, accounts: Accounts, audit: Audit) -> None:
        self._audit = audit
        self._pending = pending
        self._accounts = accounts

    def routes(self) -> list[BaseRoute]:
        """What this resource answers."""
        return [resource(PATH, get=Door(ANYBODY, self.form), post=Door(ANYBODY, self.make))]

    async def form(self, request: Request) -> Response:
        """The page with the form, for whoever has the link."""
        token = request.query_params.get("token", "")
        self._pending.check(token)
        return _form(token, NOTE)

    async def make(self, request: Request) -> Response:
        """Make the first admin. What was not right is told on the page."""
        if request.headers.get("origin") and not is_own_page(request.scope, frozenset()):
            raise Forbidden("Fill in the form on this server's own page.")
        said = _fields(await read_body(request.receive, limit=FORM_BYTES))
        token, name = said.get("token", ""), said.get("username", "")
        self._pending.check(token)
        try:
            user = await self._pending.finish(token, self._accounts, name, said.get("password", ""))
        except Forbidden:
            raise
        except PuntiniError as error:
            return _form(token, error.message, name, error.status)
        self._audit.note(request.scope, "set_up", of=user.name)
        return _page("Done", f"<p>{escape(user.name)} is this server's admin now, and can log in.</p>")


def _fields(body: bytes) -> dict[str, str]:
    """A form's fields. Raises Invalid."""
    try:
        return {name: values[-1] for name, values in parse_qs(body.decode(), max_num_fields=10).items()}
    except ValueError:
        raise Invalid("Send the form as a browser does.") from None


def _form(token: str, note: str, name: str = "", status: int = 200) -> Response:
    return _page("Set-up", FORM.format(note=escape(note), token=escape(token), name=escape(name)), status)


def _page(title: str, body: str, status: int = 200) -> Response:
    return Response(PAGE.format(title=title, body=body), status, HEADERS, "text/html")

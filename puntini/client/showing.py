"""What the command line shows a server to be let in: a credential of the environment, a stored log-in, or nothing."""

from collections.abc import Generator, Mapping, Sequence
from time import monotonic, sleep

import httpx
import msgspec
from msgspec import Struct

from puntini.client.logins import LogIn, LogIns, own_log_ins
from puntini.client.refusals import detail_of, foreign, refusal
from puntini.errors import Misconfigured
from puntini.redaction import Redaction

TOKEN, API_KEY = "PUNTINI_TOKEN", "PUNTINI_API_KEY"
ASKS = "This server asks for a credential: log in with `puntini login`, or set PUNTINI_API_KEY."
JUST_NOW_SECONDS = 5.0
"""So long a server calls a refresh token used a moment ago."""
LOOK_SECONDS = 0.1

Flow = Generator[httpx.Request, httpx.Response, None]


class Tokens(Struct, frozen=True):
    """What a log-in and a refresh are answered with."""

    access_token: str
    refresh_token: str


class Nothing(httpx.Auth):
    """No credential."""

    def refused(self, detail: str) -> str:
        """What to say of a 401. The server's own sentence is for programs."""
        return ASKS

    def hide(self, text: str) -> str:
        """The text without secrets."""
        return Redaction()(text)


class Spoken(httpx.Auth):
    """No credential but what a question's body holds: ``secrets``, such as a password."""

    def __init__(self, secrets: Sequence[str]) -> None:
        self._secrets = secrets

    def refused(self, detail: str) -> str:
        """What to say of a 401: the server's words."""
        return detail

    def hide(self, text: str) -> str:
        """The text without secrets."""
        return Redaction(self._secrets)(text)


class Fixed(httpx.Auth):
    """A credential that goes into a header as it is."""

    def __init__(self, variable: str, header: str, value: str) -> None:
        self._variable, self._header, self._value = variable, header, value

    def auth_flow(self, request: httpx.Request) -> Flow:
        """Show it."""
        request.headers[self._header] = self._value
        yield request

    def refused(self, detail: str) -> str:
        """What to say of a 401: the server's words, and whose credential it is."""
        return f"{detail} It is what {self._variable} holds; unset that, and `puntini login` can let you in."

    def hide(self, text: str) -> str:
        """The text without secrets."""
        return Redaction([self._value, self._value.rpartition(" ")[2]])(text)


class Stored(httpx.Auth):
    """A log-in of the file. When the server takes its access token no more, it is refreshed, or read again."""

    def __init__(self, file: LogIns, url: str, held: LogIn) -> None:
        self._file, self._url, self._held = file, url, held

    def sync_auth_flow(self, request: httpx.Request) -> Flow:
        """Show the access token; after a 401, which did nothing, another. Raises Refused, Later and Misconfigured."""
        for is_last in (False, False, True):  # what another terminal has stored may have ended, too
            request.headers["authorization"] = f"Bearer {self._held.access_token}"
            response = yield request
            if response.status_code != httpx.codes.UNAUTHORIZED or is_last or not (yield from self._renew(request)):
                return

    def refused(self, detail: str) -> str:
        """What to say of a 401."""
        return f"The log-in at {self._url} has ended; log in again with `puntini login`."

    def hide(self, text: str) -> str:
        """The text without secrets."""
        return Redaction([self._held.access_token, self._held.refresh_token])(text)

    def _renew(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, bool]:
        """Come by another access token; whether there is one. Only one process at a time asks for one."""
        with self._file.locked():
            kept = self._file.get(self._url)
            if kept is None or kept.access_token != self._held.access_token:
                return self._take(kept)
            response = yield self._refreshing(request, kept)
            response.read()
            if response.status_code == httpx.codes.UNAUTHORIZED:
                self._file.put(self._url, None)
                return False
            if response.status_code != httpx.codes.CONFLICT:
                fresh = self._refreshed(response, kept)
                self._file.put(self._url, fresh)
                return self._take(fresh)
        return self._take(self._awaited())

    def _refreshing(self, request: httpx.Request, kept: LogIn) -> httpx.Request:
        return httpx.Request(
            "POST",
            f"{self._url}/v1/token/refresh",
            headers={"user-agent": request.headers["user-agent"], "accept": "application/json"},
            content=msgspec.json.encode({"refresh_token": kept.refresh_token}),
            extensions={"timeout": request.extensions["timeout"]},
        )

    def _refreshed(self, response: httpx.Response, kept: LogIn) -> LogIn:
        if response.is_error:
            raise refusal(response, self.hide(detail_of(response)))
        try:
            tokens = tokens_of(msgspec.json.decode(response.content), self._url)
        except msgspec.DecodeError:
            raise foreign(self._url) from None
        return LogIn(kept.username, tokens.access_token, tokens.refresh_token)

    def _awaited(self) -> LogIn | None:
        """What another process, which refreshed just now, stores soon."""
        until = monotonic() + JUST_NOW_SECONDS
        while (kept := self._file.get(self._url)) and kept.access_token == self._held.access_token:
            if monotonic() > until:
                return None
            sleep(LOOK_SECONDS)
        return kept

    def _take(self, login: LogIn | None) -> bool:
        self._held = login or self._held
        return login is not None


Credential = Nothing | Spoken | Fixed | Stored


def tokens_of(answer: object, url: str) -> Tokens:
    """The tokens in an answer. Raises Refused where it has none."""
    try:
        return msgspec.convert(answer, Tokens)
    except msgspec.ValidationError:
        raise foreign(url) from None


def own_credential(url: str, environ: Mapping[str, str]) -> Credential:
    """What to show a server: the environment's credential, else the log-in there, if any. Raises Misconfigured."""
    token, key = _given(environ, TOKEN), _given(environ, API_KEY)
    if token and key:
        raise Misconfigured(f"Set {TOKEN} or {API_KEY}, not both.")
    if token:
        return Fixed(TOKEN, "authorization", f"Bearer {token}")
    if key:
        return Fixed(API_KEY, "x-api-key", key)
    file = own_log_ins(environ)
    held = file.get(url)
    return Stored(file, url, held) if held else Nothing()


def _given(environ: Mapping[str, str], name: str) -> str:
    """A credential of the environment, which has to fit into a header. Raises Misconfigured."""
    value = environ.get(name, "").strip()
    if not all("!" <= letter <= "~" for letter in value):
        raise Misconfigured(f"What {name} holds is no credential: it has spaces, or letters that none has.")
    return value

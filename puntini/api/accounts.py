"""``/v1/register``, ``login``, ``logout``, ``token``, ``me``: one's own account."""

from datetime import UTC, datetime
from math import inf
from typing import Annotated

from msgspec import Meta, Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from puntini.api.cookies import baked, cleared
from puntini.api.http import Body, Door, Json, read, resource
from puntini.auth.accounts import Accounts as Kept
from puntini.auth.accounts import Pair
from puntini.auth.audit import Audit
from puntini.auth.credentials import REFRESH_COOKIE, cookie
from puntini.auth.doorman import Doorman
from puntini.auth.families import Reused
from puntini.auth.guard import known, principal_of
from puntini.auth.origins import require_own_page
from puntini.auth.principals import Principal, Role, Scope
from puntini.auth.rights import ANYBODY, READ, WRITE
from puntini.auth.users import User
from puntini.errors import Invalid, TooMany, Unauthorized
from puntini.log.mint import timestamp

Name = Annotated[str, Meta(max_length=200)]
Password = Annotated[str, Meta(max_length=4_096)]
RefreshToken = Annotated[str, Meta(max_length=1_024)]


class Registration(Body, frozen=True):
    """``POST /v1/register``."""

    username: Name
    password: Password


class LogIn(Body, frozen=True):
    """``POST /v1/login``. With ``cookie`` the tokens come as cookies too, which scripts can't read."""

    username: Name
    password: Password
    cookie: bool = False


class Refresh(Body, frozen=True):
    """``POST /v1/token/refresh``. Without a token the cookie's is used, and the answer is in cookies too."""

    refresh_token: RefreshToken = ""


class LogOut(Body, frozen=True):
    """``POST /v1/logout``. The log-in of the refresh token ends, too."""

    refresh_token: RefreshToken = ""


class NewPassword(Body, frozen=True):
    """``PATCH /v1/me``."""

    password: Password
    current_password: Password


class Tokens(Struct, frozen=True):
    """What a log-in is answered with. ``expires_in`` is of the access token, in seconds."""

    access_token: str
    token_type: str
    expires_in: int
    refresh_token: str


class UserInfo(Struct, frozen=True):
    """An account as the API shows it."""

    username: str
    role: Role
    disabled: bool
    created_at: str
    last_login_at: str | None


class Me(Struct, frozen=True):
    """Who asks. ``account`` is null for those who have none here: open mode's, and an identity provider's users."""

    username: str
    role: Role
    scopes: list[Scope]
    account: UserInfo | None


class TokenInfo(Struct, frozen=True):
    """A credential that is good. What has no end has no ``expires_at``."""

    valid: bool
    username: str
    role: Role
    scopes: list[Scope]
    expires_at: str | None


class Accounts:
    """The routes."""

    def __init__(self, accounts: Kept, doorman: Doorman, audit: Audit) -> None:
        self._accounts = accounts
        self._audit = audit
        self._doorman = doorman

    def routes(self) -> list[BaseRoute]:
        """What this resource answers."""
        return [
            resource("/v1/register", post=Door(ANYBODY, self.register, takes=Registration, gives=UserInfo, status=201)),
            resource("/v1/login", post=Door(ANYBODY, self.login, takes=LogIn, gives=Tokens)),
            resource("/v1/logout", post=Door(ANYBODY, self.logout, takes=LogOut, status=204)),
            resource("/v1/token/refresh", post=Door(ANYBODY, self.refresh, takes=Refresh, gives=Tokens)),
            resource("/v1/token", get=Door(READ, self.token, gives=TokenInfo)),
            resource(
                "/v1/me",
                get=Door(READ, self.me, gives=Me),
                patch=Door(WRITE, self.change_password, takes=NewPassword, status=204, name="changePassword"),
            ),
        ]

    async def register(self, request: Request) -> Response:
        """A new account: by an admin, by anybody where the server is set so, or the first one of an open server."""
        new = await read(request, Registration)
        who = principal_of(request.scope) if self._accounts.registration_open else known(request.scope)
        try:
            user = await self._accounts.register(new.username, new.password, who)
        except Unauthorized:
            self._audit.note(request.scope, "register_failed", who=new.username)
            raise
        self._audit.note(request.scope, "registered", of=user.name)
        return Json(info(user), status_code=201)

    async def login(self, request: Request) -> Response:
        """Tokens, for a name and a password."""
        said = await read(request, LogIn)
        if said.cookie:  # or another page could log its visitor in as somebody else
            require_own_page(request.scope, self._doorman.origins)
        try:
            pair = await self._accounts.login(said.username, said.password, address_of(request))
        except (Unauthorized, TooMany):
            self._audit.note(request.scope, "login_failed", who=said.username)
            raise
        self._audit.note(request.scope, "login", who=pair.user.name)
        return self._answer(request, pair, cookies=said.cookie)

    async def refresh(self, request: Request) -> Response:
        """The next tokens of a log-in. A refresh token is good once."""
        token = (await read(request, Refresh)).refresh_token
        by_cookie = not token
        if by_cookie and (token := cookie(request.headers.get("cookie", ""), REFRESH_COOKIE)):
            require_own_page(request.scope, self._doorman.origins)
        if not token:
            raise Unauthorized("refresh_token: send the one that you were given last.")
        try:
            pair = await self._accounts.refresh(token)
        except Reused as error:
            self._audit.note(request.scope, "refresh_token_reused", of=error.user)
            raise
        return self._answer(request, pair, cookies=by_cookie)

    async def logout(self, request: Request) -> Response:
        """End the log-in. Who has none is logged out already."""
        token = (await read(request, LogOut)).refresh_token
        token = token or self._own_cookie(request)
        if await self._accounts.logout(principal_of(request.scope), token):
            self._audit.note(request.scope, "logout")
        return cleared(request, Response(status_code=204))

    def _own_cookie(self, request: Request) -> str:
        """The refresh token's cookie, where it is one of our pages that sends it."""
        token = cookie(request.headers.get("cookie", ""), REFRESH_COOKIE)
        if token:
            require_own_page(request.scope, self._doorman.origins)
        return token

    async def token(self, request: Request) -> Response:
        """Whether one's credential is good, and how long."""
        who = principal_of(request.scope)
        return Json(TokenInfo(True, who.user, who.role, _scopes(who), _moment(who.expires_at)))

    async def me(self, request: Request) -> Response:
        """Who one is here."""
        who = principal_of(request.scope)
        user = await self._accounts.users.get(who.user)
        return Json(Me(who.user, who.role, _scopes(who), info(user) if user else None))

    async def change_password(self, request: Request) -> Response:
        """A new password; one's other log-ins end."""
        said = await read(request, NewPassword)
        who = principal_of(request.scope)
        try:
            await self._accounts.change_password(who, said.current_password, said.password, address_of(request))
        except (Invalid, TooMany) as error:
            if error.path != "password":  # it is the old one that was wrong
                self._audit.note(request.scope, "login_failed", who=who.user)
            raise
        self._audit.note(request.scope, "password_changed", of=who.user)
        return Response(status_code=204)

    def _answer(self, request: Request, pair: Pair, *, cookies: bool) -> Response:
        tokens = Tokens(pair.access, "Bearer", self._accounts.access_seconds, pair.refresh)
        response = Json(tokens, headers={"cache-control": "no-store"})
        return baked(request, response, pair, self._accounts) if cookies else response


def address_of(request: Request) -> str:
    """Who calls, as the gate found out; empty where the server can't tell."""
    return str(request.state.address)


def info(user: User) -> UserInfo:
    """An account without its secrets."""
    last = None if user.last_login_at is None else timestamp(user.last_login_at)
    return UserInfo(user.name, user.role, user.disabled, timestamp(user.created_at), last)


def _scopes(who: Principal) -> list[Scope]:
    return sorted(scope for scope in who.scopes if who.may(scope))


def _moment(seconds: float) -> str | None:
    if seconds == inf:
        return None
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")

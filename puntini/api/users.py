"""``/v1/users``: all accounts, for admins."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from puntini.api.accounts import Password, UserInfo, info
from puntini.api.http import PAGED, Body, Door, Json, Listed, page_bounds, read, resource
from puntini.auth.accounts import Accounts
from puntini.auth.audit import Audit
from puntini.auth.principals import Role
from puntini.auth.rights import ADMIN
from puntini.auth.users import folded


class UserChange(Body, frozen=True):
    """``PATCH /v1/users/{user}``: what is left out stays."""

    role: Role | None = None
    disabled: bool | None = None
    password: Password | None = None


class Users:
    """The routes."""

    def __init__(self, accounts: Accounts, audit: Audit) -> None:
        self._accounts = accounts
        self._audit = audit

    def routes(self) -> list[BaseRoute]:
        """What this resource answers."""
        return [
            resource("/v1/users", get=Door(ADMIN, self.list, PAGED, gives=Listed[UserInfo])),
            resource("/v1/users/{user}", patch=Door(ADMIN, self.change, takes=UserChange, gives=UserInfo)),
        ]

    async def list(self, request: Request) -> Response:
        """The accounts, by their names."""
        limit, offset = page_bounds(request)
        users = await self._accounts.users.list()
        return Json(Listed([info(user) for user in users[offset : offset + limit]], len(users)))

    async def change(self, request: Request) -> Response:
        """Change an account. A new password, and disabling, end the user's log-ins."""
        change = await read(request, UserChange)
        user = await self._accounts.change(
            folded(request.path_params["user"]), role=change.role, disabled=change.disabled, password=change.password
        )
        for what in ("role", "disabled", "password"):
            if getattr(change, what) is not None:
                self._audit.note(request.scope, f"user_{what}", of=user.name)
        return Json(info(user))

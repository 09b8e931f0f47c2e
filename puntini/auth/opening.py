"""The accounts of a store, put together by the settings."""

from collections.abc import Callable, Set

from puntini.auth.accounts import Accounts
from puntini.auth.families import Families
from puntini.auth.origins import is_loopback
from puntini.auth.outside import outside_of
from puntini.auth.passwords import Passwords
from puntini.auth.revision import Revision
from puntini.auth.secret import derived, server_secret
from puntini.auth.tokens import Tokens
from puntini.auth.users import Users
from puntini.errors import Misconfigured
from puntini.log import mint
from puntini.log.contract import Ledger
from puntini.log.nodes import Nodes
from puntini.settings import Settings

MINUTE, DAY = 60.0, 86_400.0


def check_secret(settings: Settings) -> None:
    """Raises Misconfigured where others can reach a server that has no secret of its own."""
    if not is_loopback(settings.host) and not settings.secret:
        raise Misconfigured(
            f"Others can reach {settings.host}, so set PUNTINI_SECRET to at least 32 random characters, such as those "
            "of `openssl rand -hex 32`; or listen on --host 127.0.0.1."
        )


async def open_accounts(
    store: Ledger,
    settings: Settings,
    revision: Revision,
    passwords: Passwords,
    now: Callable[[], float] = mint.now,
    *,
    reserved: Set[str] = frozenset(),
    nodes: Nodes | None = None,
) -> Accounts:
    """The accounts, none of which may have a ``reserved`` name. Raises Misconfigured."""
    outside = outside_of(settings, revision, now)
    secret = await server_secret(settings.secret, store)
    users, families = Users(store), Families(store, settings.refresh_days * DAY, now)
    key, seconds = derived(secret, "access tokens"), settings.access_minutes * MINUTE
    tokens = Tokens(key, users, families, revision, seconds=seconds, now=now, outside=outside)
    opened = settings.registration == "open"
    return Accounts(
        users, families, tokens, passwords, revision, registration_open=opened, now=now, reserved=reserved, nodes=nodes
    )

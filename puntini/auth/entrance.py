"""The entrance: all that decides who may come in, put together on one store."""

import time
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

from puntini.auth.access import Access
from puntini.auth.accounts import Accounts
from puntini.auth.addresses import Proxies, address_of, scheme_of
from puntini.auth.audit import Audit
from puntini.auth.doorman import Doorman
from puntini.auth.guard import Guard, Note
from puntini.auth.keys import Keys, fixed_principals
from puntini.auth.limits import Limits
from puntini.auth.opening import check_secret, open_accounts
from puntini.auth.openness import Openness
from puntini.auth.origins import is_loopback
from puntini.auth.outside import PREFIX
from puntini.auth.passwords import Passwords
from puntini.auth.principals import LOCAL, Principal, Role
from puntini.auth.revision import Revision
from puntini.auth.setup import Setup
from puntini.auth.tickets import KIND as TICKETS
from puntini.auth.tickets import Tickets
from puntini.auth.users import is_name
from puntini.errors import Misconfigured, StoreUnavailable
from puntini.log.beat import Beat
from puntini.log.contract import Store
from puntini.log.mint import now
from puntini.log.turns import Turns
from puntini.settings import Settings
from puntini.transport.asgi import Scope

SWEEP_SECONDS, FORGET_SECONDS = 1_300.0, 7_300.0
"""A turn is kept for a little more than two rounds of the work that it is for."""
MAKE_ONE = "make one with `puntini user add NAME --admin`, or start with --setup."


class Entrance:
    """Made by the settings, and opened on the store. With ``wants_setup`` a server without an admin waits for one.

    One that ``serves`` nobody, as a worker, needs neither secret nor admin wherever it is reached: it says that it is
    alive and ready, and the rest only to who shows a credential.
    """

    revision: Revision
    audit: Audit
    guard: Guard
    accounts: Accounts
    keys: Keys
    tickets: Tickets
    openness: Openness
    doorman: Doorman
    setup: Setup | None = None
    _is_open = False

    def __init__(self, settings: Settings, *, wants_setup: bool = False, serves: bool = True) -> None:
        self._settings = settings
        self._serves = serves
        self._wants_setup = wants_setup
        self._fixed = {each.user: each.role for each in fixed_principals(settings.api_keys).values()}
        self._proxies = Proxies(settings.trusted_proxies)
        self._limits = Limits()
        self._passwords = Passwords()

    async def open(self, store: Store, taken_over: Callable[[str], None], turns: Turns) -> None:
        """Begin. Who goes on by a ticket takes the place of the connection before, which ``taken_over`` ends.

        Raises Misconfigured where others can reach a server that nobody rules.
        """
        settings = self._settings
        if self._serves:
            check_secret(settings)
        self._limits = Limits(
            credential=settings.rate_limit,
            address=settings.rate_limit_address,
            clock=now if store.shared else time.monotonic,
            nodes=store.nodes,
        )
        await self._limits.begin()
        self.revision = Revision(store)
        await self.revision.look()
        self.audit = Audit(store, days=settings.audit_days, turn=turns.of("audit", FORGET_SECONDS))
        self.guard = Guard(Access(store), self.revision, self.audit.note)
        self.accounts = await open_accounts(
            store, settings, self.revision, self._passwords, reserved=set(self._fixed), nodes=store.nodes
        )
        self.keys = Keys(store, self.revision, self.role_of, settings.api_keys)
        self.tickets = Tickets(store, self.still, taken_over, turn=turns.of("tickets", SWEEP_SECONDS))
        local = is_loopback(settings.host)
        ruled = "admin" in self._fixed.values() or await self.accounts.users.have_admin()
        if self._wants_setup and not ruled:
            self.setup = Setup(now, store if store.shared else None)
            if store.shared:
                await self.setup.share()
        elif self._serves and not ruled:
            self._check_openness(local=local)
        possible = local and not self.setup and not self._fixed
        self.openness = Openness(self.accounts.users, self.revision, possible=possible)
        self.doorman = Doorman(
            self.accounts.tokens,
            self.openness,
            keys=self.keys,
            tickets=self.tickets,
            origins=settings.cors_origins,
            setup=self.setup,
        )
        self._is_open = True

    def _check_openness(self, *, local: bool) -> None:
        """Raises Misconfigured where nobody rules and it can't be open."""
        if not local:
            raise Misconfigured(f"Others can reach {self._settings.host}, and there is no admin yet: {MAKE_ONE}")
        if self._fixed:
            raise Misconfigured(f"None of the `api_keys` is an admin's, and there is no admin yet: {MAKE_ONE}")

    @property
    def note(self) -> Note:
        """Writes down what somebody did, or was refused."""
        return self.audit.note

    @property
    def work(self) -> Sequence[Callable[[], Coroutine[Any, Any, None]]]:
        """What runs beside the requests."""
        return self.revision.watch, self.keys.note_uses, self.tickets.sweep, self.audit.write, self.audit.forget

    def beat(self, beat: Beat) -> None:
        """Have this node know what others find out, and the other way round."""
        beat.on(TICKETS, self.tickets.heard)
        beat.also(self._limits.share)
        beat.tidy(self._limits.forget)
        beat.tidy(self.accounts.attempts.forget)
        if self.setup is not None:
            beat.also(partial(self.setup.look, self.accounts))

    async def close(self) -> None:
        """Write what is noted and not written yet, if that is possible, and end the passwords' thread."""
        self._passwords.close()
        if not self._is_open:
            return
        with suppress(StoreUnavailable):
            await self.audit.flush(last=True)
            await self.keys.write_uses()

    # Requests.

    def known(self, scope: Scope) -> Principal | None:
        """Who asks, where that takes no wait; what is found out of the caller's way here is left in the scope.

        Raises Forbidden, TooMany or Unavailable, whatever is asked for.
        """
        scope["state"]["address"] = address = address_of(scope, self._proxies)
        if self._proxies and scope["type"] == "http":
            scope["scheme"] = scheme_of(scope, self._proxies)
        if not self.openness.known:
            self._limits.knock(address)
        who = self.doorman.known(scope)
        if who is not None:
            self._limits.use(who)
        return who

    async def admit(self, scope: Scope) -> Principal:
        """Who asks. Raises Forbidden or TooMany, whatever is asked for; another error for a credential that is bad."""
        who = await self.doorman.admit(scope)
        self._limits.use(who)
        return who

    # Users.

    async def still(self, who: Principal) -> Principal | None:
        """Somebody as they are now; None when their credential has ended."""
        return await self.doorman.still(who)

    async def role_of(self, user: str) -> Role | None:
        """What a user is now; None for one that there is not, or that is disabled, or that another server knows."""
        if user == LOCAL.user:
            return LOCAL.role if await self.openness.look() else None
        found = await self.accounts.users.get(user)
        if found is None:
            return self._fixed.get(user)
        return None if found.disabled else found.role

    async def knows(self, user: str) -> bool:
        """Whether somebody of this name can be shared with; on an open server, whether there could be."""
        if user.startswith(PREFIX):
            return self.accounts.tokens.knows_others
        return await self.role_of(user) is not None or (is_name(user) and await self.openness.look())

"""Two nodes on one database, as behind a proxy that sends each request to either."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, NamedTuple

import anyio

from puntini.errors import StoreUnavailable
from puntini.log.beat import Beat
from puntini.settings import Secret
from tests.api.calling import DEADLINE_SECONDS, POLL_SECONDS, Api, serving

PASSWORD = "wet hammock, nineteen lions"
SECRET = Secret("0123456789" * 4)
FIXED = tuple(Secret(f"{name}:{'o' * 40}{name}") for name in ("ops:admin", "ann:user", "bob:user"))
OPS, ANN, BOB = ({"x_api_key": each.reveal().split(":", 2)[2]} for each in FIXED)


class Pair(NamedTuple):
    """Both of them."""

    a: Api
    b: Api

    async def beat(self) -> None:
        """What happens about once a second: each tells what it has to, and hears."""
        for _ in "th":
            for api in self:
                await beat_once(api)


async def beat_once(api: Api) -> None:
    """The same at one node, where the database is there."""
    with suppress(StoreUnavailable):
        await beat_of(api).hear()
    await beat_of(api).work()


def beat_of(api: Api) -> Beat:
    """A node's beat."""
    assert api.parts.beat is not None
    return api.parts.beat


@asynccontextmanager
async def pair_on(database: str, **settings: Any) -> AsyncIterator[Pair]:
    """Two nodes."""
    async with serving(store=database, **settings) as a, serving(store=database, **settings) as b:
        yield Pair(a, b)


async def eventually(holds: Any) -> None:
    """Wait until it does."""
    with anyio.fail_after(DEADLINE_SECONDS):
        while not await holds():
            await anyio.sleep(POLL_SECONDS)

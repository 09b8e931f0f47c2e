"""``python -m bench.inside.doors REQUESTS``: what finding out who asks takes of a request, by what it shows."""

import asyncio
import sys
import time
from typing import Any

import msgspec

from puntini.auth.entrance import Entrance
from puntini.auth.gate import Gate
from puntini.auth.principals import EVERYTHING, LOCAL, Principal
from puntini.auth.rights import READ
from puntini.log.turns import Turns
from puntini.settings import Secret, Settings
from puntini.store.memory import MemoryStore
from puntini.transport.asgi import Receive, Scope, Send

ANY_NUMBER = 1 << 40
FIXED = "f" * 40
ADDRESS = "192.0.2.1"
Headers = list[tuple[bytes, bytes]]


async def measure(count: int) -> dict[str, float]:
    """Microseconds a request, without what the same request takes where nobody asks who it is from."""
    nothing = await _best(count, _guarded_by_nothing, [])
    shown = {"open mode": await _open(), **await _closed()}
    return {name: await _best(count, gate, headers) - nothing for name, (gate, headers) in shown.items()}


async def _open() -> tuple[Any, Headers]:
    return Gate(_inside, await _entrance()), []


async def _closed() -> dict[str, tuple[Any, Headers]]:
    """A server with an admin's fixed key, a user's key, and a log-in."""
    opened = await _entrance(Secret(f"ops:admin:{FIXED}"))
    entrance = opened()
    await entrance.accounts.register("ann", "wet hammock, nineteen lions", Principal("ops", "admin", credential="x"))
    pair = await entrance.accounts.login("ann", "wet hammock, nineteen lions", ADDRESS)
    maker = Principal("ann", scopes=EVERYTHING, credential="token:x")
    _, key = await entrance.keys.make(maker, "bench", frozenset({"read"}), None)
    gate = Gate(_inside, opened)
    return {
        "fixed key": (gate, [(b"x-api-key", FIXED.encode())]),
        "API key": (gate, [(b"x-api-key", key.encode())]),
        "access token": (gate, [(b"authorization", f"Bearer {pair.access}".encode())]),
    }


async def _entrance(*keys: Secret) -> Any:
    settings = Settings(store="memory:", api_keys=keys, rate_limit=ANY_NUMBER, rate_limit_address=ANY_NUMBER)
    made = Entrance(settings)
    store = MemoryStore()
    await made.open(store, lambda _credential: None, Turns(None))
    return lambda: made


async def _inside(scope: Scope, _receive: Receive, _send: Send) -> None:
    await scope["state"]["guard"].admit(scope, READ)
    assert scope["state"]["principal"] == LOCAL or scope["state"]["principal"].user


async def _guarded_by_nothing(_scope: Scope, _receive: Receive, _send: Send) -> None: ...


async def _best(count: int, app: Any, headers: Headers) -> float:
    """Of five rounds the one that was disturbed least."""
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/v1/me",
        "query_string": b"",
        "client": (ADDRESS, 1),
        "headers": [(b"host", b"127.0.0.1"), (b"accept", b"*/*"), (b"user-agent", b"bench"), *headers],
    }
    best = float("inf")
    for _ in range(5):
        began = time.perf_counter()
        for _ in range(count):
            await app({**scope}, None, None)
        best = min(best, time.perf_counter() - began)
    return best / count * 1e6


if __name__ == "__main__":
    sys.stdout.buffer.write(msgspec.json.encode(asyncio.run(measure(int(sys.argv[1])))))

"""Whether the store can be used: reached, read, written, with room to grow, and by the same clock.

A server may be using it, so it is looked at from outside, and left as it is.
"""

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, assert_never
from urllib.parse import urlsplit

import anyio

from puntini.auth.agreement import advice, differing, marks_of
from puntini.auth.secret import known_secret
from puntini.doctor.findings import Finding, fail, ok, warn
from puntini.doctor.place import Place
from puntini.errors import Misconfigured, PuntiniError
from puntini.metrics.health import CLOCK_OFF_MS
from puntini.redaction import Redaction
from puntini.settings import Settings
from puntini.store.open import kind_of, require_driver

if TYPE_CHECKING:
    from puntini.store.postgres.looking import Look

GIB = 1 << 30
LITTLE, NEARLY_NONE = 2 * GIB, GIB // 8
PATIENCE_SECONDS = 10.0
SLOW_SECONDS = 0.05


async def findings(settings: Settings, place: Place) -> list[Finding]:
    """What there is to say of the store. Nothing is changed by looking."""
    try:
        kind = kind_of(settings.store)
    except Misconfigured as error:
        return [fail("store", error.message)]
    match kind:
        case "memory":
            return [
                warn("store", "Everything is forgotten when the server ends: name a file or a database with --store.")
            ]
        case "sqlite":
            path = Path(settings.store.removeprefix("sqlite://"))
            return await anyio.to_thread.run_sync(_file, path, place, settings)
        case "postgres":
            return await _database(settings)
        case never:
            assert_never(never)


# A file.


def _file(path: Path, place: Place, settings: Settings) -> list[Finding]:
    path = path.absolute()
    if not path.parent.is_dir():
        return [fail("store", f"There is no directory {path.parent}: make it, or name another with --store.")]
    if not os.access(path.parent, os.W_OK) or (path.exists() and not os.access(path, os.W_OK)):
        return [fail("store", f"{path} can't be written by this user: change who owns it and its directory.")]
    return [_sound(path), *_lasting(path, place), _space(path, settings)]


def _sound(path: Path) -> Finding:
    from puntini.store.sqlite import admin

    if not path.exists():
        return ok("store", f"{path} is made at the first start.")
    try:
        figures = admin.figures(path)
    except PuntiniError as error:
        return fail("store", error.message)
    return ok("store", f"{path} can be read, and holds {figures.sessions:,} sessions and {figures.events:,} events.")


def _lasting(path: Path, place: Place) -> list[Finding]:
    """In a container, what is not on a volume goes with it."""
    if place.container and path.parent.stat().st_dev == Path("/").stat().st_dev:
        return [warn("store lasts", f"{path} is inside of the container and goes with it: put it on a volume.")]
    return []


def _space(path: Path, settings: Settings) -> Finding:
    free = shutil.disk_usage(path.parent).free
    room = f"{free / GIB:.1f} GiB are free"
    if free < NEARLY_NONE:
        return fail("space", f"Only {room} beside the store, and a full disk refuses commands: make room.")
    if free < LITTLE or (not settings.retention_days and free < 10 * LITTLE):
        return warn("space", f"{room} beside the store: watch it, or keep events for fewer days (retention_days).")
    return ok("space", f"{room} beside the store.")


# A database.


async def _database(settings: Settings) -> list[Finding]:
    redacted = Redaction([*settings.secrets, urlsplit(settings.store).password or ""])
    try:
        require_driver()
        from puntini.store.postgres.looking import looking

        with anyio.fail_after(PATIENCE_SECONDS):
            async with looking(settings.store, direct=settings.store_direct, listen=settings.store_listen) as look:
                return await _looked(look, settings)
    except TimeoutError:
        return [fail("store", f"It does not answer within {PATIENCE_SECONDS:g} s: look at its address.")]
    except (Misconfigured, PuntiniError) as error:
        return [fail("store", redacted(error.message))]


async def _looked(look: "Look", settings: Settings) -> list[Finding]:
    empty = await look.empty()
    seconds = await look.seconds()
    await look.writable(empty=empty)
    holds = "is empty: `puntini serve` sets it up, or `puntini store migrate`" if empty else "has the schema it needs"
    found = [
        ok("store", f"It answers in {seconds * 1000:.1f} ms, and {holds}."),
        ok("store writes", "It can be written."),
    ]
    if seconds > SLOW_SECONDS:
        found.append(warn("store", f"Each commit waits for its answer, {seconds * 1000:.0f} ms: move it closer."))
    found.append(_clock(await look.ahead_ms()))
    return found if empty else [*found, await _alike(look, settings)]


async def _alike(look: "Look", settings: Settings) -> Finding:
    """Whether the nodes that run now have the settings that are looked at."""
    nodes = await look.nodes.marked("", {})
    if not nodes:
        return ok("settings of nodes", "No node runs on it now.")
    try:
        secret = await known_secret(settings.secret, look.ledger)
    except Misconfigured as error:
        return fail("settings of nodes", error.message)
    if found := differing(marks_of(settings, secret or b""), nodes):
        return warn("settings of nodes", advice(found))
    return ok("settings of nodes", "The nodes that run on it have the same, where they must.")


def _clock(offset: int) -> Finding:
    if abs(offset) >= CLOCK_OFF_MS:
        return fail("clock", f"This machine's clock is {offset / 1000:.1f} s off the store's: set it right (NTP).")
    return ok("clock", f"This machine's clock is {offset} ms off the store's.")

"""Whether the store can be used: reached, read, written, with room to grow, and by the same clock.

A file is looked at from outside, for a server may be using it. Any other store is opened as a server opens it.
"""

import os
import shutil
import time
from pathlib import Path
from urllib.parse import urlsplit

import anyio

from puntini.doctor.findings import Finding, fail, ok, warn
from puntini.doctor.place import Place
from puntini.errors import Misconfigured, PuntiniError
from puntini.log.contract import Kept, Store
from puntini.log.mint import new_id
from puntini.metrics.health import CLOCK_OFF_MS, OFFSET
from puntini.redaction import Redaction
from puntini.settings import Settings
from puntini.store.open import open_store

GIB = 1 << 30
LITTLE, NEARLY_NONE = 2 * GIB, GIB // 8
PATIENCE_SECONDS = 10.0
SLOW_SECONDS = 0.05
ROOM_BYTES = 65_536
"""So much is written for a try: on a full disk there may be room for less."""


async def findings(settings: Settings, place: Place) -> list[Finding]:
    """What there is to say of the store."""
    if settings.store == "memory:":
        return [warn("store", "Everything is forgotten when the server ends: name a file or a database with --store.")]
    path = settings.store.removeprefix("sqlite://")
    if "://" in path:
        return await _opened(settings)
    return await anyio.to_thread.run_sync(_file, Path(path), place, settings)


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


# Any other store.


async def _opened(settings: Settings) -> list[Finding]:
    redacted = Redaction([*settings.secrets, urlsplit(settings.store).password or ""])
    try:
        with anyio.fail_after(PATIENCE_SECONDS):
            store = await open_store(settings.store, direct=settings.store_direct, listen=settings.store_listen)
            try:
                return [*await _used(store), _clock(store)]
            finally:
                with anyio.CancelScope(shield=True):
                    await store.close()
    except TimeoutError:
        return [fail("store", f"It does not answer within {PATIENCE_SECONDS:g} s: look at its address.")]
    except (Misconfigured, PuntiniError) as error:
        return [fail("store", redacted(error.message))]


async def _used(store: Store) -> list[Finding]:
    """Read and write next to nothing."""
    began = time.perf_counter()
    await store.task("tsk_doctor")
    seconds = time.perf_counter() - began
    found = [ok("store", f"It answers in {seconds * 1000:.1f} ms, and has the schema that this version wants.")]
    if seconds > SLOW_SECONDS:
        found = [warn("store", f"It answers in {seconds * 1000:.0f} ms, which each commit waits for: move it closer.")]
    name = new_id("doctor")
    await store.keep([Kept("doctor", "look", name, os.urandom(ROOM_BYTES))])
    await store.keep([Kept("doctor", "look", name, None)])
    return [*found, ok("store writes", "It can be written.")]


def _clock(store: Store) -> Finding:
    offset = store.stats.get(OFFSET)
    if offset is None:
        return ok("clock", "The store goes by this machine's clock.")
    if abs(offset) >= CLOCK_OFF_MS:
        return fail("clock", f"This machine's clock is {offset / 1000:.1f} s off the store's: set it right (NTP).")
    return ok("clock", f"This machine's clock is {offset} ms off the store's.")

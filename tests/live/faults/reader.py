"""A reader as a good client is: it comes back on its own, by its last id, over whatever transport is next."""

import json
import re
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing
from itertools import cycle
from typing import Any, cast

import anyio

from tests.live.faults.streams import FORMS, LOST, Closed, Form, Over, envelopes
from tests.live.serving import Asking

BACK_SECONDS = 0.05
_ID = re.compile(rb'\{"type":"[a-z_]+","id":"([^".]+)\.(\d+)"')


class Reader:
    """Keeps every numbered event as it came, in order of arrival, and the control events beside."""

    def __init__(
        self,
        server: Asking,
        session_id: str,
        forms: Sequence[Form] = FORMS,
        *,
        after: str = "earliest",
        buffer: int = 0,
    ) -> None:
        self.session_id = session_id
        self.after = after
        self.ids: list[int] = []
        self.events: list[bytes] = []
        self.epochs: set[str] = set()
        self.controls: list[dict[str, Any]] = []
        self.opened = 0
        self.ends: list[str] = []
        self.going = anyio.Event()
        self.going.set()
        self._server = server
        self._forms: Iterator[Form] = cycle(forms)
        self._buffer = buffer

    @property
    def cursor(self) -> int:
        """The last seq read."""
        return self.ids[-1] if self.ids else 0

    def hold(self) -> None:
        """Read no further, with the connection open, until ``going`` is set again."""
        self.going = anyio.Event()

    async def run(self) -> None:
        """Read, and come back whenever the connection is lost. Ends when the server says that it is over."""
        while True:
            try:
                await self.read_once()
            except Over:
                return
            await anyio.sleep(BACK_SECONDS)

    async def read_once(self) -> None:
        """Read one connection to its end, and note how it ended. Raises Over when nothing can follow."""
        try:
            await self._read()
            self.ends.append("whole")
        except Closed as closed:
            self.ends.append(str(closed.code))
        except LOST:
            self.ends.append("lost")

    async def _read(self) -> None:
        stream = envelopes(self._server.port, self.session_id, next(self._forms), self.after, buffer=self._buffer)
        async with aclosing(cast(AsyncGenerator[bytes, None], stream)) as bodies:
            async for body in bodies:
                self._take(body)
                await self.going.wait()

    def _take(self, body: bytes) -> None:
        found = _ID.match(body)
        if found is None:
            event = json.loads(body)
            self.opened += event["type"] == "live"
            self.controls.append(event)
            return
        epoch, seq = found[1].decode(), int(found[2])
        self.after = f"{epoch}.{seq}"
        self.epochs.add(epoch)
        self.ids.append(seq)
        self.events.append(body)

    def told(self, type_: str) -> list[dict[str, Any]]:
        """The control events of a type."""
        return [event for event in self.controls if event["type"] == type_]


async def caught_up(readers: Sequence[Reader], head: int, seconds: float = 20.0) -> None:
    """Wait until all have read up to ``head``. Raises AssertionError."""
    with anyio.move_on_after(seconds):
        while any(reader.cursor < head for reader in readers):
            await anyio.sleep(0.02)
        return
    behind = {reader.cursor for reader in readers if reader.cursor < head}
    raise AssertionError(f"readers stand at {sorted(behind)} and not at {head} after {seconds} s")

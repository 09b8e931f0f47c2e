"""Executions kept between two lives of the server, an hour to a block: what need not be read from the log again.

It is a cache. Each block can be lost, old or half written: whoever loads them asks the store which tasks have ended,
leaves out what is not so any more and reads what is missing.
"""

from collections.abc import AsyncIterator, Iterable

import msgspec

from puntini.log.contract import Kept, Shelf
from puntini.views.analytics import Execution, Executions, shared

SPACE = "analytics"
KIND = "executions 1"
"""The number changes with the shape of an execution, and with what is made of prompts and errors."""
PART = 1_000
"""Executions of an hour that are written at once: about 200 kB, so that appends wait for milliseconds."""
PARTS_READ = 8

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(list[Execution])


async def load(shelf: Shelf) -> AsyncIterator[list[Execution]]:
    """What is kept, the latest hours first."""
    before = ""
    while True:
        parts = await shelf.kept_all(SPACE, KIND, before=before, limit=PARTS_READ, last=True)
        for _, body in parts:
            yield _executions(body)
        if len(parts) < PARTS_READ:
            return
        before = parts[-1][0]


def _executions(body: bytes) -> list[Execution]:
    try:
        return [shared(each) for each in _decoder.decode(body)]
    except msgspec.DecodeError:  # then these are read from the log
        return []


async def save(shelf: Shelf, executions: Executions, hours: Iterable[int]) -> None:
    """Put these hours in the place of what was kept of them."""
    for hour in hours:
        of = executions.hour(hour)
        parts = [of[at : at + PART] for at in range(0, len(of), PART)]
        before = await shelf.kept_all(SPACE, KIND, prefix=f"{hour:08}:")
        for number, part in enumerate(parts):
            await shelf.keep([Kept(SPACE, KIND, f"{hour:08}:{number:06}", _encoder.encode(part))])
        await shelf.keep([Kept(SPACE, KIND, key, None) for key, _ in before[len(parts) :]])

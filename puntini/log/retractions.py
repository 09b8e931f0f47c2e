"""Looks through a log for what was taken back in it."""

import anyio.lowlevel

from puntini.log.contract import EventLog
from puntini.protocol.retraction import Retraction, read_retraction


async def retractions(log: EventLog, session_id: str, after: int, to: int) -> list[Retraction]:
    """The retractions after ``after``, up to and with ``to``. Raises NotFound."""
    found: list[Retraction] = []
    while after < to:
        page = await log.read(session_id, after, to=to)
        found += [each for seq, entry in page.events if (each := read_retraction(seq, entry))]
        after = page.upto
        await anyio.lowlevel.checkpoint()
    return found

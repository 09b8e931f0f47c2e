"""What people say to a task while it runs, and whether its agent still listens."""

import asyncio

import anyio
import msgspec
from msgspec.structs import replace

from puntini.agent.contract import Heard
from puntini.errors import StaleAttempt
from puntini.log.contract import Append, Fence, Once, Store, TaskRow, Written
from puntini.log.mint import now_ms
from puntini.protocol.entries import entry_of
from puntini.protocol.events import UserPrompt

_prompt = msgspec.json.Decoder(UserPrompt).decode


class Attention:
    """One job's. What was told is in the log before it is heard, and never behind the end of its task."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._telling = asyncio.Lock()
        self._upto = 0
        self.listening = True
        """Whether what is told may still be heard."""

    def at_least(self, seq: int) -> None:
        """Something may have been said up to here, to an earlier attempt."""
        self._upto = max(self._upto, seq)

    async def tell(self, row: TaskRow, event: UserPrompt, once: Once | None) -> Written | None:
        """Say something to the task; None when it is over, or nobody would hear it any more."""
        said = replace(event, task_id=row.task_id, attempt=row.attempt, agent=row.agent)
        write = Append(
            session_id=row.session_id,
            entries=[entry_of(said)],
            fence=Fence(row.task_id, row.attempt),
            once=once,
            at=now_ms(),
        )
        with anyio.CancelScope(shield=True):
            async with self._telling:
                if not self.listening:
                    return None
                try:
                    written = await self._store.append(write)
                except StaleAttempt:
                    return None
                self.at_least(written.last)
        return written

    async def heard(self, row: TaskRow, after: int, *, last: bool) -> list[Heard]:
        """What was told after a place in the log. With ``last``, if that is nothing, nothing more is heard."""
        async with self._telling:  # what is being written now is heard now
            found = await self._read(row, after) if self._upto > after else []
            if last and not found:
                self.listening = False
        return found

    async def _read(self, row: TaskRow, after: int) -> list[Heard]:
        found: list[Heard] = []
        cursor, upto = max(after, row.first_seq), self._upto
        while cursor < upto:
            page = await self._store.read(row.session_id, cursor, to=upto)
            found += [
                Heard(seq, _prompt(entry.line).data)
                for seq, entry in page.events
                if entry.kind == "user_prompt" and entry.task_id == row.task_id and seq > row.first_seq
            ]
            cursor = page.upto
        return found

"""What agents remember in a session that begins as another did.

An agent's newest checkpoints are its memory at the end of its last task. Where that end is part of what the two
sessions share, they are copied. Older ones are not kept; then what was said is what the agent begins with.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence

import msgspec
from msgspec import Struct

from puntini.agent.graphs.kinds import KINDS, LF, NEWEST
from puntini.log.contract import Kept, Store
from puntini.views.session import SessionView

WORDS = "words"
"""The kind under which is kept what an agent begins with that has no checkpoints."""
MOST_BYTES = 256 << 10
"""Of an agent's words; of more, the newest."""


class Words(Struct, frozen=True, array_like=True):
    """What was said in a task of an agent's: ``by`` an agent, or by a person, whose name is empty."""

    by: str
    text: str


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(list[Words]).decode


def read_words(body: bytes | None) -> list[Words]:
    """What is kept of an agent's words."""
    return [] if body is None else _decode(body)


class Recall:
    """Finds on a store what agents remember."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def carried(self, source: str, view: SessionView, target: str) -> list[Kept]:
        """What to keep with ``target``, so that its agents remember what ``source`` was in ``view``. Raises NotFound.

        The view must be one that does not go on changing.
        """
        said = await self._said(source, view)
        known = [agent for agent, _ in await self._store.kept_all(source, NEWEST)]
        items: list[Kept] = []
        for agent in dict.fromkeys([*known, *said]):
            thread = await self._thread(source, agent, view.seq, target)
            if not thread and said[agent]:
                thread = [Kept(target, WORDS, agent, _encode(_newest(said[agent])))]
            items += thread
        return items

    async def _said(self, source: str, view: SessionView) -> defaultdict[str, list[Words]]:
        """What was said, by the agents whose tasks it was said in."""
        session = await self._store.session(source)
        said: defaultdict[str, list[Words]] = defaultdict(list)
        agents: dict[str, str] = {}
        for each in view.spoken():
            if each.task_id not in agents:
                # A copy's tasks are another session's, which may be gone.
                row = await self._store.task(each.task_id)
                agents[each.task_id] = row.agent if row else session.agent if session else ""
            said[agents[each.task_id]].append(Words("" if each.role == "user" else each.agent or "agent", each.text()))
        return said

    async def _thread(self, source: str, agent: str, seq: int, target: str) -> list[Kept]:
        """The thread of the agent's last task, if that had ended by ``seq``; else nothing."""
        newest = await self._store.kept(source, NEWEST, agent)
        name = newest.decode().partition(LF)[0] if newest else ""
        row = await self._store.task(name.rpartition("/")[2]) if name else None
        if row is None or not row.ended or row.last_seq > seq:
            return []
        moved = target + name.removeprefix(source)
        items = [
            Kept(target, kind, moved + key.removeprefix(name), body)
            for kind in KINDS
            for key, body in await self._store.kept_all(source, kind, prefix=name + LF)
        ]
        # A task that has begun since removes the thread, in one append with its own name.
        if not items or await self._store.kept(source, NEWEST, agent) != newest:
            return []
        return [*items, Kept(target, NEWEST, agent, moved.encode())]


def _newest(words: Sequence[Words]) -> Iterable[Words]:
    """The newest, as many as there is room for."""
    size, kept = 0, 0
    for each in reversed(words):
        size += len(_encode(each))
        if size > MOST_BYTES:
            break
        kept += 1
    return words[len(words) - kept :]

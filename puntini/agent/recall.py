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
from puntini.views.messages import Spoken
from puntini.views.session import SessionView

WORDS = "words"
"""The kind under which is kept what an agent begins with that has no checkpoints."""
MOST_BYTES = 256 << 10
"""Of an agent's words; of more, the newest."""

UNANSWERED = "I gave no answer to this; it is not to be done any more."
AGENT = "agent"
"""Stands for one whose name is not known any more."""


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
        said: defaultdict[str, list[Spoken]] = defaultdict(list)
        for each, agent in zip(spoken := view.spoken(), await self._agents(source, spoken), strict=True):
            said[agent].append(each)
        return defaultdict(list, {agent: _words(spoken, agent) for agent, spoken in said.items()})

    async def _agents(self, source: str, spoken: Sequence[Spoken]) -> list[str]:
        """Whose task each message is part of."""
        session = await self._store.session(source)
        known: dict[str, str] = {}
        for each in spoken:
            if each.task_id not in known:
                # A copy's tasks are another session's, which may be gone.
                row = await self._store.task(each.task_id)
                known[each.task_id] = row.agent if row else session.agent if session else ""
        return [known[each.task_id] for each in spoken]

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


def _words(spoken: Iterable[Spoken], agent: str) -> list[Words]:
    """Messages as words. A task that had no answer has one that says so: else the next prompt would ask for both."""
    words: list[Words] = []
    task_id = ""
    for each in spoken:
        by = "" if each.role == "user" else each.agent or agent or AGENT
        if not by and words and not words[-1].by and each.task_id != task_id:
            words.append(Words(agent or AGENT, UNANSWERED))
        words.append(Words(by, each.text()))
        task_id = each.task_id
    return words if words[-1].by else [*words, Words(agent or AGENT, UNANSWERED)]


def _newest(words: Sequence[Words]) -> Iterable[Words]:
    """The newest, as many as there is room for."""
    size, kept = 0, 0
    for each in reversed(words):
        size += len(_encode(each))
        if size > MOST_BYTES:
            break
        kept += 1
    return words[len(words) - kept :]

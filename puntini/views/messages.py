"""The conversation: what was asked and what was answered, as a window of the newest messages."""

from collections.abc import Container, Iterable
from itertools import dropwhile, islice
from typing import Literal

from msgspec import Struct

from puntini.protocol.events import AssistantResponse, Message, UserPrompt

MOST_MESSAGES = 1_000
MOST_BYTES = 4 << 20
"""Of text in UTF-8, in all messages together. A message that is larger by itself is cut to its beginning."""
PARTS_JOINED = 1_024
"""So many parts are joined into one: short pieces cost more by themselves than what they say."""


class Spoken(Struct, omit_defaults=True, kw_only=True):
    """A message that may still grow. ``end`` is where its next piece belongs, in code points; ``size`` is in bytes."""

    id: str
    role: Literal["user", "assistant"]
    task_id: str = ""
    agent: str = ""
    timestamp: str = ""
    parts: list[str] = []
    end: int = 0
    size: int = 0
    whole: bool = False

    def text(self) -> str:
        """What was said so far."""
        if len(self.parts) != 1:
            self.parts = ["".join(self.parts)]
        return self.parts[0]

    def grow(self, text: str) -> int:
        """Take in as much of ``text`` as there is room for; returns its size."""
        text, size = _cut(text, MOST_BYTES - self.size)
        if text:
            self.parts.append(text)
            if len(self.parts) >= PARTS_JOINED:
                self.text()
        self.size += size
        return size

    def message(self, open_tasks: Container[str]) -> Message:
        """As clients are shown it. Nothing more is to come of an answer whose task is not open."""
        return Message(
            id=self.id,
            role=self.role,
            content=self.text(),
            agent=self.agent,
            timestamp=self.timestamp,
            task_id=self.task_id,
            partial=not self.whole and (not self.task_id or self.task_id in open_tasks),
        )


class Messages:
    """The newest messages, in the order in which they began.

    A whole message stands where its pieces stood; text, time and author are its own. An empty one takes its pieces
    back. Pieces after the whole change nothing. So a fold over a log from which superseded pieces were erased ends up
    the same, but that a message stands where its whole was said when another began in between.
    """

    def __init__(self, spoken: Iterable[Spoken] = (), count: int = 0) -> None:
        self._spoken = {each.id: each for each in spoken}
        self._size = sum(each.size for each in self._spoken.values())
        self.count = count

    def asked(self, event: UserPrompt) -> None:
        """A person's message."""
        data = event.data
        spoken = Spoken(id=data.message_id, role="user", task_id=event.task_id, timestamp=event.timestamp, whole=True)
        self._put(spoken, data.prompt)

    def answered(self, event: AssistantResponse) -> None:
        """An answer, whole or a piece of one."""
        if event.data.chunk:
            self._piece(event)
        elif event.data.text:
            self._put(_answer(event, whole=True), event.data.text)
        elif event.data.message_id in self._spoken:
            self._drop(event.data.message_id)
            self.count -= 1

    def _piece(self, event: AssistantResponse) -> None:
        """Append what is not there yet of a piece, as it is, also when something is missing before it."""
        data = event.data
        spoken = self._spoken.get(data.message_id)
        reached = 0 if spoken is None else spoken.end
        text = data.text[max(0, reached - data.offset) :]
        if not text or (spoken is not None and spoken.whole):
            return
        if spoken is None:
            self._put(spoken := _answer(event), text)
        else:
            self._size += spoken.grow(text)
            self._bound()
        spoken.end = data.offset + len(data.text)

    def _put(self, spoken: Spoken, text: str) -> None:
        known = self._spoken.get(spoken.id)
        if known is None:
            self.count += 1
        else:
            self._size -= known.size
        self._spoken[spoken.id] = spoken
        self._size += spoken.grow(text)
        self._bound()

    def _bound(self) -> None:
        """Let the oldest go. The newest stays: none is larger than the window."""
        while len(self._spoken) > MOST_MESSAGES or self._size > MOST_BYTES:
            self._drop(next(iter(self._spoken)))

    def _drop(self, message_id: str) -> None:
        self._size -= self._spoken.pop(message_id).size

    def newest(self, limit: int, before: str = "", *, open_tasks: Container[str] = ()) -> list[Message]:
        """The newest ``limit`` of those before a message, oldest first. An unknown ``before`` finds none."""
        newest_first: Iterable[Spoken] = reversed(self._spoken.values())
        if before:
            newest_first = islice(dropwhile(lambda each: each.id != before, newest_first), 1, None)
        found = [each.message(open_tasks) for each in islice(newest_first, max(0, limit))]
        return found[::-1]

    def prompt_of(self, task_id: str) -> str:
        """What a task was last asked; nothing when that is not in the window."""
        asked = (each for each in reversed(self._spoken.values()) if each.task_id == task_id and each.role == "user")
        found = next(asked, None)
        return "" if found is None else found.text()

    def save(self) -> list[Spoken]:
        """Everything in the window."""
        for each in self._spoken.values():
            each.text()
        return list(self._spoken.values())


def _answer(event: AssistantResponse, *, whole: bool = False) -> Spoken:
    return Spoken(
        id=event.data.message_id,
        role="assistant",
        task_id=event.task_id,
        agent=event.agent,
        timestamp=event.timestamp,
        whole=whole,
    )


def _cut(text: str, room: int) -> tuple[str, int]:
    """As much of ``text`` as fits, and its size. What was cut fills the room, so that nothing is added behind it."""
    raw = text.encode()
    if len(raw) <= room:
        return text, len(raw)
    return raw[:room].decode(errors="ignore"), room

"""The conversation, folded from prompts and answers: a window of the newest messages."""

from collections.abc import Iterable

from msgspec.structs import replace

from puntini.protocol.events import AssistantResponse, Message, UserPrompt

MOST_MESSAGES = 1_000
MOST_CHARACTERS = 4 << 20


class Draft:
    """A message that may still grow. Its parts are joined when somebody asks."""

    __slots__ = ("_parts", "length", "message", "whole")

    def __init__(self, message: Message, *, whole: bool) -> None:
        self.message = message
        self.whole = whole
        self.length = len(message.content)
        self._parts: list[str] = []

    def add(self, text: str, offset: int) -> None:
        """Append a piece. What of it is already there is passed over."""
        if self.whole:
            return
        fresh = text[max(0, self.length - offset) :] if offset < self.length else text
        if fresh:
            self._parts.append(fresh)
            self.length += len(fresh)

    def read(self) -> Message:
        """The message as it is now."""
        if self._parts:
            self.message = replace(self.message, content=self.message.content + "".join(self._parts))
            self._parts.clear()
        return self.message


class Messages:
    """The newest messages, oldest first."""

    def __init__(self, messages: Iterable[tuple[Message, bool]] = (), count: int = 0) -> None:
        self._drafts = {message.id: Draft(message, whole=whole) for message, whole in messages}
        self._characters = sum(draft.length for draft in self._drafts.values())
        self.count = count

    def asked(self, event: UserPrompt) -> None:
        """A person's message."""
        data = event.data
        self._put(Message(id=data.message_id, role="user", content=data.prompt, timestamp=event.timestamp))

    def answered(self, event: AssistantResponse) -> None:
        """A piece of an answer, or a whole one, which replaces its pieces."""
        data = event.data
        draft = self._drafts.get(data.message_id)
        if data.chunk and draft is not None:
            before = draft.length
            draft.add(data.text, data.offset)
            self._characters += draft.length - before
            self._bound()
            return
        message = Message(
            id=data.message_id, role="assistant", content=data.text, agent=event.agent, timestamp=event.timestamp
        )
        self._put(message, whole=not data.chunk)

    def _put(self, message: Message, *, whole: bool = True) -> None:
        known = self._drafts.get(message.id)
        if known is None:
            self.count += 1
        else:
            self._characters -= known.length
            message = replace(message, timestamp=known.message.timestamp)
        self._drafts[message.id] = Draft(message, whole=whole)
        self._characters += len(message.content)
        self._bound()

    def _bound(self) -> None:
        """Let the oldest go; the newest always stays."""
        while len(self._drafts) > 1 and (len(self._drafts) > MOST_MESSAGES or self._characters > MOST_CHARACTERS):
            oldest = next(iter(self._drafts))
            self._characters -= self._drafts.pop(oldest).length

    def drop_unfinished(self, message_ids: Iterable[str]) -> None:
        """Forget these messages, where they are still in pieces."""
        for message_id in message_ids:
            draft = self._drafts.get(message_id)
            if draft is not None and not draft.whole:
                self._characters -= draft.length
                del self._drafts[message_id]
                self.count -= 1

    def newest(self, limit: int, before: str = "") -> list[Message]:
        """The newest ``limit`` of those before a message, oldest first. An unknown ``before`` finds none."""
        ids = list(self._drafts)
        if before:
            ids = ids[: ids.index(before)] if before in self._drafts else []
        return [self._drafts[message_id].read() for message_id in ids[-limit:]]

    def save(self) -> list[tuple[Message, bool]]:
        """Everything in the window."""
        return [(draft.read(), draft.whole) for draft in self._drafts.values()]

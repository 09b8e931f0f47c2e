"""What needs no tool: small talk, and saying honestly what was not understood."""

from collections.abc import Sequence
from typing import ClassVar, Literal

from msgspec import Struct

from puntini.agent.models.offline.text.phrases import cut
from puntini.agent.models.offline.wishes.contract import Deed

Topic = Literal["greeting", "help", "identity", "thanks", "farewell", "undo", "go on"]

_SAID: dict[Topic, str] = {
    "greeting": (
        "Hello! I am Puntini's offline model: I follow fixed rules and need no key and no network. "
        "Try `create a project management graph`, `add a person named Alice` or `help`."
    ),
    "help": (
        "I am the offline model: fixed rules, no key, no network. I understand plain English about a graph:\n"
        "- whole graphs: `create a project management graph`, `draw a family tree`, `create a graph about bees`\n"
        "- nodes: `add a person named Alice with age 30 and role lead`, `add tasks Design, Build and Test`\n"
        "- relations: `Alice manages Bob`, `connect Design to Build as BLOCKS`, `disconnect Alice from Bob`\n"
        "- changes: `rename Alice to Alicia`, `set the age of Alicia to 31`, `mark Design as done`, `delete Bob`\n"
        "- questions: `find all people`, `who manages Bob?`, `how many tasks are there?`, `path from Alice to Test`\n"
        "- besides: `what is 12 * 7`, `what time is it in Tokyo`, `search the documents for bees`, `list the files`"
    ),
    "identity": (
        "I am Puntini's offline model. No language model is behind me: I read plain English about a property graph by "
        "fixed rules, the same way every time. Say `help` to see what I understand."
    ),
    "thanks": "You are welcome.",
    "farewell": "Goodbye! The graph stays as it is.",
    "undo": (
        "I can't undo. Say what should be different instead, for example `delete Alice`, `rename it to Bob` or "
        "`disconnect Alice from Bob`."
    ),
    "go on": "There is nothing left over that I could go on with. Say what you would like, or `help`.",
}


class Talk(Struct, frozen=True):
    """Something to which there is one answer, and ``more`` where there is more to say here."""

    only_asks: ClassVar[bool] = True
    topic: Topic
    more: str = ""

    @property
    def steps(self) -> Sequence[str]:
        """Its part of the plan."""
        return ("Answer",)

    @property
    def names(self) -> Sequence[str]:
        """Nothing."""
        return ()

    def perform(self) -> Deed:
        """Without a call."""
        yield from ()
        return [_SAID[self.topic] + self.more]


class Unclear(Struct, frozen=True):
    """Understood but for one thing: ``question`` asks for it."""

    only_asks: ClassVar[bool] = True
    question: str

    @property
    def steps(self) -> Sequence[str]:
        """Its part of the plan."""
        return ("Ask back",)

    @property
    def names(self) -> Sequence[str]:
        """Nothing."""
        return ()

    def perform(self) -> Deed:
        """Without a call."""
        yield from ()
        return [self.question]


class Puzzle(Struct, frozen=True):
    """Not understood."""

    only_asks: ClassVar[bool] = True
    text: str

    @property
    def steps(self) -> Sequence[str]:
        """Its part of the plan."""
        return ("Say what was not understood",)

    @property
    def names(self) -> Sequence[str]:
        """Nothing."""
        return ()

    def perform(self) -> Deed:
        """Without a call, and without inventing anything."""
        yield from ()
        works = "`add a person named Alice`, `Alice manages Bob` or `what is connected to Alice?`"
        return [f'I am the offline model and don\'t understand "{cut(self.text, 80)}"; what would work is {works}.']

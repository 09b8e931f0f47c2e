"""Work for other agents, and simple writing from what the graph knows."""

from collections.abc import Sequence
from typing import ClassVar

from msgspec import Struct

from puntini.agent.models.offline.text.phrases import cut, sentence
from puntini.agent.models.offline.wishes.around import about, edges_in, passages_in
from puntini.agent.models.offline.wishes.contract import Ask, Asked, Deed, Result
from puntini.agent.models.offline.wishes.looking import overview
from puntini.agent.models.offline.wishes.nodes import Found, Named, look_up, settled


class HandOff(Struct, frozen=True):
    """Give a task to another agent."""

    only_asks: ClassVar[bool] = False
    agent: str
    task: str
    reason: str

    @property
    def steps(self) -> Sequence[str]:
        """Its part of the plan."""
        return (f"Hand over to {self.agent}: {cut(self.task, 80)}",)

    @property
    def names(self) -> Sequence[str]:
        """Nothing in the graph."""
        return ()

    def perform(self) -> Deed:
        """One call."""
        reason = sentence(self.reason)
        arguments = {"agent": self.agent, "reason": reason, "task": self.task}
        [result] = yield Ask(reason, (Asked("hand_off", arguments),))
        if result.failed:
            return [f"I could not hand this to {self.agent}: {sentence(result.text)}"]
        said = result.text.strip()
        return [f"I handed this to {self.agent}: {sentence(cut(self.task))}", *([cut(said, 4_000)] if said else [])]


class NewAgent(Struct, frozen=True):
    """Create an agent."""

    only_asks: ClassVar[bool] = False
    name: str
    role: str
    capabilities: tuple[str, ...]

    @property
    def steps(self) -> Sequence[str]:
        """Its part of the plan."""
        return (f"Create the agent {self.name}",)

    @property
    def names(self) -> Sequence[str]:
        """Nothing in the graph."""
        return ()

    def perform(self) -> Deed:
        """One call."""
        arguments = {"name": self.name, "role": self.role, "capabilities": list(self.capabilities)}
        reason = "Somebody asked for it."
        [result] = yield Ask("", (Asked("create_agent", arguments | {"reason": reason}),))
        if result.failed:
            return [f"I could not create the agent {self.name}: {sentence(result.text)}"]
        return [f"The agent {self.name} is there: {sentence(self.role)}"]


class Offer(Struct, frozen=True):
    """In a group chat whose work is others', say what one is there for, how it stands, and what there is."""

    only_asks: ClassVar[bool] = True
    does: str
    stand: str

    @property
    def steps(self) -> Sequence[str]:
        """Its part of the plan."""
        return ("Say what I am here for",)

    @property
    def names(self) -> Sequence[str]:
        """Nothing."""
        return ()

    def perform(self) -> Deed:
        """Look at the graph, where that can be done."""
        said = f'I am here for this: "{cut(self.does)}" {self.stand}'
        [result] = yield Ask("I look at what there is.", (Asked("describe_graph", {}),))
        return [said, overview(result.data)] if result.data.get("nodes") else [said]


class Remark(Struct, frozen=True):
    """Say something that was settled before."""

    only_asks: ClassVar[bool] = True
    text: str

    @property
    def steps(self) -> Sequence[str]:
        """Its part of the plan."""
        return ("Say that there is nothing left for me",)

    @property
    def names(self) -> Sequence[str]:
        """Nothing."""
        return ()

    def perform(self) -> Deed:
        """Without a call."""
        yield from ()
        return [self.text]


class Write(Struct, frozen=True):
    """Write a simple text, from the graph and the documents alone. ``subject`` "" stands for the whole graph."""

    only_asks: ClassVar[bool] = True
    form: str
    subject: str

    @property
    def steps(self) -> Sequence[str]:
        """Its part of the plan."""
        return ("Gather what is known", f"Write the {self.form}")

    @property
    def names(self) -> Sequence[str]:
        """What it is about."""
        return (self.subject,) if self.subject else ()

    def perform(self) -> Deed:
        """Gather what is known, then put it in order."""
        facts = (yield from self._of_subject()) if self.subject else (yield from self._of_graph())
        of = f" about {self.subject}" if self.subject else ""
        if not facts:
            return [f"I know nothing{of} from the graph or the documents, and as the offline model I invent nothing."]
        return [f"Here is a plain {self.form}{of}; I am the offline model and only put known facts in order.", *facts]

    def _of_graph(self) -> Deed:
        [result] = yield Ask("I gather what the graph holds.", (Asked("describe_graph", {}),))
        return [overview(result.data)] if result.data.get("nodes") else []

    def _of_subject(self) -> Deed:
        subject = Named(self.subject)
        node = settled(subject, (yield from look_up([subject], "I gather what is known."))[subject.name])
        calls = [Asked("search_knowledge", {"query": self.subject})]
        if node:
            calls.append(Asked("neighbourhood", {"node": node.id}))
        documents, *around = yield Ask("", tuple(calls))
        facts = [_portrait(node, around)] if node else []
        passages = [] if documents.failed else passages_in(documents, most=3)
        return facts + (["From the documents:\n" + "\n".join(passages)] if passages else [])


def _portrait(node: Found, around: Sequence[Result]) -> str:
    return about(node, [edge for result in around if not result.failed for edge in edges_in(result)])

"""A small world for the offline model: tools that work on a real graph in memory, and conversations with the model."""

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from puntini.agent.models.contract import (
    Call,
    Model,
    Outcome,
    Piece,
    Request,
    Text,
    TextPiece,
    ThinkingPiece,
    ToolSpec,
    Turn,
    Whole,
)

TOOLS = (
    "add_nodes", "connect", "add_edges", "update_node", "remove_node", "disconnect", "clear_graph", "find_nodes",
    "neighbourhood", "find_path", "describe_graph", "search_knowledge", "calculate", "current_time", "list_files",
    "search_files", "read_file", "set_plan",
)  # fmt: skip
MOST_ROUNDS = 10
Answer = dict[str, Any]


class Refused(Exception):
    """The tool could not do it, and says why."""


class World:
    """The tools, and what they have made."""

    def __init__(self, documents: Iterable[str] = (), refuses: Iterable[str] = ()) -> None:
        self.nodes: dict[str, Answer] = {}
        self.edges: dict[str, Answer] = {}
        self.plans: list[list[str]] = []
        self.handed: list[tuple[str, str]] = []
        self.documents = list(documents)
        self.refuses = set(refuses)
        self.made = 0

    def carry_out(self, call: Call) -> Outcome:
        """Do what a call asks for."""
        tool: Callable[..., Answer] | None = getattr(self, call.name, None)
        if tool is None or call.name in self.refuses:
            return Outcome(call.call_id, f"`{call.name}` is not to be had here.", failed=True)
        try:
            return Outcome(call.call_id, json.dumps(tool(**call.arguments)))
        except Refused as refusal:
            return Outcome(call.call_id, str(refusal), failed=True)

    def keys(self, label: str = "") -> set[str]:
        """The names of the nodes, of one label or of all."""
        return {node["key"] for node in self.nodes.values() if label in ("", node["label"])}

    def props(self, key: str) -> Answer:
        """The properties of a node."""
        [found] = [node["props"] for node in self.nodes.values() if node["key"] == key]
        return dict(found)

    def lines(self) -> set[str]:
        """The edges, as ``Alice KNOWS Bob``."""
        ends = ((self.nodes[edge["source"]], edge["label"], self.nodes[edge["target"]]) for edge in self.edges.values())
        return {f"{source['key']} {label} {target['key']}" for source, label, target in ends}

    def set_plan(self, steps: list[str]) -> Answer:
        """The agent's own tool."""
        self.plans.append(steps)
        return {"steps": steps}

    def hand_off(self, agent: str, task: str, reason: str) -> Answer:
        """A supervisor's own tool."""
        self.handed.append((agent, task))
        return {"done": bool(reason)}

    def add_nodes(self, nodes: list[Answer]) -> Answer:
        """Nodes with one label and key are one."""
        told = []
        for node in nodes:
            same = (
                each for each in self.nodes.values() if (each["label"], each["key"]) == (node["label"], node["key"])
            )
            known = next(same, None)
            made = known or self._keep(self.nodes, {"label": node["label"], "key": node["key"], "props": {}})
            made["props"] |= node.get("props", {})
            told.append({"id": made["id"], "label": made["label"], "key": made["key"], "created": known is None})
        return {"nodes": told}

    def connect(self, source: str, target: str, label: str = "RELATED_TO", props: Answer | None = None) -> Answer:
        """One edge."""
        [edge] = self.add_edges([{"source": source, "target": target, "label": label, "props": props or {}}])["edges"]
        return {"edge": edge, "created": True}

    def add_edges(self, edges: list[Answer]) -> Answer:
        """All or none."""
        ready = [edge | {"source": self._node(edge["source"]), "target": self._node(edge["target"])} for edge in edges]
        told = []
        for edge in ready:
            source, target = edge["source"]["id"], edge["target"]["id"]
            same = {"source": source, "target": target, "label": edge["label"]}
            known = next((each for each in self.edges.values() if same.items() <= each.items()), None)
            told.append(known or self._keep(self.edges, same | {"props": edge.get("props", {})}))
        return {"edges": told}

    def update_node(self, node: str, key: str = "", label: str = "", props: Answer | None = None) -> Answer:
        """Null removes a property."""
        found = self._node(node)
        found["key"], found["label"] = key or found["key"], label or found["label"]
        found["props"] |= props or {}
        found["props"] = {name: value for name, value in found["props"].items() if value is not None}
        return {"node": found}

    def remove_node(self, node: str) -> Answer:
        """And its edges."""
        gone = self.nodes.pop(self._node(node)["id"])
        edges = [edge["id"] for edge in self.edges.values() if gone["id"] in (edge["source"], edge["target"])]
        for edge in edges:
            del self.edges[edge]
        return {"removed": gone["id"], "edges": len(edges)}

    def disconnect(self, source: str, target: str, label: str = "") -> Answer:
        """Edges from source to target."""
        ends = (self._node(source)["id"], self._node(target)["id"])
        fitting = [edge for edge in self.edges.values() if (edge["source"], edge["target"]) == ends]
        removed = [edge["id"] for edge in fitting if label in ("", edge["label"])]
        for edge in removed:
            del self.edges[edge]
        return {"removed": removed}

    def clear_graph(self) -> Answer:
        """Everything goes."""
        told = {"nodes": len(self.nodes), "edges": len(self.edges)}
        self.nodes.clear()
        self.edges.clear()
        return told

    def find_nodes(self, label: str = "", text: str = "", limit: int = 20, **having: Any) -> Answer:
        """Those for which all holds that is given."""
        found = [
            node
            for node in self.nodes.values()
            if label in ("", node["label"])
            and text.lower() in json.dumps(node, ensure_ascii=False).lower()
            and (not having or node["props"].get(having["property"]) == having["value"])
        ]
        return {"nodes": found[:limit], "total": len(found)}

    def neighbourhood(self, node: str, depth: int = 1, limit: int = 50) -> Answer:
        """One step around, whatever the depth."""
        here = self._node(node)["id"]
        edges = [edge for edge in self.edges.values() if here in (edge["source"], edge["target"])]
        ids = {here, *(end for edge in edges for end in (edge["source"], edge["target"]))}
        return {"nodes": [self.nodes[each] for each in self.nodes if each in ids], "edges": edges[:limit]}

    def find_path(self, source: str, target: str) -> Answer:
        """The shortest, edges being followed either way."""
        start, goal = self._node(source)["id"], self._node(target)["id"]
        ways = {start: [start]}
        for here in (queue := [start]):
            for edge in self.edges.values():
                ends = (edge["source"], edge["target"])
                if here in ends and (there := ends[ends[0] == here]) not in ways:
                    ways[there] = [*ways[here], there]
                    queue.append(there)
        return {"path": [self.nodes[each]["key"] for each in ways.get(goal, [])]}

    def describe_graph(self) -> Answer:
        """Counts."""
        counts = [[each["label"] for each in kept.values()] for kept in (self.nodes, self.edges)]
        labels, relations = ({label: each.count(label) for label in each} for each in counts)
        return {"nodes": len(self.nodes), "edges": len(self.edges), "labels": labels, "relations": relations}

    def search_knowledge(self, query: str, limit: int = 5) -> Answer:
        """Documents that have the query in them."""
        found = [text for text in self.documents if query.lower() in text.lower()]
        return {"passages": [{"title": "Handbook", "text": text} for text in found[:limit]]}

    def calculate(self, expression: str) -> Answer:
        """Multiplication is enough here."""
        left, sign, right = expression.partition("*")
        if not sign or not (left + right).replace(" ", "").isdecimal():
            raise Refused("I only multiply.")
        return {"result": int(left) * int(right)}

    def current_time(self, timezone: str = "UTC") -> Answer:
        """It is always noon."""
        return {"time": "2027-01-01T12:00:00", "weekday": "Friday", "timezone": timezone}

    def _keep(self, kept: dict[str, Answer], thing: Answer) -> Answer:
        self.made += 1
        made = {"id": f"n{self.made}"} | thing
        kept[made["id"]] = made
        return made

    def _node(self, reference: str) -> Answer:
        """By id, key, label and key, or key in any case."""
        for fits in (
            lambda node: node["id"] == reference,
            lambda node: node["key"] == reference,
            lambda node: f"{node['label']}:{node['key']}" == reference,
            lambda node: node["key"].lower() == reference.lower(),
        ):
            found = [node for node in self.nodes.values() if fits(node)]
            if len(found) == 1:
                return found[0]
            if found:
                raise Refused(f"`{reference}` is ambiguous.")
        raise Refused(f"There is no node `{reference}`.")


class Conversation:
    """Somebody talks with the model; its calls are carried out in a world."""

    def __init__(
        self, model: Model, world: World | None = None, tools: Iterable[str | ToolSpec] = TOOLS, system: str = ""
    ) -> None:
        self.model = model
        self.world = world or World()
        self.tools = [ToolSpec(each, "", {"type": "object"}) if isinstance(each, str) else each for each in tools]
        self.system = system
        self.turns: list[Turn] = []
        self.rounds = 0

    async def say(self, text: str) -> str:
        """Say something; the answer, after as many rounds as it takes."""
        self.turns.append(Turn("user", [Text(text)]))
        for self.rounds in range(1, MOST_ROUNDS + 1):
            whole = (await self.respond())[-1]
            assert isinstance(whole, Whole)
            self.turns.append(whole.turn)
            if whole.stop != "calls":
                return text_of(whole.turn)
            calls = [block for block in whole.turn.content if isinstance(block, Call)]
            self.turns.append(Turn("user", [self.world.carry_out(call) for call in calls]))
        raise AssertionError(f"it does not come to an end: {text!r}")

    async def hear(self, text: str) -> list[Piece]:
        """The first response to something said, and no more."""
        self.turns.append(Turn("user", [Text(text)]))
        return await self.respond()

    async def respond(self) -> list[Piece]:
        """The pieces that the conversation is answered with."""
        return [piece async for piece in self.model.stream(self.request())]

    def request(self) -> Request:
        """The conversation as the model sees it."""
        return Request(system=self.system, turns=tuple(self.turns), tools=self.tools)


def text_of(turn: Turn) -> str:
    """The words of a turn."""
    return "".join(block.text for block in turn.content if isinstance(block, Text))


def calls_in(pieces: Sequence[Piece]) -> list[Call]:
    """The calls at the end of a response."""
    [whole] = [piece for piece in pieces if isinstance(piece, Whole)]
    return [block for block in whole.turn.content if isinstance(block, Call)]


def said_in(pieces: Sequence[Piece]) -> str:
    """The words of a response, put together again."""
    return "".join(piece.text for piece in pieces if isinstance(piece, TextPiece))


def thought_in(pieces: Sequence[Piece]) -> str:
    """The thoughts of a response, put together again."""
    return "".join(piece.text for piece in pieces if isinstance(piece, ThinkingPiece))

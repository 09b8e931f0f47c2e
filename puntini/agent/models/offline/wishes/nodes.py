"""Nodes as they are spoken of, and finding out which one is meant."""

from collections.abc import Generator, Iterable, Sequence
from typing import Any

from msgspec import Struct

from puntini.agent.models.offline.text.labels import noun
from puntini.agent.models.offline.text.phrases import counted, cut, listed
from puntini.agent.models.offline.wishes.contract import Ask, Asked, Result

MOST_NODES = 50  # that one wish changes or removes, where it says "all"
MOST_LOOKED_UP = 50  # names in one round
CANDIDATES = 10


class Named(Struct, frozen=True):
    """A node by its name, and by its label where one was said."""

    name: str
    label: str = ""

    @property
    def reference(self) -> str:
        """What the tools know it by."""
        return f"{self.label}:{self.name}" if self.label else self.name


class Every(Struct, frozen=True):
    """All nodes of a label; "" stands for any. With a property, only those that have the value."""

    label: str
    prop: str = ""
    value: Any = None

    @property
    def arguments(self) -> dict[str, Any]:
        """What to ask ``find_nodes``."""
        wanted = {"label": self.label} if self.label else {}
        return wanted | ({"property": self.prop, "value": self.value} if self.prop else {})


Which = Named | Every


class Found(Struct, frozen=True):
    """A node that is there."""

    id: str
    label: str
    name: str
    props: dict[str, Any]

    @property
    def told(self) -> str:
        """It, for people."""
        return f"{self.name} ({noun(self.label)})" if self.label else self.name


Finding = Generator[Ask, Sequence[Result], dict[str, list[Found]]]


def told(which: Which) -> str:
    """What is meant, for people."""
    match which:
        case Named(name=name):
            return name
        case Every(label=label, prop=key, value=value):
            suffix = f" with {key} {value}" if key else ""
            return f"all {noun(label, 2) if label else 'nodes'}{suffix}"


def found_in(result: Result) -> list[Found]:
    """The nodes that a result lists. What is not a node is passed over."""
    return [_found(row) for row in result.rows("nodes") if isinstance(row.get("id"), str)]


def _found(row: dict[str, Any]) -> Found:
    props = row.get("props")
    return Found(
        row["id"], str(row.get("label", "")), str(row.get("key") or row["id"]), props if isinstance(props, dict) else {}
    )


def look_up(wanted: Iterable[Named], thought: str = "") -> Finding:
    """Ask which nodes bear some names: by name, those that do, or else those that come near."""
    named = list({each.name: each for each in wanted}.values())[:MOST_LOOKED_UP]
    thought = thought or f"I look {listed([each.name for each in named])} up first."
    results = yield Ask(thought, tuple(Asked("find_nodes", {"text": each.name}) for each in named))
    return {each.name: _nearest(each, result) for each, result in zip(named, results, strict=True)}


def _nearest(wanted: Named, result: Result) -> list[Found]:
    """Those that are called so, of the right label if there are any; else all that came near."""
    near = found_in(result)
    exact = [node for node in near if node.name.lower() == wanted.name.lower() or node.id == wanted.name]
    labelled = [node for node in exact if node.label.lower() == wanted.label.lower()]
    return labelled or exact or near


def settled(wanted: Named, found: Sequence[Found]) -> Found | None:
    """The one that is meant beyond doubt, or None."""
    exact = [node for node in found if node.name.lower() == wanted.name.lower() or node.id == wanted.name]
    return exact[0] if len(exact) == 1 else None


def is_missing(wanted: Named, found: Sequence[Found]) -> bool:
    """Whether nothing is called so."""
    return not any(node.name.lower() == wanted.name.lower() for node in found)


def doubt(wanted: Named, found: Sequence[Found]) -> str:
    """Say why it is not clear which node is meant."""
    if not found:
        return doubts([(wanted, ())])[0]
    names = listed([node.told for node in found[:CANDIDATES]], joint="or")
    if is_missing(wanted, found):
        return f'There is no node called "{cut(wanted.name, 80)}". Did you mean {names}?'
    example = found[0]
    return (
        f'{counted(len(found), "node")} are called "{cut(wanted.name, 80)}": {names}. '
        f"Say which, for example `{example.label}:{example.name}`."
    )


def doubts(wanted: Iterable[tuple[Named, Sequence[Found]]]) -> list[str]:
    """Say why it is not clear which nodes are meant; those that nothing comes near, in one sentence."""
    named = dict(wanted)
    unknown = [f'"{cut(each.name, 80)}"' for each, found in named.items() if not found]
    said = [doubt(each, found) for each, found in named.items() if found]
    if unknown:
        said.insert(
            0, f"There is no node called {listed(unknown, joint='or')}; say `list the nodes` to see what there is."
        )
    return said


def none_of(which: Every) -> str:
    """That nothing is meant, for people: ``no tasks with status done``."""
    return told(which).replace("all ", "no ", 1)


def bounded(count: int) -> list[str]:
    """Say that there may be more than the nodes that were found."""
    full = count >= MOST_NODES
    return [f"I take at most {MOST_NODES} nodes at once; if there are more, say it again."] if full else []


def too_many(wanted: Iterable[Named]) -> str:
    """Say that these are more names than are looked up at once; "" if they are not."""
    count = len({each.name for each in wanted})
    return f"That is {count} names; say at most {MOST_LOOKED_UP} at once." if count > MOST_LOOKED_UP else ""


def expanded(which: Iterable[Which]) -> Generator[Ask, Sequence[Result], dict[Every, list[Found]]]:
    """Ask which nodes "all tasks" are. Asks nothing where every node is named."""
    sets = list({repr(each): each for each in which if isinstance(each, Every)}.values())
    if not sets:
        return {}
    calls = tuple(Asked("find_nodes", each.arguments | {"limit": MOST_NODES}) for each in sets)
    results = yield Ask(f"I look up {listed([told(each) for each in sets])} first.", calls)
    return {each: found_in(result) for each, result in zip(sets, results, strict=True)}

"""Commands about relations: connect, disconnect, ``create a KNOWS relation from A to B``."""

from itertools import pairwise
from typing import Any, NamedTuple

from puntini.agent.models.offline.reading.adding import ADDING
from puntini.agent.models.offline.reading.memory import MANY, Memory
from puntini.agent.models.offline.reading.references import CALLED, named, several
from puntini.agent.models.offline.text.labels import relation_of
from puntini.agent.models.offline.text.properties import properties_of
from puntini.agent.models.offline.text.words import AND, Clause, Words, bare, spot, spot_last, text_of, vocabulary
from puntini.agent.models.offline.wishes.contract import Wish
from puntini.agent.models.offline.wishes.linking import MOST_LINES, RELATED, Line, Link
from puntini.agent.models.offline.wishes.nodes import Named, Which
from puntini.agent.models.offline.wishes.removing import Disconnect, Pair
from puntini.agent.models.offline.wishes.talk import Unclear

CONNECTING = frozenset({"connect", "link", "relate", "join", "tie", "attach", "associate", "assign"})
EDGES = vocabulary("relation relations relationship relationships edge edges link links connection connections arrow")
_REMOVING = frozenset({"remove", "delete", "drop", "cut", "break"})
_USING = frozenset({"as", "via", "using", "by", "through"})
_BETWEEN = frozenset({"from", "between"})
_EACH_OTHER = "with each other"


class Relation(NamedTuple):
    """How two things are to be related."""

    label: str
    props: dict[str, Any]


def linking(clause: Clause, memory: Memory) -> list[Wish]:
    """What is to be connected, or no longer."""
    words = clause.words
    verb = words[0].low
    if verb in CONNECTING:
        return _connect(words[1:], memory, "ASSIGNED_TO" if verb == "assign" else RELATED)
    at = spot(words[:6], EDGES, 1)
    if at > 0 and (verb in ADDING or verb == "draw"):
        return _connect_between(words[1:at], words[at + 1 :], memory)
    if at > 0 and verb in _REMOVING:
        return _disconnect(words[at + 1 :], memory, _label(words[1:at]))
    if verb in {"disconnect", "unlink", "detach"}:
        return _disconnect(words[1:], memory, "")
    return []


def _connect(words: Words, memory: Memory, label: str) -> list[Wish]:
    words, relation = _relation(words, label)
    if text_of(words[-3:]).lower() == _EACH_OTHER:
        words = words[:-3]
    at = spot(words, {"to"}, 1)
    at = at if at > 0 else spot(words, {"with"}, 1)
    if at > 0:
        return _pairs(words, at, relation, memory)
    nodes = several([word for word in words if word.low != "together"], memory)
    if len(nodes) < 2:
        pronoun = len(words) == 1 and words[0].low in MANY
        question = "I know of one thing only that you could mean." if pronoun else "What should I connect with what?"
        return [Unclear(f"{question} Say for example `connect Alice to Bob as KNOWS`.")]
    chain = pairwise(nodes)
    return _link([Line(source, target, *relation) for source, target in chain])


def _pairs(words: Words, at: int, relation: Relation, memory: Memory) -> list[Wish]:
    """``A and B to C``, ``A to B and C to D``: around each "to" what is to be connected."""
    joint = words[at].low
    lines: list[Line] = []
    start = 0
    while at > 0:
        following = spot(words, {joint}, at + 1)
        end = len(words) if following < 0 else at + 1 + spot_last(words[at + 1 : following], AND)
        sources, targets = several(words[start:at], memory), several(words[at + 1 : end], memory)
        if not sources or not targets:
            return []
        lines += _crossed(sources, targets, relation)
        start, at = end + 1, following
    return _link(lines)


def _crossed(sources: list[Which], targets: list[Which], relation: Relation) -> list[Line]:
    return [Line(source, target, *relation) for source in sources for target in targets]


def _link(lines: list[Line]) -> list[Wish]:
    if len(lines) > MOST_LINES:
        return [Unclear(f"That would be {len(lines):,} relations; say at most {MOST_LINES} at once.")]
    return [Link(tuple(lines))] if lines else []


def _relation(words: Words, label: str) -> tuple[Words, Relation]:
    """Cut off ``as KNOWS with since 2020``; "with" behind "to" may bring the relation or properties."""
    at = spot(words, _USING, 1)
    if at > 0:
        said, props = _with(words[at + 1 :])
        return words[:at], Relation(_label(said) or label, properties_of(props))
    to = spot(words, {"to"}, 1)
    at = spot(words, {"with"}, to + 1) if to > 0 else -1
    if at < 0:
        return words, Relation(label, {})
    said = words[at + 1 :]
    if spot(said, EDGES) >= 0 or spot(said, {"label", "type"}) >= 0 or len(said) == 1:
        return words[:at], Relation(_label(said) or label, {})
    return words[:at], Relation(label, properties_of(said))


def _with(words: Words) -> tuple[Words, Words]:
    at = spot(words, {"with"}, 1)
    return (words[:at], words[at + 1 :]) if at > 0 else (words, [])


def _label(words: Words) -> str:
    """``a KNOWS relation`` → ``KNOWS``."""
    kept = [
        word for word in bare(words) if word.low not in EDGES | CALLED | {"label", "type", "of", "the", "all", "every"}
    ]
    return relation_of(text_of(kept))


def _connect_between(before: Words, after: Words, memory: Memory) -> list[Wish]:
    """``create a [KNOWS] relation [KNOWS] from A to B [as KNOWS] [with since 2020]``."""
    at = spot(after, _BETWEEN)
    if at < 0:
        return []
    ends, relation = _relation(after[at + 1 :], _label(before) or _label(after[:at]) or RELATED)
    called = spot(ends, CALLED | {"labelled", "labeled"}, 1)
    if called > 0:
        ends, relation = ends[:called], relation._replace(label=_label(ends[called + 1 :]) or relation.label)
    joint = spot(ends, {"to"}, 1)
    joint = joint if joint > 0 else spot(ends, {"and"}, 1)
    return _pairs(ends, joint, relation, memory) if joint > 0 else []


def _disconnect(words: Words, memory: Memory, label: str) -> list[Wish]:
    """``A from B``, ``between A and B``."""
    words = words[1:] if words and words[0].low in _BETWEEN else words
    at = next((at for mark in ("to", "from", "and", "with") if (at := spot(words, {mark}, 1)) > 0), -1)
    if at < 0 and len(words) == 1 and words[0].low in MANY and len(pair := several(words, memory)) == 2:
        ends: list[Which | None] = list(pair)
    elif at > 0:
        ends = [named(words[:at], memory), named(words[at + 1 :], memory)]
    else:
        return []
    match ends:
        case [Named() as source, Named() as target]:
            return [Disconnect(Pair(source, target, label))]
        case _:
            return []

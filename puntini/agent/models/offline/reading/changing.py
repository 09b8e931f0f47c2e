"""Commands and statements that change nodes: rename, set, mark, relabel, remove, clear."""

from collections.abc import Callable

from puntini.agent.models.offline.reading.memory import Memory
from puntini.agent.models.offline.reading.references import ALL, possessor, several, which
from puntini.agent.models.offline.reading.relations import lines_of, verb_at
from puntini.agent.models.offline.text.labels import GENERIC, label_of
from puntini.agent.models.offline.text.properties import LABEL_WORDS, properties_of, property_name, value_of
from puntini.agent.models.offline.text.verbs import BASE
from puntini.agent.models.offline.text.words import (
    ARTICLES,
    Clause,
    Words,
    bare,
    begins,
    lows,
    spot,
    spot_last,
    text_of,
)
from puntini.agent.models.offline.wishes.changing import Change
from puntini.agent.models.offline.wishes.contract import Wish
from puntini.agent.models.offline.wishes.linking import Link
from puntini.agent.models.offline.wishes.nodes import Every, Named, Which
from puntini.agent.models.offline.wishes.removing import Clear, Disconnect, Pair, Remove
from puntini.agent.models.offline.wishes.talk import Unclear

SETTING = frozenset({"set", "change", "update", "make", "give", "edit"})
REMOVING = frozenset({"delete", "remove", "drop", "erase", "unset"})
CLEARING = frozenset({"clear", "empty", "wipe", "reset"})
_TO = frozenset({"to", "=", "as", "into"})
_GRAPH = frozenset({"graph", "everything", "nodes", "all", "board", "canvas"})
_NAMES = frozenset({"name", "key", "title"})


def changing(clause: Clause, memory: Memory) -> list[Wish]:
    """What is to be changed about nodes that are there."""
    words = clause.words
    verb = words[0].low
    if verb == "rename":
        return _rename(words[1:], memory)
    if verb in {"relabel", "retype"} or begins(words, "turn"):
        return _split_change(words[1:], _TO, memory, _label_change)
    if verb == "mark":
        return _split_change(words[1:], frozenset({"as"}), memory, _status_change)
    if verb in SETTING or begins(words, "add property") or begins(words, "add the property"):
        return _set(words[1:], memory)
    return []


def removing(clause: Clause, memory: Memory) -> list[Wish]:
    """What is to be taken away: everything, a property, a relation, or nodes."""
    words = clause.words
    verb = words[0].low
    if begins(words, "start over") or begins(words, "start again") or begins(words, "start from scratch"):
        return [Clear()]
    if verb in CLEARING:
        kept = set(lows(words[1:])) - ARTICLES
        return [Clear()] if kept <= _GRAPH | {"whole", "entire"} else []
    if begins(words, "get rid of"):
        return _remove(words[3:], memory)
    return _remove(words[1:], memory) if verb in REMOVING else []


def _remove(words: Words, memory: Memory) -> list[Wish]:
    kept = [low for low in lows(words) if low not in ARTICLES | {"whole", "entire", "of"}]
    if kept in (["graph"], ["everything"], ["all"], ["all", "nodes"], ["all", "nodes", "and", "edges"]):
        return [Clear()]
    owner, owned = possessor(words)
    if owner and (node := which(owner, memory)):
        return [Change(node, props={property_name(owned): None})]
    at = spot_last(words, {"from", "of"})
    if at > 0 and (node := which(words[at + 1 :], memory)):
        return _remove_from(words[:at], node, memory)
    nodes = several(words, memory)
    return [Remove(tuple(nodes))] if nodes else []


def _remove_from(words: Words, node: Which, memory: Memory) -> list[Wish]:
    """``the age from Alice`` is a property, ``Alice from Team`` a relation."""
    if not words[-1].is_name:
        return [Change(node, props={property_name(words): None})]
    source = which(words, memory)
    if isinstance(source, Named) and isinstance(node, Named):
        return [Disconnect(Pair(source, node))]
    return []


def _rename(words: Words, memory: Memory) -> list[Wish]:
    at = spot_last(words, _TO)
    if at < 1 or at + 1 == len(words):
        return [Unclear("Rename what to what? Say for example `rename Alice to Alicia`.")]
    node, key = which(words[:at], memory), text_of(words[at + 1 :])
    return [Change(node, key=key)] if isinstance(node, Named) and key else []


def _split_change(
    words: Words, marks: frozenset[str], memory: Memory, change: Callable[[Which, Words], Change]
) -> list[Wish]:
    at = spot_last(words, marks)
    if at < 1 or at + 1 == len(words):
        return []
    return [change(node, words[at + 1 :]) for node in several(words[:at], memory)]


def _label_change(node: Which, words: Words) -> Change:
    return Change(node, label=label_of(bare(words)))


def _status_change(node: Which, words: Words) -> Change:
    return Change(node, props={"status": text_of(words)})


def _set(words: Words, memory: Memory) -> list[Wish]:
    """The many ways to say that a property of a node is to have a value."""
    at = spot(words, _TO, 1)
    owner, owned = possessor(words[:at] if at > 0 else words)
    if owner and at > 0:
        return _changes(several(owner, memory), owned, words[at + 1 :])
    if at > 0 and (of := _of(words[:at])) > 0:
        return _changes(several(words[of + 1 : at], memory), words[:of], words[at + 1 :])
    if (on := spot_last(words, {"on", "for", "of", "to"})) > at + 1 > 1:
        return _with_values(several(words[on + 1 :], memory), words[:on], equals=at)
    if (with_ := spot(words, {"with"}, 1)) > 0:
        return _with_properties(several(words[:with_], memory), words[with_ + 1 :])
    return _loose(words, at, memory)


def _of(words: Words) -> int:
    """Where the node begins in ``the due date of Alpha``."""
    return spot(words, {"of", "for", "on"}, 1)


def _changes(nodes: list[Which], name: Words, value: Words) -> list[Wish]:
    name = [word for word in bare(name) if word.low not in {"property", "value"}]
    if not name or not value:
        return []
    if len(name) == 1 and name[0].low in _NAMES and len(nodes) == 1 and isinstance(nodes[0], Named):
        return [Change(nodes[0], key=text_of(value))]
    if len(name) == 1 and name[0].low in LABEL_WORDS:
        return [Change(node, label=label_of(bare(value))) for node in nodes]
    return [Change(node, props={property_name(name): value_of(value)}) for node in nodes]


def _with_values(nodes: list[Which], words: Words, equals: int) -> list[Wish]:
    """``set age to 31 for Alice``."""
    return _changes(nodes, words[:equals], words[equals + 1 :])


def _with_properties(nodes: list[Which], words: Words) -> list[Wish]:
    props = properties_of(words)
    return [Change(node, props=props) for node in nodes] if props else []


def _loose(words: Words, at: int, memory: Memory) -> list[Wish]:
    """``set Alice age to 31``, ``give Alice the role lead``, ``make Alice a manager``."""
    size = next((size for size, word in enumerate(words) if size and not word.is_name), 0)
    if words and words[0].low in ALL | ARTICLES | {"it", "him", "her"}:
        size = max(size, 1) if words[0].low not in ALL | ARTICLES else 2
    node = which(words[:size], memory) if 0 < size < len(words) else None
    if node is None or isinstance(node, Every):
        return []
    rest = words[size:]
    if (hit := verb_at(words, size, BASE)) and hit.end < len(words):
        return [Link(tuple(lines))] if (lines := lines_of(words[:size], hit.verb, words[hit.end :], memory)) else []
    if at > size:
        return _changes([node], words[size:at], words[at + 1 :])
    if len(rest) == 2 and rest[0].low in {"a", "an"} and rest[1].low not in GENERIC:
        return [Change(node, label=label_of(rest[1:]))]
    return _with_properties([node], rest)

"""Questions about the graph: find, count, who and what, paths, summaries."""

from puntini.agent.models.offline.reading.memory import MANY, Memory
from puntini.agent.models.offline.reading.references import CALLED, WITH, every, named, possessor
from puntini.agent.models.offline.reading.relations import being_at, said_with, unknown_verb, verb_at
from puntini.agent.models.offline.reading.stating import STATUSES
from puntini.agent.models.offline.text.labels import GENERIC, is_kind, label_of, relation_of, singular
from puntini.agent.models.offline.text.properties import property_name
from puntini.agent.models.offline.text.verbs import AFTER_BEING, BEING, EITHER, INVERSES, Verb
from puntini.agent.models.offline.text.words import (
    ARTICLES,
    Clause,
    Words,
    bare,
    begins,
    front,
    fronts,
    lows,
    spot,
    spot_last,
    text_of,
    vocabulary,
)
from puntini.agent.models.offline.wishes.around import About, Around, Path
from puntini.agent.models.offline.wishes.contract import Wish
from puntini.agent.models.offline.wishes.looking import Find, Overview
from puntini.agent.models.offline.wishes.nodes import Every, Named

_FINDING = frozenset({"find", "list", "show", "search", "get", "display", "give", "fetch", "which", "what", "lookup"})
_TELLING = fronts(
    "what can you tell me about",
    "what do you know about",
    "what do we know about",
    "what is known about",
    "tell me about",
    "tell me more about",
    "describe",
    "explain",
    "who is",
    "who's",
    "what is",
    "what's",
    "what about",
)
_SHOWING = fronts("what is", "what's", "what was", "show me", "tell me")
_COUNTING = fronts("how many", "count", "the number of", "what is the number of", "number of")
_THERE = (
    "are there", "is there", "do we have", "do you have", "do i have", "are in the graph", "are there in the graph",
    "exist",
    "do you know", "in the graph", "are there now", "in it", "",
)  # fmt: skip
_WHOLE = vocabulary("graph everything it network overview summary whole model state contents all")
_EDGES = frozenset(
    {"edge", "edges", "relation", "relations", "relationship", "relationships", "link", "links", "connections"}
)
_LABELS = frozenset({"labels", "types", "kinds", "label"})
_ABOUT = frozenset({"about", "containing", "like", "matching", "mentioning", "contains", "for"}) | CALLED
_POLITE = frozenset({"me", "us", "all", "every", "any", "of", "out", "up"}) | ARTICLES
_SUMMARIES = frozenset(
    {"describe", "summarise", "summarize", "show", "what", "what's", "explain", "give", "display", "overview"}
)


def asking(clause: Clause, memory: Memory) -> list[Wish]:
    """What is to be looked up in the graph."""
    words = clause.words
    readers = (_counting, _whole, _path, _doing, _property, _relation, _near, _about, _finding)
    return next((found for reader in readers if (found := reader(words, memory))), [])


def _counting(words: Words, memory: Memory) -> list[Wish]:
    size = front(words, _COUNTING)
    if not size:
        return []
    said = bare([word for word in words[size:] if word.low not in {"all", "of"}])
    if said and said[0].low in GENERIC | _EDGES and len(said) <= 6:
        return [Overview("edges" if said[0].low in _EDGES else "nodes")]
    return _kind(said, counts=True, memory=memory)


def _kind(words: Words, *, counts: bool, memory: Memory) -> list[Wish]:
    """``tasks``, ``tasks with status done``, ``tasks are done``, ``people who work on Backend``."""
    for size in (1, 2, 3):
        kind, rest = words[:size], words[size:]
        if len(kind) < size or any(word.quoted or not word.text.isalpha() for word in kind):
            return []
        if text_of(rest).lower() in _THERE:
            return [Find(label_of(kind), counts=counts)]
        if found := _narrowed(kind, rest, counts, memory):
            return found
    return []


def _narrowed(kind: Words, rest: Words, counts: bool, memory: Memory) -> list[Wish]:
    label = label_of(kind)
    if rest[0].low in {"are", "is"} and text_of(rest[1:]).lower() in STATUSES:
        return [Find(label, prop="status", value=text_of(rest[1:]).lower(), counts=counts)]
    if (
        rest[0].low in WITH | {"that"}
        and (chosen := every([*kind, _as_with(rest)[0], *rest[1:]]))
        and chosen != Every(label)
    ):
        return [Find(chosen.label, prop=chosen.prop, value=chosen.value, counts=counts)]
    if rest[0].low in _ABOUT and len(rest) > 1:
        return [Find(label, text=text_of(rest[1:])[:200], counts=counts)]
    if rest[0].low in {"of", "in", "around"} and (node := named(rest[1:], memory)):
        return [Around(node, kind=label)]
    start = 1 if rest[0].low in {"who", "that", "which"} else 0
    return _verb_then_node(rest, start, memory, label)


def _as_with(rest: Words) -> Words:
    return [rest[0]._replace(low="with")]


def _whole(words: Words, memory: Memory) -> list[Wish]:
    """``describe the graph``, ``what is in the graph``, ``which labels are there``."""
    kept = [
        low
        for low in lows(words)
        if low not in _POLITE | {"is", "are", "in", "there", "please", "look", "does", "do", "you"}
    ]
    if not kept or len(kept) > 4 or kept[0] not in _SUMMARIES | {"list", "which", "how"}:
        return []
    said = set(kept[1:])
    if said and said <= _LABELS | {"node", "graph", "of", "nodes"} and said & _LABELS:
        return [Overview("labels")]
    if said and said & _EDGES and said <= _EDGES | {"types", "kinds", "graph", "have", "between"}:
        return [Overview("relations")]
    if said <= _WHOLE | {"have", "know", "now", "so", "far", "current", "big", "we", "i"} and said & (
        _WHOLE | {"have"}
    ):
        return [Overview()]
    return [Overview()] if kept in (["overview"], ["summarise"], ["summarize"], ["what", "there"]) else []


def _path(words: Words, memory: Memory) -> list[Wish]:
    """``path from A to B``, ``how is A connected to B``, ``is A connected to B``."""
    at = spot(words, {"path", "route", "way", "paths"})
    if 0 <= at < 6 and (start := spot(words, {"from", "between"}, at)) > 0:
        return _ends(words[start + 1 :], memory)
    if words[0].low in BEING | {"how"}:
        start = 2 if words[0].low == "how" and len(words) > 1 and words[1].low in BEING | {"does", "do"} else 1
        at = spot(words, {"connected", "related", "linked", "relate", "connect"}, start + 1)
        if at > start and at + 1 < len(words) and words[at + 1].low in {"to", "with"}:
            return _path_of(words[start:at], words[at + 2 :], memory)
    return []


def _ends(words: Words, memory: Memory) -> list[Wish]:
    at = spot(words, {"to"}, 1)
    at = at if at > 0 else spot(words, {"and"}, 1)
    return _path_of(words[:at], words[at + 1 :], memory) if at > 0 else []


def _path_of(left: Words, right: Words, memory: Memory) -> list[Wish]:
    source, target = named(left, memory), named(right, memory)
    return [Path(source, target)] if source and target else []


def _doing(words: Words, memory: Memory) -> list[Wish]:
    """``who does Bob report to``, ``what does Build depend on``, ``does Alice manage Bob``."""
    at = spot(words[:5], {"does", "do", "did"})
    if at < 0 or (at > 0 and words[0].low not in {"who", "what", "which", "whom", "where"}):
        return []
    rest = words[at + 1 :]
    for start in range(1, len(rest)):
        hit = verb_at(rest, start, EITHER)
        if hit is None:
            continue
        node = named(rest[:start], memory)
        if node and at == 0 and hit.end < len(rest) and (other := named(rest[hit.end :], memory)):
            return [_around(node, hit.verb, asks_for_target=True, other=other.name)]
        if node and at > 0 and hit.end == len(rest):
            kind = label_of(words[1:at]) if at > 1 else ""
            return [_around(node, hit.verb, asks_for_target=True, kind=kind)]
    return []


def _relation(words: Words, memory: Memory) -> list[Wish]:
    """``who manages Bob``, ``which tasks depend on Design``, ``who is Bob managed by``."""
    if words[0].low not in {"who", "what", "which", "whom"} or len(words) < 3:
        return []
    if words[0].low == "which" or words[1].low == "are":
        return []
    if words[1].low in BEING and (passive := _passive(words[2:], memory)):
        return passive
    return _verb_then_node(words, 1, memory, "")


def _passive(words: Words, memory: Memory) -> list[Wish]:
    """``Bob managed by``: by whom."""
    verb = said_with(lows(words[-2:])) if len(words) > 2 else None
    node = named(words[:-2], memory) if verb else None
    return [_around(node, verb, asks_for_target=True)] if node and verb else []


def _verb_then_node(words: Words, start: int, memory: Memory, kind: str) -> list[Wish]:
    """The sources of a relation: behind the verb stands its target."""
    hit = verb_at(words, start, EITHER) or being_at(words, start) or unknown_verb(words, start)
    if hit is None or hit.end >= len(words) or (words[hit.end].low in ARTICLES and len(words) - hit.end > 6):
        return []
    if hit.verb.label == "RELATED_TO" or hit.verb.label == "HAS":
        return []
    node = named(words[hit.end :], memory)
    return [_around(node, hit.verb, asks_for_target=False, kind=kind)] if node else []


def _around(node: Named, verb: Verb, *, asks_for_target: bool, kind: str = "", other: str = "") -> Around:
    return Around(
        node,
        relation=verb.label,
        outgoing=asks_for_target != verb.backwards,
        inverse=INVERSES.get(verb.label, ""),
        kind=kind,
        other=other,
    )


def _near(words: Words, memory: Memory) -> list[Wish]:
    """``what is connected to Alice``, ``neighbours of Alice``, ``who is Alice connected to``."""
    at = spot(words, {"neighbours", "neighbors", "neighbourhood", "neighborhood", "connections", "relations", "around"})
    if 0 <= at < 5:
        start = at + 2 if at + 1 < len(words) and words[at + 1].low in {"of", "for"} else at + 1
        node = named(words[start:], memory) or named(possessor(words[: at + 1])[0][-1:], memory)
        return [Around(node)] if node else []
    if words[0].low not in {"who", "what", "which", "show", "list", "find"}:
        return []
    at = spot(words, {"connected", "linked", "related"}, 1)
    if at < 1:
        return []
    behind = words[at + 2 :]
    start = spot(words, BEING) + 1
    node = named(behind, memory) if behind else named(words[start:at], memory)
    return [Around(node)] if node else []


def _property(words: Words, memory: Memory) -> list[Wish]:
    """``what is the age of Alice``, ``what is Alice's age``, ``how old is Alice``."""
    if begins(words, "how old is") and (node := named(words[3:], memory)):
        return [About(node, "age")]
    size = front(words, _SHOWING)
    if not size:
        return _possessed_by(words, memory)
    said = words[size:]
    owner, owned = possessor(said)
    at = spot(said, {"of"}, 1)
    if not owner and at > 0 and at < 4 and said[0].low == "the":
        owner, owned = said[at + 1 :], said[1:at]
    if f"{text_of(owned).lower()} of" in AFTER_BEING:
        return []
    node = named(owner, memory) if owner and owned and len(owned) <= 3 else None
    return [About(node, property_name(owned))] if node else []


def _possessed_by(words: Words, memory: Memory) -> list[Wish]:
    """``who is Bob's manager``, ``who is the sponsor of Atlas``."""
    if not begins(words, "who is"):
        return []
    owner, owned = possessor(words[2:])
    at = spot(words, {"of"}, 3)
    if not owner and at > 0:
        owner, owned = words[at + 1 :], bare(words[2:at])
    node = named(owner, memory) if owner and len(owned) == 1 else None
    if node is None:
        return []
    phrase = f"{owned[0].low} of"
    verb = AFTER_BEING.get(phrase) or Verb(relation_of(phrase), ("Thing", "Thing"))
    return [_around(node, verb, asks_for_target=False)]


def _about(words: Words, memory: Memory) -> list[Wish]:
    """``who is Alice``, ``tell me about the task Design``."""
    size = front(words, _TELLING)
    said = words[size:] if size else []
    if not said or len(said) > 8 or text_of(bare(said)).lower() in _WHOLE or said[0].low in MANY:
        return []
    node = named(said, memory)
    return [About(node)] if node else []


def _finding(words: Words, memory: Memory) -> list[Wish]:
    """``find all people``, ``list tasks with status open``, ``show Alice``, ``which tasks are there``."""
    if words[0].low not in _FINDING:
        return []
    start = 1
    while start < len(words) and words[start].low in _POLITE | {"for", "are", "is"}:
        start += 1
    said, everything = words[start:], spot(words[1:start], {"all", "every"}) >= 0
    if not said:
        return [Find()] if everything else []
    if text_of(said).lower() in {"everything", "nodes", "all nodes"} or (said[0].low in GENERIC and len(said) == 1):
        return [Find()]
    if said[0].is_name:
        return [Find(text=text_of(said)[:200])] if words[0].low not in {"what", "which", "give"} else []
    if said[0].low in GENERIC and len(said) > 1:
        return _kind(said, counts=False, memory=memory)
    if is_kind(said[0].low) and len(said) > 1 and said[1].is_name:
        return [About(node)] if (node := named(said, memory)) else []
    if len(said) == 1 and not everything and not is_kind(said[0].low) and singular(said[0].low) == said[0].low:
        return _loose(words, said)
    return _kind(said, counts=False, memory=memory) or _loose(words, said)


def _loose(words: Words, said: Words) -> list[Wish]:
    """``search for go live``: some words, wherever they stand."""
    if (
        words[0].low not in {"find", "search", "lookup"}
        or len(said) > 5
        or spot_last(said, {"to", "from", "older"}) >= 0
    ):
        return []
    return [Find(text=text_of(said))]

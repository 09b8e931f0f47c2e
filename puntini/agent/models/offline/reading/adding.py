"""Adding nodes: ``add a person named Alice with age 30``, ``create tasks Design, Build and Test``."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from puntini.agent.models.offline.reading.memory import Memory
from puntini.agent.models.offline.reading.references import ALL, CALLED, MOST_NAME, named
from puntini.agent.models.offline.reading.stating import stating
from puntini.agent.models.offline.text.labels import GENERIC, is_kind, label_of, noun, relation_of
from puntini.agent.models.offline.text.properties import LABEL_WORDS, properties_of
from puntini.agent.models.offline.text.words import (
    AND,
    ARTICLES,
    COMMA,
    Clause,
    Word,
    Words,
    bare,
    quoted,
    split,
    spot,
    spot_last,
    text_of,
)
from puntini.agent.models.offline.wishes.building import UNKNOWN, AddNodes, Item
from puntini.agent.models.offline.wishes.contract import Wish
from puntini.agent.models.offline.wishes.linking import Line, Link
from puntini.agent.models.offline.wishes.nodes import Named
from puntini.agent.models.offline.wishes.talk import Puzzle, Unclear

ADDING = frozenset({"add", "create", "insert", "make", "new", "put", "register", "introduce", "build"})
MOST_NUMBERED = 50
_OPENS = frozenset({"a", "an", "another", "one"})
_PROPERTIES = frozenset({"with", "having", "whose"})
_CLAUSES = frozenset({"who", "that", "which"})
_INTO = frozenset({"to", "under", "into"})
_NUMBERS = dict(
    zip(("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"), range(1, 11), strict=True)
)


class Phrase(NamedTuple):
    """A label and the names it is given to; names that are not said are numbered, that many."""

    label: str
    names: list[Words]
    number: int = 0


def adding(clause: Clause, memory: Memory) -> list[Wish]:
    """What is to be added, and what that is to be connected to."""
    if clause.words[0].low not in ADDING:
        return []
    words = _spelt_out(clause.words[1:])
    items: list[Item] = []
    links: list[Wish] = []
    label = ""
    for segment in _segments(words):
        new, wishes = _segment(segment, label, memory)
        items += new
        links += wishes
        label = new[-1].label if new else label
    return [*([AddNodes(tuple(items))] if items else []), *links]


def _spelt_out(words: Words) -> Words:
    """``aged 30`` is ``with age 30``."""
    spelt: list[Word] = []
    for word in words:
        if word.low == "aged":
            spelt += [word._replace(text="with", low="with"), word._replace(text="age", low="age")]
        elif word.low not in {"me", "us"}:
            spelt.append(word)
    return spelt


def _segments(words: Words) -> Iterator[Words]:
    """The parts that begin with an article of their own: ``a person …`` and ``a task …``."""
    start = 0
    for at in range(1, len(words)):
        if words[at].low in _OPENS and words[at - 1].low in AND and not _is_property(words, start, at):
            yield from _by_label(words[start : at - 1])
            start = at
    yield from _by_label(words[start:])


def _by_label(words: Words) -> Iterator[Words]:
    """``Alice as a person and Rome as a city`` has two parts."""
    first = spot(words, {"as"}, 1)
    second = spot(words, {"as"}, first + 1) if first > 0 else -1
    joint = first + 1 + spot_last(words[first + 1 : second], AND) if second > 0 else -1
    if joint > first + 1:
        yield words[:joint]
        yield from _by_label(words[joint + 1 :])
    else:
        yield words


def _is_property(words: Words, start: int, at: int) -> bool:
    """Whether ``a …`` goes on with what "with" began: ``with age 30 and a budget of 5``."""
    return spot(words[start:at], _PROPERTIES) > 0 and spot(words, CALLED | {"as", "="}, at) < 0


def _segment(words: Words, label: str, memory: Memory) -> tuple[list[Item], list[Wish]]:
    """The nodes of one part, and their relations; without nodes, what has to be asked back."""
    head, tail = _cut(words, _CLAUSES)
    head, container = _container(head, memory)
    head, with_words = _cut(head, _PROPERTIES)
    properties = properties_of(with_words)
    phrase = _phrase(head, properties)
    if phrase.label == "" and label:
        phrase = phrase._replace(label=label)
    if phrase.label == "" and container and phrase.names and not properties:
        return [], [_joining(phrase.names, container)]
    items = list(_items(phrase, properties))
    if not items:
        kind = noun(phrase.label or "node")
        return [], [Unclear(f"What should the {kind} be called? Say for example `add a {kind} named Alpha`.")]
    links = [_belonging(item, container) for item in items] if container else []
    told = _told(items[-1], tail, memory) if tail else []
    return items, [*([Link(tuple(links))] if links else []), *told]


def _told(item: Item, tail: Words, memory: Memory) -> list[Wish]:
    """What ``who …`` says about a node."""
    return stating(Clause([quoted(item.name), *tail], ""), memory) or [Puzzle(text_of(tail))]


def _joining(names: list[Words], container: Named) -> Link:
    """``add Alice to the team Core``: Alice need not be new."""
    relation = "MEMBER_OF" if container.label in {"Team", "Department", "Group"} else "PART_OF"
    kinds = (UNKNOWN, container.label or UNKNOWN)
    return Link(tuple(Line(Named(text_of(name)), container, relation, {}, kinds) for name in names), stated=True)


def _cut(words: Words, marks: frozenset[str]) -> tuple[Words, Words]:
    at = spot(words, marks, 1)
    return (words[:at], words[at + 1 :]) if at > 0 else (words, [])


def _container(words: Words, memory: Memory) -> tuple[Words, Named | None]:
    """``… to the project Atlas``: what the new node is to belong to. It needs a name or a label to be taken for one."""
    at = spot_last(words, _INTO)
    into = words[at + 1 :] if at > 0 else []
    if text_of(into).lower() in {"graph", "the graph"}:
        return words[:at], None
    node = named(into, memory)
    if node is None or not (node.label or into[-1].is_name or into[0].low == "it"):
        return words, None
    return words[:at], node


def _belonging(item: Item, container: Named) -> Line:
    return Line(container, Named(item.name, item.label), f"HAS_{relation_of(noun(item.label))}")


def _phrase(words: Words, properties: dict[str, Any]) -> Phrase:
    """Where the label ends and the names begin. ``with label Person`` and ``with name Alice`` count as well."""
    article = bool(words) and words[0].low in ARTICLES
    phrase = _explicit(bare(words)) or _implied(bare(words), article)
    said = next((name for name in properties if name in LABEL_WORDS), "")
    label = phrase.label or (label_of([quoted(str(properties.pop(said)))]) if said else "")
    names = phrase.names or ([[quoted(str(properties.pop("name")))]] if "name" in properties else [])
    return Phrase(label, names, phrase.number)


def _explicit(words: Words) -> Phrase | None:
    """``LABEL named NAMES``, ``LABEL: NAMES``, ``NAMES as LABEL``, ``NAMES of type LABEL``."""
    if (at := spot(words, CALLED | {":"}, 0)) >= 0:
        names, label = words[at + 1 :], label_of(words[:at])
        if (of := spot(names, {"of"}, 1)) > 0 and of + 2 < len(names) and names[of + 1].low in LABEL_WORDS:
            names, label = names[:of], label_of(names[of + 2 :])
        return Phrase(label, split(names))
    if (at := spot(words, {"as"}, 1)) > 0:
        return Phrase(label_of(bare(words[at + 1 :])), split(_without_generic(words[:at])))
    if (at := spot(words, {"of"}, 1)) > 0 and at + 2 < len(words) and words[at + 1].low in LABEL_WORDS:
        return Phrase(label_of(words[at + 2 :]), split(_without_generic(words[:at])))
    return None


def _implied(words: Words, article: bool) -> Phrase:
    """``person Alice``, ``tasks Design and Build``, ``3 tasks``, ``Alice``."""
    if not words:
        return Phrase("", [])
    if count := _count(words):
        return Phrase(label_of(words[1:]), [], count)
    if words[0].low in GENERIC:
        return Phrase("", split(words[2:] if len(words) > 2 and words[1].low == "for" else words[1:]))
    if len(words) > 2 and words[0].low in _NUMBERS and words[1].text.islower():
        words = words[1:]
    size = next((at for at, word in enumerate(words) if word.is_name or word.low == COMMA), len(words))
    if 0 < size < len(words) and (words[size].low != COMMA or is_kind(words[size - 1].low)):
        return Phrase(label_of(words[:size]), split(words[size:]))
    if size and (is_kind(words[0].low) or (article and len(words) == 1)):
        return Phrase(label_of(words[:1]), split(words[1:]))
    return Phrase("", split(words))


def _without_generic(words: Words) -> Words:
    return words[1:] if len(words) > 1 and words[0].low in GENERIC else words


def _count(words: Words) -> int:
    """How many, where a number stands in front of a kind: ``3 tasks``."""
    if len(words) != 2 or not words[1].text.islower():
        return 0
    count = (
        int(words[0].text) if words[0].text.isdecimal() and len(words[0].text) < 4 else _NUMBERS.get(words[0].low, 0)
    )
    return min(count, MOST_NUMBERED)


def _items(phrase: Phrase, properties: dict[str, Any]) -> Iterator[Item]:
    for name in phrase.names:
        at = spot(name, {"("}, 1)
        inside = [word for word in name[at + 1 :] if word.low != ")"] if at > 0 else []
        own = properties_of(inside) if len(inside) > 1 else {}
        label = label_of(inside) if len(inside) == 1 else phrase.label
        text = text_of(_without_article(name[:at] if at > 0 else name))
        if text and len(text) <= MOST_NAME:
            yield Item(label or UNKNOWN, text, properties | own)
    for number in range(1, phrase.number + 1 if phrase.label else 0):
        yield Item(phrase.label, f"{noun(phrase.label).capitalize()} {number}", properties)


def _without_article(words: Words) -> Words:
    return words[1:] if len(words) > 1 and words[0].low in ARTICLES | ALL else words

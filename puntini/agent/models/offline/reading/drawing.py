"""Asking for a whole graph: ``create a project management graph for Apollo``, ``draw a family tree``."""

from puntini.agent.models.offline.reading.memory import Memory
from puntini.agent.models.offline.templates import skeleton, template_for
from puntini.agent.models.offline.text.words import Clause, Words, bare, front, fronts, spot, text_of, vocabulary
from puntini.agent.models.offline.wishes.building import Draw
from puntini.agent.models.offline.wishes.contract import Wish
from puntini.agent.models.offline.wishes.talk import Unclear

DRAWING = vocabulary("create make build draw generate design model sketch map visualise visualize produce want need")
_FRONTS = fronts(
    "set up", "give me a", "give me an", "show me a", "show me an", "i want", "i need", "i would like", "i'd like",
    "we need",
)  # fmt: skip
_GRAPHS = vocabulary(
    "graph graphs chart charts diagram diagrams map tree chain network architecture curriculum hierarchy "
    "structure schema ontology mindmap"
)
_ABOUT = frozenset({"about", "of", "for", "on", "describing", "showing", "around", "named", "called", "titled"})
MOST_SUBJECT = 80


def drawing(clause: Clause, memory: Memory) -> list[Wish]:
    """The graph that is to be built."""
    words = _object(clause.words)
    if not words:
        return []
    at = spot(words, _GRAPHS)
    if at < 0:
        return _without_noun(words) if clause.words[0].low in {"draw", "sketch", "model", "map", "design"} else []
    while at + 1 < len(words) and words[at + 1].low in _GRAPHS:
        at += 1
    if at > 5 or (at + 1 < len(words) and words[at + 1].low not in _ABOUT | {"with", "that", "please", "in"}):
        return []
    return _graph(words[: at + 1], _subject(words[at + 1 :]))


def _object(words: Words) -> Words:
    """What is to be built, behind the verb; nothing where no verb of building stands in front."""
    if words[0].low in DRAWING:
        return bare([word for word in words[1:] if word.low not in {"me", "us"}])
    size = front(words, _FRONTS)
    return bare(words[size:]) if size else []


def _subject(words: Words) -> Words:
    return bare(words[1:]) if words and words[0].low in _ABOUT else []


def _without_noun(words: Words) -> list[Wish]:
    """``draw the solar system``."""
    template = template_for(text_of(words)) if not any(word.quoted for word in words) else None
    return [Draw(template)] if template else []


def _graph(head: Words, subject_words: Words) -> list[Wish]:
    subject = text_of(subject_words)[:MOST_SUBJECT]
    kind = template_for(text_of(head))
    if kind and (not subject or kind.title):
        named = bool(subject) and subject_words[0].is_name
        return [Draw(kind, subject if named and kind.title else "")]
    if subject:
        template = template_for(subject)
        return [Draw(template or skeleton(subject))]
    if len(head) > 1:
        return [Draw(skeleton(text_of(head[:-1])))]
    return [Unclear("What should the graph be about? Say for example `create a project management graph`.")]

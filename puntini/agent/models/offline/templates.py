"""Whole graphs as data: one TOML file each in ``graphs/``, and a skeleton for what has none."""

from functools import cache
from importlib.resources import files
from typing import Any

import msgspec
from msgspec import Struct


class TemplateNode(Struct, frozen=True, forbid_unknown_fields=True):
    """A node of a template."""

    label: str
    key: str
    props: dict[str, Any] = {}


class Part(Struct, frozen=True, forbid_unknown_fields=True):
    """Nodes that are added together; ``step`` tells it as a plan does."""

    step: str
    nodes: tuple[TemplateNode, ...]


class Template(Struct, frozen=True, forbid_unknown_fields=True):
    """A graph. An edge is source, relation and one target or more.

    ``words`` are the phrases that ask for it. ``title`` is the key of the node that takes the name of what it is drawn
    for; a template without one describes one thing only. ``next`` are things to say afterwards.
    """

    what: str
    words: tuple[str, ...]
    parts: tuple[Part, ...]
    edges: tuple[tuple[str, ...], ...]
    next: tuple[str, ...]
    note: str = "The names and numbers in it are examples."
    title: str = ""


@cache
def templates() -> tuple[Template, ...]:
    """All templates, read once."""
    folder = files("puntini.agent.models.offline") / "graphs"
    found = sorted((each for each in folder.iterdir() if each.name.endswith(".toml")), key=lambda each: each.name)
    return tuple(msgspec.toml.decode(each.read_text(encoding="utf-8"), type=Template) for each in found)


def template_for(text: str) -> Template | None:
    """The template that a text asks for most precisely."""
    low = f" {text.lower().replace('-', ' ')} "
    hits = [(len(word), template) for template in templates() for word in template.words if f" {word} " in low]
    return max(hits, key=lambda hit: hit[0])[1] if hits else None


def skeleton(subject: str) -> Template:
    """Open questions about something that no template knows: nothing in it is invented."""
    questions = [
        f"What is {subject}?",
        f"What are the parts of {subject}?",
        f"Who is involved in {subject}?",
        f"What does {subject} depend on?",
        f"What follows from {subject}?",
    ]
    return Template(
        what="skeleton of a graph",
        words=(),
        parts=(
            Part(f"Add {subject} as the topic", (TemplateNode("Topic", subject),)),
            Part(
                "Add the open questions", tuple(TemplateNode("Question", key, {"status": "open"}) for key in questions)
            ),
        ),
        edges=((subject, "ASKS", *questions),),
        next=(f"add a concept named …, then connect {subject} to …",),
        note="I have no template for this and invent nothing: fill the open questions in yourself.",
        title=subject,
    )

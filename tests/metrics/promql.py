"""What an expression of PromQL names, as far as a small pattern can tell: its metrics, their matchers, its labels."""

import re
from typing import NamedTuple

_SELECTOR = re.compile(r"\b((?:puntini|process)_\w+)(?:\{([^}]*)\})?")
_MATCHER = re.compile(r'(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"')
_GROUPING = re.compile(r"\b(?:by|without|on|ignoring)\s*\(([^)]*)\)")
ALWAYS = frozenset({"job", "instance", "le"})
"""Labels that Prometheus adds, and those of every histogram."""


class Selected(NamedTuple):
    """A metric, and what its labels are asked to be: name, operator, value."""

    metric: str
    matchers: list[tuple[str, str, str]]


def selected(expression: str) -> list[Selected]:
    """Every metric that an expression asks for."""
    return [Selected(name, _MATCHER.findall(inside)) for name, inside in _SELECTOR.findall(expression)]


def grouped(expression: str) -> set[str]:
    """The labels that it groups by."""
    return {label.strip() for inside in _GROUPING.findall(expression) for label in inside.split(",")}


def faults(expression: str, exposed: dict[str, set[str]], *, legend: str = "") -> list[str]:
    """A sentence for each metric that is not exposed, and each label that none of its metrics has."""
    found = selected(expression)
    missing = [f"{each.metric} is not exposed" for each in found if each.metric not in exposed]
    wrong = [
        f"{each.metric} has no label {name}"
        for each in found
        for name, _, _ in each.matchers
        if each.metric in exposed and name not in exposed[each.metric] | ALWAYS
    ]
    labels = set().union(*(exposed.get(each.metric, set()) for each in found)) | ALWAYS
    shown = grouped(expression) | set(re.findall(r"\{\{\s*(?:\$labels\.)?(\w+)\s*\}\}", legend))
    return [*missing, *wrong, *(f"no metric has the label {label}" for label in sorted(shown - labels))]

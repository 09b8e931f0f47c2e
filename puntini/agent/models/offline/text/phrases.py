"""Plain English out of lists and numbers."""

from collections.abc import Sequence
from typing import Any

from puntini.agent.models.offline.text.labels import plural

MOST_LISTED = 12
MOST_QUOTED = 300


def listed(names: Sequence[str], most: int = MOST_LISTED, joint: str = "and") -> str:
    """``Alice, Bob and Carol``; of a long list the beginning, and how many more."""
    shown = list(names[:most])
    if len(names) > most:
        shown.append(f"{len(names) - most} more")
    return f" {joint} ".join([", ".join(shown[:-1]), shown[-1]]) if len(shown) > 1 else "".join(shown)


def counted(count: int, noun: str) -> str:
    """``1 node``, ``2 nodes``."""
    return f"{count:,} {noun if count == 1 else plural(noun)}"


def cut(text: str, most: int = MOST_QUOTED) -> str:
    """A text that is no longer than that."""
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def article(noun: str) -> str:
    """A noun with ``a`` or ``an``."""
    return f"{'an' if noun[:1].lower() in tuple('aeiou') else 'a'} {noun}"


def sentence(text: str) -> str:
    """A text that ends as a sentence does."""
    text = text.strip()
    return text if not text or text[-1] in ".!?…" else text + "."


def shown(value: Any) -> str:
    """A property's value in running text."""
    match value:
        case bool():
            return "yes" if value else "no"
        case str():
            return cut(value, 120)
        case _:
            return cut(str(value), 120)


def properties_shown(props: dict[str, Any], most: int = 6) -> str:
    """``the age 30 and the role lead``."""
    return listed([f"the {name.replace('_', ' ')} {shown(value)}" for name, value in props.items()], most)

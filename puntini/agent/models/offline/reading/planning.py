"""Tasks that depend on each other: a template that was begun with, and the question what can be started."""

import re

from puntini.agent.models.offline.reading.memory import Memory
from puntini.agent.models.offline.text.words import COMMA, Clause
from puntini.agent.models.offline.wishes.contract import Wish
from puntini.agent.models.offline.wishes.planning import Startable
from puntini.log.templates import BEGINNING

_MOST_WORDS = 10
_QUESTION = re.compile(
    r"(?:what|which tasks?) (?:(?:can|could|should) (?:i |we |you |one )?(?:be )?"
    r"(?:start|started|begin|begun)(?: with)?|(?:is|are) (?:ready|unblocked)(?: to (?:start|begin|be started))?)"
    r"(?: first| next| now)?|what (?:can|should) (?:i|we) do (?:first|next|now)|(?:what is|what's) next"
)
_NAME = re.compile(rf'{re.escape(BEGINNING)} "([^"\n]{{1,200}})"')


def begun(goal: str) -> list[Wish]:
    """The prompt that a template brings: all else in it is for models that read freely."""
    match = _NAME.match(goal)
    return [Startable(template=match[1])] if match else []


def planning(clause: Clause, memory: Memory) -> list[Wish]:
    """``what can be started first``, ``which tasks are ready``."""
    if len(clause.words) > _MOST_WORDS:
        return []
    said = " ".join(word.low for word in clause.words if word.low != COMMA).rstrip("?")
    return [Startable()] if _QUESTION.fullmatch(said) else []

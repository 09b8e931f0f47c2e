"""Work for other agents, new agents, and writing."""

import re

from puntini.agent.models.offline.reading.memory import MANY, ONE, Memory
from puntini.agent.models.offline.text.words import AND, Clause, Words, bare, begins, split, spot, text_of, vocabulary
from puntini.agent.models.offline.wishes.contract import Wish
from puntini.agent.models.offline.wishes.teams import HandOff, NewAgent, Write

_ASKING = frozenset({"ask", "tell", "let", "have", "get"})
_NOBODY = frozenset({"me", "us", "you", "everyone", "someone"}) | ONE | MANY
_WRITING = frozenset({"write", "compose", "draft", "generate"})
_FORMS = vocabulary("text paragraph summary report note story poem essay article description introduction email post")
_WHO = frozenset({"that", "who", "which", "to", "for", "can", "able", "with"})
_SKIPPED = frozenset({"that", "who", "which", "can", "is", "able", "to", "for", "should", "will", "short", "brief"})
_NOT_WORD = re.compile(r"[^\w-]+")
MOST_TASK = 2_000


def teams(clause: Clause, memory: Memory) -> list[Wish]:
    """What is meant for other agents, or for a writer."""
    return _new_agent(clause) or _asked(clause) or _handed(clause) or _writing(clause, memory)


def _asked(clause: Clause) -> list[Wish]:
    """``ask the generator to write a poem``."""
    words = bare(clause.words[1:])
    if clause.words[0].low not in _ASKING or len(words) < 3 or words[0].low in _NOBODY:
        return []
    rest = words[2:] if words[1].low == "agent" else words[1:]
    if not rest or (rest[0].low != "to" and clause.words[0].low != "let") or len(rest) < 2:
        return []
    task = clause.raw(rest[1:] if rest[0].low == "to" else rest)[:MOST_TASK]
    return [_hand_off(words[0].text, task)]


def _handed(clause: Clause) -> list[Wish]:
    """``hand writing a poem over to the generator``."""
    words = clause.words
    at = spot(words, {"to"}, 1)
    if words[0].low not in {"hand", "delegate", "pass"} or at < 1 or len(who := bare(words[at + 1 :])) not in (1, 2):
        return []
    task = clause.raw([word for word in words[1:at] if word.low not in {"over", "off", "on"}])
    return [_hand_off(who[0].text, task[:MOST_TASK])] if task else []


def _hand_off(agent: str, task: str) -> HandOff:
    return HandOff(_NOT_WORD.sub("", agent).lower()[:60], task, "Somebody asked for this agent.")


def _new_agent(clause: Clause) -> list[Wish]:
    """``create an agent [named X] that …``."""
    words = clause.words
    at = spot(words[:6], {"agent", "assistant"}, 1)
    if words[0].low not in {"create", "make", "build", "design", "add", "new"} or at < 0:
        return []
    if at + 1 < len(words) and words[at + 1].low not in _WHO | {"named", "called"}:
        return []
    name, rest = _agent_name(words[at + 1 :])
    role = clause.raw(_without(rest)) or text_of(bare(words[1:at])) or "help"
    named = name or _named_after(text_of(bare(words[1:at])) or role)
    return [NewAgent(named, role[:MOST_TASK], _capabilities(_without(rest)))]


def _agent_name(words: Words) -> tuple[str, Words]:
    if not words or words[0].low not in {"named", "called"}:
        return "", words
    end = spot(words, _WHO, 1)
    end = end if end > 0 else len(words)
    return text_of(words[1:end])[:60], words[end:]


def _without(words: Words) -> Words:
    start = 0
    while start < len(words) and words[start].low in _SKIPPED:
        start += 1
    return words[start:]


def _capabilities(words: Words) -> tuple[str, ...]:
    return tuple(text_of(part)[:100] for part in split(words, AND)[:8])


def _named_after(text: str) -> str:
    """A name for an agent out of what it is to do."""
    return "-".join(_NOT_WORD.sub(" ", text.lower()).split()[:3])[:60] or "helper"


def _writing(clause: Clause, memory: Memory) -> list[Wish]:
    """``write a short text about X``."""
    words = [word for word in clause.words if word.low not in {"me", "us"}]
    if not words or words[0].low not in _WRITING:
        return []
    at = spot(words, {"about", "on", "of"}, 1)
    form = next((word.low for word in words[1:6] if word.low in _FORMS), "")
    if not form and not begins(words, "write about"):
        return []
    subject = text_of(bare(words[at + 1 :]))[:120] if at > 0 else ""
    if subject.lower() in ONE:
        subject = memory.one(subject.lower())
    return [Write(form or "text", "" if subject.lower() in {"graph", "whole graph", "it all"} else subject)]

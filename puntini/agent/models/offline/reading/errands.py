"""Errands in plain words: sums, the time, documents and files."""

import re

from puntini.agent.models.offline.reading.memory import Memory
from puntini.agent.models.offline.text.places import zone_of
from puntini.agent.models.offline.text.words import (
    Clause,
    Words,
    bare,
    begins,
    front,
    fronts,
    lows,
    spot,
    text_of,
    vocabulary,
)
from puntini.agent.models.offline.wishes.contract import Wish
from puntini.agent.models.offline.wishes.errands import Errand, Knowledge
from puntini.agent.models.offline.wishes.talk import Unclear

MOST_EXPRESSION = 200
MOST_QUERY = 300
_SUM_FRONTS = fronts(
    "what is", "what's", "whats", "how much is", "calculate", "compute", "evaluate", "work out", "solve"
)
_SAID_SIGNS = (
    (re.compile(r"\bmultiplied by\b|\btimes\b|[×·]|(?<=\d) ?x ?(?=\d)"), "*"),
    (re.compile(r"\bdivided by\b|\bover\b|÷"), "/"),
    (re.compile(r"\bto the power of\b|\^"), "**"),
    (re.compile(r"\bplus\b"), "+"),
    (re.compile(r"\bminus\b|[\u2212–]"), "-"),
    (re.compile(r"(?:%|\bpercent) of\b"), "/100*"),
    (re.compile(r"\bmodulo\b|\bmod\b"), "%"),
    (re.compile(r"\b(?:the )?square root of (\d+(?:\.\d+)?)"), r"sqrt(\1)"),
    (re.compile(r"(?<=\d),(?=\d{3}\b)"), ""),
)
_FUNCTIONS = vocabulary("sqrt abs round min max sin cos tan log exp floor ceil pi e")
_EXPRESSION = re.compile(r"[\d\s+\-*/%().,a-z]+")
_DIGIT = re.compile(r"\d")
_LETTERS = re.compile(r"[a-z]+")
_ZONE_WORDS = frozenset({"in", "for", "at"})
_DOCUMENTS = vocabulary("documents document docs knowledge knowledgebase sources handbook manuals wiki")
_LOOKING = vocabulary("what which search look lookup find query according do does where how ask tell")
_FILES = frozenset({"files", "file", "workspace", "folder", "directory", "folders"})
_TIMES = fronts(
    "what time", "what is the time", "what's the time", "current time", "the time in", "time in", "tell me the time",
    "what day is it", "what is the date", "what's the date", "what date is it", "what is today's date",
    "what is the current time",
)  # fmt: skip


def errands(clause: Clause, memory: Memory) -> list[Wish]:
    """What is asked of the tools beside the graph."""
    words = clause.words
    return _time(words) or _documents(clause, words) or _files(clause, words) or _sum(clause, words)


def _sum(clause: Clause, words: Words) -> list[Wish]:
    said = clause.raw(words[front(words, _SUM_FRONTS) :])
    expression = _expression(said) if 0 < len(said) <= MOST_EXPRESSION else ""
    if not expression:
        return []
    return [Errand(f"Calculate {said}", "calculate", {"expression": expression}, f"{said} is")]


def _expression(said: str) -> str:
    """A sum in signs; "" for what is none."""
    if not _DIGIT.search(said):
        return ""
    low = said.lower()
    for pattern, sign in _SAID_SIGNS:
        low = pattern.sub(sign, low)
    low = " ".join(low.split())
    if not _EXPRESSION.fullmatch(low):
        return ""
    letters = _LETTERS.findall(low)
    return low if set(letters) <= _FUNCTIONS and (letters or any(sign in low for sign in "+-*/%")) else ""


def _time(words: Words) -> list[Wish]:
    if not front(words, _TIMES):
        return []
    at = spot(words, _ZONE_WORDS)
    if at < 0:
        return [_clock("UTC", "in UTC")]
    place = text_of([word for word in bare(words[at + 1 :]) if word.low not in {"now", "right", "today"}])
    zone = zone_of(place)
    if not zone:
        return [Unclear(f'I don\'t know the time zone of "{place}"; name it as in `what time is it in Europe/Rome`.')]
    return [_clock(zone, f"in {place}")]


def _clock(zone: str, where: str) -> Errand:
    return Errand(f"Look at the clock {where}", "current_time", {"timezone": zone}, f"The time {where} is")


def _documents(clause: Clause, words: Words) -> list[Wish]:
    """``what do the documents say about X``, ``search the knowledge base for X``, ``look up X in the docs``."""
    at = spot(words, _DOCUMENTS)
    if at < 0 or at > 8 or words[0].low not in _LOOKING:
        if begins(words, "look up") and len(words) > 2:
            return _knowledge(clause.raw(bare(words[2:])))
        return []
    about = spot(words, {"about", "for", "on", "regarding"}, at + 1)
    if about > 0:
        return _knowledge(clause.raw(words[about + 1 :]))
    if begins(words, "according to"):
        return _knowledge(clause.raw([word for word in words[at + 1 :] if word.low != ","]))
    if words[0].low in {"find", "search", "look"} and (inside := spot(words, {"in"}, 1)) > 0:
        return _knowledge(clause.raw([word for word in words[1:inside] if word.low not in {"for", "up", "search"}]))
    return []


def _knowledge(query: str) -> list[Wish]:
    query = query.strip(" ,\"'“”?")[:MOST_QUERY]
    return [Knowledge(query)] if query else []


def _files(clause: Clause, words: Words) -> list[Wish]:
    verb = words[0].low
    if verb in {"read", "open", "cat", "show", "view"} and (path := _path(words[1:])):
        return [_reading(path, words)]
    if spot(words, _FILES) < 0:
        return []
    if verb in {"list", "show", "what", "which"}:
        at = spot(words, {"in", "under", "of"}, 1)
        path = text_of([word for word in bare(words[at + 1 :]) if word.low not in _FILES]) if at > 0 else ""
        shown = f"the files in {path or 'the workspace'}"
        return [Errand(f"List {shown}", "list_files", {"path": path} if path else {}, f"These are {shown}")]
    if verb in {"search", "find", "grep"} and (text := _sought(words)):
        return [Errand(f'Search the files for "{text}"', "search_files", {"text": text}, f'I found "{text}" here')]
    return []


def _sought(words: Words) -> str:
    """``search the files for TODO``, ``find TODO in the files``."""
    at = spot(words, {"for"}, 1)
    if at > 0:
        inside = spot(words, {"in"}, at + 1)
        return text_of(words[at + 1 : inside] if inside > 0 else words[at + 1 :])[:MOST_QUERY]
    inside = spot(words, {"in"}, 1)
    return text_of(words[1:inside])[:MOST_QUERY] if inside > 0 else ""


def _path(words: Words) -> str:
    """The first word that looks like a file's name: it has a suffix or a slash."""
    plain = [word for word in bare(words) if word.low not in _FILES]
    return next((word.text for word in plain[:1] if "/" in word.text or "." in word.text.strip(".")), "")


def _reading(path: str, words: Words) -> Errand:
    numbers = [int(low) for low in lows(words) if low.isdecimal() and len(low) < 7]
    arguments: dict[str, str | int] = {"path": path}
    if spot(words, {"line", "lines"}) > 0 and numbers:
        arguments |= {"start": numbers[0], "lines": max(1, numbers[-1] - numbers[0] + 1)}
    return Errand(f"Read {path}", "read_file", dict(arguments), f"This is in {path}")

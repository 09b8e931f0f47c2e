"""From text to wishes: each clause is shown to the readers in turn, and the first that understands it has it."""

import re
from collections.abc import Callable, Iterator, Sequence

from puntini.agent.models.offline.conversation import Conversation
from puntini.agent.models.offline.reading.adding import adding
from puntini.agent.models.offline.reading.asking import asking
from puntini.agent.models.offline.reading.calling import calling, named, taught
from puntini.agent.models.offline.reading.changing import changing, removing
from puntini.agent.models.offline.reading.drawing import drawing
from puntini.agent.models.offline.reading.errands import errands
from puntini.agent.models.offline.reading.linking import linking
from puntini.agent.models.offline.reading.memory import POINTING, Memory, NoReferent
from puntini.agent.models.offline.reading.planning import begun, planning
from puntini.agent.models.offline.reading.relations import being_at, verb_at
from puntini.agent.models.offline.reading.sharing import contributed, handed
from puntini.agent.models.offline.reading.small_talk import small_talk
from puntini.agent.models.offline.reading.stating import stating
from puntini.agent.models.offline.reading.teams import teams
from puntini.agent.models.offline.text.phrases import sentence
from puntini.agent.models.offline.text.verbs import THIRD
from puntini.agent.models.offline.text.words import MOST_CHARACTERS, Clause, Words, clauses, front, fronts, words_of
from puntini.agent.models.offline.wishes.building import AddNodes
from puntini.agent.models.offline.wishes.contract import Wish
from puntini.agent.models.offline.wishes.linking import Link
from puntini.agent.models.offline.wishes.talk import Puzzle, Talk, Unclear
from puntini.agent.models.offline.wishes.teams import HandOff

Reader = Callable[[Clause, Memory], list[Wish]]

# Their order matters: what is more particular comes first ("create an agent" before "create a …").
READERS: tuple[Reader, ...] = (
    small_talk, planning, teams, errands, linking, drawing, changing, removing, adding, asking, stating,
)  # fmt: skip
_LETTERS = re.compile("[a-z]+")
MOST_MERGED = 100  # nodes or relations that are added in one call
MOST_WORDS = 200  # in a clause that can be understood
_POLITE = fronts(
    "please", "can you", "could you", "would you", "will you", "kindly", "i want you to", "i would like you to",
    "i'd like you to", "i need you to", "you should", "let's", "now", "then", "also", "ok", "okay", "so", "well", "and",
    "hey puntini", "hi puntini", "hello puntini", "puntini", "first", "next", "finally", "afterwards", "after that",
    ",",
    "but", "hello", "hi", "hey", "thanks",
)  # fmt: skip


def understood(conversation: Conversation) -> list[Wish]:
    """What the goal asks of this agent. What was said before it tells what "it" and "them" are."""
    if conversation.chat is None and (found := _about_tools(conversation)):
        return found
    memory = Memory()
    if _points(conversation.goal):
        _recall(conversation.earlier, memory)
    parts = list(_parts(conversation.goal, memory))
    if conversation.members:
        parts = [(clause, handed(clause, found, conversation.members)) for clause, found in parts]
    wishes = [wish for _, found in parts for wish in found]
    if conversation.chat is not None:
        return contributed(conversation.chat, conversation.agent, merged(wishes))
    courteous = [wish for wish in wishes if not (isinstance(wish, Talk) and wish.topic in {"greeting", "thanks"})]
    return list(taught(merged(courteous) or wishes[:1] or [Talk("help")], conversation.own))


def _about_tools(conversation: Conversation) -> list[Wish]:
    goal = conversation.goal
    if begun(goal):  # much is named in it by chance
        return []
    return calling(goal, conversation.tools) or named(goal, conversation.own)


def _points(text: str) -> bool:
    """Whether a text may point to what was said before."""
    return not POINTING.isdisjoint(_LETTERS.findall(text.lower()))


def _recall(earlier: Sequence[str], memory: Memory) -> None:
    """Let the memory know what was said, from the newest text on that names something by itself."""
    recalled: list[tuple[str, list[Wish]]] = []
    for text in reversed(earlier):
        wishes = [] if _points(text) else read(text, Memory())
        recalled.append((text, wishes))
        if any(wish.names for wish in wishes):
            break
    for text, wishes in reversed(recalled):
        memory.note(wishes or read(text, memory))


def read(text: str, memory: Memory) -> list[Wish]:
    """The wishes in a text, in their order."""
    return [wish for _, found in _parts(text, memory) for wish in found]


def _parts(text: str, memory: Memory) -> Iterator[tuple[Clause, list[Wish]]]:
    """The clauses of a text, each with what it asks for. What a template brings is one."""
    if found := begun(text):
        source = text[:MOST_CHARACTERS]
        yield Clause(list(words_of(source)), source), found
        return
    for clause in clauses(text):
        found = _clause(clause, memory)
        memory.note(found)
        yield clause, found


def _clause(clause: Clause, memory: Memory) -> list[Wish]:
    if len(clause.words) > MOST_WORDS:
        return [Puzzle(clause.raw(clause.words))]
    try:
        return _first(clause, memory) or [Puzzle(clause.raw(clause.words))]
    except NoReferent as unknown:
        pronoun = unknown.args[0]
        return [Unclear(f'I don\'t know what "{pronoun}" means here; say the name instead.')]


def _first(clause: Clause, memory: Memory) -> list[Wish]:
    """What the first reader that understands it makes of a clause, as it is said or without its politeness."""
    if talk := small_talk(clause, memory):
        return talk
    plain = Clause(_plain(clause.words), clause.source)
    readers = (stating, *READERS) if _states(plain.words) else READERS
    return next((found for reader in readers if (found := reader(plain, memory))), [])


def _states(words: Words) -> bool:
    """Whether this is a statement although it may begin like a command: ``Build depends on Design``."""
    return len(words) > 2 and words[0].is_name and bool(verb_at(words, 1, THIRD) or being_at(words, 1))


def _plain(words: Words) -> Words:
    """The words without politeness at both ends."""
    while 0 < (size := front(words, _POLITE)) < len(words):
        words = words[size:]
    while len(words) > 1 and words[-1].low in {"please", "now", ",", "too", "thanks", "again"}:
        words = words[:-1]
    return words


def merged(wishes: Sequence[Wish]) -> list[Wish]:
    """Neighbours of one sort as one wish: nodes are added in one call, and so are relations, and work handed over."""
    found: list[Wish] = []
    for wish in wishes:
        match found[-1] if found else None, wish:
            case AddNodes(items=before), AddNodes(items=items) if len(before) + len(items) <= MOST_MERGED:
                found[-1] = AddNodes(before + items)
            case Link(lines=before, stated=was), Link(lines=lines, stated=stated) if (
                was == stated and len(before) + len(lines) <= MOST_MERGED
            ):
                found[-1] = Link(before + lines, stated)
            case HandOff(agent=was, task=before, reason=reason), HandOff(agent=agent, task=task) if was == agent:
                found[-1] = HandOff(agent, f"{sentence(before)} {task}", reason)
            case _:
                found.append(wish)
    return found

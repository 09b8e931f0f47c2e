"""From text to wishes: each clause is shown to the readers in turn, and the first that understands it has it."""

from collections.abc import Callable, Sequence

from puntini.agent.models.offline.conversation import Conversation
from puntini.agent.models.offline.reading.adding import adding
from puntini.agent.models.offline.reading.asking import asking
from puntini.agent.models.offline.reading.changing import changing, removing
from puntini.agent.models.offline.reading.drawing import drawing
from puntini.agent.models.offline.reading.errands import errands
from puntini.agent.models.offline.reading.linking import linking
from puntini.agent.models.offline.reading.memory import Memory, NoReferent
from puntini.agent.models.offline.reading.small_talk import small_talk
from puntini.agent.models.offline.reading.stating import stating
from puntini.agent.models.offline.reading.teams import teams
from puntini.agent.models.offline.text.words import Clause, Words, begins, clauses
from puntini.agent.models.offline.wishes.building import AddNodes
from puntini.agent.models.offline.wishes.contract import Wish
from puntini.agent.models.offline.wishes.linking import Link
from puntini.agent.models.offline.wishes.talk import Puzzle, Talk, Unclear

Reader = Callable[[Clause, Memory], list[Wish]]

# Their order matters: what is more particular comes first ("create an agent" before "create a …").
READERS: tuple[Reader, ...] = (
    small_talk, teams, errands, linking, changing, removing, drawing, adding, asking, stating,
)  # fmt: skip
MOST_WORDS = 200  # in a clause that can be understood
_POLITE = (
    "please", "can you", "could you", "would you", "will you", "kindly", "i want you to", "i would like you to",
    "i'd like you to", "i need you to", "you should", "let's", "now", "then", "also", "ok", "okay", "so", "well", "and",
    "hey puntini", "hi puntini", "hello puntini", "puntini", "first", "next", "finally", "afterwards", "after that", ",",
    "but", "hello", "hi", "hey", "thanks",
)  # fmt: skip


def understood(conversation: Conversation) -> list[Wish]:
    """What the goal asks for. What was said before it tells what "it" and "them" are."""
    memory = Memory(conversation.agent, conversation.tools)
    for words in conversation.earlier:
        read(words, memory)
    wishes = read(conversation.goal, memory)
    courteous = [wish for wish in wishes if not (isinstance(wish, Talk) and wish.topic in {"greeting", "thanks"})]
    return merged(courteous) or wishes[:1] or [Talk("help")]


def read(text: str, memory: Memory) -> list[Wish]:
    """The wishes in a text, in their order."""
    wishes: list[Wish] = []
    for clause in clauses(text):
        found = _clause(clause, memory)
        memory.note(found)
        wishes += found
    return wishes


def _clause(clause: Clause, memory: Memory) -> list[Wish]:
    if len(clause.words) > MOST_WORDS:
        return [Puzzle(clause.raw(clause.words))]
    try:
        return _first(clause, memory) or [Puzzle(clause.raw(clause.words))]
    except NoReferent as unknown:
        pronoun = unknown.args[0]
        return [Unclear(f'I don\'t know what "{pronoun}" means here; say the name, for example `rename Alice to Bob`.')]


def _first(clause: Clause, memory: Memory) -> list[Wish]:
    """What the first reader that understands it makes of a clause, as it is said or without its politeness."""
    plain = Clause(_plain(clause.words), clause.source)
    talk = small_talk(clause, memory)
    return talk or next((found for reader in READERS if (found := reader(plain, memory))), [])


def _plain(words: Words) -> Words:
    """The words without politeness at both ends."""
    while len(words) > 1 and (front := next((front for front in _POLITE if begins(words, front)), "")):
        size = len(front.split())
        if size >= len(words):
            break
        words = words[size:]
    while len(words) > 1 and words[-1].low in {"please", "now", ",", "too", "thanks", "again"}:
        words = words[:-1]
    return words


def merged(wishes: Sequence[Wish]) -> list[Wish]:
    """Neighbours of one sort as one wish: nodes are added in one call, and so are relations."""
    found: list[Wish] = []
    for wish in wishes:
        match found[-1] if found else None, wish:
            case AddNodes(items=before), AddNodes(items=items):
                found[-1] = AddNodes(before + items)
            case Link(lines=before, stated=was), Link(lines=lines, stated=stated) if was == stated:
                found[-1] = Link(before + lines, stated)
            case _:
                found.append(wish)
    return found

"""Who of several agents does what: each piece of work is for the one whose description has most of its words."""

import re
from collections.abc import Sequence, Set

from puntini.agent.models.offline.text.phrases import cut, sentence
from puntini.agent.models.offline.text.words import Clause, vocabulary
from puntini.agent.models.offline.wishes.contract import Wish
from puntini.agent.models.offline.wishes.errands import Knowledge
from puntini.agent.models.offline.wishes.talk import Puzzle, Talk, Unclear
from puntini.agent.models.offline.wishes.teams import HandOff, NewAgent, Offer, Remark, Write
from puntini.agent.teams.transcript import PASS, USER, Chat, Member, Word

MOST_TASK = 2_000
WAITING = "My part comes after what others have to do."
OTHERS = "By my rules, what is asked now is for others to do."
LF = "\n"
_OWN = (HandOff, Talk, Puzzle, Unclear)
"""What is never handed over: it is already, or there is nothing to do."""
_SORTS: dict[type[Wish], str] = {
    NewAgent: "creates new agents",
    Write: "writes texts",
    Knowledge: "searches documents, answers questions",
}
_ASKING, _EDITING = "answers questions, finds things in the graph", "builds, draws and edits graphs, adds nodes"
_WORD = re.compile("[a-z]{3,}")
_ENDING = re.compile("(ings?|ers?|es|ed|s|e)$")
_COMMON = vocabulary("the and for you your what who which that this with from are has have its all new")


def handed(clause: Clause, wishes: Sequence[Wish], members: Sequence[Member]) -> list[Wish]:
    """A clause as work for one of the members, unless there is nothing to do."""
    work = next((wish for wish in wishes if not isinstance(wish, _OWN)), None)
    if work is None:
        return list(wishes)
    member = suited(work, members)
    return [HandOff(member.name, clause.raw(clause.words)[:MOST_TASK], f"It is there for this: {cut(member.does)}")]


def suited(wish: Wish, members: Sequence[Member]) -> Member:
    """Whom a wish suits best; the first of equals."""
    sort = _SORTS.get(type(wish), _ASKING if wish.only_asks else _EDITING)
    words = _stems(" ".join([sort, *wish.steps]))
    return max(members, key=lambda member: len(words & _stems(f"{member.name} {member.does}")))


def _stems(text: str) -> set[str]:
    return {_ENDING.sub("", word) for word in _WORD.findall(text.lower()) if word not in _COMMON}


def contributed(chat: Chat, agent: str, wishes: Sequence[Wish]) -> list[Wish]:
    """What an agent does in its turn: its share of the work, what it is there for, or nothing any more.

    Wishes are fulfilled in their order, each by whom it suits best. All members know that alike, so who has spoken
    since the user did tells what is done.
    """
    owners = [suited(wish, chat.members).name.casefold() for wish in wishes]
    since = _since(chat)
    speakers = [word.by.casefold() for word in since]
    done: set[int] = set()
    for speaker in speakers:
        done |= _due(owners, done, speaker)
    if mine := _due(owners, done, agent):
        return [wishes[at] for at in sorted(mine)]
    others = [word for word in since if word.by.casefold() != agent]
    if agent not in speakers:
        waits = agent in {owner for at, owner in enumerate(owners) if at not in done}
        return [Offer(_does(chat, agent), WAITING if waits else " ".join([OTHERS, *_gist(others)]))]
    if chat.until and len(done) == len(wishes) and not any(isinstance(wish, Puzzle | Unclear) for wish in wishes):
        return [Remark(" ".join([*_gist(since), f"There is nothing left that I could do. {chat.until}"]))]
    return [Remark(PASS)]


def _since(chat: Chat) -> list[Word]:
    """What was said since the user said something."""
    said: list[Word] = []
    for word in chat.words:
        said = [] if word.by == USER else [*said, word]
    return said


def _does(chat: Chat, agent: str) -> str:
    return next((member.does for member in chat.members if member.name.casefold() == agent), agent)


def _gist(words: Sequence[Word]) -> list[str]:
    return [f"From {word.by}: {sentence(cut(word.text.partition(LF)[0]))}" for word in words]


def _due(owners: Sequence[str], done: Set[int], agent: str) -> set[int]:
    """The wishes that an agent can fulfil now: its own, up to the first that waits for another."""
    due: set[int] = set()
    for at, owner in enumerate(owners):
        if at not in done:
            if owner != agent:
                break
            due.add(at)
    return due

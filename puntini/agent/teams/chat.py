"""A group chat's steps: its members speak in turn, and each sees what all have said.

    begin → next ⇄ speak

Each takes the state and returns what of it changes. LangGraph runs them (``puntini.agent.graphs.teams``); here nothing
knows of it.
"""

import time
from collections.abc import Sequence
from typing import Any, TypedDict

import msgspec

from puntini.agent import emit
from puntini.agent.builtin.state import State, plain
from puntini.agent.contract import Task
from puntini.agent.recall import Words
from puntini.agent.teams.crew import Crew, does, tell_return, tell_step, tell_turn
from puntini.agent.teams.transcript import PASS, USER, Chat, Member, Word, newest, shown
from puntini.errors import Unavailable
from puntini.log.agents import AgentRow

MOST_SAID = 32_000
"""Characters of what is said in a turn."""
NOTHING = "Nobody in the group chat had anything to say to this."


class Talk(TypedDict, total=False):
    """``prompt`` is given; the rest is the chat's. Plain data: it is part of each checkpoint."""

    prompt: str
    words: list[dict[str, Any]]
    speaker: str
    said: str
    seconds: float
    turns: int
    passed: int
    ended: bool
    heard: int
    last: str
    answer: str


class GroupChat:
    """A team whose members speak in the order in which they are named, ``max_turns`` times at most in all.

    It ends before when all in a row pass, or when one says ``until``.
    """

    def __init__(self, team: AgentRow, crew: Crew, *, purpose: str) -> None:
        self._name = team.name
        self._members = team.members
        self._max_turns = team.max_turns
        self._until = team.until
        self._crew = crew
        self._purpose = purpose

    async def begin(self, state: Talk) -> Talk:
        """Write the prompt down, behind what was said before. Raises Unavailable where a member is missing."""
        there = {row.name for row in self._crew.rows()}
        if missing := next((name for name in self._members if name not in there), ""):
            raise Unavailable(f"The member `{missing}` of the team `{self._name}` is not there, or has no model.")
        words = newest([*_words(state), Word(USER, state["prompt"])])
        return Talk(
            words=plain(words), speaker="", said="", turns=0, passed=0, ended=False, heard=0, last="", answer=""
        )

    async def next(self, state: Talk) -> Talk:
        """Write down what was said, and what people say meanwhile; then it is somebody's turn, or the chat is over."""
        voice, now = emit.voice(), Talk(**state)
        if speaker := now["speaker"]:
            tell_step(voice, speaker, success=True, seconds=now["seconds"])
            self._take(now)
        await _hear(now, voice.task)
        if self._over(now):
            await _hear(now, voice.task, last=True)
        if self._over(now):
            if speaker:
                tell_return(voice, speaker)
            now["speaker"], now["answer"] = "", now["last"] or NOTHING
        else:
            now["speaker"] = self._members[now["turns"] % len(self._members)]
            now["turns"] += 1
            tell_turn(voice, now["speaker"], f"Turn {now['turns']} of {self._max_turns} at most.", by=speaker)
        return now

    def _over(self, now: Talk) -> bool:
        return now["ended"] or now["passed"] >= len(self._members) or now["turns"] >= self._max_turns

    def _take(self, now: Talk) -> None:
        """Take in what a member said."""
        said = now["said"].strip()
        now["ended"] = bool(self._until) and self._until.casefold() in said.casefold()
        if _passes(said) and not now["ended"]:
            now["passed"] += 1
            return
        now["passed"] = 0
        now["words"] = plain(newest([*_words(now), Word(now["speaker"], said)]))
        if not (now["ended"] and now["last"] and _bare(said) == _bare(self._until)):
            now["last"] = said

    async def speak(self, state: Talk) -> Talk:
        """Let a member have its turn. Says nothing itself."""
        speaker, began = state["speaker"], time.monotonic()
        members = [Member(row.name, does(row)) for row in self._crew.rows()]
        prompt = shown(Chat(members, _words(state), self._until), speaker, self._name, self._purpose)
        said = await self._crew.work(speaker, State(prompt=prompt), f"t{state['turns']}")
        return Talk(said=said[:MOST_SAID], seconds=time.monotonic() - began)

    def after_next(self, state: Talk) -> str:
        """Somebody's turn, or the end."""
        return "speak" if state["speaker"] else "end"


def overheard(given: Any, words: Sequence[Words]) -> Any:
    """A prompt with what was said in the chat before it."""
    return {**given, "words": plain(newest([Word(each.by or USER, each.text) for each in words]))}


async def _hear(now: Talk, task: Task, *, last: bool = False) -> None:
    """Write down what people said, after which nothing is over."""
    for item in await task.heard(now["heard"], last=last):
        now["words"] = plain(newest([*_words(now), Word(USER, item.words)]))
        now["heard"] = item.seq
        now["passed"], now["ended"] = 0, False


def _words(state: Talk) -> list[Word]:
    return msgspec.convert(state.get("words", []), list[Word])


def _bare(text: str) -> str:
    """A text without what stands around its words."""
    return text.strip(" \n\t.,!?*_`'\"()[]").casefold()


def _passes(said: str) -> bool:
    return _bare(said) in {"", PASS.casefold(), f"i {PASS.casefold()}"}

"""A supervisor's steps: it asks its model who does which piece of work next, and the members do one after the other.

    begin → choose → hand ⇄ work
                ↑______|

Each takes the state and returns what of it changes. LangGraph runs them (``puntini.agent.graphs.teams``); here nothing
knows of it.
"""

import time
from collections.abc import Sequence
from typing import Any, TypedDict

import msgspec
from msgspec import Struct, ValidationError

from puntini.agent import emit
from puntini.agent.builtin.asking import ask, reply_of
from puntini.agent.builtin.mind import MOST_TRIES
from puntini.agent.builtin.state import MOST_BYTES, State, added, parted, plain
from puntini.agent.builtin.summing import summed_up
from puntini.agent.emit import Voice
from puntini.agent.models.contract import Call, Model, ModelFailed, Outcome, Request, Text, Turn
from puntini.agent.teams.crew import Crew, does, tell_return, tell_step, tell_turn
from puntini.agent.teams.handing import HAND_OFF, Wanted, hand_off
from puntini.agent.teams.transcript import Member
from puntini.agent.tools.contract import ToolFailed
from puntini.errors import Unavailable

MOST_SAID = 32_000
"""Characters of a member's answer."""
SYSTEM = """You are {name}, who leads a team and does nothing itself: the members do the work. {role}
The members are:
{members}
Call hand_off for each piece of work; of several calls at once the members do one after the other, in that order.
A member knows what it was handed before and what `task` says, and nothing else. When all is done, answer from what the
members said, in your own words. When a member fails, try another way, and never claim what did not happen."""


class Piece(Struct, frozen=True):
    """Work for a member. ``place`` is its number in the task."""

    call_id: str
    agent: str
    task: str
    place: int


class Done(Struct, frozen=True):
    """A piece of work that came to an end."""

    agent: str
    task: str
    answer: str


class Led(TypedDict, total=False):
    """``prompt`` is given; the rest is the supervisor's. Plain data: it is part of each checkpoint."""

    prompt: str
    turns: list[dict[str, Any]]
    summary: str
    calls: list[dict[str, Any]]
    outcomes: list[dict[str, Any]]
    piece: dict[str, Any] | None
    said: str
    failed: bool
    seconds: float
    done: list[dict[str, Any]]
    pieces: int
    requests: int
    tries: int
    heard: int
    answer: str


class Supervisor:
    """A team's model and members. No more than ``max_turns`` pieces of work are handed over for a task."""

    def __init__(self, name: str, model: Model, crew: Crew, *, role: str, max_turns: int) -> None:
        self._name = name
        self._model = model
        self._crew = crew
        self._role = role
        self._max_turns = max_turns

    async def begin(self, state: Led) -> Led:
        """Take the prompt in; sum up what was said long ago."""
        older, turns = parted(_turns(state))
        summary = state.get("summary", "")
        if older:
            summary = await summed_up(self._model, older, summary, emit.voice())
            emit.summary(summary)
        return Led(
            turns=plain(added(turns, state["prompt"])),
            summary=summary,
            calls=[],
            outcomes=[],
            piece=None,
            done=state.get("done", []),
            pieces=0,
            requests=0,
            tries=0,
            heard=0,
            answer="",
        )

    async def choose(self, state: Led) -> Led:
        """Ask the model who does what next, with what people said meanwhile."""
        voice = emit.voice()
        turns, heard = _turns(state), state["heard"]
        for item in await voice.task.heard(heard):
            turns, heard = added(turns, item.words), item.seq
        number = state["requests"] + 1
        try:
            whole = await ask(self._model, self._request(turns, state), voice, f"msg_{voice.task.task_id}_{number}")
        except ModelFailed as error:
            if not error.retryable or state["tries"] + 1 >= MOST_TRIES:
                raise Unavailable(str(error)) from None
            emit.debug(f"The model failed: {error}", level="warning")
            return Led(tries=state["tries"] + 1, turns=plain(turns), heard=heard, requests=number)
        reply = reply_of(whole, state["answer"])
        turns = [*turns, *([whole.turn] if whole.turn.content else [])]
        if reply.hint and state["tries"] + 1 >= MOST_TRIES:
            raise Unavailable(reply.why)
        if len(reply.calls) > 1:
            emit.plan([_told(call) for call in reply.calls[: self._max_turns]])
        turns = added(turns, reply.hint) if reply.hint else turns
        for item in await voice.task.heard(heard, last=True) if not (reply.calls or reply.hint) else []:
            turns, heard = added(turns, item.words), item.seq
        return Led(
            turns=plain(turns),
            heard=heard,
            requests=number,
            tries=state["tries"] + 1 if reply.hint else 0,
            calls=plain(reply.calls),
            answer=reply.answer if reply.hint or turns[-1].role == "assistant" else "",
        )

    def _request(self, turns: Sequence[Turn], state: Led) -> Request:
        rows = self._crew.rows()
        members = "\n".join(f"- {row.name}: {does(row)}" for row in rows)
        system = SYSTEM.format(name=self._name, role=self._role, members=members)
        if state["summary"]:
            system += f"\n\nEarlier:\n{state['summary']}"
        return Request(
            system=system, turns=turns, tools=[hand_off([Member(row.name, does(row)) for row in rows])] if rows else []
        )

    async def hand(self, state: Led) -> Led:
        """Take in what a member did, and hand the next piece over; without one, the model has its outcomes."""
        voice = emit.voice()
        outcomes, done = self._taken(state, voice)
        calls = msgspec.convert(state["calls"], list[Call])
        while calls:
            call = calls.pop(0)
            try:
                piece = self._piece(call, state["pieces"] + 1, voice)
            except ToolFailed as error:
                outcomes.append(Outcome(call.call_id, str(error), failed=True))
                continue
            return Led(calls=plain(calls), outcomes=plain(outcomes), done=done, piece=plain(piece), pieces=piece.place)
        if state["piece"] is None:  # nothing could be handed over, which must not go on for ever
            tell_step(voice, HAND_OFF, success=False, seconds=0.0)
        turns = [*_turns(state), Turn("user", outcomes)]
        return Led(calls=[], outcomes=[], done=done, piece=None, turns=plain(turns))

    def _taken(self, state: Led, voice: Voice) -> tuple[list[Outcome], list[dict[str, Any]]]:
        """The outcomes for the model, and the pieces that are done, with that which a member comes back with."""
        outcomes = msgspec.convert(state["outcomes"], list[Outcome])
        if state["piece"] is None:
            return outcomes, state["done"]
        piece = msgspec.convert(state["piece"], Piece)
        tell_return(voice, piece.agent)
        tell_step(voice, piece.agent, success=not state["failed"], seconds=state["seconds"])
        outcomes.append(Outcome(piece.call_id, state["said"], failed=state["failed"]))
        return outcomes, _newest([*state["done"], plain(Done(piece.agent, piece.task, state["said"]))])

    def _piece(self, call: Call, place: int, voice: Voice) -> Piece:
        """What a call hands over, which is told. Raises ToolFailed."""
        if call.name != HAND_OFF:
            raise ToolFailed(f"There is no tool `{call.name[:64]}`; there is {HAND_OFF}.")
        try:
            wanted = msgspec.convert(call.arguments, Wanted)
        except ValidationError as error:
            raise ToolFailed(f"arguments: {error}") from None
        rows = self._crew.rows()
        row = next((row for row in rows if row.name.casefold() == wanted.agent.casefold()), None)
        if row is None:
            names = ", ".join(row.name for row in rows)
            raise ToolFailed(f"No agent `{wanted.agent}` is in this team; there are {names}.")
        if place > self._max_turns:
            raise ToolFailed(f"{self._max_turns} pieces were handed over, which is all; answer with what was done.")
        tell_turn(voice, row.name, wanted.reason)
        return Piece(call.call_id, row.name, wanted.task, place)

    async def work(self, state: Led) -> Led:
        """Have a member do its piece, in a conversation of its own. Says nothing itself."""
        piece, began = msgspec.convert(state["piece"], Piece), time.monotonic()
        earlier = _conversation(msgspec.convert(state["done"], list[Done]), piece.agent)
        try:
            said = await self._crew.work(piece.agent, State(turns=plain(earlier), prompt=piece.task), f"p{piece.place}")
        except Unavailable as error:
            said, failed = f"{piece.agent} could not go on: {error.message}", True
        else:
            failed = False
        return Led(said=said[:MOST_SAID], failed=failed, seconds=time.monotonic() - began)

    # Where to go from each.

    def after_choice(self, state: Led) -> str:
        """There is something to hand over, it was an answer, or the model has to be asked again."""
        if state["calls"]:
            return "hand"
        return "end" if state["turns"][-1]["role"] == "assistant" else "choose"

    def after_handing(self, state: Led) -> str:
        """A member has something to do, or the model has to be asked."""
        return "choose" if state["piece"] is None else "work"


def _turns(state: Led) -> list[Turn]:
    return msgspec.convert(state.get("turns", []), list[Turn])


def _told(call: Call) -> str:
    return f"{call.arguments.get('agent', '')}: {call.arguments.get('task', '')}"[:500]


def _newest(done: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The newest pieces, as many as there is room for."""
    while len(msgspec.json.encode(done)) > MOST_BYTES:
        done = done[1:]
    return done


def _conversation(done: Sequence[Done], agent: str) -> list[Turn]:
    """What a member was handed before, and what it answered."""
    turns: list[Turn] = []
    for piece in done:
        if piece.agent == agent:
            turns += [Turn("user", [Text(piece.task)]), Turn("assistant", [Text(piece.answer)])]
    return turns

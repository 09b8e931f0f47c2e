"""What the built-in agent remembers when a conversation grows long."""

from collections.abc import AsyncGenerator

import msgspec
import pytest

from puntini.agent.builtin.state import KEPT_TURNS, MOST_BYTES, MOST_WORKING_BYTES, SHORTENED, shortened
from puntini.agent.graphs.builtin import builtin
from puntini.agent.models.contract import Call, Model, ModelFailed, Outcome, Piece, Request, Spent, Text, Turn, Whole
from puntini.agent.models.offline.model import OfflineModel
from puntini.agent.tools.builtin import builtin_tools
from puntini.protocol.events import Debug, LoggedEvent, MemorySummary, TaskCompleted
from puntini.store.memory import MemoryStore
from tests.agent.stage import stage

pytestmark = pytest.mark.anyio
LONG = "bees " * 3_000


class Scribe:
    """A model that answers with a word, and sums up as it is told to, or not at all."""

    name = "scribe"

    def __init__(self, summary: str = "") -> None:
        self._summary = summary
        self.requests: list[Request] = []

    async def stream(self, request: Request) -> AsyncGenerator[Piece, None]:
        """Answer."""
        self.requests.append(request)
        summary = request.purpose == "summary"
        if summary and not self._summary:
            raise ModelFailed("The provider is away.", retryable=True)
        yield Whole(Turn("assistant", [Text(self._summary if summary else "Noted.")]), "end", Spent(10, 2, 0.5))

    async def aclose(self) -> None:
        """Nothing to let go of."""


async def told(model: Model, prompts: int = 7) -> list[LoggedEvent]:
    """What is told while a conversation of long prompts goes on."""
    store = MemoryStore()
    async with stage(store, builtin("puntini", model, builtin_tools(), store)) as life:
        session = await life.session()
        for number in range(prompts):
            assert await life.ended(await life.prompt(session, f"Prompt {number}: {LONG}")) == "completed"
        return await life.log(session)


def summaries(events: list[LoggedEvent]) -> list[str]:
    """The summaries among events."""
    return [event.data.summary for event in events if isinstance(event, MemorySummary)]


async def test_the_model_sums_up_what_was_said_long_ago_and_goes_by_it() -> None:
    model = Scribe("They like bees.")

    events = await told(model)

    assert summaries(events) == ["They like bees."] * len(summaries(events)) != []
    asked = [request for request in model.requests if request.purpose == "summary"]
    assert "user: Prompt 0: bees" in str(asked[0].turns)
    after = model.requests[model.requests.index(asked[0]) + 1]
    assert after.system.endswith("Earlier:\nThey like bees.")
    assert "Prompt 0" not in str(after.turns)
    assert all(len(msgspec.json.encode(request.turns)) < MOST_BYTES + len(LONG) + 1_000 for request in model.requests)
    end = next(event for event in events[events.index(_first(events)) :] if isinstance(event, TaskCompleted))
    assert (end.data.usage.input_tokens, end.data.usage.cost_usd) == (20, 1.0)


def _first(events: list[LoggedEvent]) -> LoggedEvent:
    return next(event for event in events if isinstance(event, MemorySummary))


async def test_where_the_model_fails_the_beginnings_are_kept_and_that_is_said() -> None:
    events = await told(Scribe())

    assert "user: Prompt 0: bees" in summaries(events)[0]
    assert len(summaries(events)[0]) < len(LONG)
    warnings = [event.data.message for event in events if isinstance(event, Debug) and event.data.level == "warning"]
    assert warnings[0] == "The conversation was cut, not summed up: The provider is away."


async def test_the_offline_model_keeps_the_beginning_of_everything() -> None:
    events = await told(OfflineModel())

    assert "user: Prompt 0: bees" in summaries(events)[0]
    assert all(len(line) <= 200 for line in summaries(events)[0].splitlines())


def test_within_a_task_old_outcomes_are_shortened_and_the_newest_are_whole() -> None:
    content = "x" * (MOST_WORKING_BYTES // 8)
    turns = [Turn("user", [Text("Go on.")])]
    for number in range(10):
        turns.append(Turn("assistant", [Call(str(number), "read", {})]))
        turns.append(Turn("user", [Outcome(str(number), content)]))

    found = shortened(turns)

    outcomes = [block for turn in found for block in turn.content if isinstance(block, Outcome)]
    assert [len(outcome.content) < SHORTENED + 100 for outcome in outcomes] == [True] * 8 + [False] * 2
    assert found[-KEPT_TURNS:] == turns[-KEPT_TURNS:]
    assert shortened(turns[:5]) == turns[:5]

"""The scripted agent: its grammar, its bounds, and that it says the same thing every time."""

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from puntini.agent.demo import answer
from puntini.agent.demo import script as demo_script
from puntini.agent.scripted import (
    ENVELOPE_BYTES,
    MOST_BYTES,
    MOST_EVENTS,
    WORDS_A_MESSAGE,
    Script,
    ScriptedAgent,
    parse,
    play,
)
from puntini.protocol.entries import encode, entry_of
from puntini.protocol.events import AssistantResponse, Envelope, GraphUpdate, LoggedEvent
from puntini.views.messages import Messages
from tests.agent.stage import kind, numbers


class Notebook:
    """A task that writes down what is said."""

    task_id = "tsk_1"
    session_id = "ses_1"

    def __init__(self, prompt: str, spoken: int = 0) -> None:
        self.prompt = prompt
        self.spoken = spoken
        self.said: list[Envelope] = []
        self._version = 0

    def emit(self, event: Envelope) -> None:
        """Write it down."""
        self.said.append(event)

    async def point(self) -> None:
        """Go on."""

    def next_graph_version(self) -> int:
        """One more."""
        self._version += 1
        return self._version


def said(prompt: str, spoken: int = 0) -> list[LoggedEvent]:
    """What the agent says to a prompt."""
    task = Notebook(prompt, spoken)
    anyio.run(ScriptedAgent().run, task)
    return task.said  # type: ignore[return-value]


def played(script: Script) -> list[LoggedEvent]:
    """What a script makes, without waiting for its pace."""
    task = Notebook("")
    return [make(task) for make in play(script)]  # type: ignore[misc]


# The grammar.


@pytest.mark.parametrize(
    ("prompt", "script"),
    [
        ("play 20 events", Script(20)),
        ("play 1 event", Script(1)),
        ("play 2000 events every 5 ms", Script(2000, 5.0)),
        ("play 5 events every 1.5 s", Script(5, 1_500.0)),
        ("play 20 events every 0 ms", Script(20)),
        ("play 20 events every 2.5ms", Script(20, 2.5)),
        ("play 20 events of 230 bytes", Script(20, 0.0, 230)),
        ("play 20 events every 5 ms of 230 bytes", Script(20, 5.0, 230)),
        ("  PLAY  20   Events  Every 5 MS . ", Script(20, 5.0)),
        ("play 0 events", Script(0)),
        ("play 99999999999 events", Script(MOST_EVENTS)),
        ("play 1 event of 99999999 bytes", Script(1, 0.0, MOST_BYTES)),
    ],
)
def test_a_play_prompt_is_understood(prompt: str, script: Script) -> None:
    assert parse(prompt) == script


@pytest.mark.parametrize(
    "prompt",
    [
        "",
        "hello",
        "please play 20 events",
        "play events",
        "play -1 events",
        "play 2.5 events",
        "play 20 events every 5 seconds",
        "play 20 events of 230 bytes every 5 ms",
        "play 20 events every -1 ms",
        "play 20 events\nand then stop",
        "play 20 events every ms",
    ],
)
def test_any_other_prompt_is_not(prompt: str) -> None:
    assert parse(prompt) is None


@given(st.text())
def test_no_prompt_is_too_odd(prompt: str) -> None:
    parse(prompt)


# What it plays.


def test_events_are_numbered_from_one_to_the_last() -> None:
    assert numbers(played(Script(100))) == list(range(1, 101))


def test_all_seven_kinds_come_in_turn() -> None:
    kinds = [kind(event) for event in played(Script(7))][:7]
    assert kinds == ["reasoning", "debug", "graph_update", "tool_call", "step", "plan_update", "assistant_response"]


def test_the_same_prompt_is_played_the_same_every_time() -> None:
    assert [encode(event) for event in said("play 300 events")] == [encode(event) for event in said("play 300 events")]


@given(st.integers(0, 3_000), st.data())
def test_what_follows_a_break_is_what_would_have_followed_without_it(count: int, data: st.DataObject) -> None:
    whole = [encode(event) for event in without_versions(played(Script(count)))]
    cut = data.draw(st.integers(0, len(whole)))
    task = Notebook(f"play {count} events", cut)
    anyio.run(ScriptedAgent().run, task)
    assert [encode(event) for event in without_versions(task.said)] == whole[cut:]


def without_versions(events: list[LoggedEvent] | list[Envelope]) -> list[object]:
    """The events; of a graph update only what it changes, because versions are the session's, not the agent's."""
    return [event.data.delta if isinstance(event, GraphUpdate) else event for event in events]


def test_nothing_is_left_to_say_when_all_was_said() -> None:
    assert said("play 7 events", spoken=8) == []


def test_no_events_are_an_answer_too() -> None:
    task = Notebook("play 0 events")
    assert anyio.run(ScriptedAgent().run, task) == "Played 0 events."
    assert task.said == []


@pytest.mark.parametrize("count", [7, 70, 7 * WORDS_A_MESSAGE, 7 * WORDS_A_MESSAGE + 7, 5_000])
def test_pieces_stand_at_their_offsets_and_make_the_whole(count: int) -> None:
    texts: dict[str, str] = {}
    wholes: dict[str, str] = {}
    for event in played(Script(count)):
        if isinstance(event, AssistantResponse) and event.data.chunk:
            assert event.data.offset == len(texts.get(event.data.message_id, ""))
            texts[event.data.message_id] = texts.get(event.data.message_id, "") + event.data.text
        elif isinstance(event, AssistantResponse):
            wholes[event.data.message_id] = event.data.text
    assert texts == wholes
    assert len(texts) == -(-(count // 7) // WORDS_A_MESSAGE)


def test_the_conversation_is_the_same_from_pieces_and_from_wholes() -> None:
    pieces, wholes = Messages(), Messages()
    for event in played(Script(5_000)):
        if isinstance(event, AssistantResponse):
            (pieces if event.data.chunk else wholes).answered(event)
    assert [each.content for each in pieces.newest(10)] == [each.content for each in wholes.newest(10)]


@pytest.mark.parametrize("size", [230, 1_000, 16_384])
def test_events_are_about_as_large_as_asked(size: int) -> None:
    task = Notebook("")
    sized = [len(entry_of(make(task)).line) + ENVELOPE_BYTES for make in play(Script(7, 0.0, size))]
    assert all(size - 40 <= length <= size + 120 for length in sized[:6]), sized


def test_graph_updates_add_forty_nodes_and_then_change_them() -> None:
    updates = [event for event in played(Script(1_000)) if isinstance(event, GraphUpdate)]
    actions = [event.data.delta[0].action for event in updates]
    assert actions[:40] == ["add_node"] * 40
    assert set(actions[40:]) == {"update_node"}
    assert [event.data.version for event in updates] == list(range(1, len(updates) + 1))


def test_a_pace_is_kept() -> None:
    async def timed() -> float:
        began = anyio.current_time()
        await ScriptedAgent().run(Notebook("play 20 events every 5 ms"))
        return anyio.current_time() - began

    assert anyio.run(timed) >= 0.095


# The demo.


def demo_of(prompt: str) -> list[LoggedEvent]:
    task = Notebook(prompt)
    return [line(task) for line in demo_script(task)]  # type: ignore[misc]


def test_the_demo_shows_every_kind_of_event() -> None:
    shown = {kind(event) for event in demo_of("Hello there")}
    assert shown == {"reasoning", "plan_update", "step", "tool_call", "graph_update", "debug", "assistant_response"}


def test_the_demo_says_who_it_is_and_what_it_was_asked() -> None:
    assert answer("Hello there").startswith("You said: Hello there\n\nI am the scripted agent")


@given(st.text(min_size=1, max_size=400))
def test_the_demo_s_pieces_make_its_answer(prompt: str) -> None:
    spoken = [event.data for event in demo_of(prompt) if isinstance(event, AssistantResponse)]
    text = ""
    for piece in spoken[:-1]:
        assert piece.chunk
        assert piece.offset == len(text)
        text += piece.text
    assert not spoken[-1].chunk
    assert text == spoken[-1].text == answer(prompt)


def test_a_long_prompt_is_quoted_in_part() -> None:
    assert len(answer("x" * 100_000)) < 600


@given(st.text(max_size=100))
def test_every_line_of_the_demo_can_be_logged(prompt: str) -> None:
    for event in demo_of(prompt):
        entry_of(event)

"""The offline model as a model: its pieces, its bounds, and that it is the same every time, whatever is said to it."""

import time

import anyio
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from puntini.agent.models.contract import (
    Call,
    Model,
    Outcome,
    Piece,
    Request,
    Text,
    TextPiece,
    Thinking,
    ThinkingPiece,
    ToolSpec,
    Turn,
    Whole,
)
from puntini.agent.models.offline.model import OfflineModel, response
from tests.agent.models.offline.test_sentences import ADDING, ASKING, CHANGING, ERRANDS, LINKING
from tests.agent.models.offline.world import TOOLS, Conversation, calls_in, said_in, text_of, thought_in

SENTENCES = [sentence for sentence, _ in [*ADDING, *LINKING, *CHANGING, *ASKING, *ERRANDS]]
VOCABULARY = sorted({word for sentence in SENTENCES for word in sentence.split()})
SIGNS = list("\"'“”«»`,.;:!?(){}=&\n\t\u2018’-*•… ")
GOALS = st.one_of(
    st.text(max_size=200),
    st.lists(st.sampled_from([*VOCABULARY, *SIGNS]), max_size=40).map(" ".join),
    st.lists(st.sampled_from(SENTENCES), min_size=1, max_size=12).map(" and then ".join),
    st.lists(st.sampled_from(SENTENCES), min_size=1, max_size=30).map(". ".join),
)
OUTCOMES = st.one_of(
    st.sampled_from(["", "null", "[]", "{}", "3", "no"]),
    st.sampled_from(['{"nodes": [{"id": "n1"}]}', '{"nodes": 3, "edges": {}}', '"\ud800"']),
    st.sampled_from(['{"nodes": [{"id": "n1", "key": "Alice", "label": "Person", "props": {"age": 3}}], "total": 9}']),
    st.sampled_from(['{"path": ["A", {"key": "B"}], "edges": [3]}', '{"passages": [{"text": "x"}]}']),
    st.sampled_from(['{"a": {"b": []}}', '{"path": 3}', '{"nodes": [{"id": "n1", "key": [], "label": {}}]}']),
    st.text(max_size=40),
)  # fmt: skip
MOST_RESPONSES = 10


def test_it_is_a_model() -> None:
    model: Model = OfflineModel()

    assert model.name == "offline"


@pytest.mark.anyio
async def test_its_pieces_are_its_turn() -> None:
    talk = Conversation(OfflineModel())
    asking = await talk.hear("add a person named Alice. add a task named Test. Alice works on Test.")
    whole = _whole(asking)

    assert whole.stop == "calls"
    assert isinstance(whole.turn.content[0], Thinking)
    assert thought_in(asking) == whole.turn.content[0].text
    assert "as 2 steps: (1) add the person Alice" in thought_in(asking)
    assert [call.name for call in calls_in(asking)] == ["set_plan", "add_nodes"]


@pytest.mark.anyio
async def test_the_answer_comes_word_by_word() -> None:
    pieces = await Conversation(OfflineModel()).hear("help")
    words = [piece for piece in pieces if isinstance(piece, TextPiece)]
    whole = _whole(pieces)

    assert len(words) > 50
    assert whole.stop == "end"
    assert said_in(pieces) == text_of(whole.turn)


def test_an_answer_is_cut_off_where_no_more_is_wanted() -> None:
    pieces = list(response(Request(system="", turns=[Turn("user", [Text("help")])], max_tokens=5)))

    assert _whole(pieces).stop == "length"
    assert said_in(pieces) == "I am the offline model:"


def test_what_it_takes_is_counted_and_free() -> None:
    pieces = list(response(Request(system="You are Ada.", turns=[Turn("user", [Text("add a person named Alice")])])))
    spent = _whole(pieces).spent

    assert spent.input_tokens > 4
    assert spent.output_tokens > 4
    assert spent.cost_usd == 0.0


@pytest.mark.anyio
async def test_it_waits_between_pieces_only_if_it_is_asked_to() -> None:
    request = Request(system="", turns=[Turn("user", [Text("hello")])])
    slow = [piece async for piece in OfflineModel(pause_seconds=0.001).stream(request)]

    assert slow == list(response(request))


@pytest.mark.anyio
async def test_it_can_be_stopped_while_it_waits() -> None:
    with anyio.move_on_after(0.05) as scope:
        async for _ in OfflineModel(pause_seconds=60).stream(Request(system="", turns=[Turn("user", [Text("help")])])):
            pass

    assert scope.cancelled_caught


def test_a_call_that_has_its_outcome_is_not_asked_for_again() -> None:
    goal = Turn("user", [Text("delete Alice and Bob")])
    first = calls_in(_answers([goal]))
    half = [goal, Turn("assistant", first), Turn("user", [Outcome(first[0].call_id, "{}")])]

    assert calls_in(_answers(half)) == first[1:]


def test_calls_of_another_model_are_not_taken_for_its_own() -> None:
    goal = Turn("user", [Text("add a person named Alice")])
    other = Call("toolu_1", "add_nodes", {"nodes": []})

    again = calls_in(_answers([goal, Turn("assistant", [other]), Turn("user", [Outcome("toolu_1", "{}")])]))

    assert [call.name for call in again] == ["add_nodes"]


def test_a_request_without_words_is_answered() -> None:
    assert "offline model" in said_in(_answers([]))
    assert "offline model" in said_in(_answers([Turn("user", [Text("  ")])]))


@given(
    goal=GOALS,
    outcomes=st.lists(st.tuples(OUTCOMES, st.booleans()), min_size=1, max_size=5),
    tools=st.sets(st.sampled_from(TOOLS)),
)
@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_any_text_and_any_outcomes_end_the_same_way_every_time(
    goal: str, outcomes: list[tuple[str, bool]], tools: set[str]
) -> None:
    turns = [Turn("user", [Text(goal)])]
    offered = [ToolSpec(name, "", {}) for name in sorted(tools)]
    for number in range(MOST_RESPONSES):
        request = Request(system="You are Ada.", turns=tuple(turns), tools=offered)
        pieces = list(response(request))
        assert pieces == list(response(request))
        whole = _whole(pieces)
        calls = calls_in(pieces)
        assert {call.name for call in calls} <= tools
        if whole.stop == "end":
            assert said_in(pieces).strip()
            assert not calls
            return
        assert calls
        came = [outcomes[at % len(outcomes)] for at in range(number, number + len(calls))]
        turns += [
            whole.turn,
            Turn("user", [Outcome(call.call_id, *each) for call, each in zip(calls, came, strict=True)]),
        ]
    pytest.fail("it does not come to an end")


@given(
    earlier=st.lists(GOALS, max_size=8), goal=st.sampled_from(["rename it to Bob", "connect them", "delete this node"])
)
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_whatever_was_said_before_it_can_be_pointed_to(earlier: list[str], goal: str) -> None:
    turns = [turn for words in earlier for turn in (Turn("user", [Text(words)]), Turn("assistant", [Text("…")]))]

    assert _whole(_answers([*turns, Turn("user", [Text(goal)])])).turn.content


@pytest.mark.parametrize("begin", ["", "add ", "connect ", "delete ", "what is ", "Alice manages "])
@pytest.mark.parametrize(
    "unit", ["a", '"', "“", ",", "a,", "A and ", "Alice manages Bob and ", "(", "A as ", "'s ", "\n- x"]
)
def test_long_texts_take_no_longer_than_they_are_long(begin: str, unit: str) -> None:
    """A hundred kilobytes; what takes squared time would take minutes."""
    text = begin + unit * (100_000 // len(unit))
    started = time.process_time()

    pieces = _answers([Turn("user", [Text(text)])])

    assert time.process_time() - started < 1.0
    if not calls_in(pieces):
        assert "10,000 characters only" in said_in(pieces)


def _answers(turns: list[Turn]) -> list[Piece]:
    return list(response(Request(system="", turns=turns, tools=[ToolSpec(name, "", {}) for name in TOOLS])))


def _whole(pieces: list[Piece]) -> Whole:
    """The last piece, which alone is whole; thoughts come before words."""
    *said, whole = pieces
    assert isinstance(whole, Whole)
    kinds = [isinstance(piece, TextPiece) for piece in said if isinstance(piece, TextPiece | ThinkingPiece)]
    assert len(kinds) == len(said)
    assert kinds == sorted(kinds)
    return whole

"""Anthropic's Messages without a network: requests as JSON, and bytes as pieces and a whole answer."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from puntini.agent.models.anthropic_answer import ANSWER_LIMIT, LINE_LIMIT, Answer, Reader
from puntini.agent.models.anthropic_request import REDACTED, asked
from puntini.agent.models.contract import (
    Call,
    ModelFailed,
    Outcome,
    Piece,
    Request,
    Spent,
    Text,
    TextPiece,
    Thinking,
    ThinkingPiece,
    ToolSpec,
    Turn,
    Whole,
)
from tests.agent.models import messages_server as server
from tests.agent.models.messages_server import answer, event, redacted, text, thinking, tool_use

KEPT = {"cache_control": {"type": "ephemeral"}}
HELLO = [Turn("user", (Text("Hello"),))]


def heard(said: server.Answer, *, sizes: Sequence[int] = (), model: str = "claude-opus-5-5") -> list[Piece]:
    """What comes of an answer whose bytes come in such sizes."""
    reader, whole = Reader(), Answer(model)
    rest = b"".join(said.events)
    pieces: list[Piece] = []
    for size in (*sizes, len(rest)):
        chunk, rest = rest[:size], rest[size:]
        pieces += [piece for each in reader.read(chunk) if (piece := whole.hear(each)) is not None]
    return [*pieces, whole.whole()]


def whole(said: server.Answer) -> Whole:
    last = heard(said)[-1]
    assert isinstance(last, Whole)
    return last


def body(
    *, turns: Sequence[Turn] = HELLO, model: str = "claude-opus-5-5", thinking: int = 0, **of: Any
) -> dict[str, Any]:
    return asked(Request(system="Be brief.", turns=turns, **of), turns, model=model, thinking_tokens=thinking)


# What is asked.


def test_tools_system_and_the_last_turn_are_marked_for_the_cache() -> None:
    tools = [ToolSpec("add", "Adds.", {"type": "object"}), ToolSpec("find", "Finds.", {"type": "object"})]

    assert body(tools=tools, max_tokens=7) == {
        "model": "claude-opus-5-5",
        "max_tokens": 7,
        "system": [{"type": "text", "text": "Be brief.", **KEPT}],
        "tools": [
            {"name": "add", "description": "Adds.", "input_schema": {"type": "object"}},
            {"name": "find", "description": "Finds.", "input_schema": {"type": "object"}, **KEPT},
        ],
        "messages": [{"role": "user", "content": [{"type": "text", "text": "Hello", **KEPT}]}],
    }


def test_what_is_not_there_is_not_sent() -> None:
    made = asked(Request(system=" ", turns=HELLO), HELLO, model="m", thinking_tokens=0)

    assert set(made) == {"model", "max_tokens", "messages"}


def test_every_block_is_shown_as_it_came() -> None:
    turns = [
        *HELLO,
        Turn("assistant", (Thinking("Hm.", "sig"), Thinking("", REDACTED + "data"), Call("c1", "add", {"n": 1}))),
        Turn("user", (Outcome("c1", "no", failed=True),)),
    ]

    assert body(turns=turns)["messages"][1:] == [
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "Hm.", "signature": "sig"},
                {"type": "redacted_thinking", "data": "data"},
                {"type": "tool_use", "id": "c1", "name": "add", "input": {"n": 1}},
            ],
        },
        {
            "role": "user",
            "content": [{"type": "tool_result", "tool_use_id": "c1", "content": "no", "is_error": True, **KEPT}],
        },
    ]


def test_newer_models_think_as_much_as_they_like_and_show_it() -> None:
    made = body(thinking=2_000, max_tokens=100)

    assert made["thinking"] == {"type": "adaptive", "display": "summarized"}
    assert made["max_tokens"] == 2_100


@pytest.mark.parametrize(("asked_for", "budget"), [(2_000, 2_000), (1, 1_024)])
@pytest.mark.parametrize("model", ["claude-haiku-4-5", "claude-sonnet-4-5-20250929", "claude-opus-4-1"])
def test_older_models_think_within_a_budget_beside_the_answer(model: str, asked_for: int, budget: int) -> None:
    made = body(model=model, thinking=asked_for, max_tokens=100)

    assert made["thinking"] == {"type": "enabled", "budget_tokens": budget}
    assert made["max_tokens"] == 100 + budget


# What is answered.


def test_pieces_add_up_to_the_whole() -> None:
    pieces = heard(answer(thinking("Let me see.", "sig"), text("Hello – there.")))

    assert "".join(each.text for each in pieces if isinstance(each, ThinkingPiece)) == "Let me see."
    assert "".join(each.text for each in pieces if isinstance(each, TextPiece)) == "Hello – there."
    assert pieces[-1] == Whole(
        Turn("assistant", [Thinking("Let me see.", "sig"), Text("Hello – there.")]), "end", Spent(10, 5, 0.00014)
    )


def test_calls_come_whole_and_in_their_order() -> None:
    said = answer(
        text("I add."), tool_use("c1", "add", {"label": "Ünï", "n": [1, {"a": None}]}), tool_use("c2", "x", "")
    )

    assert whole(said).turn.content == [
        Text("I add."),
        Call("c1", "add", {"label": "Ünï", "n": [1, {"a": None}]}),
        Call("c2", "x", {}),
    ]
    assert whole(said).stop == "calls"


def test_a_thought_that_is_kept_secret_can_be_shown_again_unchanged() -> None:
    turn = whole(answer(redacted("b3BhcXVl"), text("Hi."))).turn

    assert body(turns=[*HELLO, turn, *HELLO])["messages"][1]["content"][0] == {
        "type": "redacted_thinking",
        "data": "b3BhcXVl",
    }


@given(st.lists(st.integers(1, 40), max_size=200))
def test_it_does_not_matter_how_the_bytes_were_cut(sizes: list[int]) -> None:
    said = answer(thinking("Ähm…"), text("One\r\n\u2028two \N{GRINNING FACE}"), tool_use("c1", "add", {"text": "é\n"}))

    assert heard(said, sizes=sizes) == heard(said)


def test_what_later_versions_may_add_is_left_out() -> None:
    strange = server.Said({"type": "hologram", "id": "h"}, [{"type": "light_delta", "light": [1, 2]}])
    said = answer(strange, text("Hi."))
    said = server.Answer([event("aside", note={"a": 1}), *said.events])

    assert whole(said).turn.content == [Text("Hi.")]


# How it ends.


@pytest.mark.parametrize(
    ("reason", "stop"),
    [
        ("end_turn", "end"),
        ("stop_sequence", "end"),
        ("tool_use", "end"),  # there is no call to wait for
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("refusal", "refusal"),
        ("something_new", "end"),
    ],
)
def test_reasons_for_the_end(reason: str, stop: str) -> None:
    assert whole(answer(text("Hi."), stop=reason)).stop == stop


@pytest.mark.parametrize("written", ['{"label": "A", "pro', ""])
def test_a_call_that_was_cut_off_is_left_out(written: str) -> None:
    made = whole(answer(tool_use("c1", "add", {}), tool_use("c2", "add", written), stop="max_tokens"))

    assert (made.stop, made.turn.content) == ("length", [Call("c1", "add", {})])


@pytest.mark.parametrize(
    "written", ['{"label":', "[1]", '"add"', "{'n': 1}", '{"n": NaN}', '{"n":' * 40 + "1" + "}" * 40]
)
def test_arguments_that_can_not_be_read_are_never_taken_for_others(written: str) -> None:
    with pytest.raises(ModelFailed, match="arguments that can't be read") as caught:
        whole(answer(tool_use("c1", "clear", written)))
    assert caught.value.retryable


def test_a_stream_without_its_end_has_failed() -> None:
    with pytest.raises(ModelFailed, match="broke off") as caught:
        heard(server.Answer(answer(text("Hi.")).events[:-1]))
    assert caught.value.retryable


@pytest.mark.parametrize("line", [b"data: <html>\n\n", b"data: []\n\n", b"data: {}\n\n", b'data: {"type":"\xff"}\n\n'])
def test_what_is_no_stream_of_messages_is_said_so(line: bytes) -> None:
    with pytest.raises(ModelFailed, match="check anthropic_base_url") as caught:
        list(Reader().read(line))
    assert caught.value.__context__ is None


def test_a_delta_without_its_block_is_refused() -> None:
    stray = event("content_block_delta", index=3, delta={"type": "text_delta", "text": "Hi."})

    with pytest.raises(ModelFailed, match="had not begun"):
        heard(server.Answer([stray]))


# What it takes.


def test_all_tokens_are_counted_and_priced_by_their_kind() -> None:
    spent = whole(answer(text("Hi."), input_tokens=3, cache_write=100, cache_read=1_000, output_tokens=50)).spent

    assert spent.input_tokens == 1_103
    assert spent.output_tokens == 50
    assert spent.cost_usd == pytest.approx((3 * 4 + 100 * 5 + 1_000 * 0.2 + 50 * 20) / 1_000_000)


def test_an_unknown_model_has_no_price() -> None:
    last = heard(answer(text("Hi.")), model="mine")[-1]

    assert isinstance(last, Whole)
    assert last.spent == Spent(10, 5, None)


# How much.


def test_a_line_without_an_end_is_not_kept_for_ever() -> None:
    chunks = [b"x" * 65_536] * (LINE_LIMIT // 65_536 + 1)

    with pytest.raises(ModelFailed, match="larger than 4 MiB"):
        heard(server.Answer(chunks), sizes=[65_536] * len(chunks))


@pytest.mark.parametrize("kind", ["text", "signature", "blocks"])
def test_an_answer_is_not_kept_for_ever(kind: str) -> None:
    start = event("content_block_start", index=0, content_block={"type": "thinking"})
    more = {
        "text": event("content_block_delta", index=0, delta={"type": "thinking_delta", "thinking": "x" * 65_536}),
        "signature": event(
            "content_block_delta", index=0, delta={"type": "signature_delta", "signature": "x" * 65_536}
        ),
        "blocks": start,
    }[kind]

    with pytest.raises(ModelFailed, match="more than 4 MiB"):
        heard(server.Answer([start, *[more] * (ANSWER_LIMIT // len(more) * 2)]))

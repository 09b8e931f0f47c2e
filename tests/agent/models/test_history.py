"""Histories as they are shown to a model: whatever a stopped or dead task left, providers take what comes out."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from puntini.agent.models.contract import Block, Call, Outcome, Text, Thinking, Turn
from puntini.agent.models.history import INTERRUPTED, repaired, without_thinking


def user(*content: Block) -> Turn:
    return Turn("user", content)


def model(*content: Block) -> Turn:
    return Turn("assistant", content)


def call(call_id: str) -> Call:
    return Call(call_id, "add", {})


HELLO = user(Text("Hello"))

# Few ids, so that calls and outcomes meet; every block in every role, so that wrong ones come too.
IDS = st.sampled_from(["a", "b", "c"])
BLOCKS = st.one_of(
    st.builds(Text, st.sampled_from(["", " \n", "one", "two"])),
    st.builds(Thinking, st.sampled_from(["", "hm"]), st.sampled_from(["", "signed"])),
    st.builds(call, IDS),
    st.builds(Outcome, IDS, st.just("done"), st.booleans()),
)
TURNS = st.lists(st.builds(Turn, st.sampled_from(["user", "assistant"]), st.lists(BLOCKS, max_size=5)), max_size=8)


# What may not be lost.


def test_a_history_that_is_in_order_stays_as_it_is() -> None:
    turns = (
        HELLO,
        model(Thinking("hm", "signed"), Text("I add."), call("a"), call("b")),
        user(Outcome("a", "done"), Outcome("b", "no", failed=True), Text("And then?")),
        model(Text("Done.")),
        user(Text("Thanks.")),
    )

    assert repaired(turns) == turns


def test_thinking_that_shows_no_words_is_kept_for_its_signature() -> None:
    turns = (HELLO, model(Thinking("", "signed"), Text("Hi.")), HELLO)

    assert repaired(turns) == turns


# What is put right.


def test_a_call_without_an_outcome_was_interrupted() -> None:
    turns = [HELLO, model(call("a"), call("b")), user(Outcome("b", "done"), Text("Go on, please."))]

    assert repaired(turns)[-1] == user(
        Outcome("a", INTERRUPTED, failed=True), Outcome("b", "done"), Text("Go on, please.")
    )


def test_a_history_that_ends_with_calls_goes_on_with_their_outcomes() -> None:
    assert repaired([HELLO, model(call("a"))])[-1] == user(Outcome("a", INTERRUPTED, failed=True))


def test_a_history_that_ends_with_an_answer_goes_on_with_the_user() -> None:
    assert repaired([HELLO, model(Text("Hi."))]) == (HELLO, model(Text("Hi.")), user(Text("Go on.")))


def test_outcomes_without_a_call_are_left_out() -> None:
    turns = [user(Outcome("a", "done"), Text("Hello")), model(Text("Hi.")), user(Outcome("b", "done")), HELLO]

    assert repaired(turns) == (HELLO, model(Text("Hi.")), HELLO)


def test_an_outcome_that_comes_too_late_is_left_out() -> None:
    turns = [HELLO, model(call("a")), HELLO, model(Text("Hi.")), user(Outcome("a", "done"), Text("Well?"))]

    assert repaired(turns)[2:] == (
        user(Outcome("a", INTERRUPTED, failed=True), Text("Hello")),
        model(Text("Hi.")),
        user(Text("Well?")),
    )


def test_outcomes_come_before_words_and_in_the_order_of_their_calls() -> None:
    turns = [HELLO, model(call("a"), call("b")), user(Text("Both?"), Outcome("b", "2"), Outcome("a", "1"))]

    assert repaired(turns)[-1] == user(Outcome("a", "1"), Outcome("b", "2"), Text("Both?"))


def test_turns_of_one_side_become_one() -> None:
    turns = [HELLO, user(Text("Anybody?")), model(Text("Hi.")), model(call("a")), user(Outcome("a", "1")), HELLO]

    assert repaired(turns) == (
        user(Text("Hello"), Text("Anybody?")),
        model(Text("Hi."), call("a")),
        user(Outcome("a", "1"), Text("Hello")),
    )


def test_thinking_without_a_signature_or_at_the_end_of_a_turn_is_left_out() -> None:
    turns = [HELLO, model(Thinking("hm"), Text("Hi."), Thinking("cut off", "signed")), HELLO]

    assert repaired(turns) == (HELLO, model(Text("Hi.")), HELLO)


def test_a_conversation_does_not_begin_with_the_model() -> None:
    assert repaired([model(Text("Welcome.")), HELLO]) == (HELLO,)


def test_where_nothing_was_said_nothing_is_made_up() -> None:
    assert repaired([]) == ()
    assert repaired([user(Text(" ")), model(Thinking("hm", "signed"))]) == ()


def test_thinking_can_be_left_out_altogether() -> None:
    assert without_thinking([model(Thinking("hm", "signed"), Text("Hi."))]) == [model(Text("Hi."))]


# Whatever it was.


@given(TURNS)
def test_sides_alternate_and_the_user_has_the_first_and_the_last_word(turns: Sequence[Turn]) -> None:
    roles = [turn.role for turn in repaired(turns)]

    assert roles == (["user", "assistant"] * len(roles))[: len(roles)]
    assert not roles or roles[-1] == "user"


@given(TURNS)
def test_each_call_has_one_outcome_at_the_head_of_the_next_turn_and_no_outcome_has_none(turns: Sequence[Turn]) -> None:
    made = repaired(turns)

    for before, turn in zip((user(), *made), made, strict=False):
        called = [block.call_id for block in before.content if isinstance(block, Call)]
        head = turn.content[: len(called)] if turn.role == "user" else turn.content[:0]
        assert [block.call_id for block in head if isinstance(block, Outcome)] == called
        assert not any(isinstance(block, Outcome) for block in turn.content[len(head) :])
    ids = [block.call_id for turn in made for block in turn.content if isinstance(block, Call)]
    assert len(ids) == len(set(ids))


@given(TURNS)
def test_there_is_nothing_empty_and_nothing_of_the_other_side(turns: Sequence[Turn]) -> None:
    for turn in repaired(turns):
        assert turn.content
        assert not isinstance(turn.content[-1], Thinking)
        for block in turn.content:
            assert not isinstance(block, Text) or block.text.strip()
            assert not isinstance(block, Thinking) or block.signature
            assert not isinstance(block, Thinking | Call) or turn.role == "assistant"


@given(TURNS)
def test_what_is_in_order_is_left_alone(turns: Sequence[Turn]) -> None:
    assert repaired(repaired(turns)) == repaired(turns)


@given(TURNS, TURNS)
def test_what_comes_later_does_not_change_what_was(before: Sequence[Turn], after: Sequence[Turn]) -> None:
    asked = repaired([*before, HELLO])

    later = repaired([*before, HELLO, model(Text("Hi.")), *after])

    assert later[: len(asked)] == asked


@given(TURNS)
def test_words_of_the_user_are_never_lost(turns: Sequence[Turn]) -> None:
    def words(of: Sequence[Turn]) -> list[str]:
        return [
            block.text
            for turn in of
            if turn.role == "user"
            for block in turn.content
            if isinstance(block, Text) and block.text.strip()
        ]

    said = words(turns)

    assert words(repaired(turns))[: len(said)] == said

"""The conversation, held against a model that keeps whole texts and counts everything anew each time."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from puntini.protocol.events import AssistantResponse, LoggedEvent, Message, UserPrompt
from puntini.views.messages import MOST_BYTES, MOST_MESSAGES, PARTS_JOINED, Spoken
from puntini.views.session import SessionView
from tests.views.said import asked, fold, piece, reopened, whole
from tests.views.strategies import message_ids, messages


def said_in(view: SessionView) -> list[tuple[str, str]]:
    return [(message.id, message.content) for message in view.messages(limit=MOST_MESSAGES)]


def test_a_prompt_and_its_answer_make_a_conversation() -> None:
    view = fold([asked("m1", "Who are you?", at="10:00"), whole("m2", "A dot.", at="10:01")])

    assert view.messages(limit=10) == [
        Message(id="m1", role="user", content="Who are you?", timestamp="10:00", task_id="t1"),
        Message(id="m2", role="assistant", content="A dot.", agent="dot", timestamp="10:01", task_id="t1"),
    ]


def test_pieces_build_up_an_answer_and_the_whole_replaces_them() -> None:
    view = fold([piece("m1", "Hel", 0), asked("m2", "Hurry!"), piece("m1", "lo", 3)])
    assert said_in(view) == [("m1", "Hello"), ("m2", "Hurry!")]

    fold([whole("m1", "Hello, world.")], view)
    assert said_in(view) == [("m1", "Hello, world."), ("m2", "Hurry!")]


def test_an_empty_whole_takes_its_pieces_back() -> None:
    view = fold([asked("m1", "Hurry!"), piece("m2", "Berl", 0), whole("m2", ""), whole("m3", "Rome.")])

    assert said_in(view) == [("m1", "Hurry!"), ("m3", "Rome.")]
    assert view.message_count == 2


def test_offsets_count_code_points() -> None:
    assert said_in(fold([piece("m1", "😀é", 0), piece("m1", "!", 2)])) == [("m1", "😀é!")]


@pytest.mark.parametrize(
    ("text", "offset", "expected"),
    [
        ("lo", 3, "Hello"),
        ("Hel", 0, "Hel"),
        ("HEL", 0, "Hel"),
        ("el", 1, "Hel"),
        ("ello", 1, "Hello"),
        ("world", 7, "Helworld"),
        ("", 3, "Hel"),
        ("Hello", -1, "Hello"[:3] + "o"),
    ],
)
def test_a_piece_overwrites_nothing_and_leaves_no_hole(text: str, offset: int, expected: str) -> None:
    view = fold([piece("m1", "Hel", 0), piece("m1", text, offset)])

    assert said_in(view) == [("m1", expected)]


def test_after_a_hole_pieces_go_on_at_their_offsets() -> None:
    view = fold([piece("m1", "ab", 0), piece("m1", "ef", 4), piece("m1", "ef", 4), piece("m1", "cd", 2)])
    assert said_in(view) == [("m1", "abef")]

    assert said_in(fold([piece("m1", "gh", 6)], view)) == [("m1", "abefgh")]


def test_a_piece_after_the_whole_changes_nothing() -> None:
    assert said_in(fold([whole("m1", "Hi"), piece("m1", " there", 2)])) == [("m1", "Hi")]


def test_the_newest_are_shown_and_the_older_can_be_asked_for() -> None:
    view = fold(asked(f"m{number}", "?") for number in range(5))

    def shown(limit: int, before: str = "") -> list[str]:
        return [message.id for message in view.messages(limit=limit, before=before)]

    assert shown(2) == ["m3", "m4"]
    assert shown(2, before="m3") == ["m1", "m2"]
    assert shown(2, before="m1") == ["m0"]
    assert shown(9, before="m0") == []
    assert shown(9, before="unheard-of") == []
    assert shown(0) == shown(-1) == []


def test_the_window_holds_the_newest_thousand() -> None:
    view = fold(asked(f"m{number}", "?") for number in range(MOST_MESSAGES + 5))

    kept = said_in(view)
    assert len(kept) == MOST_MESSAGES
    assert (kept[0][0], kept[-1][0]) == ("m5", f"m{MOST_MESSAGES + 4}")
    assert view.message_count == MOST_MESSAGES + 5


def test_the_window_holds_so_many_bytes() -> None:
    quarter = "é" * (MOST_BYTES // 8)
    view = fold(asked(f"m{number}", quarter) for number in range(4))
    assert len(said_in(view)) == 4

    assert [each for each, _ in said_in(fold([piece("m4", "!", 0)], view))] == ["m1", "m2", "m3", "m4"]


def test_a_message_larger_than_the_window_is_cut() -> None:
    almost = "x" * (MOST_BYTES - 1)

    view = fold([asked("m0", "?"), piece("m1", almost, 0), piece("m1", "é", len(almost)), piece("m1", "!", MOST_BYTES)])

    assert said_in(view) == [("m1", almost)] == said_in(fold([whole("m1", almost + "é!")]))


def test_many_small_pieces_are_kept_as_few_parts() -> None:
    spoken = Spoken(id="m1", role="assistant")
    for _ in range(10 * PARTS_JOINED):
        spoken.grow("x")

    assert len(spoken.parts) < PARTS_JOINED
    assert spoken.text() == "x" * 10 * PARTS_JOINED


class Kept:
    """A message of the model."""

    def __init__(self, event: UserPrompt | AssistantResponse) -> None:
        self.id = event.data.message_id
        self.event = event
        self.text = ""
        self.end = 0
        self.whole = isinstance(event, UserPrompt) or not event.data.chunk

    @property
    def size(self) -> int:
        return min(MOST_BYTES, len(self.text.encode()))

    def shown(self) -> Message:
        return Message(
            id=self.id,
            role="user" if isinstance(self.event, UserPrompt) else "assistant",
            content=self.text.encode()[:MOST_BYTES].decode(errors="ignore"),
            agent=self.event.agent,
            timestamp=self.event.timestamp,
            task_id=self.event.task_id,
        )


def model(events: list[LoggedEvent]) -> list[Message]:
    """The window after ``events``, the plain and slow way."""
    kept: list[Kept] = []
    for event in events:
        kept = after(kept, event)
        while len(kept) > MOST_MESSAGES or sum(each.size for each in kept) > MOST_BYTES:
            kept = kept[1:]
    return [each.shown() for each in kept]


def after(kept: list[Kept], event: LoggedEvent) -> list[Kept]:
    if isinstance(event, AssistantResponse) and event.data.chunk:
        return after_piece(kept, event)
    if isinstance(event, AssistantResponse) and not event.data.text:
        return [each for each in kept if each.id != event.data.message_id]
    if isinstance(event, AssistantResponse | UserPrompt):
        now = Kept(event)
        now.text = event.data.text if isinstance(event, AssistantResponse) else event.data.prompt
        if any(each.id == now.id for each in kept):
            return [now if each.id == now.id else each for each in kept]
        return [*kept, now]
    return kept


def after_piece(kept: list[Kept], event: AssistantResponse) -> list[Kept]:
    found = [each for each in kept if each.id == event.data.message_id]
    grown = found[0] if found else Kept(event)
    for at, character in enumerate(event.data.text, start=event.data.offset):
        if not grown.whole and at >= grown.end:
            grown.text += character
            grown.end = at + 1
    return kept if found or not grown.end else [*kept, grown]


@given(st.lists(messages))
def test_pieces_amount_to_what_the_model_says(events: list[LoggedEvent]) -> None:
    assert fold(events).messages(limit=MOST_MESSAGES) == model(events)


LARGE = ["", "é", "x" * (MOST_BYTES // 2), "é" * (MOST_BYTES // 6), "x" * (MOST_BYTES - 1)]
large_events: st.SearchStrategy[LoggedEvent] = st.one_of(
    st.builds(whole, message_ids, st.sampled_from(LARGE)), st.builds(asked, message_ids, st.sampled_from(LARGE))
)


@settings(max_examples=30)
@given(st.lists(large_events, max_size=8), st.integers(0, 8))
def test_the_window_is_what_the_model_says_also_after_a_snapshot(events: list[LoggedEvent], at: int) -> None:
    view = fold(events[at:], reopened(fold(events[:at])))

    assert view.messages(limit=MOST_MESSAGES) == model(events)


@given(st.lists(messages))
def test_erasing_superseded_pieces_changes_at_most_an_order(events: list[LoggedEvent]) -> None:
    last_whole = {
        event.data.message_id: at
        for at, event in enumerate(events)
        if isinstance(event, AssistantResponse) and not event.data.chunk
    }
    kept = [
        event
        for at, event in enumerate(events)
        if not (isinstance(event, AssistantResponse) and event.data.chunk)
        or at > last_whole.get(event.data.message_id, -1)
    ]

    before, after = fold(events), fold(kept)

    assert before.message_count == after.message_count
    assert sorted(before.messages(limit=9), key=lambda each: each.id) == sorted(
        after.messages(limit=9), key=lambda each: each.id
    )

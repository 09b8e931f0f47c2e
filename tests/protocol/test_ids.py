"""Ids and cursors."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from puntini.protocol.ids import ID_LIMIT, Earliest, EventId, Malformed, Now, is_epoch, is_event_id, parse_cursor
from tests.protocol.strategies import broken_texts, epochs, event_ids, seqs


@given(event_ids, epochs)
def test_an_id_comes_back_as_it_went_out(event_id: EventId, epoch: str) -> None:
    text = str(event_id)

    assert parse_cursor(text, epoch) == event_id
    assert is_event_id(text)
    assert len(text) <= ID_LIMIT
    assert all(letter.isascii() and (letter.isalnum() or letter == ".") for letter in text)


@given(seqs, epochs)
def test_a_bare_seq_is_taken_in_the_present_epoch(seq: int, epoch: str) -> None:
    assert parse_cursor(str(seq), epoch) == EventId(epoch, seq)


@given(broken_texts | st.from_regex(r"[a-z0-9.]{0,50}") | st.text("0123456789.k \n-+٣", max_size=45), epochs)
@example("9223372036854775808", "k3")
@example("k3.9999999999999999999", "k3")
@example("1\n", "k3")
@example("k3.1\n", "k3")
@example("k3.٣", "k3")
@example("9" * 100_000, "k3")
def test_any_text_is_read_as_something_that_a_store_can_hold(text: str, epoch: str) -> None:
    match parse_cursor(text, epoch):
        case EventId(found, seq):
            assert 0 <= seq < 2**63
            assert is_epoch(found)
            assert text in {str(seq), f"{found}.{seq}"}
        case Malformed(kept):
            assert text.startswith(kept)
            assert len(kept) <= ID_LIMIT
        case word:
            assert (text, word) in [("earliest", Earliest()), ("now", Now())]


@pytest.mark.parametrize(
    "text", ["", " 1", "01", "-1", "+1", "1.0", "k3.", ".1", "k3.01", "K3.1", "k3.1.2", "Now", "k3:1"]
)
def test_what_is_nearly_a_cursor_is_malformed(text: str) -> None:
    assert parse_cursor(text, "k3") == (EventId("1", 0) if text == "1.0" else Malformed(text))


@pytest.mark.parametrize("text", ["", "K3", "k3\n", "k.3", "a" * 17, "ä", "k 3"])
def test_what_cannot_name_an_epoch(text: str) -> None:
    assert not is_epoch(text)

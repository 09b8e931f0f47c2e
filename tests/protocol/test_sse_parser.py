"""The tests' own SSE parser, held against the examples of the standard (HTML, 9.2.6), so that it can judge ours."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.protocol.sse import Block, SseParser, parse


def test_data_lines_are_joined() -> None:
    assert parse(b"data: YHOO\ndata: +2\ndata: 10\n\n").blocks == [Block("message", "YHOO\n+2\n10", "")]


def test_ids_stay_until_they_are_emptied_and_an_unfinished_block_is_dropped() -> None:
    parser = parse(b": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n")

    assert parser.blocks == [Block("message", "first event", "1"), Block("message", "second event", "")]
    assert parser.names == ["", "data", "id", "data", "id", "data"]


def test_an_empty_data_field_dispatches_and_an_id_alone_does_not() -> None:
    parser = parse(b"data\n\ndata\ndata\n\nid: 7\n\ndata:")

    assert [block.data for block in parser.blocks] == ["", "\n"]
    assert parser.last_id == "7"


def test_one_space_after_the_colon_is_dropped() -> None:
    assert [block.data for block in parse(b"data:test\n\ndata: test\n\ndata:  test\n\n").blocks] == [
        "test",
        "test",
        " test",
    ]


def test_what_is_not_a_number_or_holds_nul_is_ignored() -> None:
    parser = parse(b"\xef\xbb\xbfretry: 12\nretry: 1x\nid: a\nid: b\0\nunknown: 1\nevent: e\ndata: d\n\n")

    assert (parser.retry, parser.blocks) == (12, [Block("e", "d", "a")])


@pytest.mark.parametrize("end", [b"\n", b"\r", b"\r\n"])
@given(cuts=st.sets(st.integers(0, 60)))
def test_line_ends_and_cuts_make_no_difference(end: bytes, cuts: set[int]) -> None:
    stream = b"id: 1\nevent: e\ndata: \xc3\xa4\xe2\x80\xa8\ndata: b\n\n: c\n\ndata: z\n\n".replace(b"\n", end)
    parser = SseParser()

    for start, stop in zip([0, *sorted(cuts)], [*sorted(cuts), len(stream)], strict=True):
        parser.feed(stream[start:stop])

    assert parser.blocks == [Block("e", "\xe4\u2028\nb", "1"), Block("message", "z", "1")]

"""Cutting a text: where it is cut, what is kept together, and that nothing is lost."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from puntini.log.passages import OVERLAP, SIZE, passages, pieces

SENTENCE = "Each sentence of this text is about as long as this one is, and says no more. "

parts = st.text(max_size=50) | st.sampled_from(
    [
        SENTENCE,
        SENTENCE * 20,
        "# Heading\n",
        "## Another\n\n",
        "\n\n",
        "\r\n\r\n",
        "```python\n",
        "```\n",
        "~~~~\n",
        "    code\n",
        "x" * 1_500,
        "👩\u200d🚀" * 300,
        "e\u0301" * 700,
        "完成。" * 400,
        " " * 1_200,
        "\u2028",
        "\0",
    ]
)
texts = st.lists(parts, max_size=12).map("".join)


@given(texts)
def test_the_pieces_joined_are_the_text(text: str) -> None:
    assert "".join(pieces(text)) == text


@given(texts)
def test_no_piece_and_no_passage_is_too_long_or_empty(text: str) -> None:
    assert all(0 < len(piece) <= SIZE for piece in pieces(text))
    assert all(passage.strip() and len(passage) <= SIZE + OVERLAP for passage in passages(text))


@given(texts)
def test_each_passage_is_its_piece_after_some_of_the_text_before_it(text: str) -> None:
    place = 0
    found = iter(passages(text))
    for piece in pieces(text):
        place += len(piece)
        if piece.strip():
            passage = next(found)
            assert passage.endswith(piece.strip())
            assert passage in text[:place]
    assert next(found, None) is None


@given(texts)
def test_there_are_not_many_more_pieces_than_there_have_to_be(text: str) -> None:
    assert len(pieces(text)) <= 1 + len(text) / (SIZE / 4)


def test_a_short_text_is_one_passage() -> None:
    assert passages("# Title\n\nA few words.\n\nAnd some more.\n") == ["# Title\n\nA few words.\n\nAnd some more."]


@pytest.mark.parametrize("text", ["", " ", "\n\n\t\n", " " * 5_000])
def test_what_is_blank_has_no_passages(text: str) -> None:
    assert passages(text) == []


def test_a_section_begins_a_piece_once_there_is_enough() -> None:
    first, second = "# One\n\n" + SENTENCE * 7 + "\n\n", "# Two\n\n" + SENTENCE * 3

    assert pieces(first + second) == [first, second]


def test_small_sections_share_a_piece() -> None:
    text = "".join(f"# Number {number}\n\nShort.\n\n" for number in range(10))

    assert pieces(text) == [text]


def test_paragraphs_are_kept_whole_where_they_fit() -> None:
    paragraphs = [SENTENCE * 5 + "\n\n" for _ in range(6)]

    assert pieces("".join(paragraphs)) == ["".join(paragraphs[at : at + 2]) for at in (0, 2, 4)]


def test_a_heading_stays_with_the_paragraph_that_follows() -> None:
    before, section = SENTENCE * 5 + "\n\n", "## Heading\n\n" + SENTENCE * 8

    assert pieces(before + section) == [before, section]


def test_a_long_paragraph_is_cut_between_sentences() -> None:
    cut = pieces(SENTENCE * 40)

    assert len(cut) == 4
    assert all(piece.endswith("no more. ") for piece in cut)


def test_what_has_no_sentences_is_cut_between_lines_then_between_words() -> None:
    lines = pieces("| a | row of a table |\n" * 100)
    words = pieces("word " * 500)

    assert all(piece.endswith("|\n") for piece in lines)
    assert all(piece.endswith("word ") for piece in words)


@pytest.mark.parametrize("fence", ["```", "~~~", "`````"])
def test_a_block_of_code_is_kept_whole_where_it_fits(fence: str) -> None:
    code = f"{fence}python\n" + "# no heading\n\nprint('line')\n" * 30 + f"{fence}\n"

    assert any(code in piece for piece in pieces(SENTENCE * 6 + "\n\n" + code + "\n" + SENTENCE * 6))


def test_a_block_of_code_that_does_not_fit_is_cut_between_lines() -> None:
    cut = pieces("```\n" + "call(first. second)\n" * 200 + "```\n")

    assert len(cut) > 3
    assert all(piece.endswith("\n") for piece in cut)


def test_what_is_seen_as_one_character_is_not_cut() -> None:
    for one in ("e\u0301", "👩\u200d🚀", "👍🏽", "❤\ufe0f"):
        assert all(len(piece) % len(one) == 0 for piece in pieces(one * 1_001))


def test_a_passage_begins_with_the_last_sentence_before_it() -> None:
    first, second = passages(SENTENCE * 20)

    assert first.endswith(SENTENCE.strip())
    assert second.startswith(SENTENCE * 2)
    assert len(first) + len(second) == len(SENTENCE) * 21 - 2


def test_where_a_heading_begins_a_passage_nothing_goes_before_it() -> None:
    _, second = passages("# One\n\n" + SENTENCE * 9 + "\n\n# Two\n\n" + SENTENCE * 3)

    assert second.startswith("# Two")


@pytest.mark.parametrize(
    "unit", ["a", "#\n", "#\n\n", "\n", "```\n", "# a\n\nb\n\n", ". ", "\u0301", '."', "`", SENTENCE], ids=ascii
)
def test_a_text_takes_time_in_proportion_to_its_length(unit: str) -> None:
    def seconds(length: int) -> float:
        began = time.process_time()
        passages(unit * (length // len(unit)))
        return time.process_time() - began

    assert seconds(400_000) < 40 * max(seconds(40_000), 0.002)

"""What a member is shown for its turn, and that it can be read back whatever was said."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from puntini.agent.teams.transcript import MOST_BYTES, PASS, USER, Chat, Member, Word, newest, read, shown

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
WORDS = st.lists(st.builds(Word, st.sampled_from([USER, "Ada", "Bob"]), TEXT), max_size=6)
MEMBERS = st.lists(st.builds(Member, st.sampled_from(["Ada", "Bob"]), TEXT), min_size=1, max_size=3)


@given(MEMBERS, WORDS, TEXT, TEXT)
def test_what_is_shown_is_read_back_whatever_it_says(
    members: list[Member], words: list[Word], until: str, purpose: str
) -> None:
    chat = Chat(members, words, until)
    assert read(shown(chat, "Ada", "Duo", purpose)) == chat


@given(TEXT)
def test_no_other_text_is_taken_for_a_chat(text: str) -> None:
    assert read(text) is None
    assert read(f'It is your turn in the group chat\n{{"line":{text}') is None


def test_a_member_is_told_how_to_pass_and_how_to_end_it() -> None:
    prompt = shown(Chat([Member("Ada", "Counts.")], [], "THE END"), "Ada", "Duo", "To count.")
    assert f"say {PASS} and nothing else" in prompt
    assert prompt.endswith('{"line":"end","text":"THE END"}')


@given(st.lists(st.integers(0, 40_000), min_size=1, max_size=8), st.integers(0, 7))
def test_of_a_long_transcript_the_newest_is_kept_and_what_people_said_last(sizes: list[int], at: int) -> None:
    words = [Word("Ada", "x" * size) for size in sizes]
    goal = at % len(words)
    words[goal] = Word(USER, "Go.")
    kept = newest(words)

    assert Word(USER, "Go.") in kept
    assert kept[-1] == words[-1] or len(msgspec.json.encode(words[-1])) > MOST_BYTES
    assert len(kept) == 1 or len(msgspec.json.encode(kept)) <= MOST_BYTES

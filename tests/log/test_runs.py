import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from puntini.log.runs import LENSES_KEPT, Framing, Lens, Run
from puntini.protocol.entries import Entry
from puntini.protocol.events import LEVELS, Level
from puntini.protocol.select import Selection, select
from tests.log.logbook import SESSION, remark, seqs_of, session_end, task_end, thought, thoughts, whole
from tests.protocol.sse import parse

EPOCH = "e1"
FRAMINGS: tuple[Framing, ...] = ("sse", "lines")
WHOLE_LOG = Lens("lines")


def run_of(*entries: Entry, after: int = 0) -> Run:
    upto = after + len(entries)
    return Run(SESSION, after, upto, range(after + 1, upto + 1), entries)


def seqs(run: Run, lens: Lens) -> list[int]:
    return seqs_of(run.framed(lens, EPOCH).data)


def test_a_lens_without_a_choice_shows_every_event() -> None:
    assert seqs(run_of(thought(), remark("debug"), session_end()), WHOLE_LOG) == [1, 2, 3]


def test_a_lens_shows_only_the_types_that_were_asked_for() -> None:
    run = run_of(thought(), remark("info"), whole("m", "hi"), thought())

    assert seqs(run, Lens("lines", select("reasoning", None))) == [1, 4]


def test_a_session_end_is_shown_whatever_was_asked_for() -> None:
    run = run_of(thought(), task_end("t1"), session_end())

    assert seqs(run, Lens("lines", select("debug", None))) == [2, 3]


@pytest.mark.parametrize("level", LEVELS)
def test_a_level_hides_what_matters_less(level: Level) -> None:
    run = run_of(*(remark(name) for name in LEVELS))

    assert seqs(run, Lens("lines", select(None, level))) == list(range(LEVELS.index(level) + 1, 5))


def test_a_level_hides_nothing_but_debug_events() -> None:
    assert seqs(run_of(thought(), remark("info"), whole("m", "hi")), Lens("lines", select(None, "error"))) == [1, 3]


def test_a_task_lens_shows_one_task_only() -> None:
    run = run_of(thought(task="t1"), thought(task="t2"), thought(), task_end("t1"))

    assert seqs(run, Lens("lines", Selection(task_id="t1"))) == [1, 4]


def test_nothing_follows_a_session_end() -> None:
    assert run_of(thought(), session_end()).framed(WHOLE_LOG, EPOCH).ended


def test_a_task_reader_is_at_the_end_with_the_task() -> None:
    lens = Lens("lines", Selection(task_id="t1"))

    assert run_of(thought(task="t1"), task_end("t1")).framed(lens, EPOCH).ended


def test_another_task_or_a_whole_session_goes_on_behind_a_task_end() -> None:
    run = run_of(task_end("t1"))

    assert not run.framed(Lens("lines", Selection(task_id="t2")), EPOCH).ended
    assert not run.framed(WHOLE_LOG, EPOCH).ended


def test_a_task_reader_is_at_the_end_though_others_speak_on_in_the_same_run() -> None:
    run = run_of(task_end("t1"), thought(task="t2"))

    framed = run.framed(Lens("lines", Selection(task_id="t1")), EPOCH)

    assert framed.ended
    assert framed.upto == 2


def test_a_filtered_reader_moves_on_past_what_it_is_not_shown() -> None:
    framed = run_of(*thoughts(3)).framed(Lens("lines", select("debug", None)), EPOCH)

    assert (framed.data, framed.upto) == (b"", 3)


@pytest.mark.parametrize("framing", FRAMINGS)
def test_frames_joined_are_the_frames_one_by_one(framing: Framing) -> None:
    entries = [thought("a"), remark("warning"), whole("m", "line\nbreak"), session_end()]
    lens = Lens(framing)

    joined = run_of(*entries).framed(lens, EPOCH).data

    assert joined == b"".join(run_of(entry, after=at).framed(lens, EPOCH).data for at, entry in enumerate(entries))


def test_sse_frames_are_what_a_browser_reads() -> None:
    blocks = parse(run_of(thought("a"), whole("m", "b"), after=6).framed(Lens("sse"), EPOCH).data).blocks

    assert [(block.name, block.last_id) for block in blocks] == [("reasoning", "e1.7"), ("assistant_response", "e1.8")]
    assert [msgspec.json.decode(block.data)["id"] for block in blocks] == ["e1.7", "e1.8"]


def test_lines_are_one_envelope_each() -> None:
    lines = run_of(thought("a"), whole("m", "b")).framed(WHOLE_LOG, EPOCH).data.splitlines()

    said = [msgspec.json.decode(line) for line in lines]
    assert [(event["type"], event["id"], event["session_id"]) for event in said] == [
        ("reasoning", "e1.1", SESSION),
        ("assistant_response", "e1.2", SESSION),
    ]


@given(st.integers(0, 12), st.sampled_from(FRAMINGS))
def test_what_comes_after_a_cursor_is_the_end_of_what_comes_after_an_earlier_one(cursor: int, framing: Framing) -> None:
    run = run_of(*thoughts(6), after=3)
    whole_run = run.framed(Lens(framing), EPOCH)

    rest = run.framed_after(cursor, Lens(framing), EPOCH)

    assert whole_run.data.endswith(rest.data)
    assert seqs_of(rest.data) == [seq for seq in range(4, 10) if seq > cursor]
    assert rest.upto == 9


def test_holes_in_the_seqs_are_kept() -> None:
    run = Run(SESSION, 0, 9, [2, 5], thoughts(2))

    framed = run.framed(WHOLE_LOG, EPOCH)

    assert (seqs_of(framed.data), framed.upto) == ([2, 5], 9)


def test_readers_with_equal_lenses_share_the_same_bytes() -> None:
    run = run_of(*thoughts(3))

    first = run.framed(Lens("sse", select("reasoning", None)), EPOCH).data
    again = run.framed(Lens("sse", select("reasoning", None)), EPOCH).data

    assert first is again


def test_more_lenses_than_are_kept_still_see_right() -> None:
    run = run_of(*(thought(task=f"t{number}") for number in range(LENSES_KEPT * 2)))

    shown = [seqs(run, Lens("lines", Selection(task_id=f"t{number}"))) for number in range(LENSES_KEPT * 2)]

    assert shown == [[number + 1] for number in range(LENSES_KEPT * 2)]


def test_a_run_counts_the_bytes_it_holds_also_those_that_are_made_later() -> None:
    entries = thoughts(10, size=500)
    run = run_of(*entries)
    held = sum(len(entry.line) for entry in entries)
    assert held <= run.size

    for level in LEVELS:
        for framing in FRAMINGS:
            held += len(run.framed(Lens(framing, select(None, level)), EPOCH).data)
            assert held <= run.size <= 2 * held

    before = run.size
    for framing in FRAMINGS:
        run.framed(Lens(framing), EPOCH)
        run.framed_after(5, Lens(framing), EPOCH)
    assert run.size == before, "what is not kept is not counted"

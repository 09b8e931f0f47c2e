"""Appends that are put aside: which are tried when, and in which order."""

import asyncio
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from puntini.log.contract import Written
from puntini.store.postgres.aside import LOOK_SECONDS, Accepted, Aside
from puntini.store.postgres.pool import WAIT_SECONDS
from tests.store.making import add, said


@pytest.fixture(scope="module")
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    made = asyncio.new_event_loop()
    yield made
    made.close()


def accepted(loop: asyncio.AbstractEventLoop, session_id: str, text: str = "") -> Accepted:
    future: asyncio.Future[Written] = loop.create_future()
    return add(said(text), to=session_id), future, 0.0


def told(taken: list[Accepted]) -> list[tuple[str, bytes]]:
    return [(append.session_id, append.entries[0].line) for append, _, _ in taken]


def test_what_is_put_aside_is_looked_at_at_once_and_then_now_and_then(loop: asyncio.AbstractEventLoop) -> None:
    aside = Aside()
    aside.put([accepted(loop, "a")], 10.0)
    assert aside.due(10.0) == ["a"]

    assert aside.locked({"a": 7}, 10.0) == {"a"}

    assert aside.due(10.0) == []
    assert aside.next_look == 10.0 + LOOK_SECONDS
    assert aside.due(10.0 + LOOK_SECONDS) == ["a"]


def test_what_others_write_all_the_time_is_stood_in_line_for(loop: asyncio.AbstractEventLoop) -> None:
    aside = Aside()
    aside.put([accepted(loop, "a"), accepted(loop, "b")], 0.0)
    assert aside.locked({"a": 7, "b": 7}, 0.0) == {"a", "b"}

    assert aside.locked({"a": 8, "b": 7}, LOOK_SECONDS) == {"b"}

    assert aside.due(LOOK_SECONDS) == ["a"]


def test_sessions_are_tried_together_and_then_in_groups_that_grow(loop: asyncio.AbstractEventLoop) -> None:
    aside = Aside()
    aside.put([accepted(loop, name) for name in "abcde"], 0.0)
    assert aside.turns("abcde") == [["a", "b", "c", "d", "e"]]
    aside.put(aside.take("abcde")[:4], 0.0)

    aside.tried("abcde", set("abcd"), 0.0)

    assert aside.turns("abcd") == [["a"], ["b", "c"], ["d"]]
    assert "e" not in aside


def test_all_of_a_session_is_overdue_at_once(loop: asyncio.AbstractEventLoop) -> None:
    aside = Aside()
    aside.put([accepted(loop, "a", "first")], 0.0)
    aside.put([accepted(loop, "a", "second"), accepted(loop, "b")], WAIT_SECONDS - 1)
    assert aside.overdue(WAIT_SECONDS - 0.1) == []

    assert told(aside.overdue(WAIT_SECONDS)) == [("a", said("first").line), ("a", said("second").line)]

    assert aside.waiting == 1
    assert "a" in aside  # what comes next shall not hold up the others


def test_what_is_tried_in_vain_goes_back_to_its_place(
    loop: asyncio.AbstractEventLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("puntini.store.postgres.aside.GROUP", 2)
    aside = Aside()
    aside.put([accepted(loop, "a", text) for text in "123"], 0.0)
    taken = aside.take("a")
    aside.put(taken, 0.0)
    aside.tried("a", {"a"}, 0.0)
    aside.put([accepted(loop, "a", "4")], 0.0)

    assert len(taken) == 2
    assert told(aside.clear()) == [("a", said(text).line) for text in "1234"]


def test_what_is_tried_in_vain_waits_no_longer_for_it(loop: asyncio.AbstractEventLoop) -> None:
    aside = Aside()
    aside.put([accepted(loop, "a")], 0.0)
    for now in range(1, int(WAIT_SECONDS)):
        assert aside.overdue(now) == []
        aside.put(aside.take("a"), now)
        aside.tried("a", {"a"}, now)

    assert len(aside.overdue(WAIT_SECONDS)) == 1


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["put", "fail", "done"])), max_size=40))
def test_whatever_is_tried_a_session_keeps_its_order(steps: list[tuple[str, str]]) -> None:
    loop = asyncio.new_event_loop()
    aside, put, done = Aside(), list[tuple[str, bytes]](), list[tuple[str, bytes]]()
    for number, (name, step) in enumerate(steps):
        if step == "put":
            one = accepted(loop, name, str(number))
            aside.put([one], number)
            put += told([one])
        elif name in aside:
            taken = aside.take([name])
            if step == "fail":
                aside.put(taken, number)
            else:
                done += told(taken)
            aside.tried([name], {name} if step == "fail" else set(), number)
    done += told(aside.clear())
    loop.close()

    for name in "abc":
        assert [text for session_id, text in done if session_id == name] == [
            text for session_id, text in put if session_id == name
        ]

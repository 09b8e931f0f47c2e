"""Filters, held against the plainest model of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from puntini.errors import Invalid
from puntini.protocol.entries import entry_of
from puntini.protocol.events import LEVELS, TASK_ENDS, Debug, DebugData, LoggedEvent
from puntini.protocol.select import CONTROL_TYPES, LOGGED_TYPES, Selection, select
from tests.protocol.expected import LOGGED, UNLOGGED
from tests.protocol.strategies import logged_events

names = st.sampled_from(sorted(LOGGED_TYPES | CONTROL_TYPES))
levels = st.sampled_from(["", *LEVELS])
task_ids = st.sampled_from(["", "tsk_1", "tsk_2"])


EVENTS: list[LoggedEvent] = [
    *(replace(event, id="", session_id="") for event in LOGGED),
    *(Debug(task_id="tsk_1", data=DebugData(message="m", level=level)) for level in LEVELS),
]


def wanted(event: LoggedEvent, named: list[str], level: str, task_id: str) -> bool:
    """The rule as the protocol page has it."""
    type_ = event.__struct_config__.tag
    if task_id and event.task_id != task_id:
        return False
    if isinstance(event, Debug) and LEVELS.index(event.data.level) < LEVELS.index(level or "debug"):
        return False
    return not named or type_ in named or type_ in TASK_ENDS or type_ in {"session_closed", "task_retracted"}


@given(st.sampled_from(EVENTS) | logged_events, st.lists(names, max_size=4), levels, task_ids)
def test_a_selection_takes_what_the_rule_says(event: LoggedEvent, named: list[str], level: str, task_id: str) -> None:
    selection = select(",".join(named), level, task_id)

    assert selection.takes(entry_of(event)) == wanted(event, named, level, task_id)


@pytest.mark.parametrize("level", ["", *LEVELS])
@pytest.mark.parametrize("named", [[], *([name] for name in sorted(LOGGED_TYPES | CONTROL_TYPES))], ids=str)
def test_the_rule_holds_for_each_type_alone(named: list[str], level: str) -> None:
    for task_id in ("", "tsk_1"):
        selection = select(",".join(named), level, task_id)

        taken = [selection.takes(entry_of(event)) for event in EVENTS]
        assert taken == [wanted(event, named, level, task_id) for event in EVENTS]


@given(st.lists(names, min_size=1))
def test_readers_who_want_the_same_share_frames(named: list[str]) -> None:
    shuffled = [f" {name} " for name in reversed(named)] + ["", *named]

    assert select(",".join([*named, "live", "pong"]), "info") == select(",".join([*named, "gap"]), "info")
    assert {select(",".join(named), None), select(",".join(shuffled), "debug")} == {select(",".join(named), "")}


@pytest.mark.parametrize("events", [None, "", " ", ",", ", ,", ",".join(LOGGED_TYPES)])
@pytest.mark.parametrize("level", [None, "", "debug"])
def test_naming_nothing_or_all_means_everything(events: str | None, level: str | None) -> None:
    assert select(events, level) == Selection()
    assert select(events, level).everything
    assert not select(events, level, "tsk_1").everything
    assert not select(events, "error").everything


def test_the_two_sets_of_types_are_those_that_exist() -> None:
    assert {str(event.__struct_config__.tag) for event in LOGGED} == LOGGED_TYPES
    assert {str(event.__struct_config__.tag) for event in UNLOGGED} - LOGGED_TYPES == CONTROL_TYPES


@pytest.mark.parametrize(
    "events", ["reasoning,nonsense", "Reasoning", "debug:info", "problem", "a;b", "\n\x00", "ä" * 1000]
)
def test_an_unknown_type_is_refused_by_name(events: str) -> None:
    with pytest.raises(Invalid, match="events: there is no event type") as caught:
        select(events, None)

    assert caught.value.path == "events"
    assert len(caught.value.message) < 400


@pytest.mark.parametrize("level", ["trace", "INFO", " info"])
def test_an_unknown_level_is_refused(level: str) -> None:
    with pytest.raises(Invalid, match="level: use one of debug, info, warning, error") as caught:
        select(None, level)

    assert caught.value.path == "level"


def test_an_unknown_type_is_told_which_was_meant() -> None:
    with pytest.raises(Invalid, match=r"`reasonin`; did you mean `reasoning`\?$"):
        select("reasonin", None)

import pytest

from puntini.errors import Invalid
from puntini.transport.request import StreamRequest, stream_request


def asked(query: str = "", last_event_id: str = "") -> StreamRequest:
    headers = [(b"last-event-id", last_event_id.encode())] if last_event_id else []
    return stream_request({"query_string": query.encode(), "headers": headers}, "ses_1")


def test_a_bare_request_asks_for_everything_from_a_snapshot_on() -> None:
    request = asked()

    assert request.after is None
    assert request.selection.everything
    assert (request.max_rate, request.wait, request.limit) == (0, 0, 100)


def test_last_event_id_beats_after() -> None:
    assert asked("after=e.1", last_event_id="e.2").after == "e.2"


def test_after_names_the_cursor() -> None:
    assert asked("after=e.1").after == "e.1"


def test_an_empty_cursor_is_none() -> None:
    assert asked("after=").after is None


@pytest.mark.parametrize("limit", ["1", "7", "1000"])
def test_a_limit_is_a_whole_number(limit: str) -> None:
    assert asked(f"limit={limit}").limit == int(limit)


@pytest.mark.parametrize(
    "limit", ["0", "0.5", "1.0", "-1", "1001", "1e9", "1e2", "NaN", "inf", "", "x", "%D9%A3", "+1"]
)
def test_any_other_limit_is_refused_by_name(limit: str) -> None:
    with pytest.raises(Invalid, match="limit: give a whole number from 1 to 1000") as refusal:
        asked(f"limit={limit}")

    assert refusal.value.path == "limit"


@pytest.mark.parametrize("wait", ["0", "0.5", "20", "60"])
def test_a_wait_is_in_seconds(wait: str) -> None:
    assert asked(f"wait={wait}").wait == float(wait)


@pytest.mark.parametrize(
    "query", ["wait=61", "wait=-1", "wait=NaN", "wait=inf", "wait=", "max_rate=0", "max_rate=-5", "max_rate=nan"]
)
def test_any_other_number_is_refused_by_name(query: str) -> None:
    with pytest.raises(Invalid) as refusal:
        asked(query)

    assert refusal.value.path == query.partition("=")[0]


@pytest.mark.parametrize("query", ["events=nonsense", "events=reasoning,nonsense", "level=loud", "after=1&colour=red"])
def test_what_is_not_known_is_refused_by_name(query: str) -> None:
    with pytest.raises(Invalid) as refusal:
        asked(query)

    assert refusal.value.path in {"events", "level", "colour"}


def test_too_many_parameters_are_refused() -> None:
    with pytest.raises(Invalid):
        asked("&".join(f"a{number}=1" for number in range(60)))

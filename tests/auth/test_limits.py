"""Limits: windows that slide, addresses that count together, sockets that are too fast."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from puntini.auth.limits import Limits, Pace, Window, household
from puntini.auth.principals import LOCAL, NOBODY, Principal
from puntini.errors import TooMany

ANN, BOB = Principal("ann", credential="key:1"), Principal("bob", credential="key:2")


class Clock:
    """Time that goes on when it is told to."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


# Windows.


def test_so_many_pass_and_the_next_is_told_when_to_come() -> None:
    window = Window("credential", 3)

    standings = [window.take("ann", 600.0 + second) for second in range(4)]

    assert [(each.passed, each.left) for each in standings] == [(True, 2), (True, 1), (True, 0), (False, 0)]
    assert standings[3].seconds == 77, "a third of what came by then has slid out"
    assert window.take("bob", 603.0).passed


def test_the_window_slides() -> None:
    window = Window("credential", 60)
    for _ in range(60):
        assert window.take("ann", 659.0).passed

    assert not window.take("ann", 660.0).passed
    assert not window.take("ann", 660.9).passed
    assert sum(window.take("ann", 690.0).passed for _ in range(60)) == 30
    assert sum(window.take("ann", 900.0).passed for _ in range(100)) == 60


@given(st.lists(st.floats(0, 30), max_size=200), st.integers(1, 20))
def test_whoever_waits_as_told_gets_through_and_never_more_than_the_limit_pass_in_a_window(
    pauses: list[float], most: int
) -> None:
    window, now, passed = Window("credential", most), 0.0, list[float]()
    for pause in pauses:
        now += pause
        standing = window.take("ann", now)
        if not standing.passed:
            now += standing.seconds + 1e-6
            assert window.take("ann", now).passed
        passed.append(now)
    for at in passed:
        # Two neighbouring buckets are each within the limit, whatever the clock says about where they begin.
        assert sum(at // 60 == other // 60 for other in passed) <= most


def test_no_more_keys_are_told_apart_than_there_is_room_for() -> None:
    window = Window("address", 5, keys=10)

    passed = [window.take(str(number), 0.0).passed for number in range(100)]

    assert sum(passed) == 10 + 5
    assert len(window._now) == 11
    assert window.take("0", 1.0).passed


# Requests.


def test_a_credential_and_an_address_have_limits_of_their_own() -> None:
    clock = Clock()
    limits = Limits(credential=2, address=3, clock=clock)
    for _ in range(2):
        limits.knock("192.0.2.1")
        limits.use(ANN)

    with pytest.raises(TooMany, match="More than 2 requests a minute by one credential; wait"):
        limits.use(ANN)
    limits.use(BOB)
    limits.knock("192.0.2.1")
    with pytest.raises(TooMany, match="one address"):
        limits.knock("192.0.2.1")
    limits.knock("192.0.2.2")
    clock.now += 120
    limits.use(ANN)


def test_the_error_carries_the_headers() -> None:
    limits = Limits(credential=1, clock=Clock())
    limits.use(ANN)
    with pytest.raises(TooMany) as caught:
        limits.use(ANN)

    error = caught.value
    assert (error.status, error.retry_after) == (429, 80)
    assert dict(error.headers) == {
        b"ratelimit-policy": b'"credential";q=1;w=60',
        b"ratelimit": b'"credential";r=0;t=80',
    }


def test_open_mode_is_not_limited_nor_is_anything_by_0() -> None:
    limits = Limits(credential=1)
    for _ in range(5):
        limits.use(LOCAL)
        limits.use(NOBODY)
        limits.knock("192.0.2.1")
        Limits().use(ANN)


def test_an_ipv6_network_counts_as_one_address() -> None:
    assert household("2001:db8::1") == household("2001:db8::ffff:0:0:2") == "2001:db8::"
    assert household("2001:db8:0:1::1") != household("2001:db8::1")
    assert household("::ffff:192.0.2.1") == "192.0.2.1"
    assert household("192.0.2.1") == "192.0.2.1"
    limits = Limits(address=1)
    limits.knock("2001:db8::1")
    with pytest.raises(TooMany):
        limits.knock("2001:db8::2")


@given(st.text())
def test_whatever_is_called_an_address_is_counted(text: str) -> None:
    assert len(household(text)) <= 64


def test_a_request_is_counted_in_microseconds() -> None:
    limits = Limits(credential=10**9, address=10**9)
    began = time.perf_counter()
    for _ in range(10_000):
        limits.knock("192.0.2.1")
        limits.use(ANN)
    assert (time.perf_counter() - began) / 10_000 < 100e-6, "a generous bound, for busy machines"


# Sockets.


def test_a_socket_may_send_twice_the_rate_at_once_and_the_rate_for_ever() -> None:
    pace = Pace(10, now=0.0)

    assert sum(pace.take(0.0) for _ in range(100)) == 20
    assert sum(pace.take(1.0) for _ in range(100)) == 10
    assert sum(pace.take(60.0) for _ in range(100)) == 20
    assert all(pace.take(100 + number / 10) for number in range(1_000))


def test_who_goes_on_and_on_is_told_from_who_was_hasty_once() -> None:
    hasty, flood = Pace(10, now=0.0), Pace(10, now=0.0)
    for _ in range(60):
        hasty.take(0.0)
    assert not hasty.abused
    for _ in range(200):
        flood.take(0.0)
    assert flood.abused


def test_a_rate_of_0_is_none() -> None:
    pace = Pace(0, now=0.0)
    assert all(pace.take(0.0) for _ in range(1_000))
    assert not pace.abused

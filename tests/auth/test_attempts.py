"""How often a log-in may fail."""

import pytest

from puntini.auth.attempts import A_NAME, AN_ADDRESS, MOST_KNOWN, WINDOW_SECONDS, Attempts
from puntini.auth.limits import household
from puntini.errors import TooMany
from tests.auth.house import Clock


def test_under_one_name_only_so_many_fail_from_wherever_they_come() -> None:
    attempts = Attempts(Clock())
    for number in range(A_NAME):
        attempts.begin("ann", f"192.0.2.{number}")

    with pytest.raises(TooMany) as caught:
        attempts.begin("ann", "198.51.100.1")

    assert caught.value.retry_after == WINDOW_SECONDS
    assert attempts.begin("bob", "192.0.2.1")


@pytest.mark.parametrize("address", ["192.0.2.{}", "2001:db8::{:x}", "::ffff:192.0.2.{}"])
def test_from_one_address_only_so_many_fail_under_whatever_names(address: str) -> None:
    attempts, same = Attempts(Clock()), household(address.format(1))
    for number in range(AN_ADDRESS):
        attempts.begin(f"user{number}", address.format(number + 1 if ":db8" in address else 1))

    with pytest.raises(TooMany):
        attempts.begin("ann", address.format(1))
    assert household("2001:db8:1::1") != household("2001:db8:2::1")
    assert same


def test_the_window_slides() -> None:
    clock = Clock()
    attempts = Attempts(clock)
    for _ in range(A_NAME):
        attempts.begin("ann", "192.0.2.1")
        clock.at += 1
    clock.at += WINDOW_SECONDS - A_NAME

    attempts.begin("ann", "192.0.2.1")
    with pytest.raises(TooMany) as caught:
        attempts.begin("ann", "192.0.2.1")

    assert caught.value.retry_after == 1


def test_what_succeeds_does_not_count() -> None:
    attempts = Attempts(Clock())
    for _ in range(10 * AN_ADDRESS):
        attempts.take_back(attempts.begin("ann", "192.0.2.1"))


def test_names_without_end_take_no_memory_without_end() -> None:
    attempts = Attempts(Clock())
    for number in range(MOST_KNOWN + 100):
        attempts.begin(f"user{number}", f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}")
    assert len(attempts._names._times) == len(attempts._addresses._times) == MOST_KNOWN

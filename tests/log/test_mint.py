import re
import time

import pytest

from puntini.log import mint
from puntini.protocol.ids import is_epoch


def test_an_id_names_its_kind_and_is_url_safe() -> None:
    assert re.fullmatch(r"ses_[0-9a-z]{20}", mint.new_id("ses"))


def test_no_two_ids_are_alike() -> None:
    assert len({mint.new_id("tsk") for _ in range(10_000)}) == 10_000


def test_an_epoch_can_be_part_of_an_event_id() -> None:
    assert is_epoch(mint.new_epoch())


def test_the_clock_is_in_milliseconds() -> None:
    before = time.time() * 1000 - 1

    assert before <= mint.now_ms() <= time.time() * 1000 + 1


@pytest.mark.parametrize(
    ("ms", "written"),
    [
        (0, "1970-01-01T00:00:00.000Z"),
        (1_000_000_000_007, "2001-09-09T01:46:40.007Z"),
        (1_000_000_000_999, "2001-09-09T01:46:40.999Z"),
        (1_000_000_001_000, "2001-09-09T01:46:41.000Z"),
        (1_709_208_000_120, "2024-02-29T12:00:00.120Z"),
    ],
)
def test_a_timestamp_is_rfc_3339_in_utc_with_milliseconds(ms: int, written: str) -> None:
    assert mint.timestamp(ms) == written


def test_going_back_in_time_is_written_down_as_it_is() -> None:
    later = mint.timestamp(5_000)

    assert (later, mint.timestamp(1_000)) == ("1970-01-01T00:00:05.000Z", "1970-01-01T00:00:01.000Z")


def test_without_a_time_it_is_now() -> None:
    before = mint.timestamp(mint.now_ms())

    assert before <= mint.timestamp() <= mint.timestamp(mint.now_ms())

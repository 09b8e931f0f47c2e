"""The time is told where it is asked for."""

from datetime import UTC, datetime, timedelta

import pytest

from puntini.agent.tools.clock import current_time
from tests.agent.tools.asking import ask

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("timezone", ["UTC", "Europe/Rome", "Asia/Kathmandu", "America/Argentina/Buenos_Aires"])
async def test_the_time_is_now(timezone: str) -> None:
    before = datetime.now(UTC) - timedelta(seconds=1)

    value = (await ask(current_time, timezone=timezone)).value

    told = datetime.fromisoformat(value["time"])
    assert before <= told <= datetime.now(UTC)
    assert value["weekday"] == told.strftime("%A")
    assert value["timezone"] == timezone


async def test_utc_is_told_where_no_place_is_named() -> None:
    value = (await ask(current_time)).value

    assert value["timezone"] == "UTC"
    assert value["time"].endswith("+00:00")


@pytest.mark.parametrize(
    ("asked", "near"),
    [("rome", "`Europe/Rome`"), ("europe/rome", "`Europe/Rome`"), ("New York", "`America/New_York`")],
)
async def test_a_wrong_name_is_answered_with_one_that_is_near(asked: str, near: str) -> None:
    assert near in (await ask(current_time, timezone=asked)).error


@pytest.mark.parametrize("asked", ["../../etc/passwd", "/etc/localtime", "", "\0", "zone.tab", "X" * 64])
async def test_a_name_is_never_a_path(asked: str) -> None:
    assert (await ask(current_time, timezone=asked)).error.startswith("There is no time zone")


async def test_a_name_has_an_end() -> None:
    assert (await ask(current_time, timezone="X" * 65)).error.startswith("arguments.timezone: ")

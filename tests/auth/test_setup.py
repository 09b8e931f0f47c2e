"""Set-up: the link is good once, for an hour, for a few tries."""

import anyio
import pytest

from puntini.auth.setup import SECONDS, TRIES, Setup
from puntini.errors import Forbidden, Invalid
from tests.auth.house import PASSWORD, House

pytestmark = pytest.mark.anyio


async def test_the_link_makes_one_admin(house: House) -> None:
    setup = Setup(house.clock)

    user = await setup.finish(setup.token, house.accounts, "Ann", PASSWORD)

    assert (user.name, user.role) == ("ann", "admin")
    assert not setup.pending
    with pytest.raises(Forbidden):
        await setup.finish(setup.token, house.accounts, "eve", PASSWORD)


async def test_of_two_who_use_it_at_once_one_is_too_late(house: House) -> None:
    setup, outcomes = Setup(house.clock), []

    async def use(name: str) -> None:
        try:
            outcomes.append((await setup.finish(setup.token, house.accounts, name, PASSWORD)).name)
        except Forbidden:
            outcomes.append("")

    async with anyio.create_task_group() as tasks:
        for name in ("ann", "eve"):
            tasks.start_soon(use, name)

    assert outcomes.count("") == 1
    assert len(await house.users.list()) == 1


async def test_a_bad_password_does_not_use_it_up(house: House) -> None:
    setup = Setup(house.clock)
    with pytest.raises(Invalid):
        await setup.finish(setup.token, house.accounts, "ann", "password")
    assert setup.pending
    assert (await setup.finish(setup.token, house.accounts, "ann", PASSWORD)).role == "admin"


async def test_it_ends_after_an_hour(house: House) -> None:
    setup = Setup(house.clock)
    house.clock.at += SECONDS
    with pytest.raises(Forbidden):
        setup.check(setup.token)
    assert setup.pending, "nothing else is served all the same"


async def test_it_ends_after_a_few_tries(house: House) -> None:
    setup = Setup(house.clock)
    for number in range(TRIES):
        with pytest.raises(Forbidden):
            setup.check(f"guess {number}")
    with pytest.raises(Forbidden):
        setup.check(setup.token)


@pytest.mark.parametrize("token", ["", "ü", "\ud800", "x" * 100_000])
async def test_any_text_may_be_tried(house: House, token: str) -> None:
    with pytest.raises(Forbidden):
        Setup(house.clock).check(token)

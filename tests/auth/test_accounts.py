"""Logging in: who may, how long it takes to be refused, and who may make accounts."""

from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import pytest
from argon2 import PasswordHasher

from puntini.auth.attempts import A_NAME, AN_ADDRESS
from puntini.auth.passwords import Passwords
from puntini.auth.principals import LOCAL, NOBODY, Principal
from puntini.errors import Conflict, Forbidden, Invalid, PuntiniError, TooMany, Unauthorized
from tests.auth.house import OTHER_PASSWORD, PASSWORD, House

pytestmark = pytest.mark.anyio
ADMIN = Principal("ann", "admin", credential="token:x")
BOB = Principal("bob", credential="token:y")


async def refusal(house: House, name: str, password: str = "no such password", address: str = "192.0.2.1") -> str:
    """The sentence with which a log-in is refused."""
    with pytest.raises(Unauthorized) as caught:
        await house.accounts.login(name, password, address)
    return caught.value.message


async def test_a_name_may_be_typed_in_capitals_and_a_log_in_is_noted(house: House) -> None:
    await house.ann()
    house.clock.at += 5
    pair = await house.accounts.login(" ANN ", PASSWORD, "192.0.2.1")
    assert pair.user.last_login_at == int(house.clock.at * 1000)


@pytest.mark.parametrize("name", ["nobody", "no name at all!", "", "ann/bob", "x" * 10_000, "local", "\ud800"])
async def test_a_name_that_nobody_has_is_refused_in_the_same_words_after_the_same_work(house: House, name: str) -> None:
    await house.ann()
    before = house.passwords.verified
    wrong = await refusal(house, "ann")
    assert house.passwords.verified == before + 1

    assert await refusal(house, name) == wrong

    assert house.passwords.verified == before + 2, "a hash was compared here, too"


async def test_a_disabled_user_is_refused_in_the_same_words(house: House) -> None:
    await house.ann()
    await house.bob()
    wrong = await refusal(house, "bob")
    await house.accounts.change("bob", disabled=True)
    assert await refusal(house, "bob", PASSWORD) == wrong


async def test_an_old_hash_is_made_anew_at_log_in(house: House) -> None:
    await house.ann()
    old = PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1).hash(PASSWORD)
    await house.users.change("ann", password=old)
    await house.accounts.login("ann", PASSWORD, "192.0.2.1")
    assert not house.passwords.stale((await house.users.require("ann")).password)


async def test_of_ten_thousand_wrong_passwords_few_are_even_looked_at(house: House) -> None:
    await house.ann()
    left = 5
    for number in range(AN_ADDRESS - left):
        house.accounts.attempts.begin(f"carl{number}", "192.0.2.1")
    before, refused = house.passwords.verified, 0
    for number in range(10_000):
        try:
            await house.accounts.login(f"user{number % 100}", f"wrong password {number}", "192.0.2.1")
        except (Unauthorized, TooMany):
            refused += 1
    assert refused == 10_000
    assert house.passwords.verified - before == left


async def test_attempts_at_once_are_counted_too(house: House) -> None:
    await house.ann()
    outcomes: list[str] = []

    async def attempt(number: int) -> None:
        try:
            await house.accounts.login("ann", "wrong", f"192.0.2.{number}")
        except PuntiniError as error:
            outcomes.append(error.code)

    async with anyio.create_task_group() as tasks:
        for number in range(A_NAME + 10):
            tasks.start_soon(attempt, number)

    assert sorted(outcomes) == ["too_many"] * 10 + ["unauthorized"] * A_NAME


async def test_a_wrong_current_password_is_counted_and_is_no_reason_to_log_in_anew(house: House) -> None:
    await house.ann()
    for _ in range(A_NAME - 1):
        house.accounts.attempts.begin("ann", "192.0.2.1")
    with pytest.raises(Invalid, match="current_password"):
        await house.accounts.change_password(ADMIN, "wrong", OTHER_PASSWORD, "192.0.2.1")
    with pytest.raises(TooMany):
        await house.accounts.change_password(ADMIN, PASSWORD, OTHER_PASSWORD, "192.0.2.1")


class Meanwhile(Passwords):
    """Something is done while a password is looked at, which takes a while."""

    def __init__(self, work: Callable[[], Awaitable[object]]) -> None:
        super().__init__()
        self._work = work

    async def verify(self, stored: str, password: str) -> bool:
        """Whether this is the password."""
        same = await super().verify(stored, password)
        await self._work()
        return same


@pytest.mark.parametrize("change", [{"password": OTHER_PASSWORD}, {"disabled": True}])
async def test_a_log_in_does_not_outlive_what_ends_all_log_ins_while_it_is_under_way(
    house: House, change: dict[str, Any]
) -> None:
    await house.ann()
    await house.bob()
    house.accounts.passwords = Meanwhile(lambda: house.accounts.change("bob", **change))

    assert await refusal(house, "bob", PASSWORD)

    house.accounts.passwords.close()
    assert await house.store.kept_all("accounts", "family") == []


async def test_a_password_that_an_admin_sets_is_not_put_away_by_who_knew_the_old_one(house: House) -> None:
    await house.ann()
    await house.bob()
    house.accounts.passwords = Meanwhile(lambda: house.accounts.change("bob", password=OTHER_PASSWORD))
    with pytest.raises(Invalid, match="current_password"):
        await house.accounts.change_password(BOB, PASSWORD, "the third of my words", "192.0.2.1")
    house.accounts.passwords.close()
    house.accounts.passwords = house.passwords

    assert (await house.accounts.login("bob", OTHER_PASSWORD, "192.0.2.1")).user.name == "bob"


async def test_who_has_no_account_has_no_password_to_change(house: House) -> None:
    for who in (LOCAL, Principal("ext:carl", credential="outside:x")):
        with pytest.raises(Conflict):
            await house.accounts.change_password(who, PASSWORD, OTHER_PASSWORD, "192.0.2.1")


# Who may make accounts.


async def test_later_accounts_are_made_by_admins(house: House) -> None:
    await house.ann()
    assert (await house.accounts.register("bob", PASSWORD, ADMIN)).role == "user"
    with pytest.raises(Forbidden):
        await house.accounts.register("carl", PASSWORD, BOB)
    with pytest.raises(Unauthorized):
        await house.accounts.register("carl", PASSWORD, NOBODY)


async def test_where_registration_is_open_anybody_makes_one_but_no_admin() -> None:
    house = House(registration_open=True)
    await house.ann()
    assert (await house.accounts.register("bob", PASSWORD, NOBODY)).role == "user"
    house.passwords.close()


async def test_the_first_account_is_an_admin_s_only_where_an_admin_makes_it() -> None:
    house = House(registration_open=True, local=False)
    assert (await house.accounts.register("eve", PASSWORD, NOBODY)).role == "user"
    ops = Principal("ops", "admin", credential="key:fixed:ops")
    assert (await house.accounts.register("ann", PASSWORD, ops)).role == "user", "there is one already"
    house.passwords.close()


async def test_of_two_who_are_first_at_once_one_is_the_admin(house: House) -> None:
    outcomes: list[str] = []

    async def register(name: str) -> None:
        try:
            outcomes.append((await house.accounts.register(name, PASSWORD, LOCAL)).role)
        except Unauthorized as error:
            outcomes.append(error.code)

    async with anyio.create_task_group() as tasks:
        for name in ("ann", "eve"):
            tasks.start_soon(register, name)

    assert sorted(outcomes) == ["admin", "unauthorized"]

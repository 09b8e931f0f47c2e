"""Accounts in a store: names, who gets one, and that somebody always rules."""

from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from puntini.auth.principals import Role
from puntini.auth.users import User, Users, checked_name
from puntini.errors import Conflict, Invalid, NotFound
from puntini.log.contract import Store
from puntini.store.open import open_store

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["memory:", "users.db"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    """Each kind of store."""
    name = request.param
    opened = await open_store(name if name == "memory:" else str(tmp_path / name))
    yield opened
    await opened.close()


def user(name: str, role: Role = "user") -> User:
    """An account."""
    return User(name=name, role=role, password="hash", created_at=1)


@pytest.mark.parametrize("name", ["ann", "a", "Ann.Lee@example.org", " bob ", "0x", "a-b_c", "x" * 63])
def test_a_name_is_kept_in_small_letters(name: str) -> None:
    assert checked_name(name) == name.strip().lower()


@pytest.mark.parametrize(
    "name", ["", "x" * 64, "local", "LOCAL", "-a", "ann/bob", "ext:ann", "a b", "änn", "a\nb", "a\0", "ann\u200b", "."]
)
def test_what_could_be_mistaken_is_no_name(name: str) -> None:
    with pytest.raises(Invalid):
        checked_name(name)


@given(st.text(max_size=80))
def test_any_text_is_a_name_or_none(name: str) -> None:
    try:
        kept = checked_name(name)
    except Invalid:
        return
    assert checked_name(kept) == kept
    assert kept.isascii()


async def test_of_many_who_want_a_name_one_gets_it(store: Store) -> None:
    users, won = Users(store), []

    async def want(number: int) -> None:
        try:
            await users.add(User(name="ann", password=str(number), created_at=number))
            won.append(number)
        except Conflict:
            pass

    async with anyio.create_task_group() as tasks:
        for number in range(20):
            tasks.start_soon(want, number)
    [winner] = won
    assert (await users.require("ann")).created_at == winner


async def test_changes_that_meet_are_all_made(store: Store) -> None:
    users = Users(store)
    await users.add(user("ann", "admin"))
    await users.add(user("bob", "admin"))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(lambda: users.change("bob", disabled=True))
        tasks.start_soon(lambda: users.change("bob", last_login_at=7))
        tasks.start_soon(lambda: users.change("bob", role="user"))
    changed = await users.require("bob")

    assert (changed.disabled, changed.last_login_at, changed.role) == (True, 7, "user")


@pytest.mark.parametrize("change", [{"disabled": True}, {"role": "user"}])
async def test_the_last_admin_stays_one(store: Store, change: dict[str, object]) -> None:
    users = Users(store)
    await users.add(user("ann", "admin"))
    await users.add(user("bob"))

    with pytest.raises(Conflict, match="last admin"):
        await users.change("ann", **change)

    assert (await users.require("ann")).is_ruling


async def test_of_admins_who_dismiss_each_other_at_once_one_is_left(store: Store) -> None:
    users = Users(store)
    for name in ("ann", "bob"):
        await users.add(user(name, "admin"))

    async def dismiss(name: str) -> None:
        with suppress(Conflict):
            await users.change(name, role="user")

    async with anyio.create_task_group() as tasks:
        for name in ("ann", "bob"):
            tasks.start_soon(dismiss, name)

    assert await users.have_admin()


async def test_nobody_who_is_not_there_is_changed(store: Store) -> None:
    with pytest.raises(NotFound):
        await Users(store).change("nobody", disabled=True)
    assert not await Users(store).exist()

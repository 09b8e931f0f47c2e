"""Passwords: which are refused, and how hashes are made without holding anybody up."""

from collections.abc import Iterator
from contextlib import suppress

import anyio
import pytest
from argon2 import PasswordHasher
from hypothesis import given
from hypothesis import strategies as st

from puntini.auth.passwords import Passwords, check, hash_of
from puntini.errors import Invalid, TooMany
from tests.auth.house import OTHER_PASSWORD, PASSWORD

pytestmark = pytest.mark.anyio


@pytest.fixture
def passwords() -> Iterator[Passwords]:
    """The thread that hashes."""
    made = Passwords()
    yield made
    made.close()


@pytest.mark.parametrize("password", [PASSWORD, OTHER_PASSWORD, "kd82hf93ks", "κόκκινο ποδήλατο", "x" * 5 + "qrst" * 9])
def test_a_password_that_nobody_tries_first_is_taken(password: str) -> None:
    check(password, "ann")  # raises nothing


@pytest.mark.parametrize(
    "password",
    [
        "",
        "short one",
        "z" * 257,
        "a line\nand another",
        "half a letter \ud83d",
        "aaaaaaaaaaaaaaa",
        "abababababab",
        "xyzxyzxyzxyz",
        "1234567890123",
        "9876543210",
        "qwertyuiop",
        "poiuytrewq",
        "abcdefghijklm",
        "Password123456",
        "password!!!!",
        "PASSWORD1234",
        "iloveyou2026",
        "changeme!!1!",
        "puntini123",
        "puntinipuntini",
        "annabelle1990",
        "annabelle!!annabelle",
        "\uff50\uff41\uff53\uff53word123",
        "correct horse battery staple",
    ],
)
def test_one_that_anybody_tries_first_is_refused_without_being_repeated(password: str) -> None:
    with pytest.raises(Invalid) as caught:
        check(password, "annabelle")
    assert caught.value.path == "password"
    assert not password or password not in caught.value.message


@given(st.text(max_size=300), st.text(max_size=70))
def test_any_text_is_taken_or_refused(password: str, name: str) -> None:
    with suppress(Invalid):
        check(password, name)


async def test_the_right_password_is_told_from_others(passwords: Passwords) -> None:
    stored = await passwords.hash(PASSWORD)

    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert await passwords.verify(stored, PASSWORD)
    assert not await passwords.verify(stored, OTHER_PASSWORD)
    assert not await passwords.verify(stored, PASSWORD + "x" * 10_000)
    assert not await passwords.verify("no hash", PASSWORD)


async def test_it_does_not_matter_how_a_letter_was_typed(passwords: Passwords) -> None:
    assert await passwords.verify(await passwords.hash("ein schöner Abend"), "ein scho\u0308ner Abend")


async def test_nobodys_password_is_never_right(passwords: Passwords) -> None:
    assert not await passwords.verify("", PASSWORD)
    assert not await passwords.verify("", "")


async def test_a_hash_of_before_is_made_anew(passwords: Passwords) -> None:
    assert passwords.stale(PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1).hash(PASSWORD))
    assert not passwords.stale(hash_of(PASSWORD))


async def test_whoever_comes_to_a_full_line_is_sent_away_at_once() -> None:
    passwords, refused = Passwords(line=2), []

    async def come() -> None:
        try:
            await passwords.hash(PASSWORD)
        except TooMany as error:
            refused.append(error.retry_after)

    async with anyio.create_task_group() as tasks:
        for _ in range(10):
            tasks.start_soon(come)
    assert len(refused) == 8
    assert all(refused), "each is told when to come again"
    assert await passwords.hash(PASSWORD), "there is room again"
    passwords.close()


async def test_who_leaves_keeps_a_place_until_the_hash_is_made() -> None:
    passwords = Passwords(line=1)
    with anyio.move_on_after(0.001):
        await passwords.hash(PASSWORD)
    with pytest.raises(TooMany):
        await passwords.hash(PASSWORD)
    with anyio.fail_after(20):
        while True:
            try:
                await passwords.hash(PASSWORD)
                break
            except TooMany:
                await anyio.sleep(0.005)
    passwords.close()

"""Refresh tokens: each is good once, and one that comes again ends its log-in."""

from pathlib import Path

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from puntini.auth.families import MOST_FAMILIES, TWICE_SECONDS, Families
from puntini.errors import Conflict, PuntiniError, Unauthorized
from puntini.store.memory import MemoryStore
from puntini.store.sqlite.store import SqliteStore
from tests.auth.house import DAY, Clock, House

pytestmark = pytest.mark.anyio


class Home(Families):
    """Families with their clock and store at hand."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.store = MemoryStore()
        super().__init__(self.store, 30 * DAY, self.clock)


@pytest.fixture
def families() -> Home:
    """On a memory store."""
    return Home()


async def test_each_token_is_answered_with_the_next(families: Home) -> None:
    log_in = await families.start("ann")
    tokens = {log_in.token}
    for _ in range(5):
        again = await families.rotate(log_in.token)
        assert (again.user, again.sid) == ("ann", log_in.sid)
        log_in = again
        tokens.add(again.token)
    assert len(tokens) == 6


@pytest.mark.parametrize("age", [1, 2, 5])
async def test_one_that_comes_again_ends_the_log_in_of_both_who_have_it(families: Home, age: int) -> None:
    log_in = await families.start("ann")
    other = await families.start("ann")
    newest = log_in
    for _ in range(age):
        newest = await families.rotate(newest.token)
    families.clock.at += TWICE_SECONDS

    with pytest.raises(Unauthorized):
        await families.rotate(log_in.token)

    with pytest.raises(Unauthorized):
        await families.rotate(newest.token)
    assert not await families.alive("ann", log_in.sid)
    assert await families.rotate(other.token), "other log-ins go on"


async def test_a_client_that_asks_twice_at_once_gets_one_answer_and_keeps_its_log_in(tmp_path: Path) -> None:
    store = await SqliteStore.open(str(tmp_path / "x.db"))
    families = Families(store, DAY, Clock())
    log_in, got, refused = await families.start("ann"), [], []

    async def ask() -> None:
        try:
            got.append(await families.rotate(log_in.token))
        except Conflict as error:
            refused.append(error)

    async with anyio.create_task_group() as tasks:
        for _ in range(8):
            tasks.start_soon(ask)

    [following] = got
    assert len(refused) == 7
    assert await families.rotate(following.token)
    await store.close()


async def test_in_the_moment_after_its_use_a_token_gets_nothing_and_ends_nothing(families: Home) -> None:
    log_in = await families.start("ann")
    following = await families.rotate(log_in.token)

    with pytest.raises(Conflict):
        await families.rotate(log_in.token)

    assert await families.rotate(following.token)


async def test_the_one_before_the_last_is_never_a_mistake(families: Home) -> None:
    log_in = await families.start("ann")
    await families.rotate((await families.rotate(log_in.token)).token)

    with pytest.raises(Unauthorized):
        await families.rotate(log_in.token)

    assert not await families.alive("ann", log_in.sid)


async def test_who_knows_a_log_in_by_its_public_name_can_not_end_it(families: Home) -> None:
    log_in = await families.start("ann")

    with pytest.raises(Unauthorized):
        await families.rotate(f"ann.{log_in.sid}.guessed")

    assert await families.alive("ann", log_in.sid)


async def test_a_token_of_one_user_is_none_of_another(families: Home) -> None:
    log_in = await families.start("ann")

    with pytest.raises(Unauthorized):
        await families.rotate(log_in.token.replace("ann", "bob", 1))


async def test_a_log_in_ends_with_its_days(families: Home) -> None:
    log_in = await families.start("ann")
    families.clock.at += 30 * DAY

    with pytest.raises(Unauthorized):
        await families.rotate(log_in.token)
    assert not await families.alive("ann", log_in.sid)


async def test_the_oldest_of_too_many_log_ins_ends(families: Home) -> None:
    made = []
    for _ in range(MOST_FAMILIES + 1):
        families.clock.at += 1
        made.append(await families.start("ann"))

    assert [await families.alive("ann", each.sid) for each in made] == [False] + [True] * MOST_FAMILIES


async def test_no_token_is_kept(families: Home) -> None:
    log_in = await families.rotate((await families.start("ann")).token)
    kept = b"".join(body for _, body in await families.store.kept_all("accounts", "family"))

    assert not any(part.encode() in kept for part in log_in.token.partition(".")[0].split("_", 2)[1:])


@given(st.text(max_size=300))
async def test_any_text_is_a_refresh_token_or_refused(text: str) -> None:
    with pytest.raises(Unauthorized):
        await Home().rotate(text)


async def test_ten_thousand_replays_get_nothing(house: House) -> None:
    await house.ann()
    log_in = await house.log_in()
    used = [log_in.refresh]
    for _ in range(5):
        used.append((await house.accounts.refresh(used[-1])).refresh)
    house.clock.at += TWICE_SECONDS

    refused = 0
    for number in range(10_000):
        try:
            await house.accounts.refresh(used[number % 5])
        except PuntiniError:
            refused += 1

    assert refused == 10_000
    with pytest.raises(Unauthorized):
        await house.tokens.principal(log_in.access)

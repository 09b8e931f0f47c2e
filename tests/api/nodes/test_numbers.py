"""The numbers at each node are those of the store's ends, whichever node brought them about."""

from collections.abc import Sequence
from functools import partial

import pytest

from puntini.api.analytics_tally import Tally
from puntini.log.ends import Place
from puntini.log.nodes import News
from puntini.views.analytics import Execution
from tests.api.calling import Api
from tests.api.nodes.pairs import Pair, beat_of

pytestmark = pytest.mark.anyio
EVER = 1 << 60


async def numbers(api: Api) -> list[Execution]:
    """What a node goes by."""
    return (await api.parts.tally.executions()).between(0, EVER)


async def anew(api: Api) -> list[Execution]:
    """What the store says to somebody who has never asked."""
    return (await Tally(api.parts.store).executions()).between(0, EVER)


async def test_what_ends_is_deleted_or_trimmed_at_one_node_counts_so_at_the_other_at_once(pair: Pair) -> None:
    a, b = pair
    assert await numbers(b) == []
    sessions = [await a.create() for _ in range(3)]
    for session in sessions:
        await a.played(session)
    assert len(await numbers(b)) == 3

    await a.ask("DELETE", f"/v1/sessions/{sessions[0]}")
    assert await numbers(b) == await anew(b)
    assert len(await numbers(b)) == 2

    head = (await a.parts.store.bounds(sessions[1])).head
    await a.parts.keeper.snapshot_at(sessions[1], head)
    await a.parts.store.trim(sessions[1], head)
    assert await numbers(b) == await anew(b)
    assert [each.result_size is None for each in await numbers(b)] == [True, False]
    assert await numbers(a) == await numbers(b)


async def test_what_was_told_while_a_node_could_not_hear_is_looked_for(pair: Pair) -> None:
    a, b = pair
    assert await numbers(b) == []
    await a.played(await a.create())

    b.parts.tally.ended([], True)

    assert len(await numbers(b)) == 1


async def test_a_new_end_costs_a_question_no_more_than_the_latest_page(pair: Pair) -> None:
    a, b = pair
    session = await a.create()
    for _ in range(5):
        await a.played(session, "play 1 events")
    assert len(await numbers(b)) == 5
    asked: list[Place | None] = []
    ends = b.parts.store.ends

    async def counted(*, limit: int, before: Place | None = None, known: frozenset[str] = frozenset()):  # type: ignore[no-untyped-def]
        asked.append(before)
        return await ends(limit=limit, before=before, known=known)

    b.parts.store.ends = counted  # type: ignore[method-assign,assignment]
    b.parts.tally._page = 2
    await numbers(b)
    assert asked == [], "nothing has ended since"
    await a.played(session, "play 1 events")
    assert len(await numbers(b)) == 6
    assert asked == [None]


async def test_news_are_told_once_to_each(pair: Pair) -> None:
    heard: list[tuple[str, str]] = []

    def hear(name: str, news: Sequence[News], _missed: bool) -> None:
        heard.extend((name, each.key) for each in news)

    for name, api in zip("ab", pair, strict=True):
        beat_of(api).on("word", partial(hear, name))
    assert pair.a.parts.store.nodes is not None
    for number in range(3):
        await pair.a.parts.store.nodes.tell([News("word", str(number))])
        await pair.beat()

    assert sorted(heard) == [(name, str(number)) for name in "ab" for number in range(3)]

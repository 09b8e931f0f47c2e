"""Limits hold for all nodes together, within a second or so."""

from typing import Any

import pytest

from puntini.auth.attempts import A_NAME
from puntini.auth.principals import Principal
from puntini.errors import TooMany
from tests.api.calling import Api, serving
from tests.api.nodes.pairs import ANN, BOB, FIXED, OPS, PASSWORD, SECRET, Pair, beat_once, pair_on

pytestmark = pytest.mark.anyio


async def asked(api: Api, times: int, who: dict[str, str]) -> int:
    """How many of so many requests are answered."""
    return sum([(await api.ask("GET", "/v1/agents", **who)).status_code == 200 for _ in range(times)])


async def test_requests_of_a_credential_are_counted_at_all_nodes(database: str) -> None:
    async with pair_on(database, api_keys=FIXED, rate_limit=10) as pair:
        assert [await asked(api, 4, ANN) for api in pair] == [4, 4]
        await pair.beat()

        assert await asked(pair.b, 4, ANN) == 2
        assert await asked(pair.a, 8, BOB) == 8, "others are not meant"
        await pair.beat()
        refused = await pair.a.ask("GET", "/v1/agents", **ANN)

    assert refused.status_code == 429
    assert refused.headers["ratelimit"].startswith('"credential";r=0')


async def test_requests_from_an_address_are_counted_at_all_nodes(database: str) -> None:
    async with pair_on(database, api_keys=FIXED, rate_limit_address=10) as pair:
        assert [await asked(api, 6, who) for api, who in zip(pair, (ANN, BOB), strict=True)] == [6, 6]
        await pair.beat()

        assert [await asked(api, 1, OPS) for api in pair] == [0, 0]


async def test_a_node_that_has_just_started_knows_what_the_others_have_counted(database: str) -> None:
    settings: dict[str, Any] = {"store": database, "api_keys": FIXED, "rate_limit": 10, "rate_limit_address": 14}
    async with serving(**settings) as before:
        assert await asked(before, 9, ANN) == 9
        await beat_once(before)

        async with serving(**settings) as new:
            assert await asked(new, 3, ANN) == 1
            assert await asked(new, 3, BOB) == 2, "twelve came from this address, whoever asked"


async def test_log_ins_that_fail_are_counted_at_all_nodes(database: str) -> None:
    async with pair_on(database, secret=SECRET) as pair:
        await pair.a.post("/v1/register", {"username": "ann", "password": PASSWORD})
        for number in range(A_NAME - 2):
            await pair[number % 2].parts.entrance.accounts.attempts.count("ann", f"192.0.2.{number}")

        wrong = [await pair[n % 2].ask("POST", "/v1/login", {"username": "ann", "password": "no"}) for n in range(3)]
        right = await pair.a.ask("POST", "/v1/login", {"username": "ann", "password": PASSWORD})

    assert [each.status_code for each in wrong] == [401, 401, 429]
    assert right.status_code == 429
    assert 1 <= int(wrong[-1].headers["retry-after"]) <= 330


async def test_log_ins_that_succeed_do_not_count(pair: Pair) -> None:
    attempts = [api.parts.entrance.accounts.attempts for api in pair]
    for number in range(A_NAME + 5):
        each = attempts[number % 2]
        await each.uncount(await each.count("ann", "192.0.2.1"))


async def test_a_user_s_streams_are_counted_at_all_nodes(database: str) -> None:
    ann = Principal("ann", credential="key:1")
    async with pair_on(database, max_streams_per_user=3) as pair:
        first, second = (api.parts.connections for api in pair)
        opened = [first.open("sse", "ses_1", ann), first.open("sse", "ses_1", ann), second.open("sse", "ses_1", ann)]
        await pair.beat()

        for connections in (first, second):
            with pytest.raises(TooMany):
                connections.open("sse", "ses_1", ann)
        second.open("sse", "ses_1", Principal("bob", credential="key:2"))

        first.close(opened[0])
        await pair.beat()
        second.open("sse", "ses_1", ann)


async def test_what_a_node_carried_ends_with_it(database: str) -> None:
    ann = Principal("ann", credential="key:1")
    async with pair_on(database, max_streams_per_user=2) as pair:
        mine = pair.b.parts.connections.open("sse", "ses_1", ann)
        for _ in "ab":
            pair.a.parts.connections.open("sse", "ses_1", ann)
        await pair.beat()
        with pytest.raises(TooMany):
            pair.b.parts.connections.open("sse", "ses_1", ann)

        assert pair.a.parts.presence is not None
        await pair.a.parts.presence.leave()
        await beat_once(pair.b)

        pair.b.parts.connections.open("sse", "ses_1", ann)
        pair.b.parts.connections.close(mine)

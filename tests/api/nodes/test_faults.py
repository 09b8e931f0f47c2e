"""The database goes away and comes back: nodes go on by what they know, and say anew what was lost."""

from functools import partial

import pytest

from puntini.auth.principals import Principal
from puntini.errors import TooMany
from tests.api.calling import Api
from tests.api.nodes.pairs import ANN, FIXED, Pair, eventually, pair_on
from tests.postgres import postgres

pytestmark = [pytest.mark.anyio, pytest.mark.slow]
CARRIED = Principal("ann", credential="key:1")


async def answers(api: Api) -> bool:
    """Whether the store can be asked."""
    return (await api.ask("GET", "/v1/ready")).status_code == 200


async def test_limits_hold_again_when_a_database_that_died_is_back() -> None:
    with postgres() as server:
        async with pair_on(server.database(), api_keys=FIXED, rate_limit=10, max_streams_per_user=2) as pair:
            for api in pair:
                api.parts.connections.open("sse", "ses_1", CARRIED)
            await asked(pair, 4)
            await pair.beat()

            server.kill()
            await pair.beat()
            assert [(await api.ask("GET", "/v1/sessions", **ANN)).status_code for api in pair] == [503, 503]
            server.start()
            for api in pair:
                await eventually(partial(answers, api))
            await pair.beat()

            for api in pair:
                with pytest.raises(TooMany):
                    api.parts.connections.open("sse", "ses_1", CARRIED)
            await asked(pair, 6)
            await pair.beat()
            assert [(await api.ask("GET", "/v1/agents", **ANN)).status_code for api in pair] == [429, 429]


async def asked(pair: Pair, times: int) -> None:
    """Some requests at each node."""
    for api in pair:
        for _ in range(times):
            await api.ask("GET", "/v1/tools", **ANN)

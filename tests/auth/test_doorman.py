"""The doorman: who asks, and what the pages of others may not do by a visitor's browser."""

import time
from typing import Any

import pytest

from puntini.auth.gate import Gate
from puntini.auth.guard import known, principal_of
from puntini.auth.principals import LOCAL, NOBODY
from puntini.errors import Forbidden, Invalid, PuntiniError, Unauthorized, Unavailable
from tests.auth.house import EVIL, HOST, OWN, PASSWORD, House, bearer, request

pytestmark = pytest.mark.anyio
LOOPBACK = "127.0.0.1:8000"
MICROSECONDS = 30.0


# Open mode.


async def test_an_open_server_asks_for_nothing(house: House) -> None:
    assert await house.asks(host=LOOPBACK) == LOCAL
    assert await house.doorman.still(LOCAL) == LOCAL


async def test_the_first_account_ends_open_mode_at_once_and_for_good(house: House) -> None:
    assert await house.asks(host=LOOPBACK) == LOCAL

    ann = await house.accounts.register("ann", PASSWORD, LOCAL)

    assert ann.role == "admin"
    assert await house.asks(host=LOOPBACK) == NOBODY
    assert await house.doorman.still(LOCAL) is None
    with pytest.raises(Unauthorized):
        await house.accounts.register("eve", PASSWORD, LOCAL)


async def test_a_server_that_others_can_reach_is_never_open() -> None:
    assert await House(local=False).asks(host=LOOPBACK) == NOBODY


HOSTILE: dict[str, dict[str, Any]] = {
    "a form": {"method": "POST", "headers": {"origin": EVIL}},
    "a form of a page in a frame without an origin": {"method": "POST", "headers": {"origin": "null"}},
    "a script": {"headers": {"origin": EVIL}},
    "an image": {"headers": {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"}},
    "an old form": {"method": "POST", "headers": {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}},
    "a socket": {"type": "websocket", "headers": {"origin": EVIL}},
    "a socket without an origin": {"type": "websocket", "headers": {"sec-fetch-site": "cross-site"}},
    "a rebound name": {"host": "evil.example:8000"},
    "a rebound name of its own origin": {
        "host": "evil.example:8000",
        "headers": {"origin": "http://evil.example:8000"},
    },
    "a rebound socket": {"type": "websocket", "host": "evil.example:8000"},
    "a name like ours": {"host": "localhost.evil.example"},
    "a question before a request": {"method": "OPTIONS", "headers": {"origin": EVIL}},
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("credential", [{}, {"authorization": "Bearer x"}, {"cookie": "puntini_token=x"}], ids=str)
async def test_what_a_hostile_page_sends_is_refused(house: House, name: str, credential: dict[str, str]) -> None:
    asked = {"host": LOOPBACK, **HOSTILE[name]}
    asked["headers"] = {**credential, **asked.get("headers", {})}
    for _ in range(2):  # also when it is known that the server is open
        with pytest.raises(Forbidden):
            await house.asks(**asked)
        await house.openness.look()


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": "http://localhost:3000"},
        {"sec-fetch-site": "same-origin"},
        {"sec-fetch-site": "none", "sec-fetch-mode": "navigate"},
        {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"},
    ],
    ids=str,
)
async def test_what_this_machine_sends_and_a_link_come_through(house: House, headers: dict[str, str]) -> None:
    assert await house.asks(headers=headers, host=LOOPBACK) == LOCAL


async def test_a_credential_is_looked_at_on_an_open_server_but_no_cookie(house: House) -> None:
    with pytest.raises(Unauthorized):
        await house.asks(headers=bearer("x"), host=LOOPBACK)
    assert await house.asks(headers={"cookie": "puntini_token=of-another-server"}, host=LOOPBACK) == LOCAL


# With accounts.


async def test_a_token_is_taken_wherever_it_stands(house: House) -> None:
    await house.ann()
    token = (await house.log_in()).access
    asked: list[dict[str, Any]] = [
        {"headers": bearer(token)},
        {"headers": {"cookie": f"puntini_token={token}"}},
        {"query": f"token={token}"},
        {"type": "websocket", "subprotocols": ["puntini.v1", f"bearer.{token}"]},
        {"type": "websocket", "headers": {"cookie": f"puntini_token={token}", "origin": OWN}},
    ]
    for each in asked:
        assert (await house.asks(**each)).user == "ann"
        assert house.doorman.known(request(**each)) is not None, "the second time without a wait"


async def test_kinds_that_the_server_does_not_know_are_refused(house: House) -> None:
    await house.ann()
    for asked in ({"headers": {"x-api-key": "k"}}, {"query": "ticket=t"}):
        with pytest.raises(Unauthorized):
            await house.asks(**asked)


CROSS: dict[str, dict[str, str]] = {
    "another site": {"origin": EVIL},
    "another port": {"origin": f"{OWN.rpartition(':')[0]}:9000"},
    "no origin": {},
    "a hidden origin": {"origin": "null"},
    "another scheme": {"origin": f"ftp://{HOST}"},
    "a name that begins alike": {"origin": f"http://{HOST}.evil.example"},
    "a name before ours": {"origin": f"http://{HOST}@evil.example"},
    "the same site only": {"sec-fetch-site": "same-site"},
    "another site by its mark": {"sec-fetch-site": "cross-site"},
    "an address bar": {"sec-fetch-site": "none"},
}


@pytest.mark.parametrize("name", CROSS)
@pytest.mark.parametrize("how", [{"method": "POST"}, {"method": "DELETE"}, {"type": "websocket"}], ids=str)
async def test_a_cookie_changes_nothing_from_elsewhere(house: House, name: str, how: dict[str, str]) -> None:
    await house.ann()
    token = (await house.log_in()).access
    await house.tokens.principal(token)
    with pytest.raises(Forbidden, match="cookie"):
        await house.asks(headers={"cookie": f"puntini_token={token}", **CROSS[name]}, **how)


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": OWN},
        {"origin": f"https://{HOST}"},
        {"sec-fetch-site": "same-origin"},
        {"origin": "https://app.example"},
    ],
    ids=str,
)
async def test_a_cookie_is_good_from_our_own_pages_and_allowed_ones(headers: dict[str, str]) -> None:
    house = House(origins=["https://app.example"])
    await house.ann()
    token = (await house.log_in()).access
    for how in ({"method": "POST"}, {"type": "websocket"}):
        assert (await house.asks(headers={"cookie": f"puntini_token={token}", **headers}, **how)).user == "ann"
    house.passwords.close()


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("app.example", "https://app.example"),
        ("app.example:443", "https://app.example"),
        ("app.example", "https://app.example:443"),
        ("APP.example", "https://app.example"),
        ("[::1]:8000", "http://[::1]:8000"),
    ],
)
async def test_the_usual_port_may_be_left_out(house: House, host: str, origin: str) -> None:
    await house.ann()
    token = (await house.log_in()).access
    cookie = {"cookie": f"puntini_token={token}", "origin": origin}
    assert (await house.asks(headers=cookie, host=host, method="POST")).user == "ann"


async def test_by_a_cookie_one_may_look_from_anywhere(house: House) -> None:
    await house.ann()
    token = (await house.log_in()).access
    assert (await house.asks(headers={"cookie": f"puntini_token={token}"})).user == "ann"


# The gate, and the guard behind it.


async def through(house: House, **asked: Any) -> dict[str, Any]:
    """What is behind the gate of a request; empty when it was refused."""
    came: list[Any] = []

    async def inside(scope: Any, receive: Any, send: Any) -> None:
        came.append(scope)

    async def send(message: Any) -> None:
        """Let it go."""

    gate = Gate(inside, lambda: house)
    await gate(request(**asked), None, send)  # type: ignore[arg-type]
    return came[0] if came else {}


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ({"headers": bearer("forged")}, Unauthorized),
        ({"headers": {**bearer("a"), "x-api-key": "b"}}, Invalid),
        ({"headers": {"cookie": "puntini_token=old"}}, Unauthorized),
        ({}, Unauthorized),
    ],
    ids=str,
)
async def test_a_bad_credential_makes_nobody_and_the_guard_says_why(
    house: House, asked: dict[str, Any], why: type[PuntiniError]
) -> None:
    await house.ann()

    scope = await through(house, **asked)

    assert principal_of(scope) == NOBODY, "who logs in anew is not kept from it"
    if asked:
        with pytest.raises(why):
            known(scope)


async def test_a_hostile_page_does_not_pass_the_gate(house: House) -> None:
    assert not await through(house, host=LOOPBACK, headers={"origin": EVIL})


async def test_until_it_is_set_up_a_server_serves_its_link_alone() -> None:
    house = House(wants_setup=True)
    assert house.setup
    for path in ("/v1/me", "/v1/login", "/v1/register", "/", "/setup/x"):
        with pytest.raises(Unavailable):
            await house.asks(path=path)
    for path in ("/setup", "/v1/health"):
        assert await house.asks(path=path) == NOBODY

    await house.setup.finish(house.setup.token, house.accounts, "ann", PASSWORD)

    assert await house.asks(path="/v1/me") == NOBODY
    house.passwords.close()


async def test_finding_out_who_asks_costs_next_to_nothing_once_it_is_known(house: House) -> None:
    await house.ann()
    asked = request(
        {**bearer((await house.log_in()).access), "accept": "*/*", "user-agent": "x", "accept-encoding": "x"}
    )
    await house.doorman.admit(asked)
    rounds, best = 200, float("inf")
    for _ in range(20):
        began = time.perf_counter()
        for _ in range(rounds):
            house.doorman.known(asked)
        best = min(best, (time.perf_counter() - began) / rounds * 1e6)

    assert best < MICROSECONDS

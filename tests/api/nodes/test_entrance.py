"""Who may come in is the same at all nodes: the first admin, credentials and their end, tickets."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import httpx
import pytest

from puntini.app import create_app
from puntini.settings import Secret, Settings
from tests.api.calling import HOST, Api, problem, serving
from tests.api.nodes.pairs import ANN, FIXED, PASSWORD, SECRET, Pair, beat_once, eventually, pair_on

pytestmark = pytest.mark.anyio


async def registered(pair: Pair, number: int, name: str) -> httpx.Response:
    """What registering somebody at a node is answered with."""
    return await pair[number].ask("POST", "/v1/register", {"username": name, "password": PASSWORD})


async def test_of_two_first_accounts_made_at_once_one_is_the_admin(database: str) -> None:
    async with pair_on(database, secret=SECRET) as pair:
        answers: list[httpx.Response] = []

        async def register(number: int) -> None:
            answers.append(await registered(pair, number, f"user{number}"))

        async with anyio.create_task_group() as tasks:
            for number in range(2):
                tasks.start_soon(register, number)

        assert sorted(each.status_code for each in answers) == [201, 401]
        [user] = await pair.a.parts.entrance.accounts.users.list()
        assert user.role == "admin"


async def test_open_mode_ends_everywhere_with_the_first_account(database: str) -> None:
    async with pair_on(database, secret=SECRET) as pair:
        assert (await pair.b.ask("GET", "/v1/sessions")).status_code == 200
        assert (await registered(pair, 0, "ann")).status_code == 201

        async def closed() -> bool:
            return (await pair.b.ask("GET", "/v1/sessions")).status_code == 401

        with anyio.fail_after(3):
            await eventually(closed)


async def test_without_a_secret_in_the_settings_all_nodes_sign_with_one(database: str) -> None:
    async with pair_on(database) as pair:
        await registered(pair, 0, "ann")
        tokens = await pair.a.post("/v1/login", {"username": "ann", "password": PASSWORD})

        me = await pair.b.get("/v1/me", authorization=f"Bearer {tokens['access_token']}")

    assert me["username"] == "ann"


async def test_of_two_who_refresh_one_log_in_at_once_one_gets_on(database: str) -> None:
    async with pair_on(database) as pair:
        await registered(pair, 0, "ann")
        tokens = await pair.a.post("/v1/login", {"username": "ann", "password": PASSWORD})
        answers: list[httpx.Response] = []

        async def refresh(api: Api) -> None:
            answers.append(await api.ask("POST", "/v1/token/refresh", {"refresh_token": tokens["refresh_token"]}))

        async with anyio.create_task_group() as tasks:
            for api in pair:
                tasks.start_soon(refresh, api)

        assert sorted(each.status_code for each in answers) == [200, 409]
        [good] = [each.json() for each in answers if each.status_code == 200]
        again = await pair.b.post("/v1/token/refresh", {"refresh_token": good["refresh_token"]})
    assert again["refresh_token"] != good["refresh_token"]


async def test_a_revoked_key_s_streams_at_another_node_end_within_five_seconds(pair: Pair) -> None:
    key = await pair.a.post("/v1/keys", {"name": "ci", "scopes": ["read"]})
    session = await pair.a.create()

    async with pair.b.stream(f"/v1/sessions/{session}/stream", x_api_key=key["key"]) as wire:
        await wire.until("event: live")
        began = anyio.current_time()
        await pair.a.ask("DELETE", f"/v1/keys/{key['key_id']}")
        said = await wire.end()

    assert anyio.current_time() - began < 5
    assert "the credential was revoked" in said
    assert (await pair.b.ask("GET", "/v1/sessions", x_api_key=key["key"])).status_code == 401


async def test_a_ticket_s_reconnect_at_another_node_ends_the_connection_before(database: str) -> None:
    async with pair_on(database, api_keys=FIXED) as pair:
        session = (await pair.a.post("/v1/sessions", {}, **ANN))["session_id"]
        made = await pair.a.post("/v1/tickets", {"session_id": session}, **ANN)
        cursor = (await pair.a.get(f"/v1/sessions/{session}", **ANN))["cursor"]

        async with pair.a.stream(made["url"]) as first:
            await first.until("event: live")
            async with pair.b.stream(made["url"], last_event_id=cursor) as second:
                await second.until("event: live")
                await pair.beat()
                await first.end()
                async with pair.a.stream(made["url"], last_event_id=cursor) as third:
                    await third.until("event: live")
                    for _ in range(2):
                        await pair.beat()
                    await second.end()
                    assert not third.over.is_set(), "what was used last stays, whatever is heard of uses before"


async def test_a_ticket_that_was_made_at_one_node_is_good_once_at_all(database: str) -> None:
    async with pair_on(database, api_keys=FIXED) as pair:
        session = (await pair.a.post("/v1/sessions", {}, **ANN))["session_id"]
        made = await pair.a.post("/v1/tickets", {"session_id": session}, **ANN)

        async with pair.b.stream(made["url"]) as first:
            await first.until("event: live")
            problem(await pair.a.ask("GET", made["url"]), 401, "unauthorized")


@asynccontextmanager
async def waiting(database: str) -> AsyncIterator[Api]:
    """A node that waits for its first admin."""
    app = create_app(Settings(store=database, agent=("scripted",)), setup=True)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url=f"http://{HOST}", trust_env=False) as http,
    ):
        yield Api(app, http)


async def fill_in(api: Api, link: str, name: str) -> int:
    """How sending the form is answered."""
    body = f"token={link}&username={name}&password={PASSWORD.replace(' ', '+')}".encode()
    return (await api.ask("POST", "/setup", body)).status_code


async def test_the_link_that_one_node_printed_works_at_all_and_once(database: str) -> None:
    async with waiting(database) as a, waiting(database) as b:
        assert a.parts.entrance.setup is not None
        link = a.parts.entrance.setup.token
        assert (await b.ask("GET", f"/setup?token={link}")).status_code == 200
        outcomes: list[int] = []

        async def use(api: Api, name: str) -> None:
            outcomes.append(await fill_in(api, link, name))

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(use, a, "ann")
            tasks.start_soon(use, b, "eve")

        assert sorted(outcomes) == [200, 403]
        [user] = await a.parts.entrance.accounts.users.list()
        assert user.role == "admin"
        await Pair(a, b).beat()
        for api in (a, b):
            assert (await api.ask("GET", "/v1/sessions")).status_code == 401, "set-up is over"
            assert await fill_in(api, link, "eve") == 403


async def test_a_password_that_is_refused_leaves_the_link_good(database: str) -> None:
    async with waiting(database) as a, waiting(database) as b:
        assert a.parts.entrance.setup is not None
        link = a.parts.entrance.setup.token
        refused = await b.ask("POST", "/setup", f"token={link}&username=ann&password=short".encode())
        assert refused.status_code == 400
        assert await fill_in(a, link, "ann") == 200


async def test_nodes_with_other_settings_say_so_as_long_as_both_run(
    database: str, capsys: pytest.CaptureFixture[str]
) -> None:
    async with serving(store=database, secret=SECRET) as a, serving(store=database, secret=SECRET) as b:
        await Pair(a, b).beat()
        assert await settings_check(a) == {"name": "settings", "state": "ok", "detail": ""}
        assert "the same" not in capsys.readouterr().out

    async with serving(store=database, secret=SECRET, retention_days=7) as a:
        async with serving(store=database, secret=Secret("abcdefghij" * 4)) as b:
            await Pair(a, b).beat()
            said = "Not all nodes of the database have the same retention_days, secret: give all of them the same."
            for api in (a, b):
                assert await settings_check(api) == {"name": "settings", "state": "warn", "detail": said}
        assert capsys.readouterr().out.count(said) == 2
        await beat_once(a)
        assert (await settings_check(a))["state"] == "ok"


async def test_other_keys_are_told_and_not_what_they_are(database: str) -> None:
    async with serving(store=database, secret=SECRET, api_keys=FIXED) as a:
        async with serving(store=database, secret=SECRET, api_keys=FIXED[:2], jwt_issuer="https://id.example") as b:
            await Pair(a, b).beat()

            assert "the same api_keys, jwt_issuer: give" in (await settings_check(a))["detail"]
        assert a.parts.store.nodes is not None
        told = str(await a.parts.store.nodes.marked("", {}))
    assert not [part for key in FIXED for part in key.reveal().split(":") if len(part) > 8 and part in told]


async def test_a_worker_needs_no_secret_and_no_keys(database: str) -> None:
    serve = serving(store=database, secret=SECRET, api_keys=FIXED)
    async with serve as a, serving(store=database, share="tasks") as worker:
        await Pair(a, worker).beat()

        assert (await settings_check(a))["state"] == "ok"


async def settings_check(api: Api) -> dict[str, str]:
    """What a node says of its settings and those of others."""
    checks: list[dict[str, str]] = (await api.get("/v1/ready"))["checks"]
    (found,) = [each for each in checks if each["name"] == "settings"]
    return found

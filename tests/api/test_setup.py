"""``serve --setup``: nothing but the link is served until there is an admin."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from puntini.app import create_app
from puntini.errors import Misconfigured
from puntini.settings import Secret, Settings
from tests.api.calling import Api, problem, serving

pytestmark = pytest.mark.anyio
PASSWORD = "wet+hammock%2C+19+lions"
SECRET = Secret("0123456789abcdef" * 2)


@asynccontextmanager
async def waiting(store: str = "memory:", host: str = "0.0.0.0") -> AsyncIterator[Api]:
    """A server that others can reach, and that has no admin yet."""
    app = create_app(Settings(store=store, agent=("scripted",), host=host, secret=SECRET), setup=True)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://puntini.example") as http,
    ):
        yield Api(app, http)


def link(api: Api) -> str:
    """The token of the link that was printed."""
    assert api.parts.entrance.setup is not None
    return api.parts.entrance.setup.token


async def fill_in(api: Api, **said: str) -> httpx.Response:
    """Send the form."""
    origin = said.pop("origin", "http://puntini.example")
    fields = {"token": link(api), "username": "ann", "password": PASSWORD, **said}
    body = "&".join(f"{name}={value}" for name, value in fields.items()).encode()
    return await api.ask("POST", "/setup", body, origin=origin)


@pytest.mark.parametrize("host", ["0.0.0.0", "127.0.0.1"])
async def test_until_then_nothing_else_is_served(host: str) -> None:
    async with waiting(host=host) as api:
        for path in ("/v1/sessions", "/v1/login", "/v1/register", "/metrics", "/nowhere"):
            problem(await api.ask("GET", path), 503, "unavailable")
        assert (await api.ask("GET", "/v1/health")).status_code == 200


async def test_the_page_is_plain_and_the_link_opens_it() -> None:
    async with waiting() as api:
        page = await api.ask("GET", f"/setup?token={link(api)}")

    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    assert "<script" not in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert page.headers["cache-control"] == "no-store"


async def test_the_form_makes_the_first_admin_once() -> None:
    async with waiting() as api:
        done = await fill_in(api)
        again = await fill_in(api, username="eve")
        tokens = await api.post("/v1/login", {"username": "ann", "password": "wet hammock, 19 lions"})
        users = await api.get("/v1/users", authorization=f"Bearer {tokens['access_token']}")

    assert "ann is this server" in done.text
    problem(again, 403, "forbidden")
    assert [(each["username"], each["role"]) for each in users["items"]] == [("ann", "admin")]


@pytest.mark.parametrize(
    "said", [{"token": "guess"}, {"token": ""}, {"origin": "https://evil.example"}, {"origin": "null"}], ids=str
)
async def test_who_has_not_the_link_or_comes_from_elsewhere_is_refused(said: dict[str, str]) -> None:
    async with waiting() as api:
        problem(await fill_in(api, **said), 403, "forbidden")
        problem(await api.ask("GET", "/setup?token=<b>guess"), 403, "forbidden")
        assert (await fill_in(api)).status_code == 200


async def test_what_is_wrong_is_told_on_the_page_and_can_be_written_anew() -> None:
    async with waiting() as api:
        weak = await fill_in(api, password="password12")
        odd = await fill_in(api, username="%3Cscript%3E")
        bad = await api.ask("POST", "/setup", b"\xff" * 100)
        huge = await api.ask("POST", "/setup", b"a" * 10_000)
        assert (await fill_in(api)).status_code == 200

    assert weak.status_code == 400
    assert "password: " in weak.text
    assert "<script>" not in odd.text
    problem(bad, 400, "invalid")
    problem(huge, 413, "too_large")


async def test_where_nobody_asked_for_set_up_there_is_none(api: Api) -> None:
    problem(await api.ask("GET", "/setup"), 404, "not_found")


# What stops the start.


async def test_a_server_that_others_can_reach_takes_a_secret_and_an_admin() -> None:
    for secret, words in (
        (Secret(), "PUNTINI_SECRET"),
        (Secret("short"), "too short"),
        (SECRET, "puntini user add NAME --admin"),
    ):
        with pytest.raises(Misconfigured, match=words):
            async with serving(host="0.0.0.0", secret=secret):
                pass


async def test_the_secret_that_the_store_keeps_is_made_once(tmp_path: object) -> None:
    store = f"{tmp_path}/puntini.db"
    async with serving(store=store) as api:
        await api.post("/v1/register", {"username": "ann", "password": "wet hammock, 19 lions"})
        tokens = await api.post("/v1/login", {"username": "ann", "password": "wet hammock, 19 lions"})
    async with serving(store=store) as api:
        assert await api.get("/v1/me", authorization=f"Bearer {tokens['access_token']}")
    async with serving(store=store, secret=SECRET) as api:
        problem(await api.ask("GET", "/v1/me", authorization=f"Bearer {tokens['access_token']}"), 401, "unauthorized")
        assert await api.post("/v1/token/refresh", {"refresh_token": tokens["refresh_token"]})
    async with serving(store=store, host="0.0.0.0", secret=SECRET) as api:
        problem(await api.ask("GET", "/v1/me"), 401, "unauthorized")

"""``/v1/register``, ``login``, ``token``, ``me``, ``users``: accounts as clients and browsers meet them."""

import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from puntini.auth.attempts import A_NAME
from puntini.settings import Secret
from tests.api.calling import HOST, Api, problem, serving

pytestmark = pytest.mark.anyio
PASSWORD = "wet hammock, nineteen lions"
OTHER_PASSWORD = "a cello on the 3rd balcony"
OWN = f"http://{HOST}"


def account(name: str, password: str = PASSWORD) -> dict[str, str]:
    """A body with a name and a password."""
    return {"username": name, "password": password}


async def log_in(api: Api, name: str = "ann", password: str = PASSWORD) -> dict[str, Any]:
    """Tokens."""
    tokens: dict[str, Any] = await api.post("/v1/login", account(name, password))
    return tokens


async def header_of(api: Api, name: str = "ann") -> dict[str, str]:
    """The header with a token."""
    return {"authorization": f"Bearer {(await log_in(api, name))['access_token']}"}


@pytest.fixture
async def ann(api: Api) -> dict[str, str]:
    """A server whose first user is ann; the header with her token."""
    await api.post("/v1/register", account("ann"))
    return await header_of(api)


async def test_the_first_account_is_an_admin_s_and_closes_the_server(api: Api) -> None:
    session_id = await api.create(title="before")

    made = await api.ask("POST", "/v1/register", account("Ann"))

    assert made.status_code == 201
    assert made.json() | {"created_at": ""} == {
        "username": "ann",
        "role": "admin",
        "disabled": False,
        "created_at": "",
        "last_login_at": None,
    }
    refused = await api.ask("GET", "/v1/sessions")
    problem(refused, 401, "unauthorized")
    assert refused.headers["www-authenticate"] == "Bearer"
    assert (await api.ask("GET", "/v1/health")).status_code == 200
    assert (await api.get(f"/v1/sessions/{session_id}", **await header_of(api)))["owner"] == "local"


async def test_a_log_in_is_answered_with_tokens_that_work(api: Api, ann: dict[str, str]) -> None:
    tokens = await log_in(api)

    assert tokens["token_type"] == "Bearer"
    assert tokens["expires_in"] == 3600
    me = await api.get("/v1/me", authorization=f"Bearer {tokens['access_token']}")
    assert (me["username"], me["role"], me["scopes"]) == ("ann", "admin", ["admin", "read", "write"])
    assert me["account"]["last_login_at"]
    told = await api.get("/v1/token", authorization=f"Bearer {tokens['access_token']}")
    assert told["valid"]
    assert told["expires_at"].endswith("Z")


async def test_answers_with_tokens_are_not_kept_by_anybody(api: Api, ann: dict[str, str]) -> None:
    assert (await api.ask("POST", "/v1/login", account("ann"))).headers["cache-control"] == "no-store"


async def test_open_mode_s_principal_has_no_account(api: Api) -> None:
    me = await api.get("/v1/me")
    assert (me["username"], me["account"]) == ("local", None)
    assert (await api.get("/v1/token"))["expires_at"] is None
    new = {"password": OTHER_PASSWORD, "current_password": PASSWORD}
    problem(await api.ask("PATCH", "/v1/me", new), 409, "conflict")


async def test_a_wrong_password_and_an_unknown_name_are_answered_alike(api: Api, ann: dict[str, str]) -> None:
    wrong = problem(await api.ask("POST", "/v1/login", account("ann", "wrong")), 401, "unauthorized")
    unknown = problem(await api.ask("POST", "/v1/login", account("nobody", "wrong")), 401, "unauthorized")
    assert wrong | {"request_id": ""} == unknown | {"request_id": ""}


async def test_too_many_wrong_passwords_are_told_when_to_come_again(api: Api, ann: dict[str, str]) -> None:
    for _ in range(A_NAME - 1):
        api.parts.entrance.accounts.attempts.begin("ann", "192.0.2.1")
    problem(await api.ask("POST", "/v1/login", account("ann", "wrong")), 401, "unauthorized")
    refused = await api.ask("POST", "/v1/login", account("ann"))
    problem(refused, 429, "too_many")
    assert 0 < int(refused.headers["retry-after"]) <= 300


async def test_a_refresh_token_is_good_once(api: Api, ann: dict[str, str]) -> None:
    tokens = await log_in(api)
    following = await api.post("/v1/token/refresh", {"refresh_token": tokens["refresh_token"]})
    assert following["refresh_token"] != tokens["refresh_token"]
    assert await api.get("/v1/me", authorization=f"Bearer {following['access_token']}")

    again = await api.ask("POST", "/v1/token/refresh", {"refresh_token": tokens["refresh_token"]})

    problem(again, 409, "conflict")
    problem(await api.ask("POST", "/v1/token/refresh", {"refresh_token": "ann.guess.guess"}), 401, "unauthorized")
    problem(await api.ask("POST", "/v1/token/refresh", {}), 401, "unauthorized")


async def test_an_old_token_in_the_header_does_not_keep_from_refreshing_or_logging_in(
    api: Api, ann: dict[str, str]
) -> None:
    tokens, old = await log_in(api), {"authorization": "Bearer old"}
    assert await api.post("/v1/token/refresh", {"refresh_token": tokens["refresh_token"]}, **old)
    assert await api.post("/v1/login", account("ann"), **old)
    problem(await api.ask("GET", "/v1/me", **old), 401, "unauthorized")
    problem(await api.ask("GET", "/v1/me", **old, x_api_key="another"), 400, "invalid")


async def test_after_logging_out_neither_token_is_good(api: Api, ann: dict[str, str]) -> None:
    tokens = await log_in(api)
    mine = {"authorization": f"Bearer {tokens['access_token']}"}

    assert (await api.ask("POST", "/v1/logout", **mine)).status_code == 204

    problem(await api.ask("GET", "/v1/me", **mine), 401, "unauthorized")
    problem(await api.ask("POST", "/v1/token/refresh", {"refresh_token": tokens["refresh_token"]}), 401, "unauthorized")
    assert (await api.ask("POST", "/v1/logout", **mine)).status_code == 204, "who is out is out"
    assert await api.get("/v1/me", **ann), "other log-ins go on"


async def test_a_refresh_token_alone_logs_out_too(api: Api, ann: dict[str, str]) -> None:
    tokens = await log_in(api)
    body = {"refresh_token": tokens["refresh_token"]}
    assert (await api.ask("POST", "/v1/logout", body)).status_code == 204
    problem(await api.ask("GET", "/v1/me", authorization=f"Bearer {tokens['access_token']}"), 401, "unauthorized")


async def test_a_wrong_current_password_is_written_down(api: Api, ann: dict[str, str]) -> None:
    body = {"password": "wet hammock, twenty lions", "current_password": "a guess, no more"}
    problem(await api.ask("PATCH", "/v1/me", body, **ann), 400, "invalid")

    await api.parts.entrance.audit.flush()
    [entry] = (await api.get("/v1/audit?what=login_failed", **ann))["items"]
    assert entry["who"] == "ann"


async def test_a_disabled_user_s_keys_stay_bad_where_a_fixed_key_has_the_same_name(tmp_path: Path) -> None:
    store = tmp_path / "puntini.db"
    async with serving(store=store) as api:
        await api.post("/v1/register", account("ann"))
        mine = await header_of(api)
        await api.post("/v1/register", account("ci"), **mine)
        key = (await api.post("/v1/keys", {"name": "k"}, **await header_of(api, "ci")))["key"]
        await api.ask("PATCH", "/v1/users/ci", {"disabled": True}, **mine)
    async with serving(store=store, api_keys=(Secret(f"ci:admin:{'s' * 32}"),)) as api:
        problem(await api.ask("GET", "/v1/me", x_api_key=key), 401, "unauthorized")


async def test_who_is_nobody_and_logs_out_leaves_no_trace(api: Api, ann: dict[str, str]) -> None:
    await api.parts.entrance.audit.flush()
    before = (await api.get("/v1/audit", **ann))["items"], api.parts.entrance.revision.number
    for token in ("", "junk", f"rt_{'0' * 32}_{'0' * 43}.ann"):
        assert (await api.ask("POST", "/v1/logout", {"refresh_token": token})).status_code == 204
    assert (await api.ask("POST", "/v1/logout?token=a&api_key=b")).status_code == 204

    await api.parts.entrance.audit.flush()
    assert ((await api.get("/v1/audit", **ann))["items"], api.parts.entrance.revision.number) == before


async def test_a_password_is_changed_by_the_old_one(api: Api, ann: dict[str, str]) -> None:
    new = {"password": OTHER_PASSWORD, "current_password": "wrong"}
    told = problem(await api.ask("PATCH", "/v1/me", new, **ann), 400, "invalid")
    assert told["errors"][0]["path"] == "current_password"

    changed = await api.ask("PATCH", "/v1/me", {**new, "current_password": PASSWORD}, **ann)

    assert changed.status_code == 204
    assert await api.get("/v1/me", **ann)
    problem(await api.ask("POST", "/v1/login", account("ann")), 401, "unauthorized")
    assert await log_in(api, "ann", OTHER_PASSWORD)


@pytest.mark.parametrize(
    ("body", "path"),
    [
        (account("local"), "username"),
        (account("no name"), "username"),
        (account("bob", "password"), "password"),
        (account("bob", "bob1234567"), "password"),
        ({"username": "bob"}, "password"),
        ({**account("bob"), "role": "admin"}, "role"),
        (account("bob", 7), "password"),  # type: ignore[arg-type]
    ],
    ids=str,
)
async def test_a_bad_registration_names_the_field(api: Api, body: dict[str, Any], path: str) -> None:
    told = problem(await api.ask("POST", "/v1/register", body), 400, "invalid")
    assert told["errors"][0]["path"] == path
    assert (await api.get("/v1/users"))["total"] == 0


async def test_later_accounts_are_made_by_admins_and_are_users(api: Api, ann: dict[str, str]) -> None:
    problem(await api.ask("POST", "/v1/register", account("bob")), 401, "unauthorized")
    assert (await api.post("/v1/register", account("bob"), **ann))["role"] == "user"
    problem(await api.ask("POST", "/v1/register", account("BOB"), **ann), 409, "conflict")
    bob = await header_of(api, "bob")
    problem(await api.ask("POST", "/v1/register", account("carl"), **bob), 403, "forbidden")
    problem(await api.ask("GET", "/v1/users", **bob), 403, "forbidden")
    problem(await api.ask("PATCH", "/v1/users/bob", {"role": "admin"}, **bob), 403, "forbidden")


async def test_where_registration_is_open_anybody_makes_one() -> None:
    async with serving(registration="open") as api:
        assert (await api.post("/v1/register", account("ann")))["role"] == "admin"
        assert (await api.post("/v1/register", account("bob"), authorization="Bearer old"))["role"] == "user"


async def test_admins_see_and_change_users(api: Api, ann: dict[str, str]) -> None:
    for name in ("carl", "bob"):
        await api.post("/v1/register", account(name), **ann)
    page = await api.get("/v1/users?limit=2&offset=1", **ann)
    assert ([each["username"] for each in page["items"]], page["total"]) == (["bob", "carl"], 3)
    assert "password" not in str(page)
    bob = await header_of(api, "bob")

    changed = await api.ask("PATCH", "/v1/users/bob", {"role": "admin", "disabled": True}, **ann)

    assert (changed.json()["role"], changed.json()["disabled"]) == ("admin", True)
    problem(await api.ask("GET", "/v1/me", **bob), 401, "unauthorized")
    problem(await api.ask("POST", "/v1/login", account("bob")), 401, "unauthorized")
    problem(await api.ask("PATCH", "/v1/users/ann", {"role": "user"}, **ann), 409, "conflict")
    problem(await api.ask("PATCH", "/v1/users/nobody", {"role": "user"}, **ann), 404, "not_found")
    enabled = await api.ask("PATCH", "/v1/users/bob", {"disabled": False, "password": OTHER_PASSWORD}, **ann)
    assert enabled.is_success
    assert await log_in(api, "bob", OTHER_PASSWORD)


async def test_each_sees_their_own_sessions(api: Api, ann: dict[str, str]) -> None:
    await api.post("/v1/register", account("bob"), **ann)
    bob = await header_of(api, "bob")
    made = await api.post("/v1/sessions", {"title": "hers"}, **ann)
    problem(await api.ask("GET", f"/v1/sessions/{made['session_id']}", **bob), 404, "not_found")
    assert (await api.get("/v1/sessions", **bob))["total"] == 0


# Cookies.


def baked(response: httpx.Response) -> dict[str, str]:
    """The cookies that a response sets, with what is said of each."""
    return {each.partition("=")[0]: each for each in response.headers.get_list("set-cookie")}


async def by_cookie(api: Api, **headers: str) -> httpx.Response:
    """Log in on the console."""
    response = await api.ask("POST", "/v1/login", {**account("ann"), "cookie": True}, origin=OWN, **headers)
    assert response.status_code == 200, response.text
    return response


async def test_cookies_come_only_when_they_are_asked_for(api: Api, ann: dict[str, str]) -> None:
    assert baked(await api.ask("POST", "/v1/login", account("ann"))) == {}
    cookies = baked(await by_cookie(api))
    assert set(cookies) == {"puntini_token", "puntini_refresh"}
    for cookie in cookies.values():
        assert "HttpOnly" in cookie
        assert "SameSite=strict" in cookie
        assert "Secure" not in cookie
    assert "Path=/;" in cookies["puntini_token"]


@pytest.mark.parametrize("headers", [{"x_forwarded_proto": "https"}, {"x_forwarded_proto": "HTTPS"}])
async def test_behind_https_a_cookie_stays_there(api: Api, ann: dict[str, str], headers: dict[str, str]) -> None:
    assert all("Secure" in cookie for cookie in baked(await by_cookie(api, **headers)).values())


async def test_a_browser_is_let_in_by_its_cookie_and_other_pages_are_not(api: Api, ann: dict[str, str]) -> None:
    await by_cookie(api)
    assert api.http.cookies, "the client keeps them as a browser does"
    assert (await api.get("/v1/me"))["username"] == "ann"
    assert (await api.ask("POST", "/v1/sessions", {}, origin=OWN)).status_code == 201
    for headers in ({"origin": "https://evil.example"}, {}, {"origin": "null"}, {"sec-fetch-site": "same-site"}):
        problem(await api.ask("POST", "/v1/sessions", {}, **headers), 403, "forbidden")
    assert (await api.get("/v1/sessions"))["total"] == 1


async def test_no_other_page_logs_its_visitor_in(api: Api, ann: dict[str, str]) -> None:
    for headers in ({}, {"origin": "http://localhost:3000"}, {"origin": "https://evil.example"}):
        refused = await api.ask("POST", "/v1/login", {**account("ann"), "cookie": True}, **headers)
        problem(refused, 403, "forbidden")
        assert baked(refused) == {}


async def test_the_console_refreshes_by_its_cookie(api: Api, ann: dict[str, str]) -> None:
    await by_cookie(api)
    api.http.cookies.delete("puntini_token")
    problem(await api.ask("POST", "/v1/token/refresh", origin="https://evil.example"), 403, "forbidden")

    refreshed = await api.ask("POST", "/v1/token/refresh", origin=OWN)

    assert refreshed.status_code == 200
    assert set(baked(refreshed)) == {"puntini_token", "puntini_refresh"}
    assert (await api.get("/v1/me"))["username"] == "ann"


async def test_logging_out_takes_the_cookies_away(api: Api, ann: dict[str, str]) -> None:
    await by_cookie(api)
    problem(await api.ask("POST", "/v1/logout", origin="https://evil.example"), 403, "forbidden")
    assert await api.get("/v1/me"), "no other page logs its visitor out"

    assert (await api.ask("POST", "/v1/logout", origin=OWN)).status_code == 204

    assert not api.http.cookies
    problem(await api.ask("GET", "/v1/me"), 401, "unauthorized")


async def test_a_cookie_that_has_ended_does_not_keep_from_logging_in(api: Api, ann: dict[str, str]) -> None:
    await by_cookie(api)
    api.http.cookies.set("puntini_token", "old", domain="127.0.0.1")
    assert (await by_cookie(api)).status_code == 200


# Secrets.


async def test_what_is_secret_is_in_no_answer_and_no_line(
    api: Api, ann: dict[str, str], capfd: pytest.CaptureFixture[str]
) -> None:
    tokens = await log_in(api)
    bad = [tokens["access_token"] + "x", tokens["refresh_token"]]
    shown = [{"authorization": f"Bearer {text}"} for text in bad] + [{"x-api-key": text} for text in bad]
    said = [(await api.ask("GET", "/v1/me", **headers)).text for headers in shown]
    said.append((await api.ask("POST", "/v1/token/refresh", {"refresh_token": tokens["refresh_token"] + "x"})).text)
    said.append((await api.ask("POST", "/v1/login", account("ann", OTHER_PASSWORD))).text)
    said.append((await api.ask("POST", "/v1/register", account("bob", "password1234"), **ann)).text)
    said.append((await api.ask("GET", f"/v1/me?token={tokens['access_token']}&x=1")).text)
    said += [str(await api.get(path, **ann)) for path in ("/v1/users", "/v1/me", "/v1/token", "/v1/status")]
    everything = "\n".join([*said, *capfd.readouterr()])

    for secret in (*tokens["access_token"].split(".")[1:], tokens["refresh_token"], PASSWORD, OTHER_PASSWORD):
        assert secret not in everything
    assert "password1234" not in everything
    assert "argon2" not in everything


async def test_what_is_done_with_accounts_is_written_down(api: Api, ann: dict[str, str]) -> None:
    tokens = await log_in(api)
    await api.ask("POST", "/v1/login", account("ann", "wrong password, this one"))
    await api.post("/v1/token/refresh", {"refresh_token": tokens["refresh_token"]})
    api.parts.entrance.accounts._families._now = lambda: time.time() + 60  # later than a client that asks twice
    await api.ask("POST", "/v1/token/refresh", {"refresh_token": tokens["refresh_token"]})
    api.parts.entrance.accounts._families._now = time.time
    again = await log_in(api)
    await api.parts.entrance.audit.flush()

    log = await api.get("/v1/audit?limit=100", authorization=f"Bearer {again['access_token']}")
    told = [(entry["what"], entry["who"], entry["of"]) for entry in reversed(log["items"])]
    assert ("login_failed", "ann", "") in told
    assert ("refresh_token_reused", "", "ann") in told
    assert [what for what, _, _ in told].count("login") >= 2
    assert all(entry["address"] for entry in log["items"])

"""Pages of other origins: those in ``cors_origins`` may use the server and read its answers, all others may not."""

import pytest

from tests.api.calling import Api, problem, serving

pytestmark = pytest.mark.anyio
APP = "https://app.example"
EVIL = "https://evil.example"


async def preflight(api: Api, origin: str, *, method: str = "POST", headers: str = "content-type") -> dict[str, str]:
    """What a browser asks before it sends, and is answered."""
    response = await api.ask(
        "OPTIONS",
        "/v1/chat",
        origin=origin,
        access_control_request_method=method,
        access_control_request_headers=headers,
    )
    return {"status": str(response.status_code), **response.headers}


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
async def test_an_allowed_page_may_send_what_the_api_takes(method: str) -> None:
    async with serving(cors_origins=(APP,)) as api:
        told = await preflight(api, APP, method=method, headers="content-type, idempotency-key, last-event-id")
    assert told["status"] == "200"
    assert told["access-control-allow-origin"] == APP
    assert method in told["access-control-allow-methods"]


async def test_an_allowed_page_may_read_answers_and_their_headers() -> None:
    async with serving(cors_origins=(APP,)) as api:
        response = await api.ask("POST", "/v1/chat", {"prompt": "play 1 event"}, origin=APP)
        missing = await api.ask("GET", "/v1/sessions/ses_none", origin=APP)
    for answer in (response, missing):
        assert answer.headers["access-control-allow-origin"] == APP
        assert "Origin" in answer.headers["vary"]
    assert "Puntini-Session" in response.headers["access-control-expose-headers"]


async def test_any_other_page_is_refused_before_anything_is_done() -> None:
    async with serving(cors_origins=(APP,)) as api:
        problem(await api.ask("POST", "/v1/sessions", {}, origin=EVIL), 403, "forbidden")
        assert (await preflight(api, EVIL))["status"] == "403"
        assert (await api.get("/v1/sessions"))["total"] == 0


async def test_without_the_setting_no_page_of_another_origin_may_read(api: Api) -> None:
    problem(await api.ask("GET", "/v1/sessions", origin=APP), 403, "forbidden")
    local = await api.ask("GET", "/v1/sessions", origin="http://localhost:3000")
    assert local.status_code == 200
    assert "access-control-allow-origin" not in local.headers


@pytest.mark.parametrize("path", ["/v1/sessions", "/v1/chat", "/metrics", "/nowhere"])
async def test_a_foreign_host_is_refused_at_every_address(api: Api, path: str) -> None:
    problem(await api.ask("GET", path, host="evil.example"), 403, "forbidden")

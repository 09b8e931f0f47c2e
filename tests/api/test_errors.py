"""How requests are refused: problems as RFC 9457 has them, with a stable code and the path of the wrong field."""

import pytest

from tests.api.calling import Api, problem

pytestmark = pytest.mark.anyio
MIB = 1 << 20
TAKING_BODIES = [
    ("POST", "/v1/sessions"),
    ("PATCH", "/v1/sessions/{session}"),
    ("POST", "/v1/sessions/{session}/commands"),
    ("POST", "/v1/chat"),
    ("POST", "/v1/tasks/{task}/control"),
]


@pytest.fixture(params=TAKING_BODIES, ids=lambda route: " ".join(route))
async def route(request: pytest.FixtureRequest, api: Api) -> tuple[str, str]:
    """A method and an address that take a body, about a session and a task that are there."""
    session_id = await api.create()
    task_id = await api.prompt(session_id, "play 100000 events every 5 ms")
    method, path = request.param
    return method, path.format(session=session_id, task=task_id)


UNREADABLE = [
    (b"{", "This is not JSON: "),
    (b"{'title': 1}", "This is not JSON: "),
    (b'{"title": NaN}', "This is not JSON: "),
    (b'{"title": "x"} {}', "This is not JSON: "),
    (b'{"title": "\xff"}', "This is not UTF-8."),
    (b"\xff\xfe{}", "This is not "),
    (b"[]", "Expected `object`, got `array`"),
    (b'"text"', "Expected `object`, got `str`"),
    (b'{"title":' + b"[" * 5_000 + b"]" * 5_000 + b"}", "title: Expected `str`, got `array`"),
    (b'{"data":' + b'{"a":' * 100_000 + b"1" + b"}" * 100_000 + b"}", ""),
]


@pytest.mark.parametrize(("body", "detail"), UNREADABLE)
async def test_a_body_that_can_not_be_read_is_invalid_and_says_why(api: Api, body: bytes, detail: str) -> None:
    told = problem(await api.ask("POST", "/v1/sessions", body), 400, "invalid")
    assert told["detail"].startswith(detail)
    assert told["title"] == "Invalid request"


@pytest.mark.parametrize("body", [body for body, _ in UNREADABLE])
async def test_no_address_takes_such_a_body(api: Api, route: tuple[str, str], body: bytes) -> None:
    problem(await api.ask(*route, body), 400, "invalid")


async def test_a_body_over_a_mebibyte_is_too_large(api: Api, route: tuple[str, str]) -> None:
    problem(await api.ask(*route, b" " * (MIB + 1)), 413, "too_large")


async def test_a_body_of_a_mebibyte_is_not(api: Api) -> None:
    body = b'{"title": "x"' + b" " * (MIB - 14) + b"}"
    assert (await api.ask("POST", "/v1/sessions", body)).status_code == 201


async def test_an_unknown_field_is_named(api: Api, route: tuple[str, str]) -> None:
    told = problem(await api.ask(*route, {"type": "ping", "colour": "red", "action": "stop"}), 400, "invalid")
    assert told["errors"][0]["path"] in {"colour", "type"}


@pytest.mark.parametrize(
    "media", ["application/x-www-form-urlencoded", "text/plain", "application/json; charset=utf-8", "image/png"]
)
async def test_what_the_body_is_called_does_not_matter(api: Api, media: str) -> None:
    response = await api.ask("POST", "/v1/sessions", {"title": "x"}, content_type=media)
    assert response.status_code == 201


async def test_deep_values_are_refused_where_anything_may_stand(api: Api) -> None:
    path = f"/v1/sessions/{await api.create()}/commands"
    shallow, deep = b"[" * 60 + b"]" * 60, b"[" * 64 + b"]" * 64
    assert (await api.ask("POST", path, b'{"type":"ping","data":' + shallow + b"}")).status_code == 200
    told = problem(await api.ask("POST", path, b'{"type":"ping","data":' + deep + b"}"), 400, "invalid")
    assert told["detail"] == "Nest values at most 64 deep."


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("PUT", "/v1/sessions", "GET, HEAD, OPTIONS, POST"),
        ("POST", "/v1/sessions/stats", "GET, HEAD, OPTIONS"),
        ("PUT", "/v1/sessions/x", "DELETE, GET, HEAD, OPTIONS, PATCH"),
        ("GET", "/v1/sessions/x/commands", "OPTIONS, POST"),
        ("POST", "/v1/sessions/x/messages", "GET, HEAD, OPTIONS"),
        ("PUT", "/v1/sessions/x/stream", "GET, HEAD, OPTIONS"),
        ("PUT", "/v1/tasks", "GET, HEAD, OPTIONS, POST"),
        ("PATCH", "/v1/tasks/x", "DELETE, GET, HEAD, OPTIONS"),
        ("POST", "/v1/tasks/x/result", "GET, HEAD, OPTIONS"),
        ("DELETE", "/v1/memory/x", "GET, HEAD, OPTIONS"),
        ("POST", "/v1/tasks/x/stream", "GET, HEAD, OPTIONS"),
        ("GET", "/v1/tasks/x/control", "OPTIONS, POST"),
        ("PUT", "/v1/chat", "OPTIONS, POST"),
        ("POST", "/v1/health", "GET, HEAD, OPTIONS"),
        ("POST", "/metrics", "GET, HEAD, OPTIONS"),
    ],
)
async def test_a_wrong_method_is_told_the_right_ones(api: Api, method: str, path: str, allow: str) -> None:
    response = await api.ask(method, path)
    told = problem(response, 405, "method_not_allowed")
    assert response.headers["allow"] == allow
    asked = await api.ask("OPTIONS", path)
    assert (asked.status_code, asked.text, asked.headers["allow"]) == (204, "", allow)
    assert told["detail"] == "This address does not take that method."


@pytest.mark.parametrize("path", ["/v1", "/v2/sessions", "/v1/session", "/v1/sessions/x/y", "/v1/%F0%9F%8E%88"])
async def test_an_unknown_address_is_not_found(api: Api, path: str) -> None:
    told = problem(await api.ask("GET", path), 404, "not_found")
    assert told["detail"].startswith("There is nothing at this address")


@pytest.mark.parametrize("session_id", ["%00", "..%2f..", "a%20b", "%E2%80%A8", "x" * 3_000, "'; DROP TABLE"])
async def test_an_odd_id_is_only_not_found(api: Api, session_id: str) -> None:
    response = await api.ask("GET", f"/v1/sessions/{session_id}")
    problem(response, 404, "not_found")
    response.json()


async def test_a_problem_is_not_kept_by_caches(api: Api) -> None:
    response = await api.ask("GET", "/v1/sessions/ses_none")
    assert response.headers["cache-control"] == "no-store"


# Request ids.


async def test_a_problem_names_the_request_and_so_does_its_answer(api: Api) -> None:
    refused = await api.ask("GET", "/v1/sessions/none")
    told = problem(refused, 404, "not_found")
    assert told["request_id"] == refused.headers["x-request-id"]
    assert told["request_id"].startswith("req_")


async def test_a_request_keeps_the_id_that_its_client_gave_it(api: Api) -> None:
    answer = await api.ask("GET", "/v1/health", x_request_id="trace-7.a:1")
    assert answer.headers["x-request-id"] == "trace-7.a:1"


@pytest.mark.parametrize("given", ["", "two words", "x" * 65, "ü", 'a"b'])
async def test_an_id_that_does_not_fit_is_replaced(api: Api, given: str) -> None:
    answer = await api.http.get("/v1/health", headers={b"x-request-id": given.encode()})
    assert answer.headers["x-request-id"].startswith("req_")


async def test_every_request_has_an_id_of_its_own_streams_and_refusals_at_the_gate_too(api: Api) -> None:
    stream = f"/v1/sessions/{await api.create()}/stream"
    answers = [
        await api.ask("HEAD", stream),
        await api.ask("GET", stream, accept="application/json"),
        await api.ask("GET", stream, accept="image/png"),
        await api.ask("GET", "/v1/health", host="evil.example"),
        await api.ask("POST", "/v1/chat", {}),
        await api.ask("PUT", "/v1/health"),
        await api.ask("GET", "/nowhere"),
    ]
    assert len({answer.headers["x-request-id"] for answer in answers}) == len(answers)
    for answer in answers[2:]:
        assert answer.json()["request_id"] == answer.headers["x-request-id"]

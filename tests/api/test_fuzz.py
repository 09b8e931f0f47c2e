"""Odd requests, by the hundred: each is answered, none with a fault of the server's own."""

import json
from typing import Any

import anyio
from hypothesis import given, settings
from hypothesis import strategies as st

from puntini.protocol.commands import AnyCommand
from tests.api.calling import Api, serving

SAID = {200, 201, 202, 204, 400, 404, 405, 406, 409, 413, 429}
TYPES = [str(cls.__struct_config__.tag) for cls in AnyCommand.__args__]
FIELDS = ["prompt", "agent", "max_steps", "if_busy", "task_id", "action", "delta", "base_version", "limit", "before"]
EXAMPLES = 30

odd = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=20),
    st.sampled_from(["reject", "stop", "scripted", "\ud800", "\u2028", "x" * 300, "ses_none", "earliest"]),
)
values = st.recursive(
    odd,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
operations = st.fixed_dictionaries(
    {},
    optional={
        "action": st.sampled_from(["add_node", "update_node", "remove_node", "add_edge", "remove_edge", "clear", "x"]),
        "node": st.fixed_dictionaries({"id": st.sampled_from(["a", "b", ""]), "label": st.just("L"), "props": values}),
        "edge": st.fixed_dictionaries({"id": st.just("e"), "label": odd, "source": st.just("a"), "target": odd}),
        "id": st.sampled_from(["a", "b", "e"]),
    },
)
data = st.dictionaries(st.sampled_from(FIELDS), values) | st.fixed_dictionaries(
    {"base_version": st.integers(0, 3), "delta": st.lists(operations, max_size=4)}
)
commands = st.fixed_dictionaries(
    {"type": st.sampled_from(TYPES)}, optional={"data": data | values, "command_id": odd, "session_id": odd}
)
queries = st.dictionaries(
    st.sampled_from(["after", "events", "level", "limit", "offset", "at", "before", "status", "max_rate", "x"]),
    st.text(max_size=8) | st.sampled_from(["0", "-1", "1e9", "nan", "earliest", "now", "999999999999999999"]),
)


async def fuzz(asked: list[tuple[str, str, Any]]) -> None:
    """Send requests to an app of their own; ``{}`` in a path is a session that is there."""
    async with serving() as api:
        session_id = await api.create()
        for method, path, body in asked:
            await answered(api, method, path.replace("{}", session_id), body)
        await api.played(await api.create(), "play 1 event")


async def answered(api: Api, method: str, path: str, body: Any) -> None:
    """One request, which is answered; a refusal is a problem that names its code."""
    query = body if method == "GET" else None
    content = None if method == "GET" else json.dumps(body).encode()
    response = await api.http.request(
        method, path, params=query, content=content, headers={"accept": "application/json"}
    )
    assert response.status_code in SAID, (method, path, body, response.text)
    if response.status_code >= 400:
        assert response.json()["code"], response.text


@settings(max_examples=EXAMPLES)
@given(st.lists(commands | values, max_size=8))
def test_any_command_is_answered(bodies: list[Any]) -> None:
    anyio.run(fuzz, [("POST", "/v1/sessions/{}/commands", body) for body in bodies])


@settings(max_examples=EXAMPLES)
@given(st.lists(st.dictionaries(st.sampled_from([*FIELDS, "title", "status"]), values), max_size=8), st.booleans())
def test_any_body_is_answered(bodies: list[Any], patch: bool) -> None:
    method, path = ("PATCH", "/v1/sessions/{}") if patch else ("POST", "/v1/sessions")
    anyio.run(fuzz, [(method, path, body) for body in bodies])


@settings(max_examples=EXAMPLES)
@given(st.lists(st.tuples(st.sampled_from(["", "/messages", "/graph", "/state", "/stream"]), queries), max_size=8))
def test_any_query_is_answered(asked: list[tuple[str, dict[str, str]]]) -> None:
    anyio.run(fuzz, [("GET", f"/v1/sessions/{{}}{view}", query) for view, query in asked])


@settings(max_examples=EXAMPLES)
@given(st.lists(st.dictionaries(st.sampled_from([*FIELDS, "task", "stream", "session_id"]), values), max_size=8))
def test_any_task_is_answered(bodies: list[Any]) -> None:
    anyio.run(fuzz, [("POST", "/v1/tasks", body) for body in bodies])


@settings(max_examples=EXAMPLES)
@given(st.lists(st.tuples(st.sampled_from(["tasks", "memory/scripted", "tasks/none/steps"]), queries), max_size=8))
def test_any_query_of_tasks_is_answered(asked: list[tuple[str, dict[str, str]]]) -> None:
    anyio.run(fuzz, [("GET", f"/v1/{path}", query) for path, query in asked])

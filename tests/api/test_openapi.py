"""``/openapi.json`` and ``/docs`` say what the addresses do, whoever made them; and each GET answers HEAD and OPTIONS.

That answers are as they are promised is seen in all tests of this folder: see ``tests.api.promised``.
"""

import re
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
from msgspec import Struct
from starlette.requests import Request

from puntini.api.examples import EXAMPLES, ID_EXAMPLES
from puntini.api.http import Address, Body, Door, Json, Listed, resource
from puntini.api.openapi import document
from puntini.auth.rights import ANYBODY, EDIT
from tests.api.calling import Api, problem

pytestmark = pytest.mark.anyio
Document = dict[str, Any]


@pytest.fixture
async def openapi(api: Api) -> Document:
    """The document of a server."""
    return dict(await api.get("/openapi.json"))


def operations(openapi: Document) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Path, method and what is said of it."""
    for path, methods in openapi["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def references(node: object) -> Iterator[str]:
    """Everything that is referred to."""
    if isinstance(node, dict):
        yield from [node["$ref"]] if isinstance(node.get("$ref"), str) else []
        yield from node.get("discriminator", {}).get("mapping", {}).values()
    for each in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from references(each)


# What it says.


async def test_every_address_is_in_it_with_every_method(api: Api, openapi: Document) -> None:
    there = {
        (route.path, method.lower()) for route in api.app.routes if isinstance(route, Address) for method in route.doors
    }
    assert {(path, method) for path, method, _ in operations(openapi)} == there


async def test_names_are_unique_and_fit_for_functions(openapi: Document) -> None:
    names = [operation["operationId"] for *_, operation in operations(openapi)]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch("[a-z][A-Za-z]+", name) for name in names), names
    assert {"createSession", "listSessions", "getTaskResult", "sendCommand", "deleteDocument"} <= set(names)


async def test_every_reference_leads_somewhere_and_every_schema_is_referred_to(openapi: Document) -> None:
    there = {f"#/components/{kind}/{name}" for kind in ("schemas", "responses") for name in openapi["components"][kind]}
    referred = set(references(openapi))
    assert referred <= there
    assert {name for name in there if "/schemas/" in name} <= referred


async def test_every_schema_is_json_schema_with_a_description_and_a_name_of_its_own(openapi: Document) -> None:
    for name, schema in openapi["components"]["schemas"].items():
        jsonschema.Draft202012Validator.check_schema(schema)
        assert schema.get("description"), f"{name}: give the struct a docstring"
        assert re.fullmatch("[A-Z][A-Za-z]+", name), name


async def test_every_operation_has_a_summary_and_says_whom_it_lets_in(openapi: Document) -> None:
    for _, _, operation in operations(openapi):
        assert operation["summary"], operation["operationId"]
        is_open = operation["security"] == []
        assert is_open == ("Anybody may ask." in operation["description"])
        assert is_open != ("401" in operation["responses"])


async def test_every_body_has_an_example_that_its_schema_takes(openapi: Document) -> None:
    for _, _, operation in operations(openapi):
        if "requestBody" in operation:
            content = operation["requestBody"]["content"]["application/json"]
            assert "examples" in content, f"{operation['operationId']}: give it one in puntini/api/examples.py"
            schema = {**content["schema"], "components": openapi["components"]}
            jsonschema.validate(content["examples"]["example"]["value"], schema)


async def test_every_query_that_is_needed_has_an_example(openapi: Document) -> None:
    for _, _, operation in operations(openapi):
        for parameter in operation["parameters"]:
            needed = parameter["required"] and parameter["in"] != "path"
            assert not needed or "example" in parameter, f"{operation['operationId']}: {parameter['name']}"
    assert EXAMPLES["searchDocuments"].query


async def test_a_body_refuses_unknown_fields_and_an_answer_does_not(openapi: Document) -> None:
    schemas = openapi["components"]["schemas"]
    assert schemas["NewSession"]["additionalProperties"] is False
    assert schemas["NewSession"]["required"] == []
    assert "additionalProperties" not in schemas["SessionInfo"]
    assert set(schemas["SessionInfo"]["required"]) == set(schemas["SessionInfo"]["properties"])


async def test_what_goes_both_ways_has_two_schemas_where_they_differ(openapi: Document) -> None:
    schemas = openapi["components"]["schemas"]
    assert schemas["NodeInput"]["required"] == ["id", "label"]
    assert schemas["Node"]["required"] == ["id", "label", "props"]
    assert schemas["NewGraph"]["properties"]["nodes"]["items"] == {"$ref": "#/components/schemas/NodeInput"}


async def test_a_stream_tells_its_content_types_its_headers_and_its_websocket(openapi: Document) -> None:
    stream = openapi["paths"]["/v1/sessions/{session_id}/stream"]["get"]
    assert set(stream["responses"]["200"]["content"]) == {
        "application/json",
        "application/x-ndjson",
        "text/event-stream",
    }
    assert "204" in stream["responses"]
    assert "Last-Event-ID" in {each["name"] for each in stream["parameters"]}
    assert "WebSocket" in stream["description"]
    assert "/ws/chat" in openapi["x-websockets"]


# Whatever is added.


class Cup(Body, frozen=True):
    """A cup to fill."""

    size: int = 3


class Tea(Struct, frozen=True):
    """What is in a cup."""

    leaves: str


def test_an_address_that_is_added_is_documented_by_its_door() -> None:
    async def brew(_request: Request) -> Json:
        """Brew a cup. It takes three minutes."""
        return Json(Tea("green"))

    door = Door(EDIT, brew, {"sugar": bool}, takes=Cup, gives=Listed[Tea], status=201, needs=("sugar",))
    made = document([resource("/v1/sessions/{session_id}/cups", post=door, get=Door(ANYBODY, brew, gives=Tea))])

    brewing = made["paths"]["/v1/sessions/{session_id}/cups"]["post"]
    assert brewing["operationId"] == "createSessionCup"
    assert (brewing["summary"], brewing["tags"]) == ("Brew a cup", ["Sessions"])
    assert "three minutes" in brewing["description"]
    assert "role `editor`" in brewing["description"]
    assert [(each["name"], each["in"], each["required"]) for each in brewing["parameters"]] == [
        ("session_id", "path", True),
        ("sugar", "query", True),
    ]
    assert brewing["requestBody"]["required"] is False
    assert brewing["responses"]["201"]["content"]["application/json"]["schema"]["$ref"].endswith("/TeaList")
    assert {"400", "401", "403", "404", "409", "413", "default"} <= brewing["responses"].keys()


# How it is served.


@pytest.mark.parametrize("path", ["/openapi.json", "/docs", "/docs/app.js", "/docs/style.css"])
async def test_what_a_client_has_is_not_sent_again(api: Api, path: str) -> None:
    first = await api.ask("GET", path)
    again = await api.ask("GET", path, if_none_match=first.headers["etag"])

    assert (first.status_code, again.status_code) == (200, 304)
    assert first.content
    assert again.content == b""
    assert again.headers["etag"] == first.headers["etag"]


@pytest.mark.parametrize("view", ["graph", "state"])
async def test_a_view_is_sent_again_only_when_something_was_said(api: Api, view: str) -> None:
    session_id = await api.create()
    await api.played(session_id)
    path = f"/v1/sessions/{session_id}/{view}"

    now = (await api.ask("GET", path)).headers["etag"]
    then = (await api.ask("GET", f"{path}?at=3")).headers["etag"]
    assert (await api.ask("GET", path, if_none_match=f'"x", {now}')).status_code == 304
    await api.played(session_id)

    assert (await api.ask("GET", path, if_none_match=now)).status_code == 200
    assert (await api.ask("GET", f"{path}?at=3", if_none_match=then)).status_code == 304
    assert now != then


async def test_a_graph_has_another_tag_as_graphml(api: Api) -> None:
    path = f"/v1/sessions/{await api.create()}/graph"
    as_json, as_graphml = await api.ask("GET", path), await api.ask("GET", f"{path}?format=graphml")

    assert as_json.headers["etag"] != as_graphml.headers["etag"]
    assert as_json.headers["vary"] == "Accept"


async def test_a_view_of_a_session_that_is_gone_is_never_still_right(api: Api) -> None:
    session_id = await api.create()
    tag = (await api.ask("GET", f"/v1/sessions/{session_id}/graph")).headers["etag"]
    await api.ask("DELETE", f"/v1/sessions/{session_id}")

    problem(await api.ask("GET", f"/v1/sessions/{session_id}/graph", if_none_match=tag), 404, "not_found")


async def test_the_page_names_every_operation_and_every_schema_and_nothing_from_elsewhere(
    api: Api, openapi: Document
) -> None:
    page = await api.ask("GET", "/docs")

    names = [operation["operationId"] for *_, operation in operations(openapi)]
    names += [f"schema-{name}" for name in openapi["components"]["schemas"]]
    assert [name for name in names if f'id="{name}"' not in page.text] == []
    targets = re.findall(r'(?:href|src)="([^"]*)"', page.text)
    assert [target for target in targets if not target.startswith(("/docs/", "/openapi.json", "#", "data:,"))] == []
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert not re.search(r" style=| on\w+=|<script>|<style>", page.text)


async def test_the_page_has_no_other_files(api: Api) -> None:
    problem(await api.ask("GET", "/docs/page.py"), 404, "not_found")


# HEAD and OPTIONS.

COUNTING = {"/metrics", "/v1/connections/stats"}
"""These say something else each time."""


@pytest.fixture
async def there(api: Api) -> dict[str, str]:
    """Ids of what is there, by the names of parameters; and a query for what needs one."""
    session_id = await api.create()
    await api.post(f"/v1/sessions/{session_id}/graph", EXAMPLES["importSessionGraph"].body)
    task_id = await api.played(session_id)
    document_id = (await api.post("/v1/documents", EXAMPLES["createDocument"].body))["document_id"]
    return ID_EXAMPLES | {"session_id": session_id, "task_id": task_id, "document_id": document_id}


def address(path: str, operation: dict[str, Any], there: dict[str, str]) -> str:
    """A path with ids that are there, and with the query that it needs."""
    for parameter in operation["parameters"]:
        if parameter["in"] == "path":
            path = path.replace(f"{{{parameter['name']}}}", there.get(parameter["name"], parameter.get("example", "x")))
    query = "&".join(
        f"{each['name']}={each['example']}"
        for each in operation["parameters"]
        if each["in"] == "query" and each["required"]
    )
    return f"{path}?{query}"


async def test_every_get_answers_head_with_the_same_headers_and_nothing_else(
    api: Api, openapi: Document, there: dict[str, str]
) -> None:
    for path, method, operation in operations(openapi):
        if method == "get":
            asked = address(path, operation, there)
            got = await api.ask("GET", asked, accept="application/json")
            head = await api.ask("HEAD", asked, accept="application/json")
            assert got.status_code == 200, (asked, got.text)
            assert (head.status_code, head.content) == (200, b""), asked
            changing = {"x-request-id", *(["content-length"] if path in COUNTING else [])}
            assert {name: value for name, value in head.headers.items() if name not in changing} == {
                name: value for name, value in got.headers.items() if name not in changing
            }, asked


async def test_a_stream_answers_head_and_ends(api: Api) -> None:
    head = await api.ask("HEAD", f"/v1/sessions/{await api.create()}/stream")
    assert head.headers["content-type"].startswith("text/event-stream")


async def test_every_address_answers_options_with_its_methods(api: Api, openapi: Document) -> None:
    for path, methods in openapi["paths"].items():
        answer = await api.ask("OPTIONS", path)
        allowed = set(answer.headers["allow"].split(", "))
        assert answer.status_code == 204
        assert allowed == {method.upper() for method in methods} | {"OPTIONS"} | (
            {"HEAD"} if "get" in methods else set()
        )


async def test_every_other_method_is_told_which_there_are(api: Api, openapi: Document) -> None:
    for path in openapi["paths"]:
        answer = await api.ask("TRACE", path)
        problem(answer, 405, "method_not_allowed")
        assert "OPTIONS" in answer.headers["allow"]

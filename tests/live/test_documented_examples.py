"""The command line that the OpenAPI document gives for each operation, typed as it stands, with ids that are there."""

import shlex
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from puntini.api.examples import EXAMPLES, ID_EXAMPLES, OWN_TEMPLATE, REFRESH_TOKEN, SERVER
from tests.live.clients import curl as client
from tests.live.clients.curl import curl
from tests.live.serving import Serving, serving

pytestmark = pytest.mark.skipif(not client.available(), reason="curl is not installed")

LONG = "play 100000 events every 5 ms"
RUNNING = {"controlTask", "cancelTask"}
"""These are about a task that has not ended."""
KEY = "e" * 40
OWN = {"changePassword", "createKey", "deleteKey"}
"""These take an account; the others are asked by the server's fixed key."""
OF_USERS = {*OWN, "login", "logout", "refreshToken", "updateUser", "shareSession", "removeSessionMember"}
USER = EXAMPLES["login"].body["username"]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """A server for all of the examples."""
    with serving(tmp_path_factory.mktemp("examples"), store="memory:", key=KEY) as running:
        yield running


def test_every_example_is_answered_as_it_is_documented(server: Serving) -> None:
    faults = [fault for name, operation in operations(server) if (fault := typed(server, name, operation))]
    assert not faults, "\n\n".join(faults)


def operations(server: Serving) -> list[tuple[str, dict[str, Any]]]:
    """All operations of the server's document, by name."""
    paths = server.get("/openapi.json")["paths"]
    return [(each["operationId"], each) for methods in paths.values() for each in methods.values()]


def typed(server: Serving, name: str, operation: dict[str, Any]) -> str:
    """Type an operation's command line; returns what is wrong with the answer."""
    line = operation["x-codeSamples"][0]["source"].replace(SERVER, server.url)
    ids, credential = made(server, name), f"X-API-Key: {KEY}"
    if name in OF_USERS:
        tokens = logged_in(server, ids[ID_EXAMPLES["session_id"]])
        bearer = f"Bearer {tokens['access_token']}"
        ids |= {REFRESH_TOKEN: tokens["refresh_token"], ID_EXAMPLES["key_id"]: key_of(server, bearer)}
        credential = f"Authorization: {bearer}" if name in OWN else credential
    for example, real in ids.items():
        line = line.replace(example, real)
    answer = curl(*shlex.split(line.replace("\\\n", ""))[1:], "-H", credential)
    promised = next(iter(operation["responses"]))
    return "" if str(answer.status) == promised else f"{name}: {line}\n{answer.status} {answer.body[:500]!r}"


def made(server: Serving, name: str) -> dict[str, str]:
    """What an example is about, made anew: the ids that are there, by those of the example."""
    session_id = server.create(agent="scripted")
    server.ask("POST", f"/v1/sessions/{session_id}/graph", EXAMPLES["importSessionGraph"].body).raise_for_status()
    task_id = server.play(session_id, LONG if name in RUNNING else "play 10 events")
    if name not in RUNNING:
        server.finish(task_id)
    document = server.ask("POST", "/v1/documents", EXAMPLES["createDocument"].body).raise_for_status().json()
    if name == "deleteAgent":
        librarian = EXAMPLES["createAgent"].body | {"name": EXAMPLES[name].ids["agent_id"]}
        server.ask("POST", "/v1/agents", librarian).raise_for_status()
    template = server.ask("POST", "/v1/templates", EXAMPLES["createTemplate"].body).raise_for_status().json()
    there = {"session_id": session_id, "task_id": task_id, "document_id": document["document_id"]}
    return {ID_EXAMPLES[of]: real for of, real in there.items()} | {OWN_TEMPLATE: template["template_id"]}


def logged_in(server: Serving, session_id: str) -> dict[str, Any]:
    """The tokens of the user that examples are about, who sees a session and has the password that they tell."""
    secret = EXAMPLES["login"].body
    if server.ask("POST", "/v1/register", secret).status_code == 409:
        server.ask("PATCH", f"/v1/users/{USER}", {"password": secret["password"]}).raise_for_status()
    server.ask("PUT", f"/v1/sessions/{session_id}/members/{USER}", {"role": "viewer"}).raise_for_status()
    return dict(server.ask("POST", "/v1/login", secret).raise_for_status().json())


def key_of(server: Serving, bearer: str) -> str:
    """The id of a new key of a user's."""
    asked = httpx.post(f"{server.url}/v1/keys", json={"name": "k"}, headers={"Authorization": bearer}, trust_env=False)
    return str(asked.raise_for_status().json()["key_id"])


def test_every_example_is_of_an_operation_that_is_there(server: Serving) -> None:
    names = {name for name, _ in operations(server)}
    assert EXAMPLES.keys() <= names, "an example of an operation that is not there"


def test_every_id_in_an_address_has_an_example(server: Serving) -> None:
    lines = [each["x-codeSamples"][0]["source"] for _, each in operations(server)]
    assert [line for line in lines if "{" in line.partition("-d")[0]] == [], "see puntini/api/examples.py"

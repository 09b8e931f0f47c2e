"""The command line that the OpenAPI document gives for each operation, typed as it stands, with ids that are there."""

import shlex
from collections.abc import Iterator
from typing import Any

import pytest

from puntini.api.examples import EXAMPLES, ID_EXAMPLES, SERVER
from tests.live.clients import curl as client
from tests.live.clients.curl import curl
from tests.live.serving import Serving, serving

pytestmark = pytest.mark.skipif(not client.available(), reason="curl is not installed")

LONG = "play 100000 events every 5 ms"
RUNNING = {"controlTask", "cancelTask"}
"""These are about a task that has not ended."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """A server for all of the examples."""
    with serving(tmp_path_factory.mktemp("examples"), store="memory:") as running:
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
    for example, real in made(server, name).items():
        line = line.replace(example, real)
    answer = curl(*shlex.split(line.replace("\\\n", ""))[1:])
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
    there = {"session_id": session_id, "task_id": task_id, "document_id": document["document_id"]}
    return {ID_EXAMPLES[of]: real for of, real in there.items()}


def test_every_example_is_of_an_operation_that_is_there(server: Serving) -> None:
    names = {name for name, _ in operations(server)}
    assert EXAMPLES.keys() <= names, "an example of an operation that is not there"


def test_every_id_in_an_address_has_an_example(server: Serving) -> None:
    lines = [each["x-codeSamples"][0]["source"] for _, each in operations(server)]
    assert [line for line in lines if "{" in line.partition("-d")[0]] == [], "see puntini/api/examples.py"

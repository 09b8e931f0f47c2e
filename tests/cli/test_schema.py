"""``puntini schema``: schemas that a validator takes, and that what is really said and sent keeps to."""

import json
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator

from tests.cli.conftest import Call
from tests.live.serving import Serving


def schema(call: Call, *words: str) -> dict[str, Any]:
    """What the command prints."""
    ran = call("schema", *words)
    assert (ran.code, ran.err) == (0, "")
    return dict(json.loads(ran.out))


@pytest.mark.parametrize("which", ["events", "commands"])
def test_a_schema_is_one(call: Call, which: str) -> None:
    printed = schema(call, which)

    Draft202012Validator.check_schema(printed)
    assert printed["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_without_a_choice_both_are_printed(call: Call) -> None:
    assert schema(call) == {"events": schema(call, "events"), "commands": schema(call, "commands")}


def test_openapi_is_what_a_server_answers(call: Call, server: Serving) -> None:
    assert schema(call, "openapi") == httpx.get(f"{server.url}/openapi.json", trust_env=False).json()


def test_what_a_server_really_says_is_valid(call: Call, server: Serving, at: str) -> None:
    validator = Draft202012Validator(schema(call, "events"))
    session_id = server.create()
    server.finish(server.play(session_id, "play 14 events"))
    server.command(session_id, "close_session")

    for words in (["--after=earliest"], [], ["--after=nonsense"]):
        said = [json.loads(line) for line in call("tail", session_id, "--json", at, *words).out.splitlines()]
        assert said
        for event in said:
            validator.validate(event)
            assert not validator.is_valid({**event, "type": "dance"})


def test_commands_that_a_server_takes_are_valid_and_others_are_not(call: Call) -> None:
    validator = Draft202012Validator(schema(call, "commands"))

    validator.validate({"type": "user_prompt", "command_id": "c1", "data": {"prompt": "draw a cat"}})
    assert not validator.is_valid({"type": "user_prompt", "data": {"prompt": "draw a cat", "loud": True}})
    assert not validator.is_valid({"type": "dance", "data": {}})

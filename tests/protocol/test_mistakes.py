"""What is said to whoever sends something else than was asked for: one sentence that says what to do."""

from typing import Annotated, Any, Literal

import msgspec
import pytest
from msgspec import Meta, Struct

from puntini.errors import Invalid
from puntini.protocol.commands import AnyCommand
from puntini.protocol.decode import decode
from puntini.protocol.events import Event
from puntini.protocol.mistakes import mistake, suggestion


class Part(Struct, forbid_unknown_fields=True):
    colour: Literal["red", "green"] | None = None
    name: Annotated[str, Meta(pattern="^[a-z]+$", description="Small letters.")] = "x"
    code: Annotated[str, Meta(pattern="^[0-9]+$")] = "1"


class Whole(Struct, forbid_unknown_fields=True):
    task: str
    parts: list[Part] = []
    named: dict[str, Part] = {}


NOTHING = msgspec.defstruct("Nothing", [], forbid_unknown_fields=True)


@pytest.mark.parametrize(
    ("type_", "raw", "sentence"),
    [
        (AnyCommand, '{"type":"grph_edit"}', "type: `grph_edit` can't stand here; did you mean `graph_edit`?"),
        (
            AnyCommand,
            '{"type":"control","data":{"task_id":"t","action":"cancel"}}',
            "data.action: `cancel` can't stand here; use pause, resume or stop",
        ),
        (
            AnyCommand,
            '{"type":"graph_edit","data":{"base_version":1,"delta":[{"action":"set_node"}]}}',
            "data.delta[0].action: `set_node` can't stand here; did you mean `update_node`?",
        ),
        (
            AnyCommand,
            '{"type":"user_prompt","data":{"promt":"x"}}',
            "data.promt: there is no such field; did you mean `prompt`?",
        ),
        (Event, '{"type":"reasonin"}', "type: `reasonin` can't stand here; did you mean `reasoning`?"),
        (Whole, "{}", "task: this field is needed"),
        (Whole, '{"prompt":"x"}', "prompt: there is no such field; did you mean `task`?"),
        (Whole, '{"why":"x"}', "why: there is no such field; use task, parts or named"),
        (Whole, '{"task":"","parts":[{"size":1}]}', "parts[0].size: there is no such field; use colour, name or code"),
        (Whole, '{"task":"","parts":[{},{"colour":"x"}]}', "parts[1].colour: `x` can't stand here; use green or red"),
        (
            Whole,
            '{"task":"","named":{"a":{"colour":"gren"}}}',
            "named[...].colour: `gren` can't stand here; did you mean `green`?",
        ),
        (Whole, '{"task":"","parts":[{"name":"x 2!"}]}', "parts[0].name: Small letters."),
        (Whole, '{"task":"","parts":[{"code":"x"}]}', "parts[0].code: Expected `str` matching regex '^[0-9]+$'"),
        (NOTHING, '{"x":1}', "x: there is no such field; leave it out"),
    ],
)  # fmt: skip
def test_a_sentence_says_what_may_stand_there(type_: Any, raw: str, sentence: str) -> None:
    with pytest.raises(Invalid) as told:
        decode(raw, type_)

    assert told.value.message == sentence
    assert sentence.startswith(f"{told.value.path}: ")


def test_of_many_words_some_are_listed() -> None:
    words = [f"word{number}" for number in range(100)]
    assert suggestion("zzz", words).endswith("word14 or others")


def test_a_sentence_without_a_path_is_left_as_it_is() -> None:
    error = mistake("Something", AnyCommand, b"")
    assert (error.message, error.path) == ("Something", "")

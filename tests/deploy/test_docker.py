"""The image: what its file promises. It is not built here: that takes Docker's daemon and its registry."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.deploy.declared import DEPLOY, settings_of, understood, unknown_variables
from tests.live.serving import ROOT

FILE = DEPLOY / "docker" / "Dockerfile"
KNOWN = {"FROM", "RUN", "COPY", "LABEL", "ENV", "WORKDIR", "USER", "VOLUME", "EXPOSE", "STOPSIGNAL", "HEALTHCHECK"} | {
    "ENTRYPOINT",
    "CMD",
}


class Instruction(NamedTuple):
    word: str
    rest: str


def instructions() -> list[Instruction]:
    """The file's instructions, in order; continued lines are one."""
    lines = [line for line in FILE.read_text().splitlines() if not line.lstrip().startswith("#")]
    whole = re.sub(r"\\\n\s*", "", "\n".join(lines))
    return [Instruction(*line.split(" ", 1)) for line in whole.splitlines() if line]


def last_stage() -> list[Instruction]:
    """What makes the image that is run."""
    every = instructions()
    return every[max(number for number, (word, _) in enumerate(every) if word == "FROM") :]


def one(word: str) -> str:
    (found,) = [rest for each, rest in last_stage() if each == word]
    return found


def environment() -> dict[str, str]:
    return dict(pair.split("=", 1) for pair in one("ENV").split())


def test_there_is_nothing_in_it_that_is_not_known() -> None:
    """No ADD of an address, no SHELL, no ONBUILD."""
    assert {word for word, _ in instructions()} == KNOWN


def test_every_base_is_pinned_to_a_version() -> None:
    bases = [rest.split(" ")[0] for word, rest in instructions() if word == "FROM"]

    assert all(re.fullmatch(r"[a-z]+:\d+\.\d+\.\d+-[a-z-]+", base) for base in bases), bases
    assert "node:20." in bases[0]


def test_no_shell_runs_at_any_time() -> None:
    commands = [rest for word, rest in instructions() if word in {"RUN", "CMD", "ENTRYPOINT"}]
    commands.append(one("HEALTHCHECK").partition("CMD ")[2])

    assert all(isinstance(json.loads(command), list) for command in commands)


def test_it_runs_as_a_user_without_rights() -> None:
    assert re.fullmatch(r"[1-9]\d{3,}:[1-9]\d{3,}", one("USER"))
    assert one("VOLUME") == "/data"


def test_puntini_itself_is_the_first_process() -> None:
    assert json.loads(one("ENTRYPOINT")) == ["puntini"]
    assert understood([*json.loads(one("CMD")), "--port", "1"])
    assert one("STOPSIGNAL") == "SIGTERM"


def test_its_variables_are_settings() -> None:
    given = {name: value for name, value in environment().items() if name.startswith("PUNTINI_")}

    assert unknown_variables(given) == set()
    assert settings_of(given).store == "/data/puntini.db"
    assert str(settings_of(given).port) == one("EXPOSE")


def test_its_health_is_asked_by_python(tmp_path: Path) -> None:
    command = json.loads(one("HEALTHCHECK").partition("CMD ")[2])

    assert command[:2] == ["python", "-c"]
    compile(command[2], "healthcheck", "exec")
    assert "/v1/health" in command[2]


def test_everything_that_is_copied_is_there_and_not_ignored() -> None:
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = [
        word for kind, rest in instructions() if kind == "COPY" and "--from" not in rest for word in rest.split()[:-1]
    ]

    assert all((ROOT / name).exists() for name in copied)
    assert {name.split("/")[0] for name in copied} == allowed
    assert (ROOT / ".dockerignore").read_text().splitlines()[1] == "*", "all else is left out"


def test_hadolint_has_nothing_to_say() -> None:
    if shutil.which("hadolint") is None:
        pytest.skip("hadolint was not found")
    said = subprocess.run(["hadolint", "--failure-threshold", "warning", FILE], capture_output=True, text=True)

    assert said.returncode == 0, said.stdout

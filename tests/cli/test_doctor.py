"""``puntini doctor``: a line a check, and what the exit code says."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Call

OK, FAILED, USAGE = 0, 1, 2


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A directory of its own, on a machine that is no container."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("puntini.doctor.place.CONTAINER_SIGNS", ())
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)


def test_each_check_is_a_line_that_begins_with_its_state(call: Call) -> None:
    ran = call("doctor")

    assert (ran.code, ran.err) == (OK, "")
    assert {line.split(" ")[0] for line in ran.out.splitlines()} == {"ok", "warn"}
    assert "ok    host: Only this machine reaches 127.0.0.1.\n" in ran.out


def test_one_that_fails_makes_the_exit_code_1(call: Call, tmp_path: Path) -> None:
    (tmp_path / "puntini.toml").write_text('host = "0.0.0.0"')
    ran = call("doctor", "--store=memory:")

    assert (ran.code, ran.err) == (FAILED, "")
    assert "\nfail  secret: Set PUNTINI_SECRET" in ran.out
    assert "\nwarn  store: Everything is forgotten" in ran.out


def test_findings_come_as_json_too(call: Call) -> None:
    ran = call("doctor", "--json")

    lines = [json.loads(line) for line in ran.out.splitlines()]
    assert all(line.keys() == {"about", "state", "said"} for line in lines)
    assert {"host", "store", "space", "open files"} <= {line["about"] for line in lines}


def test_a_setting_that_can_t_be_is_told_as_by_serve(call: Call, tmp_path: Path) -> None:
    (tmp_path / "puntini.toml").write_text("hots = 1")

    assert call("doctor").code == USAGE

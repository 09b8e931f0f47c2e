"""``puntini worker`` and ``puntini serve --no-worker``: without a Postgres that others use too they say so."""

from pathlib import Path

import pytest

from puntini.cli import USAGE, main


@pytest.mark.parametrize("command", [["worker"], ["worker", "--port", "0"], ["serve", "--no-worker", "--port", "0"]])
@pytest.mark.parametrize("store", ["memory:", "puntini.db"])
def test_what_shares_its_work_needs_a_store_that_is_shared(
    command: list[str], store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main([*command, "--store", store]) == USAGE
    assert "--store postgresql://USER:PASSWORD@HOST/DATABASE" in capsys.readouterr().err

"""``puntini worker`` and ``puntini serve --no-worker``: without a Postgres that others use too they say so."""

from pathlib import Path

import pytest

from puntini.cli import USAGE
from tests.cli.terminal import puntini


@pytest.mark.parametrize("command", [["worker"], ["serve", "--no-worker", "--port", "0"]])
@pytest.mark.parametrize("store", ["memory:", "puntini.db"])
def test_what_shares_its_work_needs_a_store_that_is_shared(command: list[str], store: str, tmp_path: Path) -> None:
    ran = puntini(*command, "--store", store, cwd=tmp_path)

    assert ran.code == USAGE
    assert "--store postgresql://USER:PASSWORD@HOST/DATABASE" in ran.err

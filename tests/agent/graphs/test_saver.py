"""The checkpoint saver, judged by LangGraph's own suite, on every store."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.conformance import checkpointer_test, validate

from puntini.agent.graphs.saver import Saver
from puntini.store.open import open_store

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["memory:", "puntini.db", "postgres"])
def name(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Of an empty store."""
    match str(request.param):
        case "postgres":
            return str(request.getfixturevalue("database"))
        case "memory:":
            return "memory:"
        case file:
            return str(tmp_path / file)


async def test_the_saver_conforms(name: str) -> None:
    store = await open_store(name)

    @checkpointer_test(name=name)
    async def saver() -> AsyncGenerator[BaseCheckpointSaver[str]]:
        yield Saver(store)

    report = await validate(saver)

    await store.close()
    failed = {capability: found.failures for capability, found in report.results.items() if found.failures}
    assert not failed
    assert report.passed_all_base()

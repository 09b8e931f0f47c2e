"""The checkpoint saver, judged by LangGraph's own suite, on both stores."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.conformance import checkpointer_test, validate

from puntini.agent.graphs.saver import Saver
from puntini.store.open import open_store

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("name", ["memory:", "puntini.db"])
async def test_the_saver_conforms(name: str, tmp_path: Path) -> None:
    store = await open_store(name if name == "memory:" else str(tmp_path / name))

    @checkpointer_test(name=name)
    async def saver() -> AsyncGenerator[BaseCheckpointSaver[str]]:
        yield Saver(store)

    report = await validate(saver)

    await store.close()
    failed = {capability: found.failures for capability, found in report.results.items() if found.failures}
    assert not failed
    assert report.passed_all_base()

"""A worker with a port answers how it is, and sends everybody else to a server."""

import pytest

from tests.api.calling import problem, serving

pytestmark = pytest.mark.anyio


async def test_a_worker_names_its_own_addresses_and_no_others(database: str) -> None:
    async with serving(store=database, share="tasks") as worker:
        told = problem(await worker.ask("POST", "/v1/chat", {"prompt": "Hello"}), 404, "not_found")

        named = [word.rstrip(",;") for word in told["detail"].split() if word.startswith("/")]
        assert named == ["/v1/health", "/v1/ready", "/v1/status", "/metrics"]
        for path in named:
            assert (await worker.ask("GET", path)).status_code == 200, path

"""What the tests of deploy/ share: a server to put proxies in front of."""

from collections.abc import Iterator

import pytest

from tests.live.serving import Serving, serving


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """One server for a file's tests, which believes a proxy on this machine."""
    with serving(tmp_path_factory.mktemp("node"), trusted_proxies="127.0.0.1", rate_limit=0) as running:
        yield running

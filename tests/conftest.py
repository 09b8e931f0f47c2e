"""What all tests share: the event loop they run on and the way Hypothesis searches."""

import pytest
from hypothesis import settings

# No deadline: on a busy machine a slow example is not a wrong one. The blob lets a failure seen in CI be run at home.
settings.register_profile("puntini", deadline=None, derandomize=False, print_blob=True)
settings.load_profile("puntini")


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """The loop of the tests marked ``anyio``: asyncio, the only one that uvicorn runs on."""
    return "asyncio"

"""What the tests of accounts share: a house in which nobody lives yet."""

from collections.abc import Iterator

import pytest

from tests.auth.house import House


@pytest.fixture
def house() -> Iterator[House]:
    """An open server's accounts: there are none yet."""
    made = House()
    yield made
    made.passwords.close()

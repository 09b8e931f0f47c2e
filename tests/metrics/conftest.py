"""An app that forgets everything, as the tests of the HTTP API have it."""

from tests.api.conftest import api

__all__ = ["api"]

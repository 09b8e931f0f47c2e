"""An app that forgets everything, as the tests of the HTTP API have it."""

from tests.api.conftest import api, store_of_apps

__all__ = ["api", "store_of_apps"]

"""``docs/http-api.md`` names every address that there is, and none that there is not."""

import re
from pathlib import Path

import pytest
from starlette.routing import Route, WebSocketRoute

from tests.api.calling import Api

pytestmark = pytest.mark.anyio
PAGE = Path(__file__).parents[2] / "docs" / "http-api.md"


def documented() -> set[str]:
    """The addresses in the page, without their queries."""
    found = re.findall(r"(?:(?:GET|POST|PUT|PATCH|DELETE) |`)(/[\w/{}]*(?:\.json)?)", PAGE.read_text("utf-8"))
    return {re.sub(r"{\w+}", "{}", path) for path in found}


async def test_every_address_is_documented_and_every_documented_one_is_there(api: Api) -> None:
    routes = [route for route in api.app.routes if isinstance(route, Route | WebSocketRoute)]
    there = {re.sub(r"{\w+}", "{}", route.path) for route in routes}
    assert there == documented()


async def test_every_documented_method_is_taken(api: Api) -> None:
    for method, path in re.findall(r"`(GET|POST|PUT|PATCH|DELETE) (/[\w/{}]+(?:\.json)?)", PAGE.read_text("utf-8")):
        if path.endswith("/stream"):
            continue  # it would go on for ever
        name = "app.js" if path.startswith("/docs") else "none"
        response = await api.ask(method, re.sub(r"{\w+}", name, path), None if method == "GET" else {})
        assert response.status_code != 405, (method, path)
        assert "nothing at this address" not in response.text, (method, path)

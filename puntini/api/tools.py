"""``/v1/tools``: what agents may call."""

from collections.abc import Sequence
from typing import Any

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from puntini.api.http import PAGED, Door, Json, Listed, page_bounds, resource
from puntini.auth.rights import READ


class ToolInfo(Struct, frozen=True):
    """A tool as models are shown it. ``consent`` says that a person is asked before each call."""

    name: str
    description: str
    parameters: dict[str, Any]
    consent: bool


class ToolList:
    """The route."""

    def __init__(self, tools: Sequence[ToolInfo]) -> None:
        self._tools = tools

    def routes(self) -> list[BaseRoute]:
        """What this resource answers."""
        return [resource("/v1/tools", get=Door(READ, self.list, PAGED, gives=Listed[ToolInfo]))]

    async def list(self, request: Request) -> Response:
        """The tools, in the order in which models are shown them."""
        limit, offset = page_bounds(request)
        return Json(Listed(self._tools[offset : offset + limit], len(self._tools)))

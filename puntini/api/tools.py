"""``/v1/tools``: what agents may call."""

from collections.abc import Sequence
from typing import Any

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from puntini.api.http import Json, knowing, page_bounds, resource


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

    def routes(self) -> list[Route]:
        """What this resource answers."""
        return [resource("/v1/tools", get=knowing("limit", "offset", of=self.list))]

    async def list(self, request: Request) -> Response:
        """The tools, in the order in which models are shown them."""
        limit, offset = page_bounds(request)
        return Json({"items": self._tools[offset : offset + limit], "total": len(self._tools)})

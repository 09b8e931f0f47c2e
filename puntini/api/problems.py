"""What is answered in place of what went wrong: ``application/problem+json``, one sentence each."""

from typing import Any

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from puntini.errors import NotFound, PuntiniError
from puntini.transport.asgi import Receive, Scope, Send, note_code, problem_body, problem_headers, refuse, request_id_of

NOWHERE = "There is nothing at this address; /docs describes all addresses, and POST /v1/chat starts a task."
A_WORKER = (
    "This is a worker, which tells nothing but how it is, at /v1/health, /v1/ready, /v1/status and /metrics; ask a "
    "server on the same Postgres."
)
_SENTENCES = {405: "This address does not take that method."}


async def _problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, PuntiniError)
    return _response(request, error, {name.decode(): value.decode() for name, value in problem_headers(error)})


async def _http_problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    problem = PuntiniError(_SENTENCES.get(error.status_code, error.detail))
    problem.status = error.status_code
    problem.code = error.detail.lower().replace(" ", "_")
    problem.title = error.detail
    return _response(request, problem, dict(error.headers or {}))


async def nowhere(said: str, scope: Scope, receive: Receive, send: Send) -> None:
    """What no route answers, a WebSocket's handshake too, is answered with a sentence."""
    await refuse(scope, receive, send, NotFound(said))


async def _bug(request: Request, _error: Exception) -> Response:
    # The server's own line has the trace; this one says which request it was.
    name, method = request_id_of(request.scope), request.method
    structlog.get_logger("puntini").error("a request failed", request_id=name, method=method, path=request.url.path)
    # Sent from outside of what names the others.
    headers = {"x-request-id": name} if name else {}
    return _response(request, PuntiniError("The server met an error of its own; its log says more."), headers)


def _response(request: Request, error: PuntiniError, headers: dict[str, Any]) -> Response:
    note_code(request.scope, error)
    return Response(
        problem_body(error, request_id_of(request.scope)), error.status, headers, "application/problem+json"
    )


HANDLERS = {PuntiniError: _problem, HTTPException: _http_problem, Exception: _bug}
"""Who answers for what is raised."""

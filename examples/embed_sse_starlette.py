"""A Starlette application of your own that shows its readers a Puntini session, with sse-starlette.

    puntini serve
    pip install httpx sse-starlette uvicorn
    uvicorn --app-dir examples embed_sse_starlette:app --port 8001

    curl -N http://127.0.0.1:8001/stories/ses_…

Puntini stays behind your application: you decide who may read what, and readers see your addresses only. The events
keep their ids, so whoever comes back with a `Last-Event-ID`, as browsers do by themselves, goes on exactly there. This
application remembers nothing, and may be restarted at any time.
"""

import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

PUNTINI = os.environ.get("PUNTINI_URL", "http://127.0.0.1:8000")
SHOWN = "user_prompt,assistant_response,graph_update"
COME_BACK = ServerSentEvent(retry=2000, comment="come back soon")


async def story(request: Request) -> Response:
    """A session's stream."""
    # Here is the place to ask who it is, and whether they may read this session.
    puntini: httpx.AsyncClient = request.app.state.puntini
    asked = puntini.build_request(
        "GET",
        f"/v1/sessions/{request.path_params['session_id']}/stream",
        params={"events": SHOWN, "after": request.headers.get("last-event-id", "earliest")},
        headers={"accept": "application/x-ndjson"},
    )
    try:
        source = await puntini.send(asked, stream=True)
    except httpx.TransportError:
        return EventSourceResponse(iter([COME_BACK]))
    if source.status_code == httpx.codes.OK:
        return EventSourceResponse(passed_on(source))
    await source.aclose()
    # Any status but 200 ends an EventSource for good; these mean that: all was read, or there is nothing to read.
    ends = source.status_code in {httpx.codes.NO_CONTENT, httpx.codes.NOT_FOUND}
    return Response(status_code=source.status_code) if ends else EventSourceResponse(iter([COME_BACK]))


async def passed_on(source: httpx.Response) -> AsyncIterator[ServerSentEvent]:
    """What Puntini says, as it says it. When the source ends, so does this, and the reader comes back."""
    try:
        async for line in source.aiter_lines():
            if line:  # an empty one is only a sign of life
                event = json.loads(line)
                kind = event["type"]
                event_id = event["data"]["cursor"] if kind == "session_ready" else event.get("id")
                yield ServerSentEvent(line, event="problem" if kind == "error" else kind, id=event_id)
    except httpx.TransportError:
        yield COME_BACK
    finally:
        await source.aclose()


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[None]:
    """One client for all readers, with as many connections as there are."""
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(base_url=PUNTINI, timeout=httpx.Timeout(10, read=60), limits=limits) as client:
        app.state.puntini = client
        yield


app = Starlette(routes=[Route("/stories/{session_id}", story)], lifespan=lifespan)

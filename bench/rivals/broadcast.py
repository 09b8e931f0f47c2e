"""What the rivals share: one session's events for many readers, a bounded queue each, as is often written.

Every event is encoded once, here, so that the rivals' figures are about carrying it and not about JSON.
"""

import asyncio
import json
import time
from datetime import UTC, datetime
from typing import TypedDict

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

QUEUE = 100
SESSION = "ses_0123456789abcdefghij"
SESSION_CONTENTS = {"task_id": "tsk_0123456789abcdefghij", "attempt": 1, "agent": "scripted"}


class Said(TypedDict):
    """An event as a dict, ready for sse-starlette."""

    id: str
    event: str
    data: str


class Broadcast:
    """One session. A full queue holds the speaker back, so that no reader loses anything."""

    def __init__(self) -> None:
        self._queues: set[asyncio.Queue[Said]] = set()
        self._speaking: asyncio.Task[None] | None = None

    def join(self) -> asyncio.Queue[Said]:
        """A new reader's queue."""
        queue: asyncio.Queue[Said] = asyncio.Queue(QUEUE)
        self._queues.add(queue)
        return queue

    def leave(self, queue: asyncio.Queue[Said]) -> None:
        """The reader has gone: nobody waits for room in its queue any more."""
        self._queues.discard(queue)
        while not queue.empty():
            queue.get_nowait()

    async def play(self, request: Request) -> Response:
        """``POST /play {"count", "every_ms", "size"}``: say that many events, beside the answer to this request."""
        script = await request.json()
        self._speaking = asyncio.create_task(self._speak(script["count"], script["every_ms"] / 1000, script["size"]))
        return JSONResponse({}, status_code=202)

    async def _speak(self, count: int, every: float, size: int) -> None:
        due = time.monotonic()
        for number in range(1, count + 1):
            said = event(number, size)
            for queue in list(self._queues):
                await queue.put(said)
            due += every
            await asyncio.sleep(max(0.0, due - time.monotonic()) if every else 0)


def event(number: int, size: int) -> Said:
    """A numbered event of ``size`` bytes of JSON, in the shape that Puntini's have."""
    bare = _encoded(number, "")
    data = _encoded(number, "." * (size - len(bare))) if len(bare) < size else bare
    return {"id": f"r.{number}", "event": "reasoning", "data": data}


def _encoded(number: int, pad: str) -> str:
    stamp = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    envelope = {"type": "reasoning", "id": f"r.{number}", "session_id": SESSION, **SESSION_CONTENTS}
    return json.dumps(
        {**envelope, "timestamp": stamp, "data": {"text": f"Thought {number}.{pad}"}}, separators=(",", ":")
    )
